"""The gate on bakeries that each have one fault: the right finding, on the right rows, for the right tenant."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from bakery_assets.quality import evaluate_sales_checks
from bakery_assets.quality.explanations import EXPLANATIONS
from bakery_assets.quality.findings import BLOCKING, WARNING
from tests.quality.bakeries import (
    MONDAY,
    PRODUCTS,
    ZONE,
    Frames,
    calendar_rows,
    cells,
    changed,
    days_dropped,
    facts,
    scaled,
    together,
    usual_quantity,
    with_row,
)

Change = Callable[[Frames], Frames]
FRIDAY = MONDAY - timedelta(days=3)
SATURDAY = MONDAY - timedelta(days=2)
WEDNESDAY = MONDAY - timedelta(days=5)
TEN_DAYS_AGO = MONDAY - timedelta(days=10)
LONG_AGO = MONDAY - timedelta(days=100)


def on_sales(change: Callable[[pl.DataFrame], pl.DataFrame]) -> Change:
    return lambda frames: changed(frames, change)


def repeated(sales: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([sales, sales.filter(pl.col("sales_date") == WEDNESDAY).head(2)])


def under_another_name(sales: pl.DataFrame) -> pl.DataFrame:
    recent = sales.filter(pl.col("sales_date") >= MONDAY - timedelta(days=14))
    # The second shop takes its share from the first, so that the whole bakery sells as before.
    halved = recent.with_columns(quantity=pl.col("quantity") / 2)
    old = sales.filter(pl.col("sales_date") < MONDAY - timedelta(days=14))
    return pl.concat([old, halved, halved.with_columns(location_id=pl.lit("market"))])


def shifted_alone(sales: pl.DataFrame) -> pl.DataFrame:
    """One product of five falls to a fifth."""
    fewer = (pl.col("product_id") == "rye") & (pl.col("sales_date") >= MONDAY - timedelta(days=14))
    return sales.with_columns(quantity=pl.when(fewer).then(pl.col("quantity") / 5).otherwise("quantity"))


def sign_turned(sales: pl.DataFrame) -> pl.DataFrame:
    """The smallest of five products comes with its sign turned."""
    return sales.with_columns(
        quantity=pl.when(pl.col("product_id") == "rye").then(-pl.col("quantity")).otherwise("quantity")
    )


def a_bad_fortnight(sales: pl.DataFrame) -> pl.DataFrame:
    """The week before last sells a fifth, and one day since."""
    return scaled(0.2, WEDNESDAY, WEDNESDAY)(scaled(0.2, date(2026, 2, 23), date(2026, 3, 1))(sales))


def scaled_to_pieces(factor: float, since: date, *products: str) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Some products, or all, times a factor from a day on, in whole pieces that are odd and even."""

    def change(sales: pl.DataFrame) -> pl.DataFrame:
        is_it = pl.col("product_id").is_in(products or PRODUCTS) & (pl.col("sales_date") >= since)
        moved = (factor * pl.col("quantity")).round() + pl.col("sales_date").dt.day() % 2
        return sales.with_columns(quantity=pl.when(is_it).then(moved).otherwise("quantity"))

    return change


def fewer_days(frames: Frames) -> Frames:
    return changed(frames, lambda sales: sales.filter(pl.col("sales_date") >= MONDAY - timedelta(days=20)))


