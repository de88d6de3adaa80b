"""Uncertainty: which residuals say how far a forecast may be off, and the quantiles made of them.

A series' own residuals come first, then its tenant's, then those of other bakeries. How residuals are scaled and their
quantiles estimated is in ``models.intervals``.
"""

import dataframely as dy
import numpy as np
import polars as pl

from bakery_assets.forecasting.data.history import SeriesKey
from bakery_assets.forecasting.data.panel import Floats, Panel
from bakery_assets.forecasting.models.intervals import (
    MIN_RESIDUALS,
    QUANTILE_GRID,
    RESIDUAL_DECIMALS,
    default_residual_quantiles,
    error_quantiles,
    quantile_at,
    same_weekday_residuals,
)
from bakery_assets.forecasting.registry.decode import VersionsInUse
from bakery_assets.keys import SERIES
from bakery_assets.metrics import QUANTILE_LEVELS
from bakery_assets.quantities import DECIMALS
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform

MOST_OF_HIGHEST = 2.0  # no quantile is more than this times what was sold in a day or is forecast
MEDIAN = 0.5
_QUANTILES = pl.List(pl.Float64)


class SeriesResiduals(SeriesKey):
    """The residuals that each series' quantiles are made of."""

    residual_quantiles = dy.List(
        dy.Float64(),
        min_length=len(QUANTILE_GRID),
        max_length=len(QUANTILE_GRID),
        description="Quantiles of scaled residuals at ``QUANTILE_GRID``",
    )
    errors_of = col.choice("Whose residuals", ("model", "own", "tenant", "usual"))
    error_days = col.integer("Residuals of the series itself")


def series_residuals(
    series: pl.DataFrame, panel: Panel, versions: VersionsInUse, spread: Floats
) -> dy.DataFrame[SeriesResiduals]:
    """The residuals of ``series`` (``SERIES``, distinct): of its model, its own weeks, its tenant, or the default.

    Args:
        spread: (tenants, KINDS_OF_DAY).
    """
    own, of_tenant, count = error_quantiles(same_weekday_residuals(panel, spread), panel.tenant, panel.cells.height)
    recent = panel.series.with_columns(own=_lists(own), own_days=pl.Series(count.astype(np.int64)))
    recent_of_tenant = panel.cells.select("tenant_id", of_tenant=_lists(of_tenant))
    trained_of_tenant = versions.of_tenants.select("tenant_id", of_version="error_quantiles")
    has_own = pl.col("own").is_not_null() & (pl.col("own_days") >= MIN_RESIDUALS)
    default = pl.lit(pl.Series([default_residual_quantiles()], dtype=_QUANTILES))
    found = (
        series.select(SERIES)
        .join(versions.of_series, on=SERIES, how="left")
        .join(trained_of_tenant, on="tenant_id", how="left")
        .join(recent, on=SERIES, how="left")
        .join(recent_of_tenant, on="tenant_id", how="left")
        .with_columns(
            errors_of=pl.when(pl.col("error_quantiles").is_not_null())
            .then(pl.lit("model"))
            .when(has_own)
            .then(pl.lit("own"))
            .when(pl.col("of_version").is_not_null() | pl.col("of_tenant").is_not_null())
            .then(pl.lit("tenant"))
            .otherwise(pl.lit("usual"))
        )
    )
    is_of_model = pl.col("errors_of") == "model"
    return conform(
        SeriesResiduals,
        found.with_columns(
            error_days=pl.when(is_of_model).then("error_days").otherwise("own_days").fill_null(0),
            residual_quantiles=pl.coalesce(
                "error_quantiles", pl.when(has_own).then("own"), "of_version", "of_tenant", default
            ),
        ),
    )


def residual_columns() -> list[pl.Expr]:
    """``z_q10`` … ``z_q95`` from ``residual_quantiles`` and the columns of ``TenantLevels``: the scaled residuals."""
    grid = pl.col("residual_quantiles")
    return [quantile_at(grid, pl.col(f"at_{name}")).round(DECIMALS).alias(f"z_{name}") for name in QUANTILE_LEVELS]


def quantile_columns() -> list[pl.Expr]:
    """q10 … q95, rising with their level, of rows with ``residual_columns`` and the columns of ``SystemForecasts``.

    None is below 0, nor above ``MOST_OF_HIGHEST`` times the larger of the forecast and the most sold in a day. Those of
    a count are whole: the least k with P(X <= k) >= level is the continuous quantile rounded, as P(X <= k) is the
    continuous one of k + 0.5 (continuity correction). Above the median none is below the forecast, unless it is 0
    because no sale is likelier than its level; below the median none is above the forecast.
    """
    highest = MOST_OF_HIGHEST * pl.max_horizontal("highest_sold", "yhat")
    whole_yhat = pl.when("is_count").then(pl.col("yhat").ceil()).otherwise("yhat")
    columns = []
    for name, level in QUANTILE_LEVELS.items():
        quantile = (pl.col("yhat") + pl.col("scale") * pl.col(f"z_{name}")).clip(lower_bound=0.0)
        quantile = pl.min_horizontal(quantile, highest)
        quantile = pl.when("is_count").then(quantile.round()).otherwise(quantile)
        if level > MEDIAN:
            quantile = pl.when(quantile > 0).then(pl.max_horizontal(quantile, whole_yhat)).otherwise(0.0)
        elif level < MEDIAN:
            quantile = pl.min_horizontal(quantile, pl.when("is_count").then(pl.col("yhat").floor()).otherwise("yhat"))
        columns.append(quantile.round(DECIMALS).alias(name))
    return columns


def _lists(quantiles: Floats) -> pl.Series:
    """Rows of a matrix as lists, null where a number is missing."""
    rows = pl.Series(quantiles.astype(np.float64).round(RESIDUAL_DECIMALS).tolist(), dtype=_QUANTILES)
    is_known = pl.Series(~np.isnan(quantiles).any(axis=1))
    return pl.select(pl.when(is_known).then(rows)).to_series()
