"""Stock outlook: from the inventory projection, which items run short and from when, and what expires unused."""

import dataframely as dy
import polars as pl

from bakery_assets.cells import HORIZON_DAYS
from bakery_assets.quantities import DECIMALS, ordered_sum
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops, plans

ITEM = ["tenant_id", "plan_date", "item_kind", "item_id"]
FIRST_DAY = ("opening", "receipts", "receipts_after_baking", "gross_requirement")
EXPIRING_WITHIN_DAYS = 3  # stock that expires later can still be used by a later day's plan


class ItemNames(dy.Schema):
    """Names and units of products and ingredients."""

    tenant_id = col.tenant_id()
    item_kind = col.choice("What it is", ("ingredient", "product"), primary_key=True)
    item_id = col.key_text("Ingredient or product", primary_key=True)
    item = col.text("Name that people read")
    unit = col.text("Unit of its quantities")


class ItemOutlook(plans.PlanRow):
    """An item of a plan."""

    item_kind = col.choice("What it is", ("ingredient", "product"), primary_key=True)
    item_id = col.key_text("Ingredient or product", primary_key=True)


class ItemsAtRisk(ItemOutlook):
    """Items that may run out or run low."""

    first_day = col.date("First day of the risk")
    last_day = col.date("Last day of the risk")
    opening = plans.InventoryProjections.opening
    receipts = plans.InventoryProjections.receipts
    receipts_after_baking = plans.InventoryProjections.receipts_after_baking
    gross_requirement = plans.InventoryProjections.gross_requirement
    short = col.number("Unmet requirement of all days, in the item's unit")
    required = col.number("Requirement of all days, in the item's unit")
    short_days = col.integer("Days with unmet requirement")
    lowest = col.number("Lowest closing stock, in the item's unit; empty: not known", nullable=True)


class ExpiringStock(ItemOutlook):
    """Items whose stock of the plan date expires unused."""

    first_day = col.date("First day on which some of it expires")
    days = col.integer("Days on which some of it expires")
    lost = col.number("Quantity that expires unused, in the item's unit")
    opening = col.number("Stock in the morning of the plan date, in the item's unit")


def item_names(
    products: dy.DataFrame[ops.Products], ingredients: dy.DataFrame[ops.Ingredients]
) -> dy.DataFrame[ItemNames]:
    """Names and units of products and ingredients together."""
    parts = [
        frame.select("tenant_id", item_kind=pl.lit(kind), item_id=f"{kind}_id", item="name", unit="unit")
        for kind, frame in (("ingredient", ingredients), ("product", products))
    ]
    return conform(ItemNames, pl.concat(parts))


def items_at_risk(projections: dy.DataFrame[plans.InventoryProjections], risk: str) -> dy.DataFrame[ItemsAtRisk]:
    """Items that carry ``risk`` on some day; opening, receipts and gross requirement are those of its first day.

    Of products only the days of the baking horizon count: after it the projection repeats a week's baking, whose
    sizes depend on stock that will be gone by then. One row per item, sorted.
    """
    risky = pl.col("stockout_risk") == risk
    is_baked_for = pl.col("projection_date") < pl.col("plan_date") + pl.duration(days=HORIZON_DAYS)
    items = (
        projections.filter((pl.col("item_kind") != "product") | is_baked_for)
        .sort(*ITEM, "projection_date")
        .group_by(ITEM, maintain_order=True)
        .agg(
            pl.col("projection_date").filter(risky).first().alias("first_day"),
            pl.col("projection_date").filter(risky).last().alias("last_day"),
            *(pl.col(name).filter(risky).first() for name in FIRST_DAY),
            short=pl.col("unmet").sum().round(DECIMALS),
            required=pl.col("gross_requirement").sum().round(DECIMALS),
            short_days=(pl.col("unmet") > 0).sum(),
            lowest=pl.col("closing").min(),
        )
        .filter(pl.col("first_day").is_not_null())
    )
    return conform(ItemsAtRisk, items)


def expiring_stock(
    projections: dy.DataFrame[plans.InventoryProjections],
    balances: dy.DataFrame[plans.StockBalances],
    days: int = EXPIRING_WITHIN_DAYS,
) -> dy.DataFrame[ExpiringStock]:
    """Stock of the plan date that expires unused within ``days`` days; one row per item, sorted.

    Of an ingredient everything that expires counts. Of a product only stock from before counts: that bread of today's
    baking is left is normal, for lots are rounded up to whole multiples, and so it is where it was baked before the
    planning instant, or will be before the day begins. The oldest stock is sold first (FEFO), so what is left of it on
    a day is the opening, without today's baking, less all that was used or expired until then.
    """
    own = (
        balances.filter(pl.col("lot_id") == pl.format("baked {}", "plan_date"))
        .group_by(ITEM)
        .agg(own=ordered_sum("quantity"))
    )
    gone_before = (pl.col("consumption") + pl.col("expired")).cum_sum().over(ITEM) - pl.col("expired")
    of_before = pl.col("opening").first().over(ITEM) - pl.col("own").fill_null(0.0)
    left = (of_before - gone_before).clip(0.0)
    lost = pl.when(pl.col("item_kind") == "product").then(pl.min_horizontal("expired", left)).otherwise("expired")
    items = (
        projections.join(own, on=ITEM, how="left")
        .sort(*ITEM, "projection_date")
        .with_columns(lost=lost.round(DECIMALS))
        .filter(pl.col("projection_date") < pl.col("plan_date") + pl.duration(days=days))
        .group_by(ITEM, maintain_order=True)
        .agg(
            pl.col("projection_date").filter(pl.col("lost") > 0).first().alias("first_day"),
            pl.col("lost").sum().round(DECIMALS),
            pl.col("opening").first(),
            days=(pl.col("lost") > 0).sum(),
        )
        .filter(pl.col("lost") > 0)
    )
    return conform(ExpiringStock, items)
