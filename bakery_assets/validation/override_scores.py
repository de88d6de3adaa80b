"""Override scores: whether the person who overrode a forecast was closer to sales than the system."""

import dataframely as dy
import polars as pl

from bakery_assets.metrics import error
from bakery_assets.quantities import DECIMALS
from bakery_assets.schemas import conform, ops, plans
from bakery_assets.validation.mase_scale import ScaledForecasts
from bakery_assets.validation.validation_days import DAY

TIE = 1e-6  # units; errors closer than this are equal: quantities are kept to six decimals


def score_overrides(
    evaluated: dy.DataFrame[ScaledForecasts], overrides: dy.DataFrame[ops.ForecastOverrides]
) -> dy.DataFrame[plans.OverrideScores]:
    """The error of each override that was used, and the error that the system's own forecast would have had.

    By override, not by shop: a person forecasts a product, and how its quantity was shared out over the shops is not
    their doing. So the figures are sums over the shops that traded. Where the product sold out in one of them demand
    is not known, and there is no score.

    Args:
        evaluated: the forecasts that count, of shops that traded.
    """
    key = [*DAY, "override_id"]
    people = overrides.select("tenant_id", "override_id", "who", "reason")
    scores = (
        evaluated.filter(pl.col("override_id").is_not_null())
        .group_by(*key, "product_id", maintain_order=True)
        .agg(
            pl.col("yhat", "system_yhat", "actual").sum().round(DECIMALS),
            locations=pl.col("location_id").n_unique(),
            is_sold_out=pl.col("is_sold_out").any(),
        )
        .filter(~pl.col("is_sold_out"))
        .join(people, on=["tenant_id", "override_id"], how="left")
        .with_columns(human_error=error("yhat").round(DECIMALS), system_error=error("system_yhat").round(DECIMALS))
        .with_columns(closer=_closer())
        .sort(key)
    )
    return conform(plans.OverrideScores, scores)


def _closer() -> pl.Expr:
    human, system = pl.col("human_error").abs(), pl.col("system_error").abs()
    return (
        pl.when((human - system).abs() <= TIE)
        .then(pl.lit("tie"))
        .when(human < system)
        .then(pl.lit("human"))
        .otherwise(pl.lit("system"))
    )
