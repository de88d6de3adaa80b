"""Bakeries with simple pasts, whose forecasts can be worked out by hand."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from math import prod
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets.cells import CELLS, CannotPlan
from bakery_assets.forecasting import forecast_demand
from bakery_assets.metrics import QUANTILE_LEVELS
from bakery_assets.schemas.plans import DemandForecasts
from resources.schema import ops, plans
from resources.warehouse.connection import frame_schema
from tests.forecasting.forecast_facts import quantile, recorded_overnight

PLAN = date(2026, 3, 9)  # a Monday; no public holiday in Germany within four weeks of it
Sale = tuple[str, str, date, str, float, time | None]


def days_before(count: int, end: date = PLAN) -> list[date]:
    return [end - timedelta(days=n) for n in range(count, 0, -1)]


def steady(
    quantity: Callable[[date], float] | float, days: Iterable[date], product: str = "bread", tenant: str = "t",
    shop: str = "main",
) -> list[Sale]:  # fmt: skip
    at = quantity if callable(quantity) else lambda _: float(quantity)
    return [(tenant, product, day, shop, float(at(day)), None) for day in days]


def facts(
    sales: Iterable[Sale],
    calendar: Iterable[Any] = (),
    products: Iterable[Any] = (("t", "bread", None),),
    tenants: Iterable[Any] = (("t", "DE", None),),
) -> dict[str, pl.DataFrame]:
    text = pl.String
    return {
        "tenants": pl.DataFrame(
            list(tenants), orient="row", schema={"tenant_id": text, "country": text, "region": text}
        ),
        "products": pl.DataFrame(
            list(products), orient="row", schema={"tenant_id": text, "product_id": text, "discontinued_on": pl.Date}
        ),
        "sales": recorded_overnight(pl.DataFrame(
            list(sales), orient="row",
            schema={"tenant_id": text, "product_id": text, "sales_date": pl.Date, "location_id": text,
                    "quantity": pl.Float64, "sold_out_at": pl.Time},
        ).with_columns(revenue=pl.lit(None, pl.Float64))),
        "calendar": pl.DataFrame(
            list(calendar), orient="row",
            schema={"tenant_id": text, "date": pl.Date, "kind": text, "product_id": text, "name": text,
                    "opens": pl.Time, "closes": pl.Time},
        ),
        **{
            table.name: pl.DataFrame(schema=frame_schema(table))
            for table in (ops.sales_hourly, ops.weather, ops.forecast_overrides, ops.opening_hours,
                          ops.tenant_settings, plans.model_versions, plans.series_models, plans.boosters)
        },
        "day_forecasts": pl.DataFrame(schema=frame_schema(plans.demand_forecasts)),
    }  # fmt: skip


def note(day: date, kind: str, product: str | None = None, tenant: str = "t", opens: time | None = None) -> Any:
    return (tenant, day, kind, product, None, opens, None)


def cells(*tenants: str, day: date = PLAN) -> pl.DataFrame:
    instant = datetime(day.year, day.month, day.day, 4, 30, tzinfo=UTC)
    return pl.DataFrame([(t, day, "Europe/Berlin", instant) for t in tenants or ("t",)], schema=CELLS, orient="row")


def forecast(frames: dict[str, pl.DataFrame], day: date = PLAN) -> pl.DataFrame:
    return forecast_demand(cells(day=day), frames)["demand_forecasts"]


def yhat(made: pl.DataFrame, product: str = "bread", shop: str = "main") -> list[float]:
    return made.filter(product_id=product, location_id=shop).sort("target_date")["yhat"].to_list()


def reasons(made: pl.DataFrame) -> list[dict[str, Any]]:
    return [json.loads(text) for text in made["reasoning"]]


def weekly(day: date) -> float:
    return 10.0 * day.isoweekday()


WEEKLY = [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0]


def test_a_steady_bakery_sells_next_week_what_it_sells_every_week() -> None:
    made = forecast(facts(steady(weekly, days_before(84))))
    assert yhat(made) == pytest.approx(WEEKLY, abs=1e-4)
    assert made["target_date"].to_list() == [PLAN + timedelta(days=n) for n in range(7)]
    # Never a surprise in its past: no width.
    for level in QUANTILE_LEVELS:
        assert made[level].to_list() == pytest.approx(WEEKLY, abs=1e-3)


def test_the_columns_are_those_of_the_table() -> None:
    made = forecast(facts(steady(5, days_before(60))))
    assert made.columns == DemandForecasts.column_names()
    assert set(made.columns) == {column.name for column in plans.demand_forecasts.columns}
    assert made.schema["override_id"] == pl.String


def test_reasoning_lets_a_person_recompute_the_figure() -> None:
    promoted = [day for day in days_before(84) if day.day in (3, 13, 23)]
    frames = facts(
        steady(lambda day: weekly(day) * (2 if day in promoted else 1), days_before(84)),
        [note(day, "promotion", "bread") for day in [*promoted, PLAN + timedelta(days=2)]],
    )
    made = forecast(frames)
    for row, said in zip(made.iter_rows(named=True), reasons(made), strict=True):
        factor = prod(each["factor"] for each in said["factors"])
        assert said["factor"] == pytest.approx(factor, abs=1e-5)
        assert said["factor_limit"] == 5.0
        assert sum(share for share in said["shares"].values() if share) == pytest.approx(1.0)
        blended = sum(share * said["members"][name] for name, share in said["shares"].items() if share)
        assert said["members"]["trees"] is None, "nothing is trained here, so nothing but smoothing has a share"
        assert row["yhat"] == pytest.approx(factor * blended, abs=1e-4)
        for name, level in QUANTILE_LEVELS.items():
            assert row[name] == pytest.approx(quantile(row["yhat"], level, said["quantiles"]), abs=1e-4)
        assert list(said) == sorted(said)
    assert [len(said["factors"]) for said in reasons(made)] == [0, 0, 1, 0, 0, 0, 0]
    # Days with a known normal day before them sold 2:1; a prior of one day shrinks that towards 1, twice.
    days = reasons(made)[2]["factors"][0]["days_seen"]  # not those two days before Christmas or after New Year
    kind = (2 * days + 1) / (days + 1)
    assert days == 6
    assert made["yhat"][2] == pytest.approx(30 * (2 * days + kind) / (days + 1), abs=1e-3)


def test_a_promotion_on_the_day_of_an_event_is_not_forecast_as_their_product() -> None:
    promoted = [day for day in days_before(84) if day.day in (3, 13, 23)]
    fairs = [day for day in days_before(84) if day.day in (7, 17, 27)]
    frames = facts(
        steady(lambda day: weekly(day) * (20 if day in [*promoted, *fairs] else 1), days_before(84)),
        [note(day, "promotion") for day in [*promoted, PLAN, PLAN + timedelta(days=2)]]
        + [note(day, "event") for day in [*fairs, PLAN + timedelta(days=1), PLAN + timedelta(days=2)]],
    )
    made = forecast(frames)
    said = reasons(made)
    # Each alone sold twenty times as much and is held at five times; both together as well, not at 25 times.
    assert [[factor["factor"] for factor in day["factors"]] for day in said[:3]] == [[5.0], [5.0], [5.0, 5.0]]
    assert [day["factor"] for day in said[:4]] == [5.0, 5.0, 5.0, 1.0]
    normal = [sum(share * day["members"][name] for name, share in day["shares"].items() if share) for day in said]
    assert yhat(made)[:3] == pytest.approx([5 * each for each in normal[:3]], abs=1e-3)


def test_promotions_and_events_of_the_past_do_not_swell_a_normal_day() -> None:
    recent = days_before(5)
    frames = facts(
        steady(lambda day: 300.0 if day in recent else 10.0, days_before(84)), [note(day, "event") for day in recent]
    )
    assert yhat(forecast(frames)) == pytest.approx([10.0] * 7, abs=1e-4)


def test_a_day_sold_out_early_counts_as_at_least_a_normal_day() -> None:
    sales = steady(20, days_before(84))
    sales[-3:] = [(*row[:4], 4.0, time(9, 0)) for row in sales[-3:]]
    assert yhat(forecast(facts(sales))) == pytest.approx([20.0] * 7, abs=1e-4)


def test_nothing_sells_on_days_closed_by_the_calendar() -> None:
    tomorrow = PLAN + timedelta(days=1)
    made = forecast(facts(steady(weekly, days_before(84)), [note(tomorrow, "closed")]))
    assert yhat(made) == pytest.approx([10, 0, *WEEKLY[2:]], abs=1e-4)
    assert made.filter(target_date=tomorrow).select(list(QUANTILE_LEVELS)).row(0) == (0.0,) * 5
    assert reasons(made)[1]["closed"] == "calendar"


def test_a_product_pauses_alone() -> None:
    frames = facts(
        steady(8, days_before(84)) + steady(9, days_before(84), "cake"),
        [note(PLAN, "closed", "cake")],
        [("t", "bread", None), ("t", "cake", None)],
    )
    made = forecast(frames)
    assert yhat(made, "cake") == pytest.approx([0] + [9] * 6, abs=1e-4)
    assert yhat(made) == pytest.approx([8] * 7, abs=1e-4)


def test_a_shop_that_never_opens_on_mondays_does_not_next_monday() -> None:
    made = forecast(facts(steady(10, [day for day in days_before(84) if day.isoweekday() != 1])))
    assert yhat(made) == pytest.approx([0] + [10] * 6, abs=1e-4)
    assert reasons(made)[0]["closed"] == "weekly_closing"


def test_four_closed_mondays_make_a_closing_day_and_three_do_not() -> None:
    for count, expected in ((4, 0.0), (3, 10.0)):
        closed = [PLAN - timedelta(days=7 * n) for n in range(1, count + 1)]
        made = forecast(facts(steady(10, [day for day in days_before(84) if day not in closed])))
        assert made["yhat"][0] == pytest.approx(expected, abs=1e-4)


def test_opening_hours_in_the_calendar_open_a_day_that_is_usually_closed() -> None:
    sales = steady(10, [day for day in days_before(84) if day.isoweekday() != 1])
    made = forecast(facts(sales, [note(PLAN, "event", opens=time(8, 0))]))
    assert made["yhat"][0] == pytest.approx(10.0, abs=0.5)


def test_a_bakery_back_from_five_weeks_of_holidays_is_forecast_every_day() -> None:
    days = [day for day in days_before(120) if not PLAN - timedelta(days=37) <= day < PLAN - timedelta(days=2)]
    assert yhat(forecast(facts(steady(weekly, days)))) == pytest.approx(WEEKLY, abs=1e-3)


def test_zero_rows_on_a_day_without_any_sale_mean_closed_not_sold_nothing() -> None:
    closed = days_before(10)[:3]
    made = forecast(facts(steady(lambda day: 0.0 if day in closed else 10.0, days_before(84))))
    assert yhat(made) == pytest.approx([10.0] * 7, abs=1e-4)


def test_no_row_on_an_open_day_means_none_sold() -> None:
    frames = facts(
        steady(10, days_before(84)) + steady(4, days_before(84)[::2], "cake"),
        products=[("t", "bread", None), ("t", "cake", None)],
    )
    made = forecast(frames)
    # Every second day four: two a day, if one does not look at a calendar of odd and even days.
    assert sum(yhat(made, "cake")) / 7 == pytest.approx(2.0, abs=0.5)
    assert made.filter(product_id="cake")["q95"].min() >= 2.0


def test_the_shop_closes_on_holidays_as_it_always_did_and_the_effect_of_open_ones_is_learned() -> None:
    good_friday = date(2026, 4, 3)
    history = days_before(1_000, end=good_friday)
    closed = {date(2024, 3, 29), date(2025, 4, 18)}
    opened = {date(2024, 4, 1), date(2025, 4, 21)}  # Easter Mondays: three times the usual
    sales = steady(lambda day: 30.0 if day in opened else 10.0, [day for day in history if day not in closed])
    made = forecast(facts(sales), day=good_friday)
    by_day = dict(zip(made["target_date"], made["yhat"], strict=True))
    assert by_day[good_friday] == 0.0
    assert reasons(made)[0]["closed"] == "holiday"
    assert 20.0 < by_day[date(2026, 4, 6)] <= 30.0


def test_an_unknown_country_has_no_public_holidays() -> None:
    christmas = date(2026, 12, 22)
    made = forecast(facts(steady(10, days_before(84, christmas)), tenants=[("t", "Atlantis", "west")]), day=christmas)
    assert yhat(made) == pytest.approx([10.0] * 7, abs=1e-4)
    assert not any(said["factors"] for said in reasons(made))


def test_discontinued_products_end_on_their_day() -> None:
    ends = PLAN + timedelta(days=3)
    made = forecast(facts(steady(10, days_before(84)), products=[("t", "bread", ends)]))
    assert made["target_date"].to_list() == [PLAN + timedelta(days=n) for n in range(3)]
    assert forecast(facts(steady(10, days_before(84)), products=[("t", "bread", PLAN)])).is_empty()


def test_a_product_launched_last_week_follows_its_shops_weekdays() -> None:
    frames = facts(
        steady(weekly, days_before(84)) + steady(lambda day: weekly(day) / 10, days_before(10), "cake"),
        products=[("t", "bread", None), ("t", "cake", None)],
    )
    made = forecast(frames).filter(product_id="cake")
    assert made["model"].unique().to_list() == ["short_history"]
    assert yhat(made, "cake") == pytest.approx([1, 2, 3, 4, 5, 6, 7], abs=1e-3)
    assert {said["history_days"] for said in reasons(made)} == {10}
    assert {said["quantiles"]["errors_of"] for said in reasons(made)} == {"tenant"}


def test_one_day_of_sales_is_enough_for_a_forecast() -> None:
    made = forecast(facts(steady(12, days_before(1))))
    assert yhat(made) == pytest.approx([12.0] * 7)
    assert (made["q10"] < 12).all()
    assert (made["q95"] > 12).all()


def test_a_product_never_sold_is_forecast_as_zero_with_its_reason() -> None:
    made = forecast(facts([]))
    assert yhat(made) == [0.0] * 7
    assert made["model"].unique().to_list() == ["no_history"]
    assert {said["model"] for said in reasons(made)} == {"no_history"}
    assert made.select(list(QUANTILE_LEVELS)).sum_horizontal().sum() == 0.0


def test_the_error_for_a_tenant_without_products_says_what_to_do() -> None:
    with pytest.raises(CannotPlan, match="tenant t has no products; load products"):
        forecast(facts([], products=[("other", "bread", None)]))


def test_refunds_do_not_make_a_forecast_negative() -> None:
    made = forecast(facts(steady(lambda day: -5.0 if day.day % 2 else 1.0, days_before(84))))
    assert made.select(pl.min_horizontal("yhat", *QUANTILE_LEVELS).min()).item() >= 0.0


def test_shops_are_forecast_each_from_its_own_sales() -> None:
    made = forecast(facts(steady(10, days_before(84), shop="east") + steady(40, days_before(84), shop="west")))
    assert yhat(made, shop="east") == pytest.approx([10] * 7, abs=1e-4)
    assert yhat(made, shop="west") == pytest.approx([40] * 7, abs=1e-4)
    assert made.height == 14


def test_a_shop_that_closed_for_good_is_forecast_as_nothing() -> None:
    old = days_before(84)[:-28]
    made = forecast(facts(steady(10, days_before(84), shop="east") + steady(40, old, shop="west")))
    assert yhat(made, shop="west") == [0.0] * 7
    assert yhat(made, shop="east") == pytest.approx([10] * 7, abs=1e-4)


def test_sales_on_and_after_the_plan_date_are_not_seen() -> None:
    past = steady(10, days_before(84))
    future = steady(999, [PLAN + timedelta(days=n) for n in range(5)])
    assert forecast(facts(past + future)).equals(forecast(facts(past)))


def test_data_that_stopped_two_weeks_ago_does_not_mean_two_weeks_without_sales() -> None:
    last = PLAN - timedelta(days=15)
    made = forecast(facts(steady(weekly, days_before(100)[:-14])))
    assert yhat(made) == pytest.approx(WEEKLY, abs=1e-3)
    assert {said["last_sale_date"] for said in reasons(made)} == {last.isoformat()}


def test_importing_the_package_does_not_import_statsforecast() -> None:
    code = "import sys, bakery_assets.forecasting; print({'statsforecast', 'lightgbm', 'holidays', 'pandas', 'dask'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_many_tenants_are_forecast_in_groups_as_they_are_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["a", "b", "c"]
    sales = [row for n, name in enumerate(names) for row in steady(5.0 + n, days_before(60), tenant=name)]
    frames = facts(sales, [], [(name, "bread", None) for name in names], [(name, "DE", None) for name in names])
    at_once = forecast_demand(cells("c", "a", "b"), frames)["demand_forecasts"]
    monkeypatch.setattr("bakery_assets.forecasting.forecast.ROWS_AT_ONCE", 60)
    assert forecast_demand(cells("c", "a", "b"), frames)["demand_forecasts"].equals(at_once)
    assert at_once["tenant_id"].unique(maintain_order=True).to_list() == names


def test_no_tenants_have_no_forecasts() -> None:
    made = forecast_demand(cells().clear(), facts([], products=[], tenants=[]))["demand_forecasts"]
    assert made.is_empty()
    assert made.columns == DemandForecasts.column_names()


histories = st.lists(
    st.tuples(
        st.sampled_from(["a", "b"]),
        st.sampled_from(["x", "y"]),
        st.sampled_from(["main", "east"]),
        st.integers(1, 70),
        st.integers(-3, 60),
        st.booleans(),
    ),
    max_size=80,
)
notes = st.lists(
    st.tuples(
        st.sampled_from(["a", "b"]),
        st.integers(-40, 6),
        st.sampled_from(["closed", "holiday", "promotion", "event", "school_holiday"]),
        st.sampled_from([None, "x"]),
    ),
    max_size=12,
)


@settings(max_examples=20, deadline=None)
@given(histories, notes, st.randoms(use_true_random=False))
def test_a_tenant_is_forecast_alike_alone_and_among_others_in_any_order(
    history: list[Any], calendar: list[Any], chance: Any
) -> None:
    keyed = {row[:4]: row for row in history}.values()
    sales = [
        (tenant, product, PLAN - timedelta(days=ago), shop, quantity / 4, time(9) if sold_out else None)
        for tenant, product, shop, ago, quantity, sold_out in keyed
    ]
    special = [
        note(PLAN + timedelta(days=n), kind, product, tenant) for tenant, n, kind, product in dict.fromkeys(calendar)
    ]
    products = [(tenant, product, None) for tenant in "ab" for product in "xyz"]
    tenants = [("a", "DE", "BY"), ("b", "FR", None)]
    together = forecast_demand(cells("a", "b"), facts(sales, special, products, tenants))["demand_forecasts"]
    for rows in (sales, special, products, tenants):
        chance.shuffle(rows)
    shuffled = forecast_demand(cells("b", "a"), facts(sales, special, products, tenants))["demand_forecasts"]
    own = [[row for row in rows if row[0] == "a"] for rows in (sales, special, products, tenants)]
    alone = forecast_demand(cells("a"), facts(*own))["demand_forecasts"]

    assert together.equals(shuffled)
    assert together.filter(tenant_id="a").equals(alone)
    assert together.drop("override_id").null_count().sum_horizontal().item() == 0
    assert together.select(pl.min_horizontal("yhat", *QUANTILE_LEVELS).min()).item() >= 0.0
    assert together.select(pl.all_horizontal(pl.col("yhat", *QUANTILE_LEVELS).is_finite()).all()).item()
    for lower, upper in pairwise(QUANTILE_LEVELS):
        assert (together[lower] <= together[upper]).all()
    assert together.group_by("tenant_id", "location_id", "product_id").len()["len"].unique().to_list() == [7]
    assert together.select(pl.struct("tenant_id", "location_id", "product_id", "target_date").is_unique().all()).item()


def test_a_day_that_is_not_over_is_missing_in_the_history_and_not_poor() -> None:
    """Planned at 17:30 on Sunday for Monday; the shop closes at 18:00, and its till has sent 10 of 100 by noon."""
    evening = datetime(2026, 3, 8, 16, 30, tzinfo=UTC)
    at_evening = cells().with_columns(planned_as_of=pl.lit(evening, pl.Datetime("us", "UTC")))
    known = datetime(2026, 3, 8, 11, tzinfo=UTC)
    days = days_before(60)

    def made(sales: list[Sale]) -> list[float]:
        frames = facts(sales)
        frames["sales"] = frames["sales"].with_columns(recorded_at=pl.lit(known, pl.Datetime("us", "UTC")))
        return yhat(forecast_demand(at_evening, frames)["demand_forecasts"])

    without_sunday = made(steady(100, days[:-1]))
    assert made([*steady(100, days[:-1]), *steady(10, days[-1:])]) == without_sunday
    assert without_sunday == pytest.approx([100.0] * 7)
