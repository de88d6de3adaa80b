"""How far to fill stock of what keeps for several days: between the day's quantile and its outermost."""

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets.metrics import QUANTILE_LEVELS
from bakery_assets.newsvendor.base_stock import COVERED, with_base_stock, with_shelf_life_demand
from bakery_assets.newsvendor.demand_distribution import probability_at_most, quantile_at_level

MONDAY = date(2026, 1, 5)
quantiles = st.lists(st.floats(0, 500), min_size=5, max_size=5).map(sorted)
ratios = st.floats(0.15, 0.9)


def week(shelf_life: int, ratio: float, *days: list[float] | None) -> pl.DataFrame:
    """Days from Monday on with their quantiles; None: closed."""
    rows = [
        ("cookies", MONDAY + timedelta(days=number), shelf_life, ratio, *map(float, day))
        for number, day in enumerate(days)
        if day is not None
    ]
    names = ["product_id", "target_date", "shelf_life_days", "critical_ratio", *QUANTILE_LEVELS]
    return pl.DataFrame(rows, schema=names, orient="row")


def planned(rows: pl.DataFrame) -> pl.DataFrame:
    return with_base_stock(with_shelf_life_demand(rows, ["product_id"], day="target_date"))


def level(shelf_life: int, ratio: float, *days: list[float] | None) -> float:
    """The level for the first day."""
    return float(planned(week(shelf_life, ratio, *days))["base_stock"][0])


def test_what_keeps_for_one_day_has_the_newsvendors_quantile() -> None:
    rows = week(1, 0.7, [4, 10, 13, 17, 20], [0, 1, 2, 3, 4])
    expected = rows.select(quantile_at_level(pl.col("critical_ratio"))).to_series()
    assert planned(rows)["base_stock"].to_list() == pytest.approx(expected.to_list())
    assert level(1, 0.7, [4, 10, 13, 17, 20]) == 12


def test_two_even_days_by_hand() -> None:
    # Demand of a day 10, 20, 30, 40, 50 at the levels: mean 22.75, and two days 45.5 + sqrt(2) (q - 22.75) at each.
    # At 35, between q80 and q90: P(D1 > 35) = 0.15. Two days reach 35 at a level between q10 (27.47) and q50 (41.61):
    # 0.1 + 0.4 (35 - 27.47) / 14.14 = 0.313. Both sides are equal at the ratio r for which r 0.15 = (1 - r) / 2 0.313.
    day = [10.0, 20.0, 30.0, 40.0, 50.0]
    reached = 0.1 + 0.4 * (35 - (45.5 - 2**0.5 * 12.75)) / (2**0.5 * 10)
    ratio = reached / 2 / (0.15 + reached / 2)
    assert level(2, ratio, day, day) == pytest.approx(35, abs=1e-4)


def test_days_are_covered_as_far_as_the_forecast_reaches_closed_ones_without_demand() -> None:
    day = [4.0, 10.0, 13.0, 17.0, 20.0]
    rows = with_shelf_life_demand(week(3, 0.7, day, None, day, day), ["product_id"], day="target_date")
    assert rows["days_covered"].to_list() == [3, 2, 1]
    two_days = rows.select(pl.col(f"^{COVERED}.*$"))
    assert two_days.row(0) == pytest.approx(two_days.row(1)), "Monday covers itself and Wednesday, Tuesday is closed"
    assert two_days.row(2) == pytest.approx(day)


def test_the_longer_it_keeps_the_fuller_the_shelf_and_never_beyond_the_highest_quantile() -> None:
    day = [4.0, 10.0, 13.0, 17.0, 20.0]
    levels = [level(shelf_life, 0.7, *[day] * 7) for shelf_life in range(1, 8)]
    assert levels == sorted(levels)
    assert levels[0] == 12
    assert levels[1] > 12
    assert levels[-1] <= 20


@given(st.integers(1, 7), st.lists(quantiles, min_size=7, max_size=7), ratios, ratios)
@settings(deadline=None, max_examples=40)
def test_the_level_rises_with_the_ratio(shelf_life: int, days: list[list[float]], one: float, other: float) -> None:
    low, high = (level(shelf_life, ratio, *days) for ratio in sorted((one, other)))
    assert low <= high + 1e-5
    assert days[0][0] - 1e-5 <= low <= high <= days[0][-1] + 1e-5


@given(st.integers(2, 7), st.lists(quantiles, min_size=7, max_size=7), ratios)
@settings(deadline=None, max_examples=40)
def test_below_the_level_a_unit_more_gains_and_above_it_outdates(
    shelf_life: int, days: list[list[float]], ratio: float
) -> None:
    row = planned(week(shelf_life, ratio, *days)).head(1)
    found = row["base_stock"][0]

    def balance(quantity: float) -> float:
        at = pl.lit(quantity)
        day, covered = row.select(probability_at_most(at), b=probability_at_most(at, prefix=COVERED)).row(0)
        return float(ratio * (1 - day) - (1 - ratio) / shelf_life * covered)

    step = 1e-5 * (1 + found)
    if found > days[0][0] + step:
        assert balance(found - step) >= -1e-6
    if found < days[0][-1] - step:
        assert balance(found + step) <= 1e-6
