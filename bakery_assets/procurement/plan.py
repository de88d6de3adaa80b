"""The stage ``procurement_plans``: net requirements of ingredients, the orders that cover them, and both tables' rows.

How orders are timed and sized is in ``ordering``, what people read about them in ``explanations.procurement``.
"""

from typing import TypedDict, cast

import dataframely as dy
import numpy as np
import polars as pl

from bakery_assets.cells import OUTLOOK_DAYS, Frames
from bakery_assets.explanations.procurement import add_plan_explanations, add_requirement_explanations
from bakery_assets.keys import INGREDIENT
from bakery_assets.local_time import with_instants
from bakery_assets.materials.expiry_buckets import by_day, expiry_buckets, shelf_lives, total
from bakery_assets.materials.gross_requirements import ingredient_requirements, where_used
from bakery_assets.materials.scheduled_receipts import scheduled_receipts
from bakery_assets.materials.stock import stock_on_hand
from bakery_assets.procurement.offers import DELIVERY_DAYS, Offers, delivery_days, supplier_offers
from bakery_assets.procurement.ordering import NEVER, MrpRecords, look_ahead, place_orders
from bakery_assets.quantities import DECIMALS, ordered_sum
from bakery_assets.schemas import Cells, conform, ops, plans

REQUIREMENTS = [
    "tenant_id",
    "plan_date",
    "requirement_number",
    "ingredient_id",
    "supplier_id",
    "gross_requirement",
    "on_hand",
    "scheduled_receipts",
    "safety_stock",
    "net_requirement",
    "planned_order_quantity",
    "cost",
    "order_by",
    "deliver_on",
    "needed_on",
    "is_late",
    "reasoning",
    "consequence",
]
PLANS = [
    "tenant_id",
    "plan_date",
    "version",
    "status",
    "orders_14d",
    "total_cost",
    "first_order_by",
    "reasoning",
    "consequence",
]


class ProcurementInputs(TypedDict):
    """What ``plan_procurement`` reads."""

    tenants: dy.DataFrame[ops.Tenants]
    demand_forecasts: dy.DataFrame[plans.DemandForecasts]
    customer_orders: dy.DataFrame[ops.CustomerOrders]
    production_batches: dy.DataFrame[plans.ProductionBatches]
    recipes: dy.DataFrame[ops.Recipes]
    recipe_lines: dy.DataFrame[ops.RecipeLines]
    products: dy.DataFrame[ops.Products]
    ingredients: dy.DataFrame[ops.Ingredients]
    suppliers: dy.DataFrame[ops.Suppliers]
    supplier_items: dy.DataFrame[ops.SupplierItems]
    calendar: dy.DataFrame[ops.Calendar]
    stock_lots: dy.DataFrame[ops.StockLots]
    stock_receipts: dy.DataFrame[ops.StockReceipts]
    waste: dy.DataFrame[ops.Waste]
    purchase_orders: dy.DataFrame[ops.PurchaseOrders]


class ProcurementTables(TypedDict):
    """What ``plan_procurement`` writes."""

    procurement_plans: dy.DataFrame[plans.ProcurementPlans]
    procurement_requirements: dy.DataFrame[plans.ProcurementRequirements]


