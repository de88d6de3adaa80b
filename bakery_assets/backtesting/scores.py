"""How near forecasts came: the figures of docs/backtesting.md, one row a model.

Every ratio is a fraction (0.21: 21 percent) and None where nothing can be divided.
"""

import polars as pl

from bakery_assets.forecasting.models.intervals import LEVELS
from bakery_assets.keys import SERIES

IN_PINBALL = ("q10", "q50", "q90")  # those that every model has
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
SHOWS_DEMAND = ~pl.col("is_sold_out")
HAS_INTERVAL = pl.col("q10").is_not_null() & pl.col("q90").is_not_null()


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
    shown = days.filter(SHOWS_DEMAND)
    is_covered = pl.col("actual").is_between("q10", "q90")
    sold = pl.col("actual") > 0
    actual = pl.col("actual").abs()
    plain = shown.group_by("model").agg(
        wape=_ratio(ERROR.abs(), actual),
        wape_open=_ratio(ERROR.abs().filter("is_open"), actual.filter("is_open")),
        mape=(ERROR.abs() / pl.col("actual")).filter(sold).mean(),
        bias=_ratio(ERROR, actual),
        pinball=_ratio(_pinball().filter(HAS_INTERVAL), actual.filter(HAS_INTERVAL)),
        coverage80=is_covered.filter(HAS_INTERVAL).mean(),
        coverage80_open=is_covered.filter(HAS_INTERVAL, "is_open").mean(),
        interval_share=HAS_INTERVAL.mean(),
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


def coverage_by_level(days: pl.DataFrame) -> dict[str, dict[str, dict[str, float] | None]]:
    """How often sales stay within each quantile, by model and name of the quantile.

    Args:
        days: as of ``score``, with every quantile of ``LEVELS``.

    Returns:
        ``below``: share of days with actual < quantile; ``at_or_below``: with actual <= quantile. Of a product that
        seldom sells the quantile and the sales are often both 0, and the level lies between the two. None where a
        model has no such quantile. The days are those of ``coverage80``.
    """
    actual = pl.col("actual")
    shares = (
        days.group_by("model")
        .agg(
            pl.struct(
                below=(actual < pl.col(name)).filter(SHOWS_DEMAND, HAS_INTERVAL).mean(),
                at_or_below=(actual <= pl.col(name)).filter(SHOWS_DEMAND, HAS_INTERVAL).mean(),
            ).alias(name)
            for name in LEVELS
        )
        .sort("model")
    )
    return {
        row["model"]: {name: None if row[name]["below"] is None else row[name] for name in LEVELS}
        for row in shares.iter_rows(named=True)
    }


def _ratio(numerator: pl.Expr, denominator: pl.Expr) -> pl.Expr:
    total = denominator.sum()
    return pl.when(total > 0).then(numerator.sum() / total)


def _pinball() -> pl.Expr:
    """Mean over the levels t of max(t (y - q), (t - 1) (y - q)) (Koenker and Bassett, Econometrica 46 (1978))."""
    above = {LEVELS[name]: pl.col("actual") - pl.col(name) for name in IN_PINBALL}
    losses = [pl.max_horizontal(level * gap, (level - 1.0) * gap) for level, gap in above.items()]
    return pl.sum_horizontal(losses) / len(losses)
