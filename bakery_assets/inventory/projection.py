"""The stage ``inventory_projections``: stock of every item for two weeks, day by day, FEFO.

How a day's receipts, issues and expiry are worked out is in ``materials.expiry_buckets``; what is ordered so that stock
does not run out is planned in ``procurement``.
"""

from typing import TypedDict

import dataframely as dy
import numpy as np
import polars as pl

from bakery_assets.cells import HORIZON_DAYS, OUTLOOK_DAYS, with_day
from bakery_assets.keys import INGREDIENT, ITEM, PRODUCT, PRODUCT_DAY
from bakery_assets.materials.baking_starts import baking_lives
from bakery_assets.materials.delivery_windows import WEEK, days_until_usable
from bakery_assets.materials.demand import DailyDemand, daily_demand
from bakery_assets.materials.expiry_buckets import Floats, by_day, expiry_buckets, shelf_lives, simulate_stock
from bakery_assets.materials.gross_requirements import GrossRequirements, ingredient_requirements
from bakery_assets.materials.items import INGREDIENT_KIND, PRODUCT_KIND, DatedQuantities
from bakery_assets.materials.lots_left_out import lots_left_out
from bakery_assets.materials.master_schedule import master_schedule
from bakery_assets.materials.recipe_faults import without_left_out
from bakery_assets.materials.scheduled_receipts import scheduled_receipts
from bakery_assets.materials.stock import stock_on_hand, unknown_stock
from bakery_assets.materials.targets import daily_targets
from bakery_assets.quantities import DECIMALS, ordered_sum
from bakery_assets.schemas import Cells, conform, ops, plans

QUANTITIES = (
    "opening", "receipts", "receipts_after_baking", "planned_receipts", "gross_requirement", "consumption", "unmet",
    "expired", "closing",
)  # fmt: skip


class InventoryInputs(TypedDict):
    """What ``project_inventory`` reads."""

    tenant_settings: dy.DataFrame[ops.TenantSettings]
    calendar: dy.DataFrame[ops.Calendar]
    shifts: dy.DataFrame[ops.Shifts]
    suppliers: dy.DataFrame[ops.Suppliers]
    demand_forecasts: dy.DataFrame[plans.DemandForecasts]
    target_stock_levels: dy.DataFrame[plans.TargetStockLevels]
    customer_orders: dy.DataFrame[ops.CustomerOrders]
    production_schedules: dy.DataFrame[plans.ProductionSchedules]
    production_batches: dy.DataFrame[plans.ProductionBatches]
    master_data_faults: dy.DataFrame[plans.MasterDataFaults]
    procurement_requirements: dy.DataFrame[plans.ProcurementRequirements]
    recipes: dy.DataFrame[ops.Recipes]
    recipe_lines: dy.DataFrame[ops.RecipeLines]
    products: dy.DataFrame[ops.Products]
    ingredients: dy.DataFrame[ops.Ingredients]
    stock_movements: dy.DataFrame[plans.StockMovements]
    stock_balances: dy.DataFrame[plans.StockBalances]
    stock_receipts: dy.DataFrame[ops.StockReceipts]
    purchase_orders: dy.DataFrame[ops.PurchaseOrders]


class InventoryTables(TypedDict):
    """What ``project_inventory`` writes."""

    inventory_projections: dy.DataFrame[plans.InventoryProjections]


