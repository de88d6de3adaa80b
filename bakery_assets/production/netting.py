"""Netting: what finished stock leaves open of a day's demand.

Net requirements become batches in ``lots``; how the days follow each other is in ``planned_lots``.
"""

import dataframely as dy
import polars as pl

from bakery_assets.keys import PRODUCT
from bakery_assets.materials.demand import DailyDemand
from bakery_assets.materials.items import PRODUCT_KIND, ItemQuantities
from bakery_assets.materials.stock import StockOnHand, first_expired_first_out
from bakery_assets.quantities import DECIMALS, equal, ordered_sum
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops


class NetRequirements(DailyDemand):
    """Demand less the stock that is usable on its day, with what lots are sized and ranked by."""

    price = ops.Products.price
    shelf_life_days = ops.Products.shelf_life_days
    batch_min = ops.Products.batch_min
    batch_max = ops.Products.batch_max
    batch_multiple = ops.Products.batch_multiple
    stock_usable = col.number("Stock that may be used on the day, what begun batches add included")
    carried_over = col.number("Part of it that batches add which were begun or final before this plan")
    stock_used = col.number("Demand that this stock covers")
    net_requirement = col.number("Demand that has to be baked; 0 on days that are not open")
    unmet = col.number("Demand that stock does not cover on a day that is not open")
    not_begun = col.number("Demand that cannot be baked, because what it takes had to be begun before the plan")
    not_begun_item = col.text("Recipe that had to be begun", nullable=True)
    had_to_begin_on = col.date("Day on which it had to be begun", nullable=True)

    @dy.rule()
    def demand_is_covered_baked_or_unmet(cls) -> pl.Expr:
        """demand = stock_used + net_requirement + unmet + not_begun."""
        return equal("demand", pl.sum_horizontal("stock_used", "net_requirement", "unmet", "not_begun"))

    @dy.rule()
    def stock_is_used_where_there_is_any(cls) -> pl.Expr:
        """stock_used = min(demand, stock_usable)."""
        return equal("stock_used", pl.min_horizontal("demand", "stock_usable"))

    @dy.rule()
    def nothing_is_baked_on_a_closed_day(cls) -> pl.Expr:
        """Either what is missing is baked or, on a day that is not open, it stays unmet."""
        return pl.when("is_open").then(pl.col("unmet") == 0).otherwise(pl.col("net_requirement") == 0)


def net_requirements(
    demand: dy.DataFrame[DailyDemand],
    usable: dy.DataFrame[StockOnHand],
    carried: dy.DataFrame[ItemQuantities],
    products: dy.DataFrame[ops.Products],
) -> tuple[dy.DataFrame[NetRequirements], dy.DataFrame[StockOnHand]]:
    """Net one day's demand against the finished stock usable on that day, issued first expired, first out.

    Args:
        carried: the part of ``usable`` that batches of the day add which the plan keeps, by product.

    Returns:
        Net requirements, and the lots that remain.
    """
    required = demand.select("tenant_id", item_kind=pl.lit(PRODUCT_KIND), item_id="product_id", quantity="demand")
    left, issued = first_expired_first_out(usable, conform(ItemQuantities, required))
    covered = issued.select("tenant_id", "unmet", product_id="item_id", stock_used="consumption")
    stock = usable.group_by("tenant_id", product_id="item_id").agg(stock_usable=ordered_sum("quantity").round(DECIMALS))
    begun = carried.group_by("tenant_id", product_id="item_id").agg(
        carried_over=ordered_sum("quantity").round(DECIMALS)
    )
    traits = products.select(*PRODUCT, "price", "shelf_life_days", "batch_min", "batch_max", "batch_multiple")
    net = (
        demand.join(traits, on=PRODUCT)
        .join(covered, on=PRODUCT)
        .join(stock, on=PRODUCT, how="left")
        .join(begun, on=PRODUCT, how="left")
        .with_columns(
            pl.col("stock_usable", "carried_over").fill_null(0.0),
            net_requirement=pl.when("is_open").then("unmet").otherwise(0.0),
            unmet=pl.when("is_open").then(0.0).otherwise("unmet"),
            not_begun=pl.lit(0.0),
            not_begun_item=None,
            had_to_begin_on=None,
        )
    )
    return conform(NetRequirements, net), left