CASES: dict[str, tuple[str, Change, int]] = {
    "product_id_given": (BLOCKING, on_sales(with_row("rye", FRIDAY, 30.0, product_id=None)), 1),
    "location_id_given": (BLOCKING, on_sales(with_row("rye", FRIDAY, 30.0, location_id=None)), 1),
    "sales_date_given": (BLOCKING, on_sales(with_row("rye", FRIDAY, 30.0, sales_date=None)), 1),
    "recorded_at_given": (BLOCKING, on_sales(with_row("rye", FRIDAY, 30.0, recorded_at=None)), 1),
    "quantity_given": (BLOCKING, on_sales(with_row("rye", FRIDAY, None)), 1),
    "no_duplicates": (BLOCKING, on_sales(repeated), 4),
    "product_known": (BLOCKING, lambda frames: changed(frames, lambda rows: rows.filter(pl.col("product_id") != "cake"), "products"), 102),
    "not_in_the_future": (BLOCKING, on_sales(with_row("rye", MONDAY + timedelta(days=30), 30.0, recorded_at=datetime(2026, 3, 8, tzinfo=UTC))), 1),
    "quantity_possible": (BLOCKING, on_sales(with_row("rye", LONG_AGO, 150_000.0)), 1),
    "recent_quantity_usual": (BLOCKING, on_sales(with_row("rye", MONDAY - timedelta(days=30), 30_000.0)), 1),
    "old_quantity_usual": (WARNING, on_sales(with_row("rye", LONG_AGO, 30_000.0)), 1),
    "refund_usual": (WARNING, on_sales(with_row("rye", MONDAY - timedelta(days=30), -90.0)), 1),
    "few_refunds": (BLOCKING, on_sales(sign_turned), 1),
    "enough_history": (WARNING, fewer_days, 1),
    "sales_fresh": (BLOCKING, on_sales(days_dropped(FRIDAY, SATURDAY)), 1),
    "sales_of_yesterday": (WARNING, on_sales(days_dropped(SATURDAY)), 1),
    "shift_not_of_a_unit": (BLOCKING, on_sales(scaled_to_pieces(10.0, TEN_DAYS_AGO)), 1),
    "shift_not_imported_again": (BLOCKING, on_sales(scaled(2.0, TEN_DAYS_AGO)), 1),
    "shift_of_most_products": (BLOCKING, on_sales(scaled_to_pieces(4.0, TEN_DAYS_AGO, "cake", "rusk")), 1),
    "level_not_shifted": (WARNING, on_sales(scaled_to_pieces(2.0, TEN_DAYS_AGO)), 1),
    "volume_not_doubled": (BLOCKING, on_sales(scaled(2.0, FRIDAY, FRIDAY)), 1),
    "volume_not_absurd": (BLOCKING, on_sales(scaled(6.7, FRIDAY, FRIDAY)), 1),
    "volume_not_often_high": (BLOCKING, on_sales(scaled(2.03, FRIDAY, SATURDAY)), 2),
    "volume_not_often_low": (BLOCKING, on_sales(scaled(0.2, WEDNESDAY, FRIDAY)), 3),
    "volume_usual_above": (WARNING, on_sales(scaled(2.03, FRIDAY, FRIDAY)), 1),
    "volume_usual_below": (WARNING, on_sales(days_dropped(WEDNESDAY)), 1),
    "level_steady": (BLOCKING, on_sales(a_bad_fortnight), 1),
    "series_level_steady": (WARNING, on_sales(shifted_alone), 1),
    "locations_distinct": (BLOCKING, on_sales(under_another_name), 2),
}  # fmt: skip
# Other findings that the same fault necessarily causes.
ALONG = {
    "few_refunds": {"refund_usual"},
    "locations_distinct": {"series_level_steady"},
    "level_steady": {"volume_usual_below", "series_level_steady"},
    "shift_not_of_a_unit": {"series_level_steady"},
    "shift_of_most_products": {"series_level_steady"},
}


@pytest.mark.parametrize("name", CASES)
def test_a_bakery_with_one_thing_wrong_fails_that_and_nothing_else(name: str) -> None:
    severity, spoil, rows = CASES[name]
    verdict = evaluate_sales_checks(cells("b1"), spoil(facts("b1")))
    found = verdict["findings"]
    assert set(found["expectation"]) - ALONG.get(name, set()) == {name}
    finding = found.row(by_predicate=pl.col("expectation") == name, named=True)
    assert finding["severity"] == severity
    assert finding["rows"] == rows
    assert verdict["gate"]["passed"].to_list() == [severity == WARNING]


