"""Repeated orders: proposed by an earlier plan, probably placed, not recorded, and so proposed again."""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.keys import CELL, INGREDIENT
from bakery_assets.schemas import Cells, conform, ops, plans
from bakery_assets.schemas import columns as col

OUTSTANDING_DAYS = 7  # a delivery that was due longer ago has come, or is missed already


class RepeatedOrderInputs(TypedDict):
    """What ``repeated_orders`` reads."""

    purchase_orders: dy.DataFrame[ops.PurchaseOrders]
    stock_receipts: dy.DataFrame[ops.StockReceipts]
    plan_versions: dy.DataFrame[plans.PlanVersions]
    published_orders: dy.DataFrame[plans.PublishedOrders]


class RepeatedOrders(dy.Schema):
    """Ingredients whose last proposed order had to be placed by now, and of which nothing is recorded since."""

    tenant_id = col.tenant_id()
    ingredient_id = col.key_text("The ingredient", primary_key=True)
    supplier_id = col.key_text("Supplier", primary_key=True)
    proposed_on = col.date("Date of the plan that proposed it")
    was_due_on = col.date("Day on which it was to be delivered")


def repeated_orders(cells: dy.DataFrame[Cells], inputs: RepeatedOrderInputs) -> dy.DataFrame[RepeatedOrders]:
    """Orders of the plan of record whose deadline has passed, without an order or a receipt recorded since; sorted.

    Of each ingredient and supplier the last one, unless it was to be delivered more than a week ago.
    """
    known = inputs["published_orders"].join(
        inputs["plan_versions"].select(*CELL, "version", "published_at"), on=[*CELL, "version"]
    )
    due = (
        known.join(cells.select("tenant_id", "planned_as_of", today="plan_date"), on="tenant_id")
        .filter(
            pl.col("supplier_id").is_not_null(),
            pl.col("order_by") <= pl.col("planned_as_of"),
            pl.col("deliver_on") >= pl.col("today") - pl.duration(days=OUTSTANDING_DAYS),
        )
        .sort("tenant_id", "order_by", "plan_date", "version")
        .unique([*INGREDIENT, "supplier_id"], keep="last", maintain_order=True)
    )
    recorded = pl.concat(
        facts.select(*INGREDIENT, "recorded_at") for facts in (inputs["purchase_orders"], inputs["stock_receipts"])
    )
    answered = due.join(recorded, on=INGREDIENT).filter(pl.col("recorded_at") >= pl.col("published_at"))
    repeated = due.join(answered, on=[*INGREDIENT, "supplier_id"], how="anti").sort(*INGREDIENT, "supplier_id")
    return conform(RepeatedOrders, repeated.rename({"plan_date": "proposed_on", "deliver_on": "was_due_on"}))
