"""Policies: which quantity of a forecast's distribution is to be ready, by each tenant's ``quantity_policy``."""

import polars as pl

from bakery_assets.keys import SERIES
from bakery_assets.metrics import QUANTILE_LEVELS
from bakery_assets.newsvendor.base_stock import with_base_stock, with_shelf_life_demand
from bakery_assets.newsvendor.demand_distribution import is_clamped, probability_at_most, quantile_at_level
from bakery_assets.quantities import DECIMALS

LOWEST, HIGHEST = min(QUANTILE_LEVELS.values()), max(QUANTILE_LEVELS.values())


def with_quantity_at_level(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows, in their order, with ``basis, level, is_clamped, days_covered`` and ``quantity_at_level``.

    ``critical_ratio``: the newsvendor's quantile at the ratio; of what keeps several days its base-stock level.
    ``buffer``: the forecast and ``quantity_buffer`` of it. ``service_level``: the quantile at that level.

    Args:
        rows: of ``ShopDays``, with ``critical_ratio`` and the tenant's settings.
    """
    covered = with_shelf_life_demand(rows, SERIES, day="schedule_date")
    filled = with_base_stock(covered)
    policy, keeps = pl.col("quantity_policy"), pl.col("days_covered") > 1
    service_level = pl.col("service_level").clip(0.0, 1.0)
    basis = pl.when(policy != "critical_ratio").then(policy).when(keeps).then(pl.lit("base_stock"))
    quantity = (
        pl.when(policy == "buffer")
        .then(pl.col("yhat") * (1.0 + pl.col("quantity_buffer")))
        .when(policy == "service_level")
        .then(quantile_at_level(service_level))
        .otherwise("base_stock")
    )
    chosen = filled.with_columns(
        basis=basis.otherwise(pl.lit("newsvendor")), quantity_at_level=quantity.round(DECIMALS)
    )
    wanted = (
        pl.when(pl.col("basis") == "newsvendor")
        .then("critical_ratio")
        .when(pl.col("basis") == "service_level")
        .then(service_level)
    )
    reached = probability_at_most(pl.col("quantity_at_level"))
    at_the_end = (pl.col("q95") > pl.col("q10")) & (
        (pl.col("quantity_at_level") <= pl.when(pl.col("q10") > 0).then("q10"))
        | (pl.col("quantity_at_level") >= pl.col("q95"))
    )
    return chosen.with_columns(wanted=wanted).with_columns(
        level=pl.coalesce(pl.col("wanted").clip(LOWEST, HIGHEST), reached.clip(upper_bound=HIGHEST)).round(DECIMALS),
        is_clamped=pl.coalesce(
            is_clamped(pl.col("wanted")), pl.when(pl.col("basis") == "base_stock").then(at_the_end), pl.lit(value=False)
        ),
    )
