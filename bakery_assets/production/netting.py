"""Netting: what stock and earlier baking leave open of each day's demand, day by day over the horizon."""

import polars as pl

from bakery_assets.cells import HORIZON_DAYS
from bakery_assets.materials.stock import first_expired_first_out
from bakery_assets.production.lots import size_lots

DECIMALS = 6
PRODUCT = "product"  # the item_kind of finished goods


def net_requirements(
    cells: pl.DataFrame, demand: pl.DataFrame, stock: pl.DataFrame, products: pl.DataFrame
) -> pl.DataFrame:
    """Net each day's demand against the finished stock usable on that day, and size the lots of the rest.

    For each day in turn: a lot counts while its last day is not past, the lot that expires first is used
    first, and ``net = demand - stock_used``. What the lots make beyond the net is stock of the next days until
    ``schedule_date + shelf_life_days - 1``; with a shelf life of one day it is gone in the evening. On days that
    are not open nothing is baked, and what stock does not cover stays ``unmet``.

    Args:
        cells: the columns of ``cells.CELLS``.
        demand: as ``daily_demand`` returns it.
        stock: as ``stock_on_hand`` returns it; only products are looked at.
        products: the table.

    Returns:
        The rows and columns of ``demand`` with ``stock_usable``, ``stock_used``, ``net``, ``surplus`` (planned
        beyond net), ``unmet``, ``price``, ``shelf_life_days`` and the columns of ``size_lots``; sorted by tenant,
        day and product. Quantities in the product's unit.
    """
    traits = products.select(
        "tenant_id", "product_id", "unit", "price", "shelf_life_days", "batch_min", "batch_max", "batch_multiple"
    )
    asked = demand.join(traits, on=["tenant_id", "product_id"])
    lots = stock.filter(pl.col("item_kind") == PRODUCT)
    netted = []
    for offset in range(HORIZON_DAYS):
        today = cells.select("tenant_id", schedule_date=pl.col("plan_date") + pl.duration(days=offset))
        day, lots = _net_one_day(asked.join(today, on=["tenant_id", "schedule_date"], how="semi"), lots, today)
        netted.append(day)
    return pl.concat(netted).sort("tenant_id", "schedule_date", "product_id")


def _net_one_day(asked: pl.DataFrame, lots: pl.DataFrame, today: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Net one day; the lots that come back still hold what expires today, for the next day drops it."""
    still_good = pl.col("expires_on").is_null() | (pl.col("expires_on") >= pl.col("schedule_date"))
    usable = lots.join(today, on="tenant_id").filter(still_good).select(lots.columns)
    item = pl.lit(PRODUCT).alias("item_kind")
    wanted = asked.select("tenant_id", item, item_id="product_id", quantity="demand")
    left, served = first_expired_first_out(usable, wanted)
    on_hand = usable.group_by("tenant_id", "item_id").agg(stock_usable=pl.col("quantity").sort().sum().round(DECIMALS))
    net = (
        asked.join(
            served.select("tenant_id", product_id="item_id", stock_used="consumption", open_demand="unmet"),
            on=["tenant_id", "product_id"],
            how="left",
        )
        .join(on_hand.rename({"item_id": "product_id"}), on=["tenant_id", "product_id"], how="left")
        .with_columns(
            pl.col("stock_usable").fill_null(0.0),
            net_requirement=pl.when("is_open").then("open_demand").otherwise(0.0),
            unmet=pl.when("is_open").then(0.0).otherwise("open_demand"),
        )
        .drop("open_demand")
    )
    sized = size_lots(net).with_columns(
        surplus=(pl.col("planned_quantity") - pl.col("net_requirement")).clip(0.0).round(DECIMALS)
    )
    kept = sized.filter((pl.col("surplus") > 0) & (pl.col("shelf_life_days") > 1)).select(
        "tenant_id",
        item,
        item_id="product_id",
        lot_id=pl.format("baked {}", "schedule_date"),
        expires_on=pl.col("schedule_date") + pl.duration(days=pl.col("shelf_life_days") - 1),
        quantity="surplus",
    )
    return sized, pl.concat([left, kept.select(left.columns)])
