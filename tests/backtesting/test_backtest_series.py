"""Which days are compared, and what was known before them."""

from datetime import date, time, timedelta

import polars as pl
import pytest

from bakery_assets.backtesting.series import daily, error_scales, scored_days, sold_out_days
from bakery_assets.backtesting.windows import READS, cells_of, known_before, origins

MONDAY = date(2024, 3, 4)
SALES = {"tenant_id": pl.String, "location_id": pl.String, "product_id": pl.String, "sales_date": pl.Date,
         "quantity": pl.Float64, "sold_out_at": pl.Time}  # fmt: skip
HOURLY = {**{name: SALES[name] for name in list(SALES)[:4]}, "hour": pl.Int32, "in_stock": pl.Float64}
CALENDAR = {"tenant_id": pl.String, "date": pl.Date, "kind": pl.String, "product_id": pl.String, "name": pl.String,
            "opens": pl.Time, "closes": pl.Time}  # fmt: skip
TENANTS = {"tenant_id": pl.String, "country": pl.String, "region": pl.String}


def sold(product: str, day: int, quantity: float, sold_out_at: time | None = None) -> tuple[object, ...]:
    return ("b", "main", product, MONDAY + timedelta(days=day), quantity, sold_out_at)


def frames(
    sales: list[tuple[object, ...]],
    hourly: list[tuple[object, ...]] | None = None,
    calendar: list[tuple[object, ...]] | None = None,
) -> dict[str, pl.DataFrame]:
    return {
        "tenants": pl.DataFrame([("b", "DE", None)], schema=TENANTS, orient="row"),
        "sales": pl.DataFrame(sales, schema=SALES, orient="row"),
        "sales_hourly": pl.DataFrame(hourly or [], schema=HOURLY, orient="row"),
        "calendar": pl.DataFrame(calendar or [], schema=CALENDAR, orient="row"),
    }


def test_two_weeks_begin_fourteen_and_seven_days_before_the_end() -> None:
    # The last week is 18 to 24 March, the one before 11 to 17 March.
    assert origins(date(2024, 3, 24), 2) == [date(2024, 3, 11), date(2024, 3, 18)]


def test_the_cell_of_an_origin_is_planned_at_noon_when_all_of_the_day_before_is_known() -> None:
    tenants = pl.DataFrame({"tenant_id": ["b"], "timezone": ["Europe/Berlin"]})
    cell = cells_of(tenants, MONDAY).row(0, named=True)
    assert cell["plan_date"] == MONDAY
    assert cell["planned_as_of"].isoformat() == "2024-03-04T11:00:00+00:00"


def test_the_calendar_is_known_ahead_but_neither_sales_nor_weather_of_the_day_are() -> None:
    day = pl.DataFrame({"day": [MONDAY - timedelta(days=1), MONDAY, MONDAY + timedelta(days=1)]})
    dated = {"sales": "sales_date", "sales_hourly": "sales_date", "weather": "date"}
    facts = {name: day.rename({"day": dated.get(name, "date")}) for name in READS}
    products = pl.DataFrame({"product_id": ["gone", "going"], "discontinued_on": [MONDAY, MONDAY + timedelta(days=3)]})
    known = known_before({**facts, "products": products}, MONDAY)
    assert set(known) == set(READS)
    assert {name: known[name].height for name in dated} == {"sales": 1, "sales_hourly": 1, "weather": 1}
    assert known["calendar"].height == known["tenants"].height == 3
    assert known["forecast_overrides"].is_empty()
    assert known["products"]["discontinued_on"].to_list() == [MONDAY, None]


def test_a_series_runs_from_its_first_sale_to_the_day_before_with_zeros_for_gaps() -> None:
    sales = frames([sold("rye", 0, 0.0), sold("rye", 1, 5.0), sold("rye", 3, 7.0), sold("rye", 6, 9.0)])["sales"]
    series = daily(sales, MONDAY + timedelta(days=6))
    assert series["y"].to_list() == [5.0, 0.0, 7.0, 0.0, 0.0]
    assert series["date"][0] == MONDAY + timedelta(days=1)