def project_inventory(cells: dy.DataFrame[Cells], inputs: InventoryInputs) -> InventoryTables:
    """Stock of ingredients and products, day by day for 14 days; only of items with stock, requirement or receipts.

    Ingredients are required by what is baked and arrive with open purchase orders and this plan's
    orders; products are required by what is expected to be sold and arrive with the batches. On days 8 to 14 demand
    repeats the forecasts of days 1 to 7; no batches are planned for them yet, so their demand is taken to be baked.

    In a day receipts come first, but for those that arrive when baking has begun (``materials.baking_starts``): what is
    required is issued FEFO before these. Then stock past its last usable day expires. What is unmet is not carried over
    to a later day.

    An item whose stock is not known has neither opening nor closing stock, and the risk unknown: what it requires is
    taken to be there, and nothing is said to be short or to expire.

    stockout_risk is high on a day with an unmet requirement. It is low on a day that closes an ingredient below its
    safety stock or below one day's mean requirement. Else none; so is, unless something is unmet, what keeps
    for one day only, of which nothing should be left in the evening.

    Products that ``master_data_faults`` leaves out have no rows: that they are not baked is reported once, with the
    fault.
    """
    stock = stock_on_hand(cells, inputs)
    left_out = inputs["master_data_faults"]
    demand = conform(DailyDemand, without_left_out(daily_demand(cells, inputs, OUTLOOK_DAYS), left_out))
    schedule = master_schedule(cells, inputs, demand)
    gross = _gross(
        cells, _expected_sales(cells, inputs, demand), ingredient_requirements(cells, schedule, inputs, stock)
    )
    items = _items(cells, inputs)
    required = by_day(gross, items, ITEM, "quantity", OUTLOOK_DAYS)
    is_product = (items["item_kind"] == PRODUCT_KIND).to_numpy()[:, None]
    beyond_batches = np.arange(OUTLOOK_DAYS) >= HORIZON_DAYS
    coming = _proposed(cells, inputs)
    proposed, planned_after = (by_day(coming, items, ITEM, name, OUTLOOK_DAYS) for name in ("quantity", "after_baking"))
    planned = np.where(is_product & beyond_batches, required, proposed)
    open_orders = scheduled_receipts(cells, inputs).select(*_ingredient_as_item(), "day", "quantity", "after_baking")
    in_time, after = (by_day(open_orders, items, ITEM, name, OUTLOOK_DAYS) for name in ("quantity", "after_baking"))
    after = np.round(after + planned_after, DECIMALS)
    in_time = np.round(in_time + planned - planned_after, DECIMALS)
    on_hand = expiry_buckets(stock, items, ITEM, OUTLOOK_DAYS)
    flow = simulate_stock(required, on_hand, in_time, after, shelf_lives(items["baking_life"]))
    receipts = np.round(in_time + after, DECIMALS)
    matters = np.flatnonzero((on_hand.sum(axis=1) + receipts.sum(axis=1) + required.sum(axis=1)) > 0)
    unmet = np.round(required - flow.consumption, DECIMALS)
    figures = (flow.opening, receipts, after, planned, required, flow.consumption, unmet, flow.expired, flow.closing)
    items = items.join(unknown_stock(inputs).with_columns(is_known=pl.lit(value=False)), on=ITEM, how="left")
    items = items.sort("row")
    rows = _rows(items[matters], [figure[matters] for figure in figures])
    return InventoryTables(inventory_projections=conform(plans.InventoryProjections, rows))


def _rows(items: pl.DataFrame, figures: list[Floats]) -> pl.DataFrame:
    """The table from arrays of items by days."""
    days = pl.DataFrame({"day": range(OUTLOOK_DAYS)})
    rows = items.join(days, how="cross", maintain_order="left_right").with_columns(
        pl.Series(name, figure.ravel()).round(DECIMALS) for name, figure in zip(QUANTITIES, figures, strict=True)
    )
    mean = pl.col("gross_requirement").sum().over(ITEM) / OUTLOOK_DAYS
    keeps = pl.col("shelf_life_days").fill_null(2) > 1
    is_low = (pl.col("closing") < pl.col("safety_stock")) | (pl.col("closing") < pl.col("mean").round(DECIMALS))
    return (
        _without_claims(rows)
        .with_columns(mean=mean)
        .with_columns(
            projection_date=pl.col("plan_date") + pl.duration(days=pl.col("day")),
            days_of_cover=pl.when(pl.col("mean") > 0).then((pl.col("closing") / pl.col("mean")).round(DECIMALS)),
            stockout_risk=pl.when(pl.col("opening").is_null())
            .then(pl.lit("unknown"))
            .when(pl.col("unmet") > 0)
            .then(pl.lit("high"))
            .when((pl.col("item_kind") == INGREDIENT_KIND) & keeps & is_low)
            .then(pl.lit("low"))
            .otherwise(pl.lit("none")),
        )
    )


def _without_claims(rows: pl.DataFrame) -> pl.DataFrame:
    """What is not known of items of unknown stock is empty; their requirement is taken to be there."""
    is_unknown = pl.col("is_known").is_not_null()
    return rows.with_columns(
        *(pl.when(~is_unknown).then(name).alias(name) for name in ("opening", "closing")),
        *(pl.when(is_unknown).then(0.0).otherwise(name).alias(name) for name in ("unmet", "expired")),
        consumption=pl.when(is_unknown).then("gross_requirement").otherwise("consumption"),
    )


