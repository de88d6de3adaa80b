"""The stage ``inventory_projections``: stock of every item for two weeks, day by day, FEFO.

How a day's receipts, issues and expiry are worked out is in ``materials.expiry_buckets``; what is ordered so that stock
does not run out is planned in ``procurement``.
"""

from typing import TypedDict, cast

import dataframely as dy
import numpy as np
import polars as pl

from bakery_assets.cells import HORIZON_DAYS, OUTLOOK_DAYS, Frames
from bakery_assets.keys import ITEM
from bakery_assets.materials.demand import daily_demand
from bakery_assets.materials.expiry_buckets import Floats, by_day, expiry_buckets, shelf_lives, simulate_stock
from bakery_assets.materials.gross_requirements import ingredient_requirements
from bakery_assets.materials.scheduled_receipts import scheduled_receipts
from bakery_assets.materials.stock import stock_on_hand
from bakery_assets.quantities import DECIMALS, ordered_sum
from bakery_assets.schemas import Cells, conform, ops, plans

QUANTITIES = (
    "opening",
    "receipts",
    "planned_receipts",
    "gross_requirement",
    "consumption",
    "unmet",
    "expired",
    "closing",
)


class InventoryInputs(TypedDict):
    """What ``project_inventory`` reads."""

    calendar: dy.DataFrame[ops.Calendar]
    demand_forecasts: dy.DataFrame[plans.DemandForecasts]
    customer_orders: dy.DataFrame[ops.CustomerOrders]
    production_batches: dy.DataFrame[plans.ProductionBatches]
    procurement_requirements: dy.DataFrame[plans.ProcurementRequirements]
    recipes: dy.DataFrame[ops.Recipes]
    recipe_lines: dy.DataFrame[ops.RecipeLines]
    products: dy.DataFrame[ops.Products]
    ingredients: dy.DataFrame[ops.Ingredients]
    stock_lots: dy.DataFrame[ops.StockLots]
    stock_receipts: dy.DataFrame[ops.StockReceipts]
    waste: dy.DataFrame[ops.Waste]
    purchase_orders: dy.DataFrame[ops.PurchaseOrders]


class InventoryTables(TypedDict):
    """What ``project_inventory`` writes."""

    inventory_projections: dy.DataFrame[plans.InventoryProjections]


def project_inventory(cells: dy.DataFrame[Cells], inputs: InventoryInputs) -> InventoryTables:
    """Stock of ingredients and products, day by day for 14 days.

    Ingredients are required by what is baked and come with open purchase orders and this plan's
    orders; products are required by demand and come with the batches. On days 8 to 14 demand repeats the
    forecasts of days 1 to 7; no batches are planned for them yet, so what they ask for is taken to be baked.

    In a day receipts come first, then what is required is taken, first expired first out, then what has had
    its last day expires. What is unmet is not owed to a later day.

    stockout_risk is high on a day with unmet need. It is low on a day that closes an ingredient below its
    safety stock or below one day's mean requirement. Else none; so is, without unmet need, what keeps
    for one day only, for which an empty shelf in the evening is as it should be.

    Args:
        cells: the columns of ``cells.CELLS``, one row per tenant.
        frames: what the stage ``inventory_projections`` reads.

    Returns:
        ``inventory_projections``; only of items with stock, requirement or receipts in the 14 days.

    Raises:
        CannotPlan: units that do not go together, or a recipe that contains itself.
    """
    frames = cast(Frames, inputs)
    stock = stock_on_hand(cells, frames)
    items = _items(cells, frames)
    lots = stock.join(cells.select("tenant_id", "plan_date"), on="tenant_id").with_columns(
        last_usable_day=(pl.col("expires_on") - pl.col("plan_date")).dt.total_days()
    )
    required = by_day(_required(cells, frames, stock), items, ITEM, "quantity", OUTLOOK_DAYS)
    is_product = (items["item_kind"] == "product").to_numpy()[:, None]
    beyond_batches = np.arange(OUTLOOK_DAYS) >= HORIZON_DAYS
    proposed = by_day(_planned(cells, frames), items, ITEM, "quantity", OUTLOOK_DAYS)
    planned = np.where(is_product & beyond_batches, required, proposed)
    coming = scheduled_receipts(cells, frames).with_columns(item_kind=pl.lit("ingredient"), item_id="ingredient_id")
    receipts = np.round(planned + by_day(coming, items, ITEM, "quantity", OUTLOOK_DAYS), DECIMALS)
    on_hand = expiry_buckets(lots, items, ITEM, OUTLOOK_DAYS)
    flow = simulate_stock(required, on_hand, receipts, shelf_lives(items["shelf_life_days"]))
    matters = np.flatnonzero((on_hand.sum(axis=1) + receipts.sum(axis=1) + required.sum(axis=1)) > 0)
    unmet = np.round(required - flow.consumption, DECIMALS)
    figures = (flow.opening, receipts, planned, required, flow.consumption, unmet, flow.expired, flow.closing)
    return InventoryTables(
        inventory_projections=conform(
            plans.InventoryProjections, _rows(items[matters], [figure[matters] for figure in figures])
        )
    )


