"""Smoothing as the stage applies it, against StatsForecast's own models, here and spread over a cluster."""

import numpy as np
import pytest
from distributed import LocalCluster
from statsforecast.models import TSB, SeasonalExponentialSmoothing, SimpleExponentialSmoothing

from bakery_assets.forecasting.data.panel import Floats
from bakery_assets.forecasting.models.smoothing import (
    ALPHA_GRID,
    LEVEL_ALPHAS,
    SEASONAL_ALPHAS,
    TSB_ALPHAS,
    backtest_grid,
    level,
    seasonal,
    split_weekday_profile,
    tsb,
)


def histories(days: int = 84) -> Floats:
    """A strong series, one that sells now and then, one closed on Mondays, and one that began three weeks ago."""
    chance = np.random.default_rng(7)
    week = np.tile([0.8, 0.9, 1.0, 1.0, 1.2, 1.5, 0.6], days // 7)
    strong = chance.poisson(80 * week)
    rare = chance.poisson(0.4, days)
    closed = chance.poisson(20, days) * (np.arange(days) % 7 > 0)
    new = np.where(np.arange(days) < days - 21, np.nan, chance.poisson(9, days))
    return np.stack([strong, rare, closed, new]).astype(np.float32)


def alphas(alpha: float, rows: int) -> Floats:
    return np.full(rows, alpha, dtype=np.float32)


def theirs(model: object, values: Floats) -> list[Floats]:
    return [model.forecast(row[~np.isnan(row)].astype(np.float64), 7)["mean"] for row in values]  # type: ignore[attr-defined]


@pytest.mark.parametrize("alpha", SEASONAL_ALPHAS)
def test_each_weekday_by_itself_is_statsforecasts_seasonal_smoothing(alpha: float) -> None:
    values = histories()
    expected = theirs(SeasonalExponentialSmoothing(7, alpha), values)
    np.testing.assert_allclose(seasonal(values, alphas(alpha, 4)), expected, rtol=1e-4)


@pytest.mark.parametrize("alpha", LEVEL_ALPHAS)
def test_the_level_is_statsforecasts_simple_smoothing_of_what_the_weekdays_leave(alpha: float) -> None:
    split = split_weekday_profile(histories())
    expected = np.stack(theirs(SimpleExponentialSmoothing(alpha), split.level)) * split.profile
    np.testing.assert_allclose(level(split, alphas(alpha, 4)), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("alpha", TSB_ALPHAS)
def test_series_that_sell_now_and_then_are_statsforecasts_tsb(alpha: float) -> None:
    split = split_weekday_profile(histories())
    expected = np.stack(theirs(TSB(alpha, alpha), split.level)) * split.profile
    np.testing.assert_allclose(tsb(split, alphas(alpha, 4)), expected, rtol=1e-4, atol=1e-6)


def test_the_profile_is_each_weekdays_share_by_days_from_the_forecast() -> None:
    # Ten on most days, 45 on the days that come again three days after the forecast's first.
    values = np.full((1, 28), 10.0, dtype=np.float32)
    values[:, 3::7] = 45.0
    split = split_weekday_profile(values)
    assert split.profile[0].tolist() == pytest.approx([10 / 15] * 3 + [3] + [10 / 15] * 3)
    assert split.level[0].tolist() == pytest.approx([15.0] * 28)
    # Seen from five days earlier, that weekday comes five days later, and so a day after the first.
    assert split_weekday_profile(values[:, :-5]).profile[0].argmax() == (3 + 5) % 7


def test_a_weekday_that_never_sells_does_not_count_for_the_level() -> None:
    values = histories()[2:3]
    split = split_weekday_profile(values)
    assert split.profile[0, 0] == 0
    assert split.level[0, ::7].tolist() == pytest.approx([values.mean()] * 12)
    assert level(split, alphas(0.1, 1))[0, 0] == 0


def test_a_series_without_a_past_has_no_forecast() -> None:
    nothing = np.full((1, 28), np.nan, dtype=np.float32)
    split = split_weekday_profile(nothing)
    for made in (seasonal(nothing, alphas(0.3, 1)), level(split, alphas(0.1, 1)), tsb(split, alphas(0.1, 1))):
        assert made.shape == (1, 7)
        assert np.isnan(made).all()


def test_the_backtest_forecasts_what_the_stage_does() -> None:
    values = histories()
    origins = [values[:, :70], values[:, :77], values]
    made = backtest_grid(origins)
    for family, passed in (
        ("seasonal", lambda past, alpha: seasonal(past, alpha)),
        ("level", lambda past, alpha: level(split_weekday_profile(past), alpha)),
        ("tsb", lambda past, alpha: tsb(split_weekday_profile(past), alpha)),
    ):
        for number, alpha in enumerate(ALPHA_GRID[family]):
            expected = np.concatenate([passed(past, alphas(alpha, 4)) for past in origins], axis=1)
            np.testing.assert_allclose(made[family][number], expected, rtol=1e-3, atol=1e-4, err_msg=family)


def test_without_a_past_the_backtest_has_no_forecasts() -> None:
    nothing = np.full((2, 21), np.nan, dtype=np.float32)
    made = backtest_grid([nothing, nothing])
    assert {name: values.shape for name, values in made.items()} == {
        name: (len(grid), 2, 14) for name, grid in ALPHA_GRID.items()
    }
    assert all(np.isnan(values).all() for values in made.values())


def test_spread_over_a_cluster_the_backtest_comes_out_the_same() -> None:
    origins = [histories()[:, :77], histories()]
    here = backtest_grid(origins)
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        there = backtest_grid(origins, cluster.scheduler_address)
    assert here.keys() == there.keys()
    for name, values in here.items():
        np.testing.assert_array_equal(values, there[name])
