"""Measures of forecast accuracy, as polars expressions to use in ``select`` or ``group_by(...).agg``.

Error is forecast minus actual throughout. Every measure is null, never NaN and never infinite, where it
is not defined. Sources: Hyndman & Koehler (2006), Another look at measures of forecast accuracy,
International Journal of Forecasting 22, for MAE, RMSE and MAPE; Kolassa & Schütz (2007), Advantages of the
MAD/mean ratio over the MAPE, Foresight 6, for WAPE.
"""

import polars as pl


def _error(forecast: str, actual: str) -> pl.Expr:
    return pl.col(forecast) - pl.col(actual)


def _ratio(numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    return pl.when(denominator > 0).then(numerator / denominator)


def mae(forecast: str = "yhat", actual: str = "actual") -> pl.Expr:
    """Mean absolute error, in units."""
    return _error(forecast, actual).abs().mean()


def rmse(forecast: str = "yhat", actual: str = "actual") -> pl.Expr:
    """Root mean squared error, in units."""
    return (_error(forecast, actual) ** 2).mean().sqrt()


def mape(forecast: str = "yhat", actual: str = "actual") -> pl.Expr:
    """Mean of absolute error over actual, of rows with an actual above 0, as a fraction."""
    sold = pl.col(actual) > 0
    return (_error(forecast, actual).abs() / pl.when(sold).then(pl.col(actual))).mean()


def wape(forecast: str = "yhat", actual: str = "actual") -> pl.Expr:
    """Sum of absolute errors over sum of absolute actuals, as a fraction."""
    return _ratio(_error(forecast, actual).abs().sum(), pl.col(actual).abs().sum())


def bias(forecast: str = "yhat", actual: str = "actual") -> pl.Expr:
    """Sum of errors over sum of absolute actuals, as a fraction; above 0: too much was forecast."""
    return _ratio(_error(forecast, actual).sum(), pl.col(actual).abs().sum())


def r2(forecast: str = "yhat", actual: str = "actual") -> pl.Expr:
    """Coefficient of determination, 1 - SSE / SST; null for fewer than two rows or equal actuals."""
    # Compared by their extremes: a sum of squares around a rounded mean is not exactly 0.
    varies = pl.col(actual).max() > pl.col(actual).min()
    total = ((pl.col(actual) - pl.col(actual).mean()) ** 2).sum()
    return pl.when(varies).then(1.0 - (_error(forecast, actual) ** 2).sum() / total)


def accuracy_pct(forecast: str = "yhat", actual: str = "actual") -> pl.Expr:
    """100 (1 - WAPE), at least 0, in percent."""
    return (100.0 * (1.0 - wape(forecast, actual))).clip(lower_bound=0.0)


def coverage_pct(lower: str = "q10", upper: str = "q90", actual: str = "actual") -> pl.Expr:
    """Share of rows whose actual lies between two quantiles, both ends counted, in percent."""
    return 100.0 * pl.col(actual).is_between(lower, upper).mean()
