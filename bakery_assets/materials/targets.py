"""Targets: how much of each product has to be ready for sale, of what the day has not sold yet.

What is ready meets the expected demand (``demand``) and a share of what may come beyond it. How targets are chosen is
in the stage ``target_stock_levels``; production nets them against stock, distribution shares them out.
"""

import dataframely as dy
import polars as pl

from bakery_assets.keys import PRODUCT, PRODUCT_DAY, SERIES
from bakery_assets.materials.demand import (
    SERIES_DAY,
    DailyDemand,
    DemandInputs,
    ShopDays,
    sold_today,
    whole_pieces,
)
from bakery_assets.metrics import QUANTILE_LEVELS
from bakery_assets.newsvendor.demand_distribution import sum_of_days
from bakery_assets.quantities import DECIMALS, ordered_sum
from bakery_assets.schemas import Cells, conform, ops, plans
from bakery_assets.schemas import columns as col


class TargetInputs(DemandInputs):
    """What ``daily_targets`` reads."""

    target_stock_levels: dy.DataFrame[plans.TargetStockLevels]


class DailyTargets(DailyDemand):
    """Demand of products by day with what has to be ready for it, all locations together."""

    shelf_life_days = ops.Products.shelf_life_days
    basis = plans.TargetStockLevels.basis
    critical_ratio = plans.TargetStockLevels.critical_ratio
    level = col.number("Fraction of days on which the target is enough; the mean of the shops' own", maximum=1.0)
    is_clamped = plans.TargetStockLevels.is_clamped
    days_covered = plans.TargetStockLevels.days_covered
    firm = col.number("Customer orders that are not sold yet, which are always met")
    target = col.number("What has to be ready for sale: the shops' targets less what is sold, orders in full; in whole "
                        "pieces for products counted in pieces")  # fmt: skip

    @dy.rule()
    def orders_are_met_in_full(cls) -> pl.Expr:
        """firm <= target."""
        return pl.col("firm") <= pl.col("target")


class ShopTargets(dy.Schema):
    """Targets of the plan date by product and location, not rounded to pieces."""

    tenant_id = col.tenant_id()
    location_id = col.location_id(primary_key=True)
    product_id = col.key_text("The product", primary_key=True)
    unit = col.choice("Unit of the quantities", col.UNITS)
    shelf_life_days = ops.Products.shelf_life_days
    forecast = plans.TargetStockLevels.yhat
    level = plans.TargetStockLevels.level
    orders = plans.TargetStockLevels.orders
    sold = col.number("Sold by the planning instant")
    target = col.number("target_quantity - sold, at least 0")


def daily_targets(
    cells: dy.DataFrame[Cells], inputs: TargetInputs, demand: dy.DataFrame[DailyDemand]
) -> dy.DataFrame[DailyTargets]:
    """Targets by product and day of the horizon, sorted: the sum of what the shops' targets leave after what they sold.

    Each shop has its own stock on its shelves, so their targets add; only whole pieces are counted for all together.

    Args:
        demand: what is expected; rows of days beyond the horizon are left out.
    """
    by_shop = (
        _left_in_shops(cells, inputs)
        .group_by(PRODUCT_DAY)
        .agg(
            ordered_sum("left"),
            ordered_sum("firm"),
            pl.col("basis").first(),
            pl.col("critical_ratio").max(),
            pl.col("level").sort().mean().round(DECIMALS),
            pl.col("is_clamped").any(),
            pl.col("days_covered").max(),
        )
    )
    rows = (
        demand.join(inputs["products"].select(*PRODUCT, "shelf_life_days"), on=PRODUCT)
        .join(by_shop, on=PRODUCT_DAY)
        .with_columns(target=(pl.col("firm") + whole_pieces(pl.col("left") - pl.col("firm"))).round(DECIMALS))
    )
    return conform(DailyTargets, rows.sort(PRODUCT_DAY))


def shop_targets(cells: dy.DataFrame[Cells], inputs: TargetInputs) -> dy.DataFrame[ShopTargets]:
    """Targets of each shop on the plan date, sorted."""
    today = _left_in_shops(cells, inputs).filter(pl.col("schedule_date") == pl.col("plan_date"))
    products = inputs["products"].select(*PRODUCT, "unit", "shelf_life_days")
    rows = today.join(products, on=PRODUCT).rename({"yhat": "forecast", "left": "target"})
    return conform(ShopTargets, rows.sort(SERIES))


def product_demand(days: dy.DataFrame[ShopDays]) -> pl.DataFrame:
    """The quantiles of each product's demand by day, all shops together, by ``PRODUCT_DAY``."""
    return sum_of_days(days.select(*PRODUCT_DAY, *QUANTILE_LEVELS), PRODUCT_DAY)


def _left_in_shops(cells: dy.DataFrame[Cells], inputs: TargetInputs) -> pl.DataFrame:
    """Targets with ``sold``, and what is ``left`` of each and ``firm`` of its orders; by ``SERIES_DAY``."""
    targets = inputs["target_stock_levels"].join(cells, on=["tenant_id", "plan_date"], how="semi")
    sold = sold_today(cells, inputs["stock_movements"], SERIES_DAY)
    return (
        targets.rename({"target_date": "schedule_date"})
        .join(sold, on=SERIES_DAY, how="left")
        .with_columns(pl.col("sold").fill_null(0.0))
        .with_columns(
            left=(pl.col("target_quantity") - pl.col("sold")).clip(0.0).round(DECIMALS),
            firm=(pl.col("orders") - pl.col("sold")).clip(0.0).round(DECIMALS),
        )
    )
