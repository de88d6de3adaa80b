"""Prediction intervals: quantiles of the past errors of the same kind of forecast.

Split conformal prediction with scaled residuals (Lei et al. 2018, Distribution-free predictive inference
for regression, section 5.2): a scaled residual is (demand - yhat) / scale, and a quantile of demand is yhat + scale
times a quantile of the scaled residuals. The scale is the mean of the forecast and of the series' base level, so that
a strong day has the wider interval, and a product that hardly sells has one at all. It is never below a share of what
the series has sold in half a year: the forecast and the base level of a product that pauses decay to nothing, and an
error divided by nothing says nothing. Which quantiles a forecast has is
in ``metrics.QUANTILE_LEVELS``; which residuals a series uses is in ``forecasting.uncertainty``.
"""

import numpy as np
import numpy.typing as npt
import polars as pl

from bakery_assets.forecasting.data.panel import Floats, Integers, Panel, row_mean
from bakery_assets.forecasting.models.day_spread import spread_of_days
from bakery_assets.forecasting.models.smoothing import SMOOTHED_DAYS
from bakery_assets.quantities import DECIMALS

# What is kept of a distribution of residuals; any other quantile is interpolated between two of these.
QUANTILE_GRID = (0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975)
BASE_LEVEL_DAYS = 28
MIN_SCALE_OF_SERIES = 0.5  # of its mean normal day, over ``SMOOTHED_DAYS``
MIN_SCALE_OF_TENANT = 0.01  # of the mean normal day of the tenant's series, over ``SMOOTHED_DAYS``
RESIDUAL_DAYS = 84
RESIDUAL_DECIMALS = 5  # of the quantiles of scaled residuals
MIN_RESIDUALS = 28  # residuals of its own that a series needs to use them alone; fewer are shrunk towards its tenant's

# With (n + 1) p, about as wide as 1.1 with n p - 0.5, which held 81.6% of the open days of eight weeks of a chain and
# 78.3% of a restaurant's where 1 held 77.5% and 75.5%, and 1.15 83.5% and 79.1%.
WIDENING = 1.05
FEWEST_RESIDUALS = 14  # with fewer, a series has its tenant's

# For a bakery without a past: midway between 60 series of a bakery chain (-0.32, 0.02, 0.23, 0.36, 0.53) and
# 148 articles of a French shop in a holiday resort (-0.97, 0.00, 0.54, 1.12, 1.90), each over 84 days.
DEFAULT_RESIDUALS = {0.1: -0.64, 0.5: 0.01, 0.8: 0.38, 0.9: 0.74, 0.95: 1.22}


def base_level(normal_demand: Floats) -> Floats:
    """What a series sells on a normal day: the mean of its last ``BASE_LEVEL_DAYS`` days, in units."""
    return np.nan_to_num(row_mean(normal_demand[:, -BASE_LEVEL_DAYS:]))


def smallest_scale(normal_demand: Floats, tenant: Integers) -> Floats:
    """The least that residuals of a series are scaled by, in units.

    Args:
        normal_demand: (series, days) that end on the day before the forecast, NaN before the first sale.
        tenant: the row of each series' tenant.
    """
    usual = np.nan_to_num(row_mean(normal_demand[:, -SMOOTHED_DAYS:]))
    series = np.bincount(tenant)
    of_tenant = np.bincount(tenant, weights=usual) / np.maximum(series, 1)
    smallest: Floats = np.maximum(MIN_SCALE_OF_SERIES * usual, MIN_SCALE_OF_TENANT * of_tenant[tenant])
    return smallest.astype(np.float32)


def residual_scale(yhat: Floats, base: Floats, smallest: Floats) -> Floats:
    """What residuals are scaled by: (series, days), in units.

    Args:
        yhat: (series, days). base: of ``base_level``. smallest: of ``smallest_scale``.
    """
    return np.maximum((yhat + base[:, None]) / 2, smallest[:, None]).astype(np.float32)


