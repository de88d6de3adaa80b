"""How far a forecast may be off: quantiles from the past errors of same-weekday forecasts.

Split conformal prediction with scaled residuals (Lei et al. 2018, Distribution-free predictive inference
for regression, section 5.2): z = (sold - expected) / scale, and a quantile is yhat + scale * z(level).
The scale is the mean of the day's and of the series' expectation, so that a strong weekday has the wider
band, and a product that hardly sells has one at all.
"""

import polars as pl

from bakery_assets.forecasting.history import SERIES

LEVELS = {"q10": 0.10, "q50": 0.50, "q80": 0.80, "q90": 0.90, "q95": 0.95}
RESIDUAL_DAYS = 84
ENOUGH_RESIDUALS = 28

# For a bakery without a past: midway between 60 series of a bakery chain (-0.32, 0.02, 0.23, 0.36, 0.53) and
# 148 articles of a French shop in a holiday resort (-0.97, 0.00, 0.54, 1.12, 1.90), each over 84 days.
USUAL = {"q10": -0.64, "q50": 0.01, "q80": 0.38, "q90": 0.74, "q95": 1.22}


def residuals(history: pl.DataFrame) -> pl.DataFrame:
    """Scaled errors of the normal days of the last ``RESIDUAL_DAYS`` known: ``SERIES, date, z, usual``.

    ``usual`` is the series' mean expectation over these days, in units.
    """
    known = history.filter("is_known")
    return (
        known.filter(
            "is_normal",
            pl.col("expected").is_not_null(),
            pl.col("date") > pl.col("date").max().over("tenant_id") - pl.duration(days=RESIDUAL_DAYS),
        )
        .with_columns(usual=pl.col("expected").mean().over(SERIES))
        .filter(pl.col("usual") > 0)
        .select(
            *SERIES,
            "date",
            "usual",
            z=(pl.col("quantity") - pl.col("expected")) / ((pl.col("expected") + pl.col("usual")) / 2),
        )
    )


def spreads(series: pl.DataFrame, errors: pl.DataFrame) -> pl.DataFrame:
    """Error quantiles of each series, from its own errors, else its tenant's, else the usual ones.

    Args:
        series: ``SERIES``. errors: of ``residuals``.

    Returns:
        ``SERIES, usual, spread, spread_days`` and z10 … z95 as ``z_q10`` … ``z_q95``; ``spread`` is one of
        own, tenant, usual; ``usual`` is null without own errors.
    """
    quantiles = [pl.col("z").quantile(level, "linear").alias(f"z_{name}") for name, level in LEVELS.items()]
    count = pl.len().alias("spread_days")
    own = errors.group_by(SERIES).agg(pl.col("usual").first(), count, *quantiles)
    tenant = errors.group_by("tenant_id").agg(count, *quantiles).filter(pl.col("spread_days") >= ENOUGH_RESIDUALS)
    enough = pl.col("spread_days").fill_null(0) >= ENOUGH_RESIDUALS
    columns = ["spread_days", *(f"z_{name}" for name in LEVELS)]
    constants = {"spread_days": 0, **{f"z_{name}": value for name, value in USUAL.items()}}
    return (
        series.join(own, on=SERIES, how="left")
        .join(tenant, on="tenant_id", how="left", suffix="_tenant")
        .with_columns(
            spread=pl.when(enough)
            .then(pl.lit("own"))
            .when(pl.col("spread_days_tenant").is_not_null())
            .then(pl.lit("tenant"))
            .otherwise(pl.lit("usual"))
        )
        .with_columns(
            pl.when(pl.col("spread") == "own")
            .then(pl.col(name))
            .otherwise(pl.coalesce(f"{name}_tenant", pl.lit(constants[name])))
            .round(6)
            .alias(name)
            for name in columns
        )
        .select(*SERIES, "usual", "spread", *columns)
    )


def with_quantiles(rows: pl.DataFrame) -> pl.DataFrame:
    """Add ``scale`` and q10 … q95 to rows with ``yhat, base, factor, usual`` and the z of ``spreads``.

    ``scale = factor * (base + usual) / 2``; quantiles are at least 0 and rise with their level.
    """
    scale = pl.col("factor") * (pl.col("base") + pl.col("usual").fill_null(pl.col("base"))) / 2
    return rows.with_columns(scale=scale.round(6)).with_columns(
        (pl.col("yhat") + pl.col("scale") * pl.col(f"z_{name}")).clip(lower_bound=0.0).round(6).alias(name)
        for name in LEVELS
    )
