"""Threats: what an overdue delivery endangers: batches that cannot be made without it, and customers' orders for them.

The batches are those of the latest plan. Who else could deliver is in ``backups``.
"""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.deliveries.watch import CAUSE, OVERDUE, ReportedLines, WatchedLines
from bakery_assets.keys import INGREDIENT, PRODUCT
from bakery_assets.local_time import with_instants
from bakery_assets.materials.bill_of_materials import ProductRecipeInputs
from bakery_assets.materials.ingredient_use import use_per_unit
from bakery_assets.materials.items import INGREDIENT_KIND
from bakery_assets.quantities import DECIMALS, TOLERANCE, ordered_sum
from bakery_assets.schemas import Cells, conform, ops, plans
from bakery_assets.schemas import columns as col

OF_CAUSE = [*CAUSE, "ingredient_id"]


class ThreatInputs(ProductRecipeInputs, TypedDict):
    """What ``endangered_batches`` reads; batches and stock are those of each tenant's latest plan."""

    customer_orders: dy.DataFrame[ops.CustomerOrders]
    production_batches: dy.DataFrame[plans.ProductionBatches]
    stock_balances: dy.DataFrame[plans.StockBalances]
    procurement_requirements: dy.DataFrame[plans.ProcurementRequirements]
    receipts_since: dy.DataFrame[ops.StockReceipts]


class EndangeredBatches(dy.Schema):
    """Batches of which an ingredient runs out because a delivery has not come."""

    tenant_id = col.tenant_id()
    cause = ReportedLines.cause
    schedule_date = plans.ProductionBatches.schedule_date
    batch_number = col.key_text("The batch", primary_key=True)
    product_id = plans.ProductionBatches.product_id
    product = col.text("The product's name")
    unit = ops.Products.unit
    quantity_planned = plans.ProductionBatches.quantity_planned
    begins_at = col.instant("When it begins, or where no time is known its day")


class EndangeredOrders(dy.Schema):
    """Customers' orders for products of endangered batches, due on the day for which the batch is made."""

    tenant_id = col.tenant_id()
    cause = ReportedLines.cause
    order_id = col.key_text("The customer's order", primary_key=True)
    product_id = col.key_text("The product", primary_key=True)
    due_date = ops.CustomerOrders.due_date
    quantity = ops.CustomerOrders.quantity


def endangered_batches(
    cells: dy.DataFrame[Cells],
    reported: dy.DataFrame[ReportedLines],
    lines: dy.DataFrame[WatchedLines],
    inputs: ThreatInputs,
) -> dy.DataFrame[EndangeredBatches]:
    """Batches to be begun for which stock, less what batches before them take, and other deliveries are not enough.

    Sorted by cause and start. Orders that the plan proposes count from the day after their delivery.

    Args:
        reported: lines of overdue orders, whose own quantity counts as not there.
        lines: all open lines, of which those of other orders count from the end of their window.
    """
    overdue = reported.filter((pl.col("kind") == OVERDUE) & pl.col("draft").is_null())
    batches = _batches_to_come(cells, inputs)
    needs = (
        overdue.select(*OF_CAUSE)
        .join(use_per_unit(inputs), on=INGREDIENT)
        .join(batches, on=PRODUCT)
        .with_columns(change=-pl.col("quantity_planned") * pl.col("quantity_per"), is_batch=pl.lit(value=True))
    )
    others = (
        overdue.select(*OF_CAUSE, "order_id")
        .join(lines.select(*INGREDIENT, "open", "expected_to", "is_overdue", other_id="order_id"), on=INGREDIENT)
        .filter((pl.col("other_id") != pl.col("order_id")) & ~pl.col("is_overdue"))
        .select(*OF_CAUSE, begins_at="expected_to", change="open", is_batch=pl.lit(value=False))
    )
    proposed = overdue.select(*OF_CAUSE).join(_proposed(cells, inputs), on=INGREDIENT)
    there = _stock(inputs)
    running = (
        pl.concat([needs, others, proposed], how="diagonal")
        .join(there, on=INGREDIENT, how="left")
        # What comes at the moment at which a batch begins is there.
        .sort(*OF_CAUSE, "begins_at", "is_batch", "batch_number")
        .with_columns(left=pl.col("stock").fill_null(0.0) + pl.col("change").cum_sum().over(OF_CAUSE))
    )
    short = running.filter(pl.col("is_batch") & ~pl.col("has_begun") & (pl.col("left") < -TOLERANCE))
    return conform(
        EndangeredBatches,
        short.unique([*CAUSE, "batch_number"], keep="first", maintain_order=True).sort(
            *CAUSE, "begins_at", "batch_number"
        ),
    )


def endangered_orders(
    batches: dy.DataFrame[EndangeredBatches], customer_orders: dy.DataFrame[ops.CustomerOrders]
) -> dy.DataFrame[EndangeredOrders]:
    """Customers' orders that wait for these batches, sorted by day and number."""
    wanted = customer_orders.filter(pl.col("quantity") > 0)
    found = batches.select(*CAUSE, "product_id", due_date="schedule_date").unique()
    joined = found.join(wanted, on=[*PRODUCT, "due_date"])
    return conform(EndangeredOrders, joined.sort(*CAUSE, "due_date", "order_id", "product_id"))


def _batches_to_come(cells: dy.DataFrame[Cells], inputs: ThreatInputs) -> pl.DataFrame:
    """Batches of the latest plan that still have to take their ingredients, with ``begins_at``."""
    names = inputs["products"].select(*PRODUCT, "unit", product="name")
    zones = cells.select("tenant_id", "timezone", at="planned_as_of")
    rows = (
        inputs["production_batches"]
        .filter(~pl.col("has_taken_ingredients") & ~pl.col("state").is_in(plans.MADE_NOTHING))
        .join(names, on=PRODUCT)
        .join(zones, on="tenant_id")
        .with_columns(midnight=pl.time(0))
    )
    timed = with_instants(rows, "day_begins", day="begins_on", wall_time="midnight")
    return timed.select(
        *PRODUCT, "schedule_date", "batch_number", "product", "unit", "quantity_planned",
        begins_at=pl.coalesce("start_at", "day_begins"),
        has_begun=(pl.col("start_at") < pl.col("at")).fill_null(value=False),
    )  # fmt: skip


def _proposed(cells: dy.DataFrame[Cells], inputs: ThreatInputs) -> pl.DataFrame:
    """What the plan's proposed orders bring, with ``begins_at``: the day after their delivery begins."""
    rows = (
        inputs["procurement_requirements"]
        .filter(pl.col("planned_order_quantity") > 0)
        .join(cells.select("tenant_id", "timezone"), on="tenant_id")
        .with_columns(midnight=pl.time(0), usable_on=pl.col("deliver_on").dt.offset_by("1d"))
    )
    timed = with_instants(rows, "begins_at", day="usable_on", wall_time="midnight")
    return timed.select(*INGREDIENT, "begins_at", change="planned_order_quantity", is_batch=pl.lit(value=False))


def _stock(inputs: ThreatInputs) -> pl.DataFrame:
    """``stock`` of each ingredient: that of the latest plan, and what has come since."""
    planned = inputs["stock_balances"].filter(pl.col("item_kind") == INGREDIENT_KIND)
    both = [
        planned.select("tenant_id", "quantity", ingredient_id="item_id"),
        inputs["receipts_since"].select("tenant_id", "quantity", "ingredient_id"),
    ]
    return pl.concat(both, how="diagonal").group_by(INGREDIENT).agg(stock=ordered_sum("quantity").round(DECIMALS))