def _items(cells: pl.DataFrame, inputs: InventoryInputs) -> pl.DataFrame:
    """Every ingredient and product that is planned, with its row in the arrays."""
    # What is left on purpose by the plan's own rule, which is not always the quantity that the ingredient says.
    planned_for = inputs["procurement_requirements"].group_by(INGREDIENT).agg(planned=pl.col("safety_stock").max())
    reorder = pl.when(pl.col("order_up_to").is_not_null()).then(pl.coalesce("reorder_point", "order_up_to"))
    ingredients = (
        inputs["ingredients"]
        .join(planned_for, on=INGREDIENT, how="left", maintain_order="left")
        .with_columns(
            safety_stock=pl.coalesce(reorder, "planned", "safety_stock"),
            baking_life=baking_lives(inputs["ingredients"], inputs["shifts"]),
        )
        .select(*_ingredient_as_item(), "safety_stock", "shelf_life_days", "baking_life")
    )
    planned = without_left_out(inputs["products"], inputs["master_data_faults"])
    products = planned.select(
        *_product_as_item(), "shelf_life_days", baking_life="shelf_life_days", safety_stock=pl.lit(0.0)
    )
    return (
        pl.concat([ingredients, products.select(ingredients.columns)])
        .join(cells.select("tenant_id", "plan_date"), on="tenant_id")
        .sort(ITEM)
        .with_row_index("row")
    )


def _expected_sales(
    cells: dy.DataFrame[Cells], inputs: InventoryInputs, demand: dy.DataFrame[DailyDemand]
) -> pl.DataFrame:
    """Demand, but no more of it than is to be ready: what is left unmet on purpose is no shortage."""
    left_out = lots_left_out(inputs["production_schedules"]).select(*PRODUCT_DAY, "not_worth_it")
    ready = (
        daily_targets(cells, inputs, demand)
        .join(left_out, on=PRODUCT_DAY, how="left")
        .select(*PRODUCT_DAY, ready=(pl.col("target") - pl.col("not_worth_it").fill_null(0.0)).clip(0.0))
    )
    rows = demand.join(ready, on=PRODUCT_DAY, how="left", maintain_order="left")
    return rows.with_columns(demand=pl.min_horizontal("demand", "ready"))


def _gross(
    cells: pl.DataFrame, sales: pl.DataFrame, ingredients: dy.DataFrame[GrossRequirements]
) -> dy.DataFrame[DatedQuantities]:
    """What each day requires of products and ingredients."""
    products = with_day(sales, cells, of="schedule_date").select(*_product_as_item(), "day", quantity="demand")
    required = ingredients.select(*_ingredient_as_item(), pl.col("day").cast(pl.Int64), quantity="gross_requirement")
    return conform(DatedQuantities, pl.concat([required, products]))


def _proposed(cells: dy.DataFrame[Cells], inputs: InventoryInputs) -> pl.DataFrame:
    """What this plan proposes: batches of products and orders of ingredients, added up by item and day.

    ``after_baking`` is the part of ``quantity`` that comes when the day's baking has begun, on the evening before it is
    usable. Batches that are in stock already, or will never come, add nothing.
    """
    batches = with_day(inputs["production_batches"].filter(~pl.col("is_in_stock")), cells, of="schedule_date")
    orders = with_day(
        inputs["procurement_requirements"].filter(pl.col("planned_order_quantity") > 0), cells, of="deliver_on"
    )
    day = orders["day"].to_numpy()
    waits = days_until_usable(orders, cells, inputs)[np.arange(len(day)), day % WEEK]
    coming = orders.with_columns(day=pl.Series(day + np.maximum(waits - 1, 0)), waits=pl.Series(waits))
    quantity = pl.col("planned_order_quantity")
    proposed = pl.concat(
        [
            batches.select(*_product_as_item(), "day", quantity="quantity_planned", after_baking=pl.lit(0.0)),
            coming.select(
                *_ingredient_as_item(), "day", quantity=quantity,
                after_baking=pl.when(pl.col("waits") > 0).then(quantity).otherwise(0.0),
            ),
        ],
        how="vertical_relaxed",
    )  # fmt: skip
    return proposed.group_by(*ITEM, "day").agg(ordered_sum("quantity"), ordered_sum("after_baking"))


def _product_as_item() -> list[pl.Expr]:
    tenant, product = PRODUCT
    return [pl.col(tenant), pl.lit(PRODUCT_KIND).alias("item_kind"), pl.col(product).alias("item_id")]


def _ingredient_as_item() -> list[pl.Expr]:
    tenant, ingredient = INGREDIENT
    return [pl.col(tenant), pl.lit(INGREDIENT_KIND).alias("item_kind"), pl.col(ingredient).alias("item_id")]
