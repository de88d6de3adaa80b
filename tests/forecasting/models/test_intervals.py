"""The width of a forecast, from past errors."""

import numpy as np
import polars as pl
import pytest

from bakery_assets.forecasting.data.context import build_context
from bakery_assets.forecasting.data.panel import Floats
from bakery_assets.forecasting.models.day_spread import KINDS_OF_DAY
from bakery_assets.forecasting.models.intervals import (
    DEFAULT_RESIDUALS,
    MIN_RESIDUALS,
    QUANTILE_GRID,
    WIDENING,
    base_level,
    default_residual_quantiles,
    error_quantiles,
    grid_positions,
    quantile_at,
    residual_scale,
    same_weekday_residuals,
    smallest_scale,
)
from bakery_assets.metrics import QUANTILE_LEVELS
from tests.forecasting.forecast_facts import PLAN, cells, days_before, facts, sale


def rows(*errors: list[float]) -> Floats:
    """A row a series, filled up with NaN."""
    width = max(len(each) for each in errors)
    return np.array([each + [np.nan] * (width - len(each)) for each in errors], dtype=np.float32)


def level(grid: list[float], at: float) -> float:
    frame = pl.DataFrame({"grid": [grid]}, schema={"grid": pl.List(pl.Float64)})
    (place,) = grid_positions(np.array([at]))
    return float(frame.select(quantile_at(pl.col("grid"), pl.lit(place))).item())


def test_a_quantile_of_n_errors_has_its_share_of_them_below_it() -> None:
    # Of 40 errors 1..40 the 0.1 quantile has rank 41 x 0.1, a tenth of the way from the fourth to the fifth; all are
    # 5% farther from the median, 20.5.
    residuals = [float((7 * n) % 40 + 1) for n in range(40)]
    own, _, count = error_quantiles(rows(residuals), np.array([0]), 1)
    assert count.tolist() == [40]
    assert own[0, QUANTILE_GRID.index(0.1)] == pytest.approx(20.5 - 1.05 * (20.5 - 4.1))
    assert own[0].tolist() == pytest.approx([20.5 + 1.05 * (41 * level - 20.5) for level in QUANTILE_GRID], abs=1e-4)


def test_a_quantile_beyond_the_outermost_errors_is_the_outermost() -> None:
    # Of 28 errors the ranks 29 x 0.025 and 29 x 0.975 are below the first and above the last.
    own, _, _ = error_quantiles(rows([float(n) for n in range(1, 29)]), np.array([0]), 1)
    assert own[0, [0, -1]].tolist() == pytest.approx([14.5 - 1.05 * 13.5, 14.5 + 1.05 * 13.5], rel=1e-5)


def test_a_quantile_between_two_errors_is_interpolated() -> None:
    # 28 errors 0, 1, 4, 9, ...: rank 29 x 0.2 = 5.8, so 0.8 of the way from the fifth, 16, to the sixth, 25.
    own, _, _ = error_quantiles(rows([float(n * n) for n in range(28)]), np.array([0]), 1)
    assert own[0, QUANTILE_GRID.index(0.2)] == pytest.approx(182.5 - 1.05 * (182.5 - 23.2))
    assert own[0, QUANTILE_GRID.index(0.5)] == pytest.approx((13**2 + 14**2) / 2)


def test_few_errors_are_shrunk_towards_the_tenants() -> None:
    own, of_tenant, count = error_quantiles(rows([1.0] * 21, [3.0] * 49), np.array([0, 0]), 1)
    assert count.tolist() == [21, 49]
    # The tenant has 21 ones and 49 threes: of ranks 0 to 69, 69 x 0.3 is 0.7 of the way from the last one to a three.
    # Widened by 5% around its median, 3.
    assert of_tenant[0].tolist() == pytest.approx([3 - 1.05 * 2] * 4 + [3 - 1.05 * 0.6] + [3.0] * 8)
    assert own[1].tolist() == [3.0] * 13, "enough of its own"
    # Three quarters of its own, always 1, and a quarter of the tenant's 1, 2.4 and 3: widened around 1.5.
    assert 21 / MIN_RESIDUALS == 0.75
    assert own[0].tolist() == pytest.approx([1.5 - 1.05 * 0.5] * 4 + [1.5 - 1.05 * 0.15] + [1.5] * 8)


@pytest.mark.parametrize(("few", "share"), [(13, 0.0), (14, 0.5)])
def test_hardly_any_errors_of_its_own_do_not_count(few: int, share: float) -> None:
    own, of_tenant, _ = error_quantiles(rows([1.0] * few, [3.0] * 980), np.array([0, 0]), 1)
    assert of_tenant[0].tolist() == [3.0] * 13
    assert own[0].tolist() == pytest.approx([share * 1 + (1 - share) * 3] * 13)


