"""Metrics over several days: a bakery's trend from week to week, and its best and worst products of four weeks."""

import dataframely as dy
import polars as pl

from bakery_assets.metrics import absolute_actual_sum, absolute_error_sum, mape, pooled_wape, wape
from bakery_assets.quantities import DECIMALS
from bakery_assets.schemas import conform, plans
from bakery_assets.validation.aggregate import ProductMetrics
from bakery_assets.validation.mase_scale import ScaledForecasts
from bakery_assets.validation.validation_days import DAY, POOLED_DAYS, ValidationDays

WEEK = 7
STABLE = 0.05  # relative change of WAPE from week to week that is not a trend
RANKS = 5
PRODUCT = [*DAY, "product_id"]


class RecentResults(dy.Schema):
    """Forecasts and actuals of these and earlier days, without what sold out: each day as it was validated last."""

    tenant_id = plans.ValidationResults.tenant_id
    validation_date = plans.ValidationResults.validation_date
    location_id = plans.ValidationResults.location_id
    product_id = plans.ValidationResults.product_id
    yhat = plans.ValidationResults.yhat
    actual = plans.ValidationResults.actual


class Trends(plans.PlanRow):
    """A validated day's last seven validated days against the seven before."""

    validation_date = plans.ValidationRuns.validation_date
    wape_7d = plans.ValidationRuns.wape_7d
    wape_7d_before = plans.ValidationRuns.wape_7d_before
    trend = plans.ValidationRuns.trend


class ProductRanks(plans.PlanRow):
    """How each product did over the ``POOLED_DAYS`` up to a validated day."""

    validation_date = plans.ValidationProducts.validation_date
    product_id = plans.ValidationProducts.product_id
    wape_28d = plans.ValidationProducts.wape_28d
    mape_28d = plans.ValidationProducts.mape_28d
    days_28d = plans.ValidationProducts.days_28d
    rank_best = plans.ValidationProducts.rank_best
    rank_worst = plans.ValidationProducts.rank_worst


def recent_results(
    evaluated: dy.DataFrame[ScaledForecasts], past_validations: dy.DataFrame[plans.ValidationResults]
) -> dy.DataFrame[RecentResults]:
    """The forecasts evaluated now and those of earlier plans, by day and series.

    A day that several plans validated counts as the last of them found it, and what is evaluated now replaces all.
    """
    past = past_validations.filter(
        pl.col("plan_date") == pl.col("plan_date").max().over("tenant_id", "validation_date")
    ).join(evaluated, on=["tenant_id", "validation_date"], how="anti")
    columns = RecentResults.column_names()
    rows = [part.filter(~pl.col("is_sold_out")).select(columns) for part in (evaluated, past)]
    return conform(RecentResults, pl.concat(rows).sort(RecentResults.primary_key()))


def weekly_trends(days: dy.DataFrame[ValidationDays], recent: dy.DataFrame[RecentResults]) -> dy.DataFrame[Trends]:
    """WAPE of the last seven validated days and of the seven before them; null where there are fewer or nothing sold.

    Args:
        days: those that are evaluated.
    """
    week = (pl.col("days_before") // WEEK).cast(pl.Int32)
    weeks = (
        recent.group_by("tenant_id", recent_date="validation_date", maintain_order=True)
        .agg(errors=absolute_error_sum(), actuals=absolute_actual_sum())
        .join(days.select(DAY), on="tenant_id")
        .filter(pl.col("recent_date") <= pl.col("validation_date"))
        .sort(*DAY, "recent_date", descending=[False, False, False, True])
        .with_columns(days_before=pl.int_range(pl.len()).over(DAY))
        .group_by(*DAY, week=week, maintain_order=True)
        .agg(days=pl.len(), wape=pooled_wape("errors", "actuals").round(DECIMALS))
        .filter(pl.col("days") == WEEK)
    )
    trends = (
        days.select(DAY)
        .join(weeks.filter(pl.col("week") == 0).select(*DAY, wape_7d="wape"), on=DAY, how="left")
        .join(weeks.filter(pl.col("week") == 1).select(*DAY, wape_7d_before="wape"), on=DAY, how="left")
        .with_columns(trend=_trend())
        .sort(DAY)
    )
    return conform(Trends, trends)


def rank_products(
    products: dy.DataFrame[ProductMetrics], recent: dy.DataFrame[RecentResults]
) -> dy.DataFrame[ProductRanks]:
    """WAPE and MAPE of each product over ``POOLED_DAYS``, and ranks from 1 to at most ``RANKS`` by WAPE.

    Of products with equal WAPE the one that sells more is better, then the first by its id. No product is among the
    best and the worst at once: of three products one is each and one is neither. Null ranks for the others.
    """
    pooled = (
        products.select(PRODUCT)
        .join(recent.rename({"validation_date": "recent_date"}), on=["tenant_id", "product_id"])
        .filter(
            pl.col("recent_date").is_between(
                pl.col("validation_date") - pl.duration(days=POOLED_DAYS - 1), pl.col("validation_date")
            )
        )
        .sort(*PRODUCT, "recent_date", "location_id")
        .group_by(PRODUCT, maintain_order=True)
        .agg(
            wape_28d=wape().round(DECIMALS),
            mape_28d=mape().round(DECIMALS),
            days_28d=pl.col("recent_date").n_unique(),
            sold=absolute_actual_sum().round(DECIMALS),
        )
    )
    ranked = (
        products.select(PRODUCT)
        .join(pooled, on=PRODUCT, how="left")
        .join(_ranks(pooled), on=PRODUCT, how="left")
        .with_columns(pl.col("days_28d").fill_null(0))
        .sort(PRODUCT)
    )
    return conform(ProductRanks, ranked)


def _trend() -> pl.Expr:
    now, before = pl.col("wape_7d"), pl.col("wape_7d_before")
    margin = STABLE * before + 1e-9
    return (
        pl.when(now.is_null() | before.is_null())
        .then(pl.lit("unknown"))
        .when(now > before + margin)
        .then(pl.lit("worsening"))
        .when(now < before - margin)
        .then(pl.lit("improving"))
        .otherwise(pl.lit("stable"))
    )


def _ranks(pooled: pl.DataFrame) -> pl.DataFrame:
    best = pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over(DAY)
    count = pl.len().over(DAY).cast(pl.Int32)
    most = pl.min_horizontal(pl.lit(RANKS, pl.Int32), pl.col("count") // 2)
    return (
        pooled.filter(pl.col("wape_28d").is_not_null())
        .sort(*DAY, "wape_28d", "sold", "product_id", descending=[False, False, False, False, True, False])
        .with_columns(best=best, count=count)
        .with_columns(worst=pl.col("count") + 1 - pl.col("best"))
        .select(
            *PRODUCT,
            rank_best=pl.when(pl.col("best") <= most).then("best"),
            rank_worst=pl.when(pl.col("worst") <= most).then("worst"),
        )
    )
