"""What baselines know of closed days: of those in the past, and of those ahead."""

from datetime import date, timedelta

import polars as pl

from bakery_assets.backtesting.closures import closures_ahead, without_closed_days
from bakery_assets.backtesting.series import daily
from bakery_assets.backtesting.windows import known_before
from tests.forecasting.forecast_facts import Facts, cells, facts, note, sale

MONDAY = date(2024, 3, 4)
Sold = dict[int, float]  # day, counted from the Monday: quantity


def on(day: int) -> date:
    return MONDAY + timedelta(days=day)


def bakery(calendar: dict[int, str] | None = None, **sold: Sold) -> Facts:
    """A bakery in Germany with one shop."""
    return facts(
        tenants=[("b", "DE", None)],
        products=[("b", product, None) for product in sold],
        sales=[sale("b", product, on(day), each) for product, days in sold.items() for day, each in days.items()],
        calendar=[note("b", on(day), kind) for day, kind in (calendar or {}).items()],
    )


def filled(days: int, product: str = "rye", **sold: Sold) -> list[float]:
    """What a baseline is fitted on at the end of ``days``."""
    series = without_closed_days(daily(bakery(**sold)["sales"], on(days)))
    return series.filter(pl.col("product_id") == product)["y"].to_list()


def ahead(shop: Facts, origin: date) -> pl.DataFrame:
    return closures_ahead(cells("b", day=origin), known_before(shop, origin)).sort("product_id", "date")


def test_a_closed_day_takes_the_last_value_of_the_same_weekday() -> None:
    rye = {day: 10.0 + day for day in range(21) if day not in (8, 15)}
    assert filled(21, rye=rye) == [10.0 + day if day not in (8, 15) else 11.0 for day in range(21)]


def test_a_day_on_which_only_something_else_sold_stays_a_day_without_a_sale() -> None:
    rye = {day: 10.0 for day in range(14) if day != 8}
    assert filled(14, rye=rye, roll=dict.fromkeys(range(14), 50.0)) == [10.0] * 8 + [0.0] + [10.0] * 5


def test_a_closed_day_in_the_first_week_takes_the_next_value_of_its_weekday_and_a_closing_day_stays_empty() -> None:
    rye = {day: 10.0 + day for day in range(14) if day % 7 != 6 and day != 2}
    assert filled(14, rye=rye) == [10, 11, 19, 13, 14, 15, 0, 17, 18, 19, 20, 21, 22, 0]


def test_the_days_since_the_shop_last_sold_are_filled_too() -> None:
    assert filled(10, rye={day: 10.0 + day for day in range(8)})[8:] == [11.0, 12.0]


def test_closures_ahead_are_the_calendars_and_the_weekly_closing_day_and_no_holiday_seen_too_seldom() -> None:
    # Sundays are closed; so were Good Friday (25), Easter Monday (28) and 1 May (58), and Ascension Day (66) is ahead.
    days = [day for day in range(63) if day % 7 != 6 and day not in (25, 28, 58)]
    shop = bakery({64: "closed"}, rye=dict.fromkeys(days, 10.0), roll=dict.fromkeys(days, 5.0))
    # Three closed holidays are not yet four.
    assert ahead(shop, on(63)).select("product_id", "date").rows() == [
        ("roll", on(64)), ("roll", on(69)), ("rye", on(64)), ("rye", on(69)),
    ]  # fmt: skip


def test_a_holiday_on_which_the_shop_was_closed_twice_is_closed_ahead_whatever_it_will_do() -> None:
    labor_days = {(date(year, 5, 1) - MONDAY).days for year in (2022, 2023, 2024)}
    open_days = [day for day in range(-728, 70) if day not in labor_days]
    shop = bakery(rye=dict.fromkeys(open_days, 10.0))
    assert ahead(shop, date(2024, 4, 29))["date"].to_list() == [date(2024, 5, 1)]
    opens_this_year = bakery(rye=dict.fromkeys([*open_days, (date(2024, 5, 1) - MONDAY).days], 10.0))
    assert ahead(opens_this_year, date(2024, 4, 29))["date"].to_list() == [date(2024, 5, 1)]