def test_a_product_is_scored_from_the_first_origin_after_its_first_sale() -> None:
    sales = [sold("rye", day, 10.0) for day in range(21)] + [sold("cake", day, 3.0) for day in range(9, 21)]
    days = scored_days(frames(sales), [MONDAY + timedelta(days=7), MONDAY + timedelta(days=14)])
    counted = days.group_by("product_id").agg(pl.len(), pl.col("date").min()).sort("product_id")
    assert counted.rows() == [("cake", 7, MONDAY + timedelta(days=14)), ("rye", 14, MONDAY + timedelta(days=7))]


def test_days_after_a_tenants_last_sale_are_unknown_and_days_between_are_closed() -> None:
    sales = [sold("rye", day, 10.0) for day in (0, 1, 7, 10)]
    days = scored_days(frames(sales), [MONDAY + timedelta(days=7)])
    assert days["actual"].to_list() == [10.0, 0.0, 0.0, 10.0]
    assert days["is_open"].to_list() == [True, False, False, True]


def test_a_day_is_near_a_holiday_from_two_days_before_to_two_days_after_it() -> None:
    # Good Friday is 29 March, Easter Monday 1 April; the bakery's own holiday is 9 April.
    first = date(2024, 3, 25)
    sales = [sold("rye", day, 10.0) for day in range(60)]
    own = [("b", date(2024, 4, 9), "holiday", None, "Dorffest", None, None)]
    days = scored_days(frames(sales, calendar=own), [first, date(2024, 4, 1), date(2024, 4, 8)])
    near = days.filter("is_near_holiday")["date"].dt.strftime("%-d.%-m").to_list()
    around_easter = ["27.3", "28.3", "29.3", "30.3", "31.3", "1.4", "2.4", "3.4"]
    assert near == [*around_easter, "7.4", "8.4", "9.4", "10.4", "11.4"]


def test_a_day_sold_out_when_the_till_says_so_or_an_hour_was_out_of_stock() -> None:
    day = MONDAY + timedelta(days=1)
    hourly = [("b", "main", "roll", day, 9, 0.5), ("b", "main", "roll", MONDAY, 9, 1.0)]
    found = sold_out_days(frames([sold("rye", 0, 4.0, time(13)), sold("rye", 1, 4.0)], hourly))
    assert sorted(found.select("product_id", "date").rows()) == [("roll", day), ("rye", MONDAY)]


@pytest.mark.parametrize(("hour", "out"), [(6, False), (7, True), (17, True), (18, False)])
def test_an_empty_shelf_outside_the_opening_hours_is_no_stock_out(hour: int, out: bool) -> None:
    calendar = [("b", MONDAY, "event", None, None, time(7, 30), time(18))]
    found = sold_out_days(frames([], [("b", "main", "roll", MONDAY, hour, 0.0)], calendar))
    assert (found.height == 1) is out


def test_errors_are_scaled_by_what_naive_forecasts_missed_before() -> None:
    # Two weeks: the second sells 2 more on each day but the last, 9 more there.
    week = [10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0]
    sales = [sold("rye", day, quantity) for day, quantity in enumerate([*week, *(y + 2 for y in week[:6]), 25.0])]
    scales = error_scales(daily(frames(sales)["sales"], MONDAY + timedelta(days=14))).row(0, named=True)
    assert scales["mase_scale"] == pytest.approx((6 * 2 + 9) / 7)
    steps = [1.0] * 6 + [12.0 - 16.0] + [1.0] * 5 + [25.0 - 17.0]
    assert scales["rmsse_scale"] == pytest.approx(sum(step**2 for step in steps) / 13)


def test_a_series_that_never_changed_has_no_scale() -> None:
    sales = [sold("rye", day, 5.0) for day in range(20)]
    scales = error_scales(daily(frames(sales)["sales"], MONDAY + timedelta(days=20)))
    assert scales.select("mase_scale", "rmsse_scale").row(0) == (None, None)
