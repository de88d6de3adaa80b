"""Measures of forecast accuracy, as polars expressions to use in ``select`` or ``group_by(...).agg``.

Error is forecast minus actual throughout. Every measure is null, never NaN and never infinite, where it
is not defined, or larger than a table holds. ``AbsoluteSums`` is WAPE for matrices.

Sources: Hyndman & Koehler (2006), Another look at measures of forecast accuracy, International Journal of Forecasting
22, for MAE, RMSE, MAPE and MASE; Makridakis et al. (2022), M5 accuracy competition, International Journal of
Forecasting 38, for RMSSE; Kolassa & Schütz (2007), Advantages of the MAD/mean ratio over the MAPE, Foresight 6, for
WAPE; Koenker & Bassett (1978), Regression quantiles, Econometrica 46, for the pinball loss.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

LARGEST = 1e15  # more than this a table does not hold; dividing by next to nothing says nothing
LEVELS = {"q10": 0.1, "q50": 0.5, "q80": 0.8, "q90": 0.9, "q95": 0.95}


def _error(forecast: str, actual: str) -> pl.Expr:
    return pl.col(forecast) - pl.col(actual)


def _known(value: pl.Expr) -> pl.Expr:
    return pl.when(value.abs() <= LARGEST).then(value)


def ratio(numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    """One over the other; null unless the denominator is above 0."""
    return _known(pl.when(denominator > 0).then(numerator / denominator))


def mae(forecast: str = "yhat", actual: str = "actual") -> pl.Expr:
    """Mean absolute error, in units."""
    return _error(forecast, actual).abs().mean()


def rmse(forecast: str = "yhat", actual: str = "actual") -> pl.Expr:
    """Root mean squared error, in units."""
    return (_error(forecast, actual) ** 2).mean().sqrt()


def mape(forecast: str = "yhat", actual: str = "actual") -> pl.Expr:
    """Mean of absolute error over actual, of rows with an actual above 0, as a fraction."""
    sold = pl.col(actual) > 0
    return _known((_error(forecast, actual).abs() / pl.when(sold).then(pl.col(actual))).mean())


def wape(forecast: str = "yhat", actual: str = "actual") -> pl.Expr:
    """Sum of absolute errors over sum of absolute actuals, as a fraction."""
    return ratio(_error(forecast, actual).abs().sum(), pl.col(actual).abs().sum())


def mase(forecast: str = "yhat", actual: str = "actual", scale: str = "mase_scale") -> pl.Expr:
    """Mean over the rows of absolute error over the series' ``scale``, of rows that have one.

    Below 1: better than saying that each weekday sells what it sold a week before.
    """
    usable = pl.when(pl.col(scale) > 0).then(pl.col(scale))
    return _known((_error(forecast, actual).abs() / usable).mean())


def rmsse(forecast: str = "yhat", actual: str = "actual", scale: str = "rmsse_scale") -> pl.Expr:
    """Root of the mean squared error over ``scale``, one value for all rows: a squared error of the series."""
    squared = (_error(forecast, actual) ** 2).mean()
    return ratio(squared, pl.col(scale).first()).sqrt()


def bias(forecast: str = "yhat", actual: str = "actual") -> pl.Expr:
    """Sum of errors over sum of absolute actuals, as a fraction; above 0: too much was forecast."""
    return ratio(_error(forecast, actual).sum(), pl.col(actual).abs().sum())


def r2(forecast: str = "yhat", actual: str = "actual") -> pl.Expr:
    """Coefficient of determination, 1 - SSE / SST; null for fewer than two rows or equal actuals."""
    # Compared by their extremes: a sum of squares around a rounded mean is not exactly 0.
    varies = pl.col(actual).max() > pl.col(actual).min()
    total = ((pl.col(actual) - pl.col(actual).mean()) ** 2).sum()
    return pl.when(varies).then(1.0 - ratio((_error(forecast, actual) ** 2).sum(), total))


def accuracy(forecast: str = "yhat", actual: str = "actual") -> pl.Expr:
    """1 - WAPE, at least 0, as a fraction."""
    return (1.0 - wape(forecast, actual)).clip(lower_bound=0.0)


def coverage(lower: str = "q10", upper: str = "q90", actual: str = "actual") -> pl.Expr:
    """Share of rows whose actual lies between two quantiles, both ends counted, as a fraction."""
    return pl.col(actual).is_between(lower, upper).mean()


def pinball(levels: Mapping[str, float] = LEVELS, actual: str = "actual") -> pl.Expr:
    """Pinball loss, the mean over the quantiles, summed over the rows, over sum of absolute actuals; a fraction.

    The loss of a quantile forecast q at level a is a (y - q) where more sold and (1 - a)(q - y) where less; it is
    smallest for the true quantile. Over sales, so that small and large bakeries compare.

    Args:
        levels: the level of each quantile's column.
    """
    losses = [_loss(pl.col(actual) - pl.col(quantile), level).sum() for quantile, level in levels.items()]
    return ratio(pl.sum_horizontal(losses) / len(losses), pl.col(actual).abs().sum())


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
