"""Netting: what finished stock leaves open of what has to be ready on a day.

Net requirements become batches in ``lots``; how the days follow each other is in ``planned_lots``.
"""

import dataframely as dy
import polars as pl

from bakery_assets.keys import PRODUCT
from bakery_assets.materials.items import PRODUCT_KIND, ItemQuantities
from bakery_assets.materials.stock import StockOnHand, first_expired_first_out
from bakery_assets.materials.targets import DailyTargets
from bakery_assets.quantities import DECIMALS, equal, ordered_sum
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops


class NetRequirements(DailyTargets):
    """Targets less the stock that is usable on their day, with what lots are sized and ranked by."""

    price = ops.Products.price
    batch_min = ops.Products.batch_min
    batch_max = ops.Products.batch_max
    batch_multiple = ops.Products.batch_multiple
    stock_usable = col.number("Stock that may be used on the day, what begun batches add included")
    carried_over = col.number("Part of it that batches add which were begun or final before this plan")
    stock_used = col.number("Part of the target that this stock covers")
    sold_from_stock = col.number("Expected demand that this stock meets; the rest of it is stock of the next day")
    net_requirement = col.number("Part of the target that has to be baked; 0 on days that are not open")
    unmet = col.number("Part of the target that stock does not cover on a day that is not open")
    not_begun = col.number("Part that cannot be baked, because what it takes had to be begun before the plan")
    not_begun_item = col.text("Recipe that had to be begun", nullable=True)
    had_to_begin_on = col.date("Day on which it had to be begun", nullable=True)

    not_worth_it = col.number("Part that is not baked, because the smallest batch would lose more than it earns")
    lot_left_out = col.number("What would have been baked for that", nullable=True)
    expected_gain = col.metric("Earned on average by what is sold of a lot that was rounded up, or left out; in the "
                               "tenant's currency; empty: neither, or price and cost are not known")  # fmt: skip
    expected_loss = col.metric("Lost on average by what is left of it when it can no longer be sold")

    @dy.rule()
    def targets_are_covered_baked_or_reported(cls) -> pl.Expr:
        """target = stock_used + net_requirement + unmet + not_begun + not_worth_it."""
        parts = ("stock_used", "net_requirement", "unmet", "not_begun", "not_worth_it")
        return equal("target", pl.sum_horizontal(parts))

    @dy.rule()
    def stock_is_used_where_there_is_any(cls) -> pl.Expr:
        """stock_used = min(target, stock_usable)."""
        return equal("stock_used", pl.min_horizontal("target", "stock_usable"))

    @dy.rule()
    def nothing_is_baked_on_a_closed_day(cls) -> pl.Expr:
        """Either what is missing is baked or, on a day that is not open, it stays unmet."""
        return pl.when("is_open").then(pl.col("unmet") == 0).otherwise(pl.col("net_requirement") == 0)


def net_requirements(
    targets: dy.DataFrame[DailyTargets],
    usable: dy.DataFrame[StockOnHand],
    carried: dy.DataFrame[ItemQuantities],
    products: dy.DataFrame[ops.Products],
) -> tuple[dy.DataFrame[NetRequirements], dy.DataFrame[StockOnHand]]:
    """Net one day's targets against the finished stock usable on that day, which is sold first expired, first out.

    What is expected to be sold leaves stock, not the whole target: the rest of it is there on the next day.

    Args:
        carried: the part of ``usable`` that batches of the day add which the plan keeps, by product.

    Returns:
        Net requirements, and the lots that remain.
    """
    sold = targets.select("tenant_id", item_kind=pl.lit(PRODUCT_KIND), item_id="product_id", quantity="demand")
    left, issued = first_expired_first_out(usable, conform(ItemQuantities, sold))
    met = issued.select("tenant_id", product_id="item_id", sold_from_stock="consumption")
    stock = usable.group_by("tenant_id", product_id="item_id").agg(stock_usable=ordered_sum("quantity").round(DECIMALS))
    begun = carried.group_by("tenant_id", product_id="item_id").agg(
        carried_over=ordered_sum("quantity").round(DECIMALS)
    )
    traits = products.select(*PRODUCT, "price", "batch_min", "batch_max", "batch_multiple")
    net = (
        targets.join(traits, on=PRODUCT)
        .join(met, on=PRODUCT)
        .join(stock, on=PRODUCT, how="left")
        .join(begun, on=PRODUCT, how="left")
        .with_columns(pl.col("stock_usable", "carried_over").fill_null(0.0))
        .with_columns(stock_used=pl.min_horizontal("target", "stock_usable"))
        .with_columns(left_open=(pl.col("target") - pl.col("stock_used")).round(DECIMALS))
        .with_columns(
            net_requirement=pl.when("is_open").then("left_open").otherwise(0.0),
            unmet=pl.when("is_open").then(0.0).otherwise("left_open"),
            not_begun=pl.lit(0.0),
            not_worth_it=pl.lit(0.0),
            lot_left_out=None,
            expected_gain=None,
            expected_loss=None,
            not_begun_item=None,
            had_to_begin_on=None,
        )
    )
    return conform(NetRequirements, net), left