def plan_procurement(cells: dy.DataFrame[Cells], inputs: ProcurementInputs) -> ProcurementTables:
    """What to order from whom and by when, for 14 days.

    On a row with an order, gross_requirement, on_hand, scheduled_receipts and net_requirement are the terms of that
    order's sum: from the day on which stock falls short (needed_on) to the day that decides its size. on_hand is then
    the stock projected for that morning. On a row without an order they are the sums of the 14 days, with today's
    stock, and needed_on is the day stock falls short, if it does. In both, net_requirement = gross_requirement +
    safety_stock - on_hand - scheduled_receipts, at least 0, and stock that expires before it is used is not in
    on_hand. An order that comes after the 14 days counts, in scheduled_receipts, open orders up to its own day.

    Args:
        cells: the columns of ``cells.CELLS``, one row per tenant.
        frames: what the stage ``procurement_plans`` reads.

    Returns:
        ``procurement_plans``, one row per tenant, and ``procurement_requirements``, one row per ingredient
        and delivery to order, and one per ingredient that is needed and has no order to place.

    Raises:
        CannotPlan: a recipe that contains itself, units that do not go together, an unknown weekday.
    """
    frames = cast(Frames, inputs)
    items = frames["ingredients"].join(cells, on="tenant_id").sort(INGREDIENT).with_row_index("row")
    items = items.with_columns(pl.col("row").cast(pl.Int64))
    offered = supplier_offers(cells, frames).join(
        items.select(*INGREDIENT, "row"), on=INGREDIENT, maintain_order="left"
    )
    receipts = scheduled_receipts(cells, frames)
    records = _records(cells, frames, items, receipts)
    orders = place_orders(records, _offers(offered, cells, frames))
    rows = pl.concat([_ordered(orders, items, offered), _not_ordered(orders, items, offered, records)], how="diagonal")
    overdue = receipts.group_by(INGREDIENT).agg(overdue_excluded=ordered_sum("overdue"))
    stock = items.select(*INGREDIENT, stock_today=pl.Series(total(records.on_hand)))
    rows = (
        rows.join(overdue, on=INGREDIENT, how="left")
        .join(stock, on=INGREDIENT)
        .with_columns(pl.col("overdue_excluded").fill_null(0.0))
    )
    requirements = add_requirement_explanations(_numbered(rows), where_used(cells, frames))
    return ProcurementTables(
        procurement_plans=conform(plans.ProcurementPlans, _plans(cells, requirements)),
        procurement_requirements=conform(plans.ProcurementRequirements, requirements.select(REQUIREMENTS)),
    )


def _records(cells: pl.DataFrame, frames: Frames, items: pl.DataFrame, receipts: pl.DataFrame) -> MrpRecords:
    stock = stock_on_hand(cells, frames)
    required = ingredient_requirements(cells, frames, stock)
    lots = (
        stock.filter(pl.col("item_kind") == "ingredient")
        .join(cells.select("tenant_id", "plan_date"), on="tenant_id")
        .select(
            "tenant_id",
            "quantity",
            ingredient_id="item_id",
            last_usable_day=(pl.col("expires_on") - pl.col("plan_date")).dt.total_days(),
        )
    )
    days = min(max(OUTLOOK_DAYS, 1 + max(receipts["day"].to_list(), default=0)), DELIVERY_DAYS)
    return MrpRecords(
        gross_requirement=by_day(required, items, INGREDIENT, "gross", OUTLOOK_DAYS),
        scheduled_receipts=by_day(receipts, items, INGREDIENT, "quantity", days),
        on_hand=expiry_buckets(lots, items, INGREDIENT, OUTLOOK_DAYS),
        safety_stock=items["safety_stock"].to_numpy(),
        shelf_life=shelf_lives(items["shelf_life_days"]),
    )


def _offers(offered: pl.DataFrame, cells: pl.DataFrame, frames: Frames) -> Offers:
    return Offers(
        item=offered["row"].to_numpy(),
        price=offered["price"].to_numpy(),
        minimum=offered["minimum_quantity"].to_numpy(),
        pack=offered["pack_size"].to_numpy(),
        delivers=delivery_days(offered, cells, frames),
    )


def _day(column: str) -> pl.Expr:
    """A day counted from the plan date as a date; null for ``NEVER``."""
    later = pl.col("plan_date") + pl.duration(days=pl.col(column))
    return pl.when(pl.col(column) < NEVER).then(later)


def _ordered(orders: pl.DataFrame, items: pl.DataFrame, offered: pl.DataFrame) -> pl.DataFrame:
    """The rows with an order, with every term of their sums."""
    offered = offered.with_row_index("offer").with_columns(pl.col("offer").cast(pl.Int64)).drop("row", *INGREDIENT)
    rows = (
        orders.join(items.rename({"row": "item"}), on="item")
        .join(offered, on="offer")
        .with_columns(
            planned_order_quantity="quantity",
            cost=(pl.col("quantity") * pl.col("price")).round(2),
            order_date=pl.col("plan_date") + pl.duration(days=pl.col("deliver_day") - pl.col("lead_days")),
            deliver_on=_day("deliver_day"),
            needed_on=_day("needed_day"),
            covered_through=_day("last_day_covered"),
            max_shortage_on=_day("max_shortage_day"),
            stockout_on=_day("stockout_day"),
            is_late=pl.col("deliver_day") > pl.col("needed_day"),
            has_offer=pl.lit(True),
        )
    )
    delivery = ["tenant_id", "supplier_id", "deliver_on"]
    return with_instants(rows, "order_by", day="order_date", wall_time="order_cutoff_time").with_columns(
        delivery_value=ordered_sum("cost").over(delivery).round(2)
    )


