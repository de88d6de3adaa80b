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
    WeekdaySplit,
    backtest_grid,
    level,
    seasonal,
    split_by_profile,
    tsb,
    weekday_profile,
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


def profile_of(values: Floats) -> Floats:
    """Each series in a shop of its own."""
    return weekday_profile(values, np.arange(len(values)))


def split_alone(values: Floats) -> WeekdaySplit:
    return split_by_profile(values, profile_of(values))


def theirs(model: object, values: Floats) -> list[Floats]:
    return [model.forecast(row[~np.isnan(row)].astype(np.float64), 7)["mean"] for row in values]  # type: ignore[attr-defined]


@pytest.mark.parametrize("alpha", SEASONAL_ALPHAS)
def test_each_weekday_by_itself_is_statsforecasts_seasonal_smoothing(alpha: float) -> None:
    values = histories()
    expected = theirs(SeasonalExponentialSmoothing(7, alpha), values)
    np.testing.assert_allclose(seasonal(values, alphas(alpha, 4)), expected, rtol=1e-4)


@pytest.mark.parametrize("alpha", LEVEL_ALPHAS)
def test_the_level_is_statsforecasts_simple_smoothing_of_what_the_weekdays_leave(alpha: float) -> None:
    split = split_alone(histories())
    expected = np.stack(theirs(SimpleExponentialSmoothing(alpha), split.level)) * split.profile
    np.testing.assert_allclose(level(split, alphas(alpha, 4)), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("alpha", TSB_ALPHAS)
def test_series_that_sell_now_and_then_are_statsforecasts_tsb(alpha: float) -> None:
    split = split_alone(histories())
    expected = np.stack(theirs(TSB(alpha, alpha), split.level)) * split.profile
    np.testing.assert_allclose(tsb(split, alphas(alpha, 4)), expected, rtol=1e-4, atol=1e-6)


def test_the_profile_is_each_weekdays_share_by_days_from_the_forecast() -> None:
    # Ten on most days, 45 on the days that come again three days after the forecast's first.
    values = np.full((1, 28), 10.0, dtype=np.float32)
    values[:, 3::7] = 45.0
    split = split_alone(values)
    assert split.profile[0].tolist() == pytest.approx([10 / 15] * 3 + [3] + [10 / 15] * 3)
    assert split.level[0].tolist() == pytest.approx([15.0] * 28)
    # Seen from five days earlier, that weekday comes five days later, and so a day after the first.
    assert split_alone(values[:, :-5]).profile[0].argmax() == (3 + 5) % 7


def test_a_profile_that_may_be_chance_is_shrunk_to_the_shops() -> None:
    # Two on most days; on the first weekday 0 and 4 in turn. With the other product the shop sells 14 there, else 7.
    small = np.full(28, 2.0)
    small[::7] = [0, 4, 0, 4]
    other = np.tile([12.0, 5, 5, 5, 5, 5, 5], 4)
    profile = weekday_profile(np.stack([small, other]).astype(np.float32), np.array([0, 0]))
    # Errors of 1 on every seventh day, over four weeks; 0.75 and six times 0.125 away from the shop's profile.
    noise, distance = (1 / 7) / 4, (0.75**2 + 6 * 0.125**2) / 7
    kept = 1 - 2 * noise / distance
    assert kept == pytest.approx(0.238095, abs=1e-6)
    assert profile[0].tolist() == pytest.approx([1.75 - 0.75 * kept] + [0.875 + 0.125 * kept] * 6)
    assert profile[1].tolist() == pytest.approx([12 / 6] + [5 / 6] * 6), "it is never off, so it is no chance"


def test_chance_is_shrunk_to_the_shops_profile_and_a_real_profile_is_kept() -> None:
    week = np.array([0.8, 0.9, 1.0, 1.0, 1.2, 1.5, 0.6])
    weekend = np.array([0.0, 0, 0, 0, 0, 3.5, 3.5])
    chance = np.random.default_rng(11)
    large = chance.poisson(200 * np.tile(week, 12))
    rare = chance.poisson(0.5 * np.tile(week, 12), (40, 84))
    sold = np.stack([large, *rare, chance.poisson(9 * np.tile(weekend, 12))]).astype(np.float32)
    in_one_shop = weekday_profile(sold, np.zeros(42, dtype=np.int64))
    alone = profile_of(sold)

    def off(profile: Floats) -> float:
        return float(np.abs(profile[1:41] - week).mean())

    assert off(in_one_shop) < 0.6 * off(alone)
    np.testing.assert_allclose(in_one_shop[41], weekend, atol=0.3)
    np.testing.assert_allclose(in_one_shop[41], alone[41], atol=0.05)


def test_what_sells_on_weekends_only_keeps_its_profile() -> None:
    weekend = np.tile([0.0, 0, 0, 0, 0, 6, 8], 4)
    values = np.stack([weekend, np.full(28, 50.0)]).astype(np.float32)
    split = split_by_profile(values, weekday_profile(values, np.array([0, 0])))
    assert split.profile[0].tolist() == pytest.approx([0] * 5 + [3, 4], abs=1e-5)
    assert np.isnan(split.level[0].reshape(4, 7)[:, :5]).all()
    assert split.level[0].reshape(4, 7)[:, 5:].ravel().tolist() == pytest.approx([2.0] * 8)
    assert level(split, alphas(0.1, 2))[0].tolist() == pytest.approx([0] * 5 + [6, 8], abs=1e-4)


def test_shops_do_not_count_for_each_others_profiles() -> None:
    values = histories()
    both = weekday_profile(np.concatenate([values, values[::-1]]), np.array([0, 0, 0, 0, 1, 1, 1, 1]))
    np.testing.assert_array_equal(both[:4], weekday_profile(values, np.zeros(4, dtype=np.int64)))
    assert weekday_profile(values[:0], np.zeros(0, dtype=np.int64)).shape == (0, 7)


def test_a_series_without_a_past_has_its_shops_profile() -> None:
    values = np.stack([np.tile([2.0, 1, 1, 1, 1, 1, 0], 4), np.full(28, np.nan)]).astype(np.float32)
    assert weekday_profile(values, np.array([0, 0]))[1].tolist() == pytest.approx([2, 1, 1, 1, 1, 1, 0])
    assert weekday_profile(values, np.array([0, 1]))[1].tolist() == [1.0] * 7


def test_a_series_is_split_by_the_profile_that_it_is_given() -> None:
    values = np.full((1, 9), 6.0, dtype=np.float32)
    profile = np.array([[2.0, 1, 1, 1, 1, 0.75, 0.25]], dtype=np.float32)
    split = split_by_profile(values, profile)
    # Columns end on the day before the forecast, the profile's last; a quarter of the mean is too little.
    nan = np.nan
    assert split.level[0].tolist() == pytest.approx([8.0, nan, 3.0, 6.0, 6.0, 6.0, 6.0, 8.0, nan], nan_ok=True)
    assert (split.profile == profile).all()


def test_a_weekday_that_never_sells_does_not_count_for_the_level() -> None:
    values = histories()[2:3]
    split = split_alone(values)
    assert split.profile[0, 0] == 0
    assert np.isnan(split.level[0, ::7]).all()
    assert np.isfinite(split.level[0].reshape(12, 7)[:, 1:]).all()
    assert level(split, alphas(0.1, 1))[0, 0] == 0


def test_a_series_without_a_past_has_no_forecast() -> None:
    nothing = np.full((1, 28), np.nan, dtype=np.float32)
    split = split_alone(nothing)
    for made in (seasonal(nothing, alphas(0.3, 1)), level(split, alphas(0.1, 1)), tsb(split, alphas(0.1, 1))):
        assert made.shape == (1, 7)
        assert np.isnan(made).all()


def test_the_backtest_forecasts_what_the_stage_does() -> None:
    values = histories()
    origins = [values[:, :70], values[:, :77], values]
    made = backtest_grid(origins, [profile_of(past) for past in origins])
    for family, passed in (
        ("seasonal", lambda past, alpha: seasonal(past, alpha)),
        ("level", lambda past, alpha: level(split_alone(past), alpha)),
        ("tsb", lambda past, alpha: tsb(split_alone(past), alpha)),
    ):
        for number, alpha in enumerate(ALPHA_GRID[family]):
            expected = np.concatenate([passed(past, alphas(alpha, 4)) for past in origins], axis=1)
            np.testing.assert_allclose(made[family][number], expected, rtol=1e-3, atol=1e-4, err_msg=family)


def test_without_a_past_the_backtest_has_no_forecasts() -> None:
    nothing = np.full((2, 21), np.nan, dtype=np.float32)
    made = backtest_grid([nothing, nothing], [profile_of(nothing)] * 2)
    assert {name: values.shape for name, values in made.items()} == {
        name: (len(grid), 2, 14) for name, grid in ALPHA_GRID.items()
    }
    assert all(np.isnan(values).all() for values in made.values())


def test_spread_over_a_cluster_the_backtest_comes_out_the_same() -> None:
    origins = [histories()[:, :77], histories()]
    profiles = [profile_of(past) for past in origins]
    here = backtest_grid(origins, profiles)
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None
    ) as cluster:
        there = backtest_grid(origins, profiles, cluster.scheduler_address)
    assert here.keys() == there.keys()
    for name, values in here.items():
        np.testing.assert_array_equal(values, there[name])
