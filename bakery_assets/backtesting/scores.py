"""How near forecasts came: the figures of docs/backtesting.md, one row a model.

Every ratio is a fraction (0.21: 21 percent) and None where nothing can be divided.
"""

import polars as pl

from bakery_assets.backtesting.series import SERIES

QUANTILES = {"q10": 0.1, "q50": 0.5, "q90": 0.9}
SCORES = (
    "wape",
    "wape_open",
    "mape",
    "mase",
    "rmsse",
    "bias",
    "pinball",
    "coverage80",
    "coverage80_open",
    "interval_share",
    "wape_sales",
)

ERROR = pl.col("forecast") - pl.col("actual")


def score(days: pl.DataFrame, scales: pl.DataFrame) -> pl.DataFrame:
    """Score every model.

    Args:
        days: ``model, SERIES, date, actual, is_open, is_sold_out, forecast, q10, q50, q90``; every model has
            the same days. Days that sold out count in ``wape_sales`` only, since they do not show demand.
        scales: of ``series.error_scales``.

    Returns:
        ``model`` and ``SCORES``, sorted by model. WAPE = sum of |forecast - actual| over sum of |actual|, also
        of open days only (``wape_open``) and of all days with what sold on them (``wape_sales``). MAPE: mean of
        |forecast - actual| / actual over days with sales. MASE and RMSSE: means over series, see
        ``series.error_scales``. Bias = sum of (forecast - actual) over sum of |actual|. Pinball: mean of the
        quantile losses at 10, 50 and 90 percent, over mean |actual|. Coverage: share of days with
        q10 <= actual <= q90. The last two are of the days that have an interval (``interval_share``).
    """
    shown = days.filter(~pl.col("is_sold_out"))
    has_interval = pl.col("q10").is_not_null() & pl.col("q90").is_not_null()
    is_covered = pl.col("actual").is_between("q10", "q90")
    sold = pl.col("actual") > 0
    actual = pl.col("actual").abs()
    plain = shown.group_by("model").agg(
        wape=_ratio(ERROR.abs(), actual),
        wape_open=_ratio(ERROR.abs().filter("is_open"), actual.filter("is_open")),
        mape=(ERROR.abs() / pl.col("actual")).filter(sold).mean(),
        bias=_ratio(ERROR, actual),
        pinball=_ratio(_pinball().filter(has_interval), actual.filter(has_interval)),
        coverage80=is_covered.filter(has_interval).mean(),
        coverage80_open=is_covered.filter(has_interval, "is_open").mean(),
        interval_share=has_interval.mean(),
    )
    of_series = (
        shown.group_by("model", *SERIES)
        .agg(mae=ERROR.abs().mean(), mse=(ERROR**2).mean())
        .join(scales, on=SERIES)
        .group_by("model")
        .agg(
            mase=(pl.col("mae") / pl.col("mase_scale")).mean(),
            rmsse=(pl.col("mse") / pl.col("rmsse_scale")).sqrt().mean(),
        )
    )
    of_sales = days.group_by("model").agg(wape_sales=_ratio(ERROR.abs(), actual))
    return (
        of_sales.join(plain, on="model", how="left")
        .join(of_series, on="model", how="left")
        .select("model", *(pl.col(name).cast(pl.Float64) for name in SCORES))
        .sort("model")
    )


def _ratio(numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    total = denominator.sum()
    return pl.when(total > 0).then(numerator.sum() / total)


def _pinball() -> pl.Expr:
    """Mean over the levels t of max(t (y - q), (t - 1) (y - q)) (Koenker and Bassett, Econometrica 46 (1978))."""
    above = {level: pl.col("actual") - pl.col(name) for name, level in QUANTILES.items()}
    losses = [pl.max_horizontal(level * gap, (level - 1.0) * gap) for level, gap in above.items()]
    return pl.sum_horizontal(losses) / len(losses)