def test_a_sound_bakery_passes_without_a_finding() -> None:
    verdict = evaluate_sales_checks(cells("b1"), facts("b1"))
    assert verdict["gate"].rows() == [("b1", True, "The sales are fit to train on.", "[]")]
    assert verdict["findings"].is_empty()


def test_every_expectation_has_a_bakery_that_fails_it_and_an_explanation() -> None:
    from bakery_assets.quality.suites import SCHEMA, SUITES

    names = {suite.name: {each.meta["name"] for each in suite.expectations} for suite in (SCHEMA, *SUITES)}
    # no_data has a test of its own: such a bakery has no row to spoil. So has the schema.
    assert set(CASES) | {"no_data"} == names["rows"] | names["summaries"]
    assert set().union(*names.values()) == set(EXPLANATIONS)


def test_the_finding_names_the_row_with_its_numbers() -> None:
    day = MONDAY - timedelta(days=30)
    spoilt = changed(facts("b1"), with_row("rye", day, 30_000.0))
    finding = evaluate_sales_checks(cells("b1"), spoilt)["findings"].row(0, named=True)
    # The largest rye day but the two largest of 102 is a Saturday's 30 + 20 + 2.
    sold = [usual_quantity(0, MONDAY - timedelta(days=back)) for back in range(1, 121) if back != 30]
    usual = sorted(sold, reverse=True)[1]
    assert json.loads(finding["sample"]) == [
        {
            "date": day.isoformat(),
            "location": "main",
            "measure": round(30_000 / usual, 4),
            "product": "rye",
            "quantity": 30_000.0,
            "subject": "sale",
            "usual": usual,
        }
    ]
    assert "30,000.0 of rye on 2026-02-07" in finding["explanation"]


@pytest.mark.parametrize("factor", [0.25, 2.0, 4.5])
def test_a_bakery_that_changes_for_good_waits_for_four_open_days_and_is_trained_on_from_the_fifth(
    factor: float,
) -> None:
    """The shift begins on a Wednesday; on the Sunday between nothing sells."""
    first = date(2026, 3, 11)
    verdicts = []
    for back in range(7):
        day = first + timedelta(days=back + 1)
        whole = facts("b1", day=day)
        changed_since = scaled_to_pieces(factor, first)
        verdicts += evaluate_sales_checks(cells("b1", day=day), changed(whole, changed_since))["gate"][
            "passed"
        ].to_list()
    # One day alone is a warning, unless it is beyond what a day may sell; then Wednesday to Saturday, Sunday, Monday.
    assert verdicts == [True, False, False, False, False, True, True]


def test_nothing_that_lasts_blocks_longer_than_eight_weeks() -> None:
    """Whatever the factor, and also of one product only, or where every quantity is even."""
    day = MONDAY
    spoils = {
        f"b{number}": spoil
        for number, spoil in enumerate(
            [scaled(factor, day - timedelta(days=56)) for factor in (0.02, 0.2, 2.0, 5.0, 8.0, 19.0)]
            + [
                scaled_to_pieces(5.0, day - timedelta(days=56), "rusk"),
                scaled_to_pieces(9.0, day - timedelta(days=56), "cake"),
            ]
        )
    }
    frames = together(*(changed(facts(name, days=180), spoil) for name, spoil in spoils.items()))
    verdict = evaluate_sales_checks(cells(*spoils), frames)
    assert verdict["findings"].filter(pl.col("severity") == BLOCKING).rows() == []


def test_a_shop_that_opens_is_no_error_though_no_other_product_changes() -> None:
    def with_market(sales: pl.DataFrame) -> pl.DataFrame:
        """A second shop, as large as the first, that sells something else each day."""
        own = sales.filter(pl.col("sales_date") >= TEN_DAYS_AGO).with_columns(
            location_id=pl.lit("market"), quantity=pl.col("quantity") + 3 - 5 * (pl.col("sales_date").dt.day() % 2)
        )
        return pl.concat([sales, own])

    verdict = evaluate_sales_checks(cells("b1"), changed(facts("b1"), with_market))["gate"].row(0, named=True)
    assert verdict["passed"]
    assert verdict["verdict"].startswith(f"Sales have been about twice the usual since {TEN_DAYS_AGO}, ")


