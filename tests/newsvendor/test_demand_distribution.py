"""What stored quantiles say of demand: quantiles, probabilities, leftovers and lost sales, one day and several."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, poisson

from bakery_assets.metrics import QUANTILE_LEVELS
from bakery_assets.newsvendor.demand_distribution import (
    expected_demand,
    expected_leftover,
    expected_lost,
    is_clamped,
    probability_at_most,
    quantile_at_level,
    sum_of_days,
)

FINE = {f"p{percent}": percent / 100 for percent in range(1, 100)}
quantiles = st.lists(st.floats(0, 500), min_size=5, max_size=5).map(sorted)
unit = st.floats(0, 1)


def stored(*days: list[float]) -> pl.DataFrame:
    """A row a day with its five quantiles."""
    return pl.DataFrame(days, schema=list(QUANTILE_LEVELS), orient="row").cast(pl.Float64)


def summed(*days: list[float]) -> list[float]:
    """The quantiles of the sum of the days."""
    rows = stored(*days).with_columns(group=1)
    return list(sum_of_days(rows, ["group"]).select(list(QUANTILE_LEVELS)).row(0))


def normal(mean: float, deviation: float) -> pl.DataFrame:
    """Normal demand, by the quantiles at ``FINE``."""
    return pl.DataFrame({name: [norm.ppf(level, mean, deviation)] for name, level in FINE.items()})


def value(rows: pl.DataFrame, expression: pl.Expr) -> float:
    return float(rows.select(expression).item())


def at(rows: pl.DataFrame, level: float) -> float:
    return value(rows, quantile_at_level(pl.lit(level)))


def test_stored_quantiles_are_returned_and_interpolated_between() -> None:
    day = stored([4, 10, 13, 17, 20])
    assert [at(day, level) for level in (0.1, 0.5, 0.8, 0.9, 0.95)] == pytest.approx([4, 10, 13, 17, 20])
    # Two thirds of the way from the median to the 80th percentile, and halfway from there to the 90th.
    assert at(day, 0.7) == pytest.approx(12)
    assert at(day, 0.85) == pytest.approx(15)


def test_beyond_the_outermost_quantile_it_is_clamped_and_says_so() -> None:
    day = stored([4, 10, 13, 17, 20])
    assert (at(day, 0.02), at(day, 0.99)) == (4, 20)
    clamped = [value(day, is_clamped(pl.lit(level))) for level in (0.0, 0.1, 0.5, 0.95, 1.0)]
    assert clamped == [True, False, False, False, True]


def test_each_row_may_have_a_level_of_its_own() -> None:
    rows = stored([0, 1, 2, 3, 4], [10, 20, 30, 40, 50]).with_columns(level=pl.Series([0.8, 0.5]))
    assert rows.select(quantile_at_level(pl.col("level"))).to_series().to_list() == pytest.approx([2, 20])


def test_the_probability_jumps_where_quantiles_are_equal() -> None:
    # Nothing sells on half of the days, and one piece at the 80th percentile.
    rare = stored([0, 0, 1, 2, 2])
    of = [value(rare, probability_at_most(pl.lit(quantity))) for quantity in (-0.1, 0.0, 0.5, 1.0, 2.0)]
    assert of == pytest.approx([0.0, 0.5, 0.65, 0.8, 1.0])


def test_leftovers_and_lost_sales_by_hand() -> None:
    # Evenly between quantiles: 0.1 at 10, 0.4 over 10..20, 0.3 over 20..30, 0.1 over 30..40, 0.05 over 40..50, 0.05 at 50.
    day = stored([10, 20, 30, 40, 50])
    assert value(day, expected_demand()) == pytest.approx(1 + 0.4 * 15 + 0.3 * 25 + 0.1 * 35 + 0.05 * 45 + 2.5)
    # Of 25: 15 left where 10 sell, 10 on average of 10..20, and of 20..25, half of its stretch, 2.5.
    left = 0.1 * 15 + 0.4 * 10 + 0.3 / 2 * 2.5
    assert value(day, expected_leftover(pl.lit(25.0))) == pytest.approx(left)
    assert value(day, expected_lost(pl.lit(25.0))) == pytest.approx(22.75 - 25 + left)


def test_stockpyls_newsvendor_with_normal_demand() -> None:
    """stockpyl (MIT), newsvendor_normal: holding 0.18, stock-out 0.70, demand N(50, 8)."""
    day = normal(50, 8)
    quantity = value(day, quantile_at_level(pl.lit(0.70 / 0.88), FINE))
    assert quantity == pytest.approx(56.604, abs=0.01)
    left, lost = (value(day, figure(pl.lit(quantity), FINE)) for figure in (expected_leftover, expected_lost))
    assert 0.18 * left + 0.70 * lost == pytest.approx(1.9976, rel=0.02)


def test_stockpyls_newsvendor_over_a_lead_time_of_four_days() -> None:
    """stockpyl (MIT), newsvendor_normal with lead time 4: the demand of five days. The sum of quantiles would be 283."""
    five = sum_of_days(pl.concat([normal(50, 8).with_columns(group=1)] * 5), ["group"], FINE)
    assert value(five, quantile_at_level(pl.lit(0.70 / 0.88), FINE)) == pytest.approx(264.767, abs=0.01)


def test_stockpyls_newsvendor_with_poisson_demand() -> None:
    """stockpyl (MIT), newsvendor_poisson: demand Poisson(18), holding 200, stock-out 270."""
    day = pl.DataFrame({name: [float(poisson.ppf(level, 18))] for name, level in FINE.items()})
    assert value(day, quantile_at_level(pl.lit(270 / 470), FINE)) == 19


def test_five_stored_quantiles_come_within_a_fiftieth_of_a_deviation_of_normal_demand() -> None:
    day = stored([float(norm.ppf(level, 50, 8)) for level in QUANTILE_LEVELS.values()])
    assert at(day, 0.70 / 0.88) == pytest.approx(56.604, abs=8 / 50)


def test_a_closed_day_adds_nothing_and_a_single_day_is_its_own_sum() -> None:
    day, closed = [4.0, 10.0, 13.0, 17.0, 20.0], [0.0] * 5
    assert summed(day) == pytest.approx(day)
    assert summed(day, closed) == pytest.approx(day)


@given(quantiles, unit, unit)
@settings(deadline=None)
def test_a_higher_level_never_means_a_smaller_quantity(day: list[float], one: float, other: float) -> None:
    low, high = (at(stored(day), level) for level in sorted((one, other)))
    assert low <= high + 1e-9
    assert day[0] - 1e-9 <= low <= high <= day[-1] + 1e-9


@given(quantiles, st.lists(st.floats(0, 50), min_size=5, max_size=5).map(sorted), unit)
@settings(deadline=None)
def test_higher_quantiles_never_mean_a_smaller_quantity(day: list[float], more: list[float], level: float) -> None:
    larger = [quantile + extra for quantile, extra in zip(day, more, strict=True)]
    assert at(stored(day), level) <= at(stored(larger), level) + 1e-9


@given(quantiles, unit, st.floats(0.01, 100))
@settings(deadline=None)
def test_the_unit_of_quantities_does_not_matter(day: list[float], level: float, factor: float) -> None:
    scaled = stored([quantile * factor for quantile in day])
    assert at(scaled, level) == pytest.approx(at(stored(day), level) * factor)
    for figure in (expected_leftover, expected_lost):
        own = value(stored(day), figure(pl.lit(40.0)))
        assert value(scaled, figure(pl.lit(40.0 * factor))) == pytest.approx(own * factor, abs=1e-6)


@given(quantiles, st.floats(0.1, 0.95))
@settings(deadline=None)
def test_a_probability_is_the_inverse_of_a_quantile(day: list[float], level: float) -> None:
    rows = stored(day)
    quantity = at(rows, level)
    slack = 1e-7 * (1 + quantity)
    assert value(rows, probability_at_most(pl.lit(quantity + slack))) >= level - 1e-9
    # Strictly below the quantile it is at most the level, but for what even spreading makes of the slack.
    below = value(rows, probability_at_most(pl.lit(quantity - slack)))
    assert below <= level + 1e-9


@given(quantiles, st.floats(0, 600))
@settings(deadline=None)
def test_leftovers_and_lost_sales_are_those_of_many_days(day: list[float], quantity: float) -> None:
    """Against the mean over 4,000 equally likely levels of the quantile function."""
    levels = pl.DataFrame({"level": [(number + 0.5) / 4_000 for number in range(4_000)]})
    demand = levels.join(stored(day), how="cross").select(quantile_at_level(pl.col("level"))).to_series()
    left = float((quantity - demand).clip(lower_bound=0).mean())  # type: ignore[arg-type]
    lost = float((demand - quantity).clip(lower_bound=0).mean())  # type: ignore[arg-type]
    assert value(stored(day), expected_leftover(pl.lit(quantity))) == pytest.approx(left, abs=0.05)
    assert value(stored(day), expected_lost(pl.lit(quantity))) == pytest.approx(lost, abs=0.05)


@given(st.lists(quantiles, min_size=1, max_size=7))
@settings(deadline=None)
def test_the_sum_of_days_is_narrower_than_the_sum_of_quantiles_and_keeps_its_order(days: list[list[float]]) -> None:
    total = summed(*days)
    assert total == sorted(total)
    assert total[-1] <= sum(day[-1] for day in days) + 1e-5
    mean = float(stored(*days).select(expected_demand().sum()).item())
    assert total[0] - 1e-5 <= mean <= total[-1] + 1e-5
