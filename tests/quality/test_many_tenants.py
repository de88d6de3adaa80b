"""The gate over many tenants: no verdict depends on other tenants, on the order of rows, or on network and files."""

import socket
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from bakery_assets.quality import evaluate_sales_checks
from bakery_assets.quality.check_tables import IDENTITY, build_check_tables
from tests.quality.bakeries import FACTS, MONDAY, Frames, cells, changed, facts, scaled, together, with_row

quantities = st.one_of(st.floats(-1e9, 1e9), st.integers(-50, 500).map(float), st.just(float("nan")), st.just(0.0))
rows = st.lists(st.tuples(st.integers(-3, 80), st.sampled_from(["rye", "roll", "ghost"]), quantities), max_size=25)

SCHEMAS = {
    "rows": pl.Schema(
        {
            **IDENTITY, "recorded_at": pl.Datetime("us", "UTC"), "is_known_product": pl.Boolean(),
            **dict.fromkeys(("days_ahead", "age", "limit_share", "size", "refund_size"), pl.Float64()),
        }
    ),
    "summaries": pl.Schema(
        {
            **IDENTITY,
            **dict.fromkeys(("volume_ratio", "even_rows", "high_days", "low_days"), pl.Float64()),
            **dict.fromkeys(("accepted_shift", "refused_shift", "shift_breadth", "shift_multiple"), pl.Float64()),
            **dict.fromkeys(("series_level_ratio", "copied_share", "refund_share"), pl.Float64()),
            **dict.fromkeys(("days_sold", "missed_days", "level_ratio"), pl.Float64()),
        }
    ),
}  # fmt: skip


def bakery_with(tenant: str, changes: list[tuple[int, str, float]]) -> Frames:
    frames = facts(tenant, days=70)
    for back, product, quantity in changes:
        frames = changed(frames, with_row(product, MONDAY - timedelta(days=back), quantity))
    return frames


@settings(max_examples=20, deadline=None)
@given(first=rows, second=rows, seed=st.integers(0, 100))
def test_a_tenant_alone_is_checked_as_among_others_in_any_order(
    first: list[tuple[int, str, float]], second: list[tuple[int, str, float]], seed: int
) -> None:
    one, other = bakery_with("a", first), bakery_with("b", second)
    both = together(one, other)
    among = build_check_tables(
        cells("a", "b"), {name: both[name].sample(fraction=1.0, shuffle=True, seed=seed) for name in FACTS}
    )
    assert {name: table.schema for name, table in among.items()} == SCHEMAS
    for name, frames in (("a", one), ("b", other)):
        alone = build_check_tables(cells(name), frames)
        for table, rows_among in among.items():
            own = rows_among.filter(pl.col("tenant_id") == name)
            assert_frame_equal(own, alone[table], check_row_order=False)


@settings(max_examples=30, deadline=None)
@given(changes=rows)
def test_figures_stay_within_their_ranges(changes: list[tuple[int, str, float]]) -> None:
    frames = bakery_with("a", changes)
    tables = build_check_tables(cells("a"), frames)
    sales, found = tables["rows"], tables["summaries"]
    assert sales.height == frames["sales"].height
    assert found.filter(pl.col("subject") == "tenant").height == 1
    assert found.filter(pl.col("subject") == "day").height <= 7
    ratios = ("volume_ratio", "level_ratio", "series_level_ratio")
    assert all(found[name].drop_nulls().is_finite().all() for name in ratios)
    assert all(sales[name].drop_nulls().is_finite().all() for name in ("size", "refund_size"))
    assert found["missed_days"].drop_nulls().is_between(0, 60).all()
    assert found["copied_share"].drop_nulls().is_between(0, 1).all()
    assert found["refund_share"].drop_nulls().is_between(0, 1).all()
    # These rows are recorded on their own day, so only those after the plan date are in the future.
    ahead = sales.filter(pl.col("days_ahead") > 0)
    assert (ahead["sales_date"] > MONDAY).all()


def test_verdicts_of_many_are_the_verdicts_of_each() -> None:
    spoilt = {
        "a": facts("a"),
        "b": changed(facts("b"), scaled(10.0, MONDAY - timedelta(days=5))),
        "c": changed(facts("c"), with_row("ghost", MONDAY - timedelta(days=9), 10.0)),
        "d": changed(facts("d"), with_row("rye", MONDAY - timedelta(days=30), -90.0)),
    }
    verdicts = evaluate_sales_checks(cells(*spoilt), together(*spoilt.values()))
    assert verdicts["gate"]["passed"].to_list() == [True, False, False, True]
    for name, frames in spoilt.items():
        alone = evaluate_sales_checks(cells(name), frames)
        for part in ("gate", "findings"):
            assert_frame_equal(verdicts[part].filter(pl.col("tenant_id") == name), alone[part])