def test_after_a_shift_a_day_is_compared_with_the_new_level() -> None:
    """Doubled ten days ago: Friday's fourfold old level is only twice the new one, an import of Friday twice is seen."""
    doubled = changed(facts("b1"), scaled_to_pieces(2.0, TEN_DAYS_AGO))
    assert evaluate_sales_checks(cells("b1"), doubled)["findings"]["expectation"].to_list() == ["level_not_shifted"]
    again = changed(doubled, scaled(2.0, FRIDAY, FRIDAY))
    found = evaluate_sales_checks(cells("b1"), again)["findings"]
    assert found["expectation"].to_list() == ["volume_not_doubled", "level_not_shifted"]
    before = changed(doubled, scaled(0.5, FRIDAY, FRIDAY))
    assert evaluate_sales_checks(cells("b1"), before)["findings"]["expectation"].to_list() == ["level_not_shifted"]


def test_the_reasons_of_the_gate_are_the_findings() -> None:
    spoilt = changed(facts("b1"), lambda rows: days_dropped(FRIDAY, SATURDAY)(scaled(2.03, WEDNESDAY, WEDNESDAY)(rows)))
    reasons = json.loads(evaluate_sales_checks(cells("b1"), spoilt)["gate"]["reasons"][0])
    assert [(each["expectation"], each["severity"], each["rows"]) for each in reasons] == [
        ("sales_fresh", "blocking", 1),
        ("volume_usual_above", "warning", 1),
    ]
    assert reasons[0]["explanation"].startswith("2 days on which the bakery usually sells are missing since 2026-03-05")
    assert reasons[0]["sample"][0]["measure"] == 2


@pytest.mark.parametrize(("bad", "good"), [("a", "b"), ("b", "a")])
def test_a_tenant_that_fails_neither_blocks_nor_is_freed_by_another(bad: str, good: str) -> None:
    spoil = scaled(10.0, WEDNESDAY)
    frames = together(changed(facts(bad), spoil), facts(good))
    gate = evaluate_sales_checks(cells(bad, good), frames)["gate"]
    assert dict(gate.select("tenant_id", "passed").iter_rows()) == {bad: False, good: True}


def test_one_fails_then_another_passes_and_the_reverse_in_successive_evaluations() -> None:
    bad, good = changed(facts("a"), scaled(10.0, WEDNESDAY)), facts("b")
    mended = facts("a")
    passed = [
        evaluate_sales_checks(cells(name), each)["gate"]["passed"][0]
        for name, each in (("a", bad), ("b", good), ("a", bad), ("a", mended))
    ]
    assert passed == [False, True, False, True]


def test_a_bakery_without_sales_has_nothing_to_train_on() -> None:
    frames = together(changed(facts("a"), lambda rows: rows.clear()), facts("b"))
    verdict = evaluate_sales_checks(cells("a", "b"), frames)
    assert verdict["gate"]["passed"].to_list() == [False, True]
    assert verdict["findings"].select("tenant_id", "expectation").rows() == [("a", "no_data")]


def test_no_tenants_at_all_is_no_error() -> None:
    frames = {name: frame.clear() for name, frame in facts("b1").items()}
    verdict = evaluate_sales_checks(cells(), frames)
    assert verdict["gate"].is_empty()
    assert verdict["gate"].columns == ["tenant_id", "passed", "verdict", "reasons"]