def _not_ordered(orders: pl.DataFrame, items: pl.DataFrame, offered: pl.DataFrame, records: MrpRecords) -> pl.DataFrame:
    """One row for each ingredient that is needed, or short, and has no order: the sum of the 14 days."""
    ahead = look_ahead(records)
    is_short = ahead.shortage > 0
    first_short = np.where(is_short.any(axis=1), is_short.argmax(axis=1), NEVER)
    on_hand, expired = total(records.on_hand), ahead.expired[:, -1]
    received = ahead.scheduled_receipts[:, -1]
    sums = items.with_columns(
        gross_requirement=pl.Series(ahead.gross_requirement[:, -1]),
        on_hand=pl.Series(np.maximum(on_hand - expired, 0.0)).round(DECIMALS),
        scheduled_receipts=pl.Series(received - np.maximum(expired - on_hand, 0.0)).round(DECIMALS),
        scheduled_receipts_later=pl.Series(records.scheduled_receipts[:, OUTLOOK_DAYS:].sum(axis=1)).round(DECIMALS),
        expires_unused=pl.Series(expired).round(DECIMALS),
        short_day=pl.Series(first_short),
        stockout_day=pl.Series(ahead.stockout_day),
        net_requirement=pl.Series(ahead.shortage[:, -1]),
    )
    cheapest = offered.unique("row", keep="first", maintain_order=True).select("row", "supplier_id", "supplier_name")
    return (
        sums.filter((pl.col("gross_requirement") > 0) | (pl.col("short_day") < NEVER))
        .join(orders, left_on="row", right_on="item", how="anti")
        .join(cheapest, on="row", how="left")
        .with_columns(
            planned_order_quantity=pl.lit(0.0),
            cost=pl.lit(0.0),
            needed_on=_day("short_day"),
            stockout_on=_day("stockout_day"),
            is_late=pl.lit(False),
            has_offer=pl.col("supplier_id").is_not_null(),
        )
    )


def _numbered(rows: pl.DataFrame) -> pl.DataFrame:
    """Number each tenant's rows by deadline and ingredient; rows without an order come last."""
    number = pl.int_range(1, pl.len() + 1).over("tenant_id").cast(pl.String)
    digits = pl.len().over("tenant_id").cast(pl.String).str.len_chars().cast(pl.Int64).clip(3)
    return rows.sort(
        "tenant_id", "order_by", "ingredient_id", "deliver_on", "supplier_id", nulls_last=True
    ).with_columns(requirement_number="R" + number.str.pad_start(digits, "0"))


def _plans(cells: pl.DataFrame, requirements: pl.DataFrame) -> pl.DataFrame:
    """One row per tenant: what its orders amount to."""
    has_order = pl.col("planned_order_quantity") > 0
    delivery = pl.struct("supplier_id", "deliver_on").filter(has_order)
    sums = requirements.group_by("tenant_id").agg(
        orders_14d=delivery.n_unique(),
        total_cost=ordered_sum("cost").round(2),
        first_order_by=pl.col("order_date").min(),
        deadline=pl.col("order_by").min(),
        ingredients_ordered=pl.col("ingredient_id").filter(has_order).n_unique(),
        ingredients_not_ordered=(~has_order).sum(),
        ingredients_without_supplier=(~pl.col("has_offer")).sum(),
        late_requirements=pl.col("is_late").sum(),
        ingredients_with_stockout=pl.col("ingredient_id").filter(pl.col("stockout_on").is_not_null()).n_unique(),
        first_stockout_on=pl.col("stockout_on").min(),
    )
    counts = [name for name in sums.columns if name.startswith(("ingredients_", "late_", "orders"))]
    rows = (
        cells.join(sums, on="tenant_id", how="left")
        .with_columns(pl.col(counts).fill_null(0), pl.col("total_cost").fill_null(0.0))
        .with_columns(
            version=pl.lit(1, pl.Int32), status=pl.lit("draft"), orders_14d=pl.col("orders_14d").cast(pl.Int32)
        )
        .sort("tenant_id")
    )
    return add_plan_explanations(rows).select(PLANS)