def test_the_suite_uses_no_network_and_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.delenv("GX_ANALYTICS_ENABLED", raising=False)

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("the suite opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refused)
    assert evaluate_sales_checks(cells("a"), facts("a"))["gate"]["passed"].to_list() == [True]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("weeks_back", [0, 1, 2, 4, 8, 13, 26, 52, 78])
def test_the_bread_chain_passes_in_full(real_data: Path, weeks_back: int) -> None:
    """All 20 stores; holidays and promotions are in its calendar, its closed days are not."""
    day = date(2019, 4, 29) - timedelta(days=7 * weeks_back)
    frames = bread_chain(real_data, day)
    tenants = frames["tenants"]["tenant_id"].sort()
    verdict = evaluate_sales_checks(cells(*tenants, day=day), frames)
    assert verdict["gate"].height == 20
    not_open_yet = set(tenants) - set(frames["sales"].filter(pl.col("quantity") > 0)["tenant_id"])
    blocked = verdict["findings"].filter(pl.col("severity") == "blocking")
    assert blocked.select("tenant_id", "expectation").rows() == [(store, "no_data") for store in sorted(not_open_yet)]
    assert not_open_yet <= {"store-5", "store-22"}, "two stores opened in 2018"


def test_a_doubled_week_of_one_store_blocks_that_store_only(real_data: Path) -> None:
    day = date(2019, 4, 15)
    frames = bread_chain(real_data, day)
    is_it = (pl.col("tenant_id") == "store-17") & (pl.col("sales_date") >= day - timedelta(days=7))
    frames["sales"] = frames["sales"].with_columns(
        quantity=pl.when(is_it).then(2 * pl.col("quantity")).otherwise("quantity")
    )
    gate = evaluate_sales_checks(cells(*frames["tenants"]["tenant_id"].sort(), day=day), frames)["gate"]
    assert gate.filter(~pl.col("passed"))["tenant_id"].to_list() == ["store-17"]


@pytest.mark.parametrize(("factor", "days", "fewest"), [(2.0, 6, 18), (0.3, 10, 19), (4.0, 20, 20), (10.0, 10, 0)])
def test_a_shift_of_a_store_is_trained_on_after_six_days_and_another_unit_never(
    real_data: Path, factor: float, days: int, fewest: int
) -> None:
    """Every store by itself, with the chance and the weekdays of real sales; no store has a shift of its own then."""
    day = date(2019, 4, 15)
    frames = bread_chain(real_data, day)
    is_it = (pl.col("sales_date") >= day - timedelta(days=days)) & (pl.col("quantity") > 0)
    moved = (factor * pl.col("quantity")).round() + pl.col("sales_date").dt.day() % 2
    frames["sales"] = frames["sales"].with_columns(quantity=pl.when(is_it).then(moved).otherwise("quantity"))
    verdict = evaluate_sales_checks(cells(*frames["tenants"]["tenant_id"].sort(), day=day), frames)
    passed = verdict["gate"]["passed"].sum()
    assert passed >= fewest
    assert passed == 0 or fewest > 0
    shifted = verdict["findings"].filter(pl.col("expectation") == "level_not_shifted")
    assert shifted.height >= fewest - 1


def test_a_unit_of_one_product_keeps_every_store_from_training(real_data: Path) -> None:
    day = date(2019, 4, 15)
    frames = bread_chain(real_data, day)
    one = frames["sales"]["product_id"].min()
    is_it = (pl.col("sales_date") >= day - timedelta(days=10)) & (pl.col("product_id") == one)
    frames["sales"] = frames["sales"].with_columns(
        quantity=pl.when(is_it).then(10 * pl.col("quantity")).otherwise("quantity")
    )
    gate = evaluate_sales_checks(cells(*frames["tenants"]["tenant_id"].sort(), day=day), frames)["gate"]
    assert not gate["passed"].any()
    assert gate["verdict"].str.starts_with("Training waits. ").all()


def bread_chain(folder: Path, day: date) -> Frames:
    """The chain's facts as known on a morning; each day's sales were recorded at 20:00 UTC."""
    root = folder / "bread_chain"
    blank = pl.lit(None, pl.String)
    at_eight = pl.col("sales_date").cast(pl.Datetime("us")).dt.replace_time_zone("UTC") + timedelta(hours=20)
    sales = pl.read_csv(root / "sales.csv", try_parse_dates=True).with_columns(
        location_id=pl.lit("main"), recorded_at=at_eight
    )
    return {
        "tenants": pl.read_csv(root / "tenants.csv").with_columns(region=blank),
        "products": pl.read_csv(root / "products.csv"),
        "sales": sales.filter(
            pl.col("sales_date") < day, pl.col("recorded_at") < datetime.combine(day, datetime.min.time(), UTC)
        ),
        "calendar": pl.read_csv(
            root / "calendar.csv", try_parse_dates=True, schema_overrides={"product_id": pl.String}
        ).with_columns(name=blank),
    }