def error_quantiles(scaled_residuals: Floats, tenant: Integers, tenants: int) -> tuple[Floats, Floats, Integers]:
    """Quantiles of scaled residuals at ``QUANTILE_GRID``, of each series and of each tenant.

    The quantiles of a series with few residuals are shrunk towards its tenant's; where they are many, the tenant's do
    not count: a shop's rare cake is no measure of its bread. The quantiles are those of conformal prediction, of rank
    (n + 1) p (type 6 of Hyndman & Fan 1996, Sample quantiles in statistical packages); a tenant's, of many residuals,
    are of rank 1 + (n - 1) p. Both are ``WIDENING`` farther from the median: the weeks that residuals are of are also
    those on which the blend was chosen.

    Args:
        scaled_residuals: (series, days), NaN where there is none.
        tenant: the row of each series' tenant.

    Returns:
        (series, len(QUANTILE_GRID)), NaN where neither the series nor its tenant has any; (tenants,
        len(QUANTILE_GRID)); and the number of residuals of each series.
    """
    own = _conformal_quantiles(scaled_residuals)
    of_tenant = np.full((tenants, len(QUANTILE_GRID)), np.nan, dtype=np.float32)
    row, day = np.nonzero(~np.isnan(scaled_residuals))
    pooled = pl.DataFrame({"tenant": tenant[row], "residual": scaled_residuals[row, day]})
    groups = pooled.group_by("tenant").agg(
        pl.len().alias("count"),
        *(pl.col("residual").quantile(level, "linear").alias(str(level)) for level in QUANTILE_GRID),
    )
    groups = groups.filter(pl.col("count") >= MIN_RESIDUALS)
    of_tenant[groups["tenant"].to_numpy()] = groups.select(str(level) for level in QUANTILE_GRID).to_numpy()
    count = (~np.isnan(scaled_residuals)).sum(axis=1)
    share = np.where(count < FEWEST_RESIDUALS, 0.0, np.minimum(count / MIN_RESIDUALS, 1.0)).astype(np.float32)[:, None]
    tenants_own = of_tenant[tenant]
    shrunk = share * own + (1 - share) * tenants_own
    is_enough = (count >= MIN_RESIDUALS)[:, None]
    without_tenant = np.where(is_enough, own, np.nan)
    with_tenant = np.where(np.isnan(own), tenants_own, shrunk)
    quantiles = np.where(np.isnan(tenants_own), without_tenant, with_tenant)
    return _widened(np.sort(quantiles, axis=1)), _widened(of_tenant), count


def _widened(quantiles: Floats) -> Floats:
    median = quantiles[:, [QUANTILE_GRID.index(0.5)]]
    return (median + WIDENING * (quantiles - median)).astype(np.float32)


def _conformal_quantiles(residuals: Floats) -> Floats:
    count = (~np.isnan(residuals)).sum(axis=1)
    ordered = np.sort(residuals, axis=1)  # NaN last
    rows = np.arange(len(residuals))
    quantiles = np.full((len(residuals), len(QUANTILE_GRID)), np.nan, dtype=np.float32)
    if not residuals.shape[1]:
        return quantiles
    last = np.maximum(count - 1, 0)
    for number, level in enumerate(QUANTILE_GRID):
        position = np.clip((count + 1) * level - 1, 0, last)
        low = np.floor(position).astype(np.int64)
        high = np.minimum(low + 1, last)
        value = ordered[rows, low] + (position - low) * (ordered[rows, high] - ordered[rows, low])
        quantiles[:, number] = np.where(count > 0, value, np.nan)
    return quantiles


def same_weekday_residuals(panel: Panel, spread: Floats) -> Floats:
    """Scaled residuals of forecasting a day by the mean of the last same weekdays: (series, RESIDUAL_DAYS).

    They stand in where no trained model has residuals of its own.

    Args:
        spread: (tenants, KINDS_OF_DAY), of ``day_spread``.
    """
    days = slice(max(panel.past - RESIDUAL_DAYS, 0), panel.past)
    forecast = panel.same_weekday_means[0][:, days]
    is_normal = panel.is_normal[:, days] & ~np.isnan(forecast)
    base = row_mean(np.where(is_normal, forecast, np.nan))
    smallest = smallest_scale(panel.imputed_normal_demand[:, : panel.past], panel.tenant)
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = residual_scale(forecast, base, smallest) * spread_of_days(panel, spread, range(days.start, days.stop))
        scaled_residual = (panel.demand[:, days] - forecast) / scale
    return np.where(is_normal & (base > 0)[:, None], scaled_residual, np.nan).astype(np.float32)


def grid_positions(levels: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Places of levels in ``QUANTILE_GRID``, a fraction between two; beyond the outermost, these."""
    places: npt.NDArray[np.float64] = np.interp(levels, QUANTILE_GRID, np.arange(len(QUANTILE_GRID)))
    return places.round(DECIMALS)


def quantile_at(grid: pl.Expr, place: pl.Expr) -> pl.Expr:
    """A quantile from a list of those at ``QUANTILE_GRID``, by its place of ``grid_positions``."""
    lower = place.floor()
    share = place - lower
    return grid.list.get(lower.cast(pl.Int64)) * (1 - share) + grid.list.get(place.ceil().cast(pl.Int64)) * share


def default_residual_quantiles() -> list[float]:
    """The quantiles of a bakery without a past, at ``QUANTILE_GRID``."""
    levels, values = list(DEFAULT_RESIDUALS), list(DEFAULT_RESIDUALS.values())
    return [round(float(value), DECIMALS) for value in np.interp(QUANTILE_GRID, levels, values)]