@pytest.mark.parametrize(
    ("spoil", "expectation"),
    [
        (lambda rows: rows.drop("quantity"), "columns_present"),
        (lambda rows: rows.with_columns(pl.col("quantity").cast(pl.String)), "quantity_type"),
        (lambda rows: rows.with_columns(pl.col("sales_date").cast(pl.String)), "sales_date_type"),
        (lambda rows: rows.with_columns(pl.col("product_id").str.len_chars()), "product_id_type"),
        (lambda rows: rows.with_columns(pl.col("location_id").str.len_chars()), "location_id_type"),
        (lambda rows: rows.with_columns(pl.col("recorded_at").cast(pl.String)), "recorded_at_type"),
        (lambda rows: rows.with_columns(pl.col("recorded_at").cast(pl.Datetime("ms", "UTC"))), "recorded_at_type"),
        (lambda rows: rows.with_columns(pl.col("recorded_at").dt.convert_time_zone(ZONE)), "recorded_at_type"),
        (lambda rows: rows.with_columns(pl.col("tenant_id").cast(pl.Categorical)), "tenant_id_type"),
    ],
)
def test_a_table_of_the_wrong_shape_blocks_every_tenant_in_it(
    spoil: Callable[[pl.DataFrame], pl.DataFrame], expectation: str
) -> None:
    frames = changed(together(facts("a"), facts("b")), spoil)
    verdict = evaluate_sales_checks(cells("a", "b"), frames)
    assert verdict["gate"]["passed"].to_list() == [False, False]
    assert expectation in set(verdict["findings"].filter(pl.col("tenant_id") == "b")["expectation"])


def test_a_missing_column_does_not_hide_another_of_the_wrong_type() -> None:
    frames = changed(facts("a"), lambda rows: rows.drop("quantity").with_columns(pl.col("sales_date").cast(pl.String)))
    findings = evaluate_sales_checks(cells("a"), frames)["findings"]
    assert findings["expectation"].to_list() == ["columns_present", "sales_date_type"]
    assert findings["explanation"][0] == "the sales lack columns: quantity"


def test_a_suite_that_cannot_be_run_is_an_error_and_no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    from great_expectations import ExpectationSuite
    from great_expectations.expectations import ExpectColumnValuesToBeBetween

    from bakery_assets.quality import run_suites

    broken = ExpectColumnValuesToBeBetween(column="no_such_column", max_value=1, meta={"name": "quantity_possible"})
    monkeypatch.setattr(run_suites, "SUITES", (ExpectationSuite(name="rows", expectations=[broken]),))
    with pytest.raises(RuntimeError, match="the suite rows could not be run"):
        evaluate_sales_checks(cells("a"), facts("a"))


def test_a_finding_counts_all_rows_and_shows_the_worst_of_them() -> None:
    """There are more of them than Great Expectations lists values."""
    early = pl.when(pl.col("sales_date") == WEDNESDAY).then(40).otherwise(2)
    frames = changed(
        facts("b1"), lambda rows: rows.with_columns(recorded_at=pl.col("recorded_at") - pl.duration(days=early))
    )
    finding = evaluate_sales_checks(cells("b1"), frames)["findings"].row(0, named=True)
    assert (finding["expectation"], finding["rows"]) == ("not_in_the_future", frames["sales"].height)
    assert frames["sales"].height > 200
    worst = json.loads(finding["sample"])
    assert [(each["date"], each["measure"]) for each in worst] == [(WEDNESDAY.isoformat(), 40)] * 5


def test_a_bakery_is_not_blocked_forever() -> None:
    """Small refunds never, and what was wrong two months ago no longer."""
    once = changed(facts("b1"), with_row("rye", FRIDAY, -5.0))
    assert evaluate_sales_checks(cells("b1"), once)["findings"].is_empty()
    wrong = changed(facts("b1"), with_row("rye", MONDAY - timedelta(days=56), 30_000.0))
    assert evaluate_sales_checks(cells("b1"), wrong)["gate"]["passed"].to_list() == [False]
    later = cells("b1", day=MONDAY + timedelta(days=7))
    whole = changed(facts("b1", day=MONDAY + timedelta(days=7)), with_row("rye", MONDAY - timedelta(days=56), 30_000.0))
    assert evaluate_sales_checks(later, whole)["gate"]["passed"].to_list() == [True]