def _rows(items: pl.DataFrame, figures: list[Floats]) -> pl.DataFrame:
    """The table from arrays of items by days."""
    days = pl.DataFrame({"day": range(OUTLOOK_DAYS)})
    rows = items.join(days, how="cross", maintain_order="left_right").with_columns(
        pl.Series(name, figure.ravel()).round(DECIMALS) for name, figure in zip(QUANTITIES, figures, strict=True)
    )
    mean = (pl.col("gross_requirement").sum().over(ITEM) / OUTLOOK_DAYS).alias("mean")
    keeps = pl.col("shelf_life_days").fill_null(2) > 1
    is_low = (pl.col("closing") < pl.col("safety_stock")) | (pl.col("closing") < pl.col("mean").round(DECIMALS))
    return (
        rows.with_columns(mean)
        .with_columns(
            projection_date=pl.col("plan_date") + pl.duration(days=pl.col("day")),
            days_of_cover=pl.when(pl.col("mean") > 0).then((pl.col("closing") / pl.col("mean")).round(DECIMALS)),
            stockout_risk=pl.when(pl.col("unmet") > 0)
            .then(pl.lit("high"))
            .when((pl.col("item_kind") == "ingredient") & keeps & is_low)
            .then(pl.lit("low"))
            .otherwise(pl.lit("none")),
        )
        .select(
            "tenant_id", "plan_date", "item_kind", "item_id", "projection_date", *QUANTITIES, "days_of_cover",
            "stockout_risk",
        )
    )  # fmt: skip


def _items(cells: pl.DataFrame, frames: Frames) -> pl.DataFrame:
    """Every ingredient and product with its place in the arrays."""
    ingredients = frames["ingredients"].select(
        "tenant_id",
        "safety_stock",
        item_kind=pl.lit("ingredient"),
        item_id="ingredient_id",
        shelf_life_days=pl.col("shelf_life_days").cast(pl.Int64),
    )
    products = frames["products"].select(
        "tenant_id",
        safety_stock=pl.lit(0.0),
        item_kind=pl.lit("product"),
        item_id="product_id",
        shelf_life_days=pl.col("shelf_life_days").cast(pl.Int64),
    )
    return (
        pl.concat([ingredients, products], how="diagonal")
        .join(cells.select("tenant_id", "plan_date"), on="tenant_id")
        .sort(ITEM)
        .with_row_index("row")
    )


def _required(cells: pl.DataFrame, frames: Frames, stock: pl.DataFrame) -> pl.DataFrame:
    """What each day asks for: ``ITEM, day, quantity``."""
    ingredients = ingredient_requirements(cells, frames, stock).select(
        "tenant_id", "day", item_kind=pl.lit("ingredient"), item_id="ingredient_id", quantity="gross"
    )
    products = (
        daily_demand(cells, frames, OUTLOOK_DAYS)
        .join(cells.select("tenant_id", "plan_date"), on="tenant_id")
        .select(
            "tenant_id",
            day=(pl.col("schedule_date") - pl.col("plan_date")).dt.total_days(),
            quantity="demand",
            item_kind=pl.lit("product"),
            item_id="product_id",
        )
    )
    columns = [*ITEM, "day", "quantity"]
    return pl.concat([ingredients.select(columns), products.select(columns)])


def _planned(cells: pl.DataFrame, frames: Frames) -> pl.DataFrame:
    """What this plan proposes: batches of products and orders of ingredients: ``ITEM, day, quantity``."""
    batches = (
        frames["production_batches"]
        .drop("plan_date")
        .join(cells.select("tenant_id", "plan_date"), on="tenant_id")
        .select(
            "tenant_id",
            day=(pl.col("schedule_date") - pl.col("plan_date")).dt.total_days(),
            item_kind=pl.lit("product"),
            item_id="product_id",
            quantity="quantity_planned",
        )
    )
    orders = (
        frames["procurement_requirements"]
        .filter(pl.col("planned_order_quantity") > 0)
        .drop("plan_date")
        .join(cells.select("tenant_id", "plan_date"), on="tenant_id")
        .select(
            "tenant_id",
            day=(pl.col("deliver_on") - pl.col("plan_date")).dt.total_days(),
            item_kind=pl.lit("ingredient"),
            item_id="ingredient_id",
            quantity="planned_order_quantity",
        )
    )
    return pl.concat([batches, orders]).group_by(*ITEM, "day").agg(ordered_sum("quantity"))
