"""Orders that were to be delivered and are not recorded as received, by ingredient.

A stock-out names them, see ``shortage_alerts``; alerts about the orders themselves are in ``deliveries``.
"""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.explanations.overdue_orders import listed_orders, named_overdue_orders
from bakery_assets.keys import INGREDIENT
from bakery_assets.materials.scheduled_receipts import overdue_orders
from bakery_assets.quantities import DECIMALS, ordered_sum
from bakery_assets.schemas import Cells, conform, ops
from bakery_assets.schemas import columns as col


class OverdueInputs(TypedDict):
    """What ``overdue_ingredients`` reads."""

    tenant_settings: dy.DataFrame[ops.TenantSettings]
    ingredients: dy.DataFrame[ops.Ingredients]
    suppliers: dy.DataFrame[ops.Suppliers]
    purchase_orders: dy.DataFrame[ops.PurchaseOrders]
    stock_receipts: dy.DataFrame[ops.StockReceipts]
    shifts: dy.DataFrame[ops.Shifts]


class OverdueIngredients(dy.Schema):
    """What is overdue of each ingredient, in its unit."""

    tenant_id = col.tenant_id()
    ingredient_id = col.key_text("The ingredient", primary_key=True)
    overdue = col.number("Ordered, due and not received")
    orders = col.text("The first orders, as people read them")
    order_lines = dy.List(
        dy.Struct(
            {
                "order_id": dy.String(), "supplier_id": dy.String(nullable=True), "is_expected": dy.Bool(),
                "quantity": dy.Float64(), "due_at": dy.String(),
            }
        ),
        description="All of them",
    )  # fmt: skip


def overdue_ingredients(cells: dy.DataFrame[Cells], inputs: OverdueInputs) -> dy.DataFrame[OverdueIngredients]:
    """What is overdue of each ingredient, sorted."""
    orders = named_overdue_orders(cells, overdue_orders(cells, inputs), inputs["suppliers"], inputs["ingredients"])
    line = pl.struct(
        "order_id", "supplier_id", "is_expected", quantity="open", due_at=pl.col("due_at").dt.strftime("%Y-%m-%dT%H:%M")
    )
    found = orders.group_by(INGREDIENT, maintain_order=True).agg(
        overdue=ordered_sum("open").round(DECIMALS),
        orders=pl.when(pl.len() > 1).then(listed_orders("phrase")).otherwise(pl.col("order").first()),
        order_lines=line,
    )
    return conform(OverdueIngredients, found)