def test_a_series_without_errors_has_its_tenants_and_a_tenant_with_hardly_any_has_none() -> None:
    errors = rows([], [2.0] * MIN_RESIDUALS, [1.0] * (MIN_RESIDUALS - 1), [])
    own, of_tenant, count = error_quantiles(errors, np.array([0, 0, 1, 1]), 3)
    assert own[0].tolist() == [2.0] * 13
    assert np.isnan(own[2:]).all()
    assert np.isnan(of_tenant[1:]).all()
    assert count.tolist() == [0, 28, 27, 0]


def test_no_series_have_no_errors() -> None:
    own, of_tenant, count = error_quantiles(np.zeros((0, 0), dtype=np.float32), np.zeros(0, dtype=np.int64), 2)
    assert own.shape == (0, len(QUANTILE_GRID))
    assert np.isnan(of_tenant).all()
    assert count.shape == (0,)


def test_quantiles_rise_with_their_level() -> None:
    chance = np.random.default_rng(3)
    errors = rows(*(chance.standard_t(2, size).tolist() for size in (3, 11, 27, 40, 56)))
    own, _, _ = error_quantiles(errors, np.zeros(5, dtype=np.int64), 1)
    assert (np.diff(own, axis=1) >= 0).all()


@pytest.mark.parametrize("widening", [1.0, WIDENING])
def test_days_to_come_fall_below_a_quantile_as_often_as_it_says(
    widening: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bakery_assets.forecasting.models.intervals.WIDENING", widening)
    most = 0.012 if widening == 1.0 else 0.03
    chance = np.random.default_rng(5)
    series = 400
    past, ahead = (chance.gamma(2.0, 1.0, (series, days)).astype(np.float32) - 2 for days in (56, 50))
    own, _, _ = error_quantiles(past, np.zeros(series, dtype=np.int64), 1)
    for number, level in enumerate(QUANTILE_GRID):
        share = (ahead <= own[:, number, None]).mean()
        assert share == pytest.approx(level, abs=most)
        # Wider, never narrower.
        assert (share - level) * np.sign(level - 0.5) > -0.012
    inside = (ahead >= own[:, [QUANTILE_GRID.index(0.1)]]) & (ahead <= own[:, [QUANTILE_GRID.index(0.9)]])
    assert inside.mean() == pytest.approx(0.8, abs=most)


def test_any_quantile_is_interpolated_between_two_of_the_grid() -> None:
    grid = [float(10 * n) for n in range(len(QUANTILE_GRID))]
    assert [level(grid, each) for each in QUANTILE_GRID] == grid
    assert level(grid, 0.85) == pytest.approx(95.0)
    assert level(grid, 0.93) == pytest.approx(106.0)
    assert level(grid, 0.01) == 0.0
    assert level(grid, 0.99) == 120.0, "beyond the outermost, the outermost"


def test_a_new_bakery_has_the_default_residuals() -> None:
    assert [level(default_residual_quantiles(), value) for value in QUANTILE_LEVELS.values()] == pytest.approx(
        list(DEFAULT_RESIDUALS.values())
    )


def test_residuals_are_scaled_by_the_mean_of_the_forecast_and_the_base_level_and_never_by_next_to_nothing() -> None:
    # A steady one, one that sells nothing any more, and one that has not begun; the last is another tenant's.
    days = [[8.0] * 200, [1000.0] * 18 + [40.0] * 136 + [0.0] * 46, [np.nan] * 200, [np.nan] * 200]
    normal_demand = np.array(days, dtype=np.float32)
    base = base_level(normal_demand)
    assert base.tolist() == [8.0, 0.0, 0.0, 0.0]
    smallest = smallest_scale(normal_demand, np.array([0, 0, 0, 1]))
    usual = 40 * 136 / 182
    assert smallest.tolist() == pytest.approx([4.0, usual / 2, 0.01 * (8 + usual) / 3, 0.0])
    yhat = np.array([[12.0, 0.0], [0.001, 60.0], [4.0, 0.0], [0.0, 0.0]], dtype=np.float32)
    assert residual_scale(yhat, base, smallest).tolist() == [
        pytest.approx([10.0, 4.0]),
        pytest.approx([usual / 2, 30.0]),
        pytest.approx([2.0, 0.01 * (8 + usual) / 3]),
        [0.0, 0.0],
    ]


def test_without_a_model_errors_are_those_of_the_last_same_weekdays() -> None:
    days = days_before(70)
    sold = {day: 20.0 if day == days[-1] else 10.0 for day in days}
    frames = facts(
        tenants=[("t", "XX", None)],
        products=[("t", "bread", None)],
        sales=[sale("t", "bread", day, quantity) for day, quantity in sold.items()],
    )
    panel = build_context(cells("t", day=PLAN), frames, 84).panel
    spread = np.ones((1, KINDS_OF_DAY), dtype=np.float32)
    errors = same_weekday_residuals(panel, spread)
    assert errors.shape == (1, 84)
    assert np.isnan(errors[0, :21]).all(), "the first week has no week before it"
    assert errors[0, 21:].tolist() == pytest.approx([0.0] * 62 + [1.0])
    spread[0, 6] = 2.0
    assert same_weekday_residuals(panel, spread)[0, -1] == pytest.approx(0.5), "the last day is a Sunday"