@pytest.mark.parametrize("kind", ["promotion", "event", "closed", "holiday"])
def test_the_calendar_excuses_days(kind: str) -> None:
    busy = changed(facts("b1"), scaled(2.03, FRIDAY, SATURDAY))
    assert evaluate_sales_checks(cells("b1"), busy)["gate"]["passed"].to_list() == [False]
    excused = {**busy, "calendar": calendar_rows("b1", kind, FRIDAY, SATURDAY)}
    assert evaluate_sales_checks(cells("b1"), excused)["findings"].is_empty()


def test_a_closed_weekend_is_not_a_till_that_stopped() -> None:
    frames = changed(facts("b1"), days_dropped(FRIDAY, SATURDAY))
    assert evaluate_sales_checks(cells("b1"), frames)["gate"]["passed"].to_list() == [False]
    closed = {**frames, "calendar": calendar_rows("b1", "closed", FRIDAY, SATURDAY)}
    assert evaluate_sales_checks(cells("b1"), closed)["findings"].is_empty()


def test_a_public_holiday_is_neither_missing_nor_low() -> None:
    """1 May 2026 is a Friday; the plan date is the Monday after."""
    day = date(2026, 5, 4)
    frames = changed(facts("b1", day=day), days_dropped(date(2026, 5, 1)))
    assert evaluate_sales_checks(cells("b1", day=day), frames)["findings"].is_empty()
    stopped = changed(
        facts("b1", day=date(2026, 5, 4)), days_dropped(date(2026, 4, 30), date(2026, 5, 1), date(2026, 5, 2))
    )
    finding = evaluate_sales_checks(cells("b1", day=day), stopped)["findings"].row(0, named=True)
    assert (finding["expectation"], json.loads(finding["sample"])[0]["measure"]) == ("sales_fresh", 2)


@pytest.mark.parametrize(("hour", "possible"), [(10, False), (11, True)])
def test_a_sale_is_in_the_future_by_the_bakerys_own_clock(hour: int, possible: bool) -> None:
    """In Auckland (UTC+13 in March) Friday the 6th begins at 11:00 UTC on Thursday."""
    zone = "Pacific/Auckland"
    recorded_at = datetime(2026, 3, 5, hour, 30, tzinfo=UTC)
    frames = changed(
        facts("b1", zone=zone),
        lambda rows: rows.with_columns(
            recorded_at=pl.lit(datetime(2026, 3, 8, 16, tzinfo=UTC)).cast(pl.Datetime("us", "UTC"))
        ),
    )
    frames = changed(frames, with_row("rye", FRIDAY, 30.0, recorded_at=recorded_at))
    found = evaluate_sales_checks(cells("b1", zone=zone), frames)["findings"]
    assert found["expectation"].to_list() == ([] if possible else ["not_in_the_future"])


def test_the_first_sales_of_this_morning_are_not_the_future() -> None:
    early = datetime(2026, 3, 9, 4, 10, tzinfo=UTC)
    frames = changed(facts("b1"), with_row("rye", MONDAY, 3.0, recorded_at=early))
    assert evaluate_sales_checks(cells("b1"), frames)["findings"].is_empty()


def test_grams_are_not_added_to_pieces() -> None:
    """Rye in grams: ten thousand of them are ten kilograms, and its doubling does not double the bakery."""
    in_grams = changed(
        facts("b1"),
        lambda rows: rows.with_columns(unit=pl.when(pl.col("product_id") == "rye").then(pl.lit("g")).otherwise("unit")),
        "products",
    )
    busy = changed(
        in_grams,
        lambda rows: rows.with_columns(
            quantity=pl.when((pl.col("product_id") == "rye") & (pl.col("sales_date") >= WEDNESDAY))
            .then(90_000.0)
            .when(pl.col("product_id") == "rye")
            .then(30_000.0)
            .otherwise("quantity")
        ),
    )
    assert evaluate_sales_checks(cells("b1"), busy)["gate"]["passed"].to_list() == [True]
