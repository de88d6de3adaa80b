"""The width of a forecast, from past errors."""

import numpy as np
import polars as pl
import pytest

from bakery_assets.forecasting.data.context import build_context
from bakery_assets.forecasting.data.panel import Floats
from bakery_assets.forecasting.models.intervals import (
    DEFAULT_RESIDUALS,
    MIN_RESIDUALS,
    QUANTILE_GRID,
    base_level,
    default_residual_quantiles,
    error_quantiles,
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
    return float(frame.select(quantile_at(pl.col("grid"), at)).item())


def test_a_quantile_of_n_errors_has_its_share_of_them_below_it() -> None:
    # Of 40 errors 1..40 the 0.1 quantile is midway between the fourth and the fifth, 0.975 midway below the last.
    residuals = [float((7 * n) % 40 + 1) for n in range(40)]
    own, _, count = error_quantiles(rows(residuals), np.array([0]), 1)
    assert count.tolist() == [40]
    assert own[0, QUANTILE_GRID.index(0.1)] == pytest.approx(4.5)
    assert own[0].tolist() == pytest.approx([40 * level + 0.5 for level in QUANTILE_GRID], abs=1e-4)


def test_a_quantile_between_two_errors_is_interpolated() -> None:
    # 28 errors 0, 1, 4, 9, ...: 28 x 0.2 - 0.5 = 5.1, a tenth of the way from 25 to 36.
    own, _, _ = error_quantiles(rows([float(n * n) for n in range(28)]), np.array([0]), 1)
    assert own[0, QUANTILE_GRID.index(0.2)] == pytest.approx(26.1)
    assert own[0, QUANTILE_GRID.index(0.5)] == pytest.approx((13**2 + 14**2) / 2)


def test_few_errors_are_shrunk_towards_the_tenants() -> None:
    own, of_tenant, count = error_quantiles(rows([1.0] * 7, [3.0] * 49), np.array([0, 0]), 1)
    assert count.tolist() == [7, 49]
    # The tenant has 7 ones and 49 threes; a seventh and less of them is 1.
    assert of_tenant[0].tolist() == pytest.approx([1.0] * 3 + [3.0] * 10)
    assert own[1].tolist() == [3.0] * 13, "enough of its own"
    quarter = 7 / MIN_RESIDUALS
    assert own[0].tolist() == pytest.approx([1.0] * 3 + [quarter * 1 + (1 - quarter) * 3] * 10)


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


def test_days_to_come_fall_below_a_quantile_as_often_as_it_says() -> None:
    chance = np.random.default_rng(5)
    series = 400
    past, ahead = (chance.gamma(2.0, 1.0, (series, days)).astype(np.float32) - 2 for days in (56, 50))
    own, _, _ = error_quantiles(past, np.zeros(series, dtype=np.int64), 1)
    for number, level in enumerate(QUANTILE_GRID):
        share = (ahead <= own[:, number, None]).mean()
        assert share == pytest.approx(level, abs=0.03)
    inside = (ahead >= own[:, [QUANTILE_GRID.index(0.1)]]) & (ahead <= own[:, [QUANTILE_GRID.index(0.9)]])
    assert inside.mean() == pytest.approx(0.8, abs=0.03)


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
    errors = same_weekday_residuals(build_context(cells("t", day=PLAN), frames, 84).panel)
    assert errors.shape == (1, 84)
    assert np.isnan(errors[0, :21]).all(), "the first week has no week before it"
    assert errors[0, 21:].tolist() == pytest.approx([0.0] * 62 + [1.0])
