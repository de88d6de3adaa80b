"""Forecast accuracy: the one place where its formulas stand, as polars expressions for ``select`` or ``agg``.

Error is forecast minus actual throughout. A metric is null, never NaN or infinite, where it is not defined or exceeds
what a table holds. Which rows are compared, and over which days, shops or products metrics are aggregated, is decided
in ``validation``, ``retraining`` and ``backtesting``.
``AbsoluteSums`` is WAPE for matrices.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from bakery_assets.schemas.columns import LARGEST_METRIC

QUANTILE_LEVELS = {"q10": 0.1, "q50": 0.5, "q80": 0.8, "q90": 0.9, "q95": 0.95}


def error(forecast: str = "yhat", actual: str = "actual") -> pl.Expr:
    """Forecast minus actual, in units, by row."""
    return pl.col(forecast) - pl.col(actual)


def ratio(numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    """One over the other; null unless the denominator is above 0."""
    return _within_limits(pl.when(denominator > 0).then(numerator / denominator))


def mae(forecast: str = "yhat", actual: str = "actual") -> pl.Expr:
    """Mean absolute error, in units.

    Source: Hyndman & Koehler (2006), Another look at measures of forecast accuracy, International Journal of
    Forecasting 22.
    """
    return error(forecast, actual).abs().mean()


def rmse(forecast: str = "yhat", actual: str = "actual") -> pl.Expr:
    """Root mean squared error, in units. Source: Hyndman & Koehler (2006), as for ``mae``."""
    return (error(forecast, actual) ** 2).mean().sqrt()


def absolute_percentage_error(error: pl.Expr, actual: pl.Expr) -> pl.Expr:
    """Absolute error over actual, as a fraction, by row; null unless the actual is above 0."""
    return error.abs() / pl.when(actual > 0).then(actual)


def mape(forecast: str = "yhat", actual: str = "actual") -> pl.Expr:
    """Mean absolute percentage error of the rows with an actual above 0, as a fraction.

    Source: Hyndman & Koehler (2006), as for ``mae``.
    """
    return _within_limits(absolute_percentage_error(error(forecast, actual), pl.col(actual)).mean())


def absolute_error_sum(forecast: str = "yhat", actual: str = "actual") -> pl.Expr:
    """Numerator of WAPE, in units."""
    return error(forecast, actual).abs().sum()


def absolute_actual_sum(actual: str = "actual") -> pl.Expr:
    """Denominator of WAPE, of bias and of the pinball loss, in units."""
    return pl.col(actual).abs().sum()


def wape(forecast: str = "yhat", actual: str = "actual") -> pl.Expr:
    """Weighted absolute percentage error: sum of absolute errors over sum of absolute actuals, as a fraction.

    Source: Kolassa & Schütz (2007), Advantages of the MAD/mean ratio over the MAPE, Foresight 6.
    """
    return ratio(absolute_error_sum(forecast, actual), absolute_actual_sum(actual))


def pooled_wape(error_sums: str, actual_sums: str) -> pl.Expr:
    """WAPE over all rows of several groups, from each group's ``absolute_error_sum`` and ``absolute_actual_sum``."""
    return ratio(pl.col(error_sums).sum(), pl.col(actual_sums).sum())


def mase(forecast: str = "yhat", actual: str = "actual", scale: str = "mase_scale") -> pl.Expr:
    """Mean absolute scaled error: mean of absolute error over the series' ``scale``, of the rows that have one.

    Below 1: better than forecasting for each day what sold a week before. Source: Hyndman & Koehler (2006), section
    2.4, as for ``mae``; the scale is ``validation.mase_scale``.
    """
    usable = pl.when(pl.col(scale) > 0).then(pl.col(scale))
    return _within_limits((error(forecast, actual).abs() / usable).mean())


def rmsse(forecast: str = "yhat", actual: str = "actual", scale: str = "rmsse_scale") -> pl.Expr:
    """Root of the mean squared error over ``scale``, one value for all rows: a squared error of the series.

    Source: Makridakis et al. (2022), M5 accuracy competition, International Journal of Forecasting 38.
    """
    squared = (error(forecast, actual) ** 2).mean()
    return ratio(squared, pl.col(scale).first()).sqrt()


def bias(forecast: str = "yhat", actual: str = "actual") -> pl.Expr:
    """Sum of errors over sum of absolute actuals, as a fraction; above 0: too much was forecast.

    Source: Vandeput (2021), Data Science for Supply Chain Forecasting, 2nd edition, chapter 2 (scaled bias).
    """
    return ratio(error(forecast, actual).sum(), absolute_actual_sum(actual))


