"""Overdue orders as people read them; which orders are overdue is in ``materials.scheduled_receipts``."""

import dataframely as dy
import polars as pl

from bakery_assets.explanations.formats import clock, counted, quantity
from bakery_assets.keys import INGREDIENT
from bakery_assets.materials.scheduled_receipts import OverdueOrders
from bakery_assets.schemas import Cells, conform, ops
from bakery_assets.schemas import columns as col

NAMED_ORDERS = 2  # of more overdue orders these are named and the rest counted


class NamedOverdueOrders(OverdueOrders):
    """Overdue orders with texts."""

    order = col.text("The order: order P1 from Mill")
    phrase = col.text("The order with what is overdue of it, and for how long: order P1 from Mill (60 kg, 3 days late)")


def named_overdue_orders(
    cells: dy.DataFrame[Cells],
    overdue: dy.DataFrame[OverdueOrders],
    suppliers: dy.DataFrame[ops.Suppliers],
    ingredients: dy.DataFrame[ops.Ingredients],
) -> dy.DataFrame[NamedOverdueOrders]:
    """Overdue orders with their texts, by ingredient the oldest first."""
    days_late = (pl.col("plan_date") - pl.col("due_at").dt.date()).dt.total_days()
    late = (
        pl.when(days_late > 0)
        .then(pl.format("{} late", counted(days_late, "day", "days")))
        .otherwise(pl.format("due by {}", clock("due_at")))
    )
    order = pl.concat_str(pl.format("order {}", "order_id"), pl.format(" from {}", "supplier").fill_null(""))
    named = (
        overdue.join(
            suppliers.select("tenant_id", "supplier_id", supplier="name"), on=["tenant_id", "supplier_id"], how="left"
        )
        .join(ingredients.select(*INGREDIENT, "unit"), on=INGREDIENT)
        .join(cells.select("tenant_id", "plan_date"), on="tenant_id")
        .with_columns(order=order)
        .with_columns(phrase=pl.format("{} ({}, {})", "order", quantity("open"), late))
    )
    return conform(NamedOverdueOrders, named.sort(*INGREDIENT, "due_at", "order_id"))


def listed_orders(column: str) -> pl.Expr:
    """In a group of overdue orders the first texts of a column, and how many more there are."""
    more = pl.len().cast(pl.Int64) - NAMED_ORDERS
    named = pl.col(column).head(NAMED_ORDERS).str.join(", ")
    return pl.when(more > 0).then(pl.format("{} and {} more", named, more)).otherwise(named)