def r2(forecast: str = "yhat", actual: str = "actual") -> pl.Expr:
    """Coefficient of determination, 1 - SSE / SST; null for fewer than two rows or equal actuals.

    Source: Kvålseth (1985), Cautionary note about R², The American Statistician 39, equation 1.
    """
    # Compared by their extremes: a sum of squares around a rounded mean is not exactly 0.
    varies = pl.col(actual).max() > pl.col(actual).min()
    total = ((pl.col(actual) - pl.col(actual).mean()) ** 2).sum()
    return pl.when(varies).then(1.0 - ratio((error(forecast, actual) ** 2).sum(), total))


def accuracy(forecast: str = "yhat", actual: str = "actual") -> pl.Expr:
    """Forecast accuracy, 1 - WAPE, at least 0, as a fraction. Source: as for ``wape``."""
    return (1.0 - wape(forecast, actual)).clip(lower_bound=0.0)


def is_covered(lower: str = "q10", upper: str = "q90", actual: str = "actual") -> pl.Expr:
    """Whether the actual lies between two quantiles, both ends counted, by row."""
    return pl.col(actual).is_between(lower, upper)


def coverage(lower: str = "q10", upper: str = "q90", actual: str = "actual") -> pl.Expr:
    """Share of rows that ``is_covered``, as a fraction.

    Source: Christoffersen (1998), Evaluating interval forecasts, International Economic Review 39 (unconditional
    coverage).
    """
    return is_covered(lower, upper, actual).mean()


# Of sums of losses; finer than any loss, and the same whatever order their rows were added in.
LOSS_DECIMALS = 9


def pinball(levels: Mapping[str, float] = QUANTILE_LEVELS, actual: str = "actual") -> pl.Expr:
    """Pinball loss, the mean over the quantiles, summed over the rows, over sum of absolute actuals; a fraction.

    The loss of a quantile forecast q at level a is a (y - q) where more sold and (1 - a)(q - y) where less; it is
    smallest for the true quantile. Over sales, so that small and large bakeries compare. Source: Koenker & Bassett
    (1978), Regression quantiles, Econometrica 46.

    Args:
        levels: the level of each quantile's column.
    """
    # Divided once, by a column: polars divides several rows by a number through its reciprocal, one row exactly.
    return ratio(pinball_sum(levels, actual), len(levels) * absolute_actual_sum(actual))


def pinball_sum(levels: Mapping[str, float] = QUANTILE_LEVELS, actual: str = "actual") -> pl.Expr:
    """Numerator of ``pinball`` before it is divided by the number of quantiles, in units."""
    losses = [
        _loss(pl.col(actual) - pl.col(quantile), level).sum().round(LOSS_DECIMALS) for quantile, level in levels.items()
    ]
    return pl.sum_horizontal(losses)


def _loss(short: pl.Expr, level: float) -> pl.Expr:
    return pl.max_horizontal(level * short, (level - 1.0) * short)


@dataclass(frozen=True)
class AbsoluteSums:
    """The sums whose ratio is WAPE, as arrays of one shape: a series or a tenant along the last axis.

    Attributes:
        errors: sums of absolute errors, in units.
        actuals: sums of absolute actuals, in units.
        days: how many days were added up.
    """

    errors: npt.NDArray[np.float64]
    actuals: npt.NDArray[np.float64]
    days: npt.NDArray[np.int64]

    @classmethod
    def over_days(cls, forecast: npt.NDArray[np.float32], actual: npt.NDArray[np.float32]) -> "AbsoluteSums":
        """Sums over the last axis, of days on which neither is NaN."""
        counted = ~np.isnan(actual) & ~np.isnan(forecast)
        known = np.nan_to_num(actual)
        return cls(
            errors=np.where(counted, np.abs(forecast - known), 0.0).sum(axis=-1, dtype=np.float64),
            actuals=np.where(counted, np.abs(known), 0.0).sum(axis=-1, dtype=np.float64),
            days=counted.sum(axis=-1),
        )

    def by_group(self, group: npt.NDArray[np.int64], groups: int) -> "AbsoluteSums":
        """Sums of the groups 0 to ``groups`` - 1 that the last axis falls into."""
        errors, actuals, days = (_grouped(each, group, groups) for each in (self.errors, self.actuals, self.days))
        return AbsoluteSums(errors, actuals, days.astype(np.int64))

    @property
    def wape(self) -> npt.NDArray[np.float64]:
        """Errors over actuals, as a fraction; NaN unless the actuals are above 0."""
        return np.where(self.actuals > 0, self.errors / np.maximum(self.actuals, 1e-9), np.nan)


def _grouped(values: npt.NDArray[np.generic], group: npt.NDArray[np.int64], groups: int) -> npt.NDArray[np.float64]:
    rows = values.reshape(-1, values.shape[-1])
    sums = [np.bincount(group, weights=row, minlength=groups) for row in rows]
    return np.stack(sums).reshape(*values.shape[:-1], groups).astype(np.float64)


def _within_limits(value: pl.Expr) -> pl.Expr:
    """Null beyond ``LARGEST_METRIC``: a quotient over next to nothing means nothing."""
    return pl.when(value.abs() <= LARGEST_METRIC).then(value)
