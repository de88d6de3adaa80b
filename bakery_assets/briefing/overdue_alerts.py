"""Orders that were to be delivered and are not recorded as received, by ingredient.

They are put with what else may make an ingredient run short in ``shortage_alerts``.
"""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.briefing.findings import Finding, finding
from bakery_assets.briefing.order_alerts import RequirementLines
from bakery_assets.explanations.formats import as_json, clock, counted, on_weekday, quantity
from bakery_assets.explanations.overdue_orders import listed_orders, named_overdue_orders
from bakery_assets.keys import INGREDIENT
from bakery_assets.materials.scheduled_receipts import overdue_orders
from bakery_assets.quantities import DECIMALS
from bakery_assets.schemas import Cells, conform, ops, plans
from bakery_assets.schemas import columns as col


class OverdueInputs(TypedDict):
    """What ``overdue_ingredients`` reads."""

    tenant_settings: dy.DataFrame[ops.TenantSettings]
    ingredients: dy.DataFrame[ops.Ingredients]
    suppliers: dy.DataFrame[ops.Suppliers]
    purchase_orders: dy.DataFrame[ops.PurchaseOrders]
    stock_receipts: dy.DataFrame[ops.StockReceipts]
    shifts: dy.DataFrame[ops.Shifts]


class OverdueIngredients(plans.PlanRow):
    """What is overdue of each ingredient, in its unit."""

    ingredient_id = col.key_text("The ingredient", primary_key=True)
    item = col.text("Its name")
    unit = ops.Ingredients.unit
    overdue = col.number("Ordered, due and not received")
    not_expected = col.number("The part of it on which the plan no longer counts")
    reordered = col.number("What the plan orders of the ingredient")
    due_at = dy.Datetime(time_unit="us", description="When the first of it was due, local time")
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


def overdue_ingredients(
    cells: dy.DataFrame[Cells], lines: dy.DataFrame[RequirementLines], inputs: OverdueInputs
) -> dy.DataFrame[OverdueIngredients]:
    """What is overdue of each ingredient, what of it the plan counts on, and what it orders all the same; sorted."""
    names = inputs["ingredients"].select(*INGREDIENT, "unit", item="name")
    orders = named_overdue_orders(cells, overdue_orders(cells, inputs), inputs["suppliers"], inputs["ingredients"])
    reordered = lines.group_by(INGREDIENT).agg(reordered=pl.col("planned_order_quantity").sum().round(DECIMALS))
    line = pl.struct(
        "order_id", "supplier_id", "is_expected", quantity="open", due_at=pl.col("due_at").dt.strftime("%Y-%m-%dT%H:%M")
    )
    found = (
        orders.group_by(INGREDIENT, maintain_order=True)
        .agg(
            overdue=pl.col("open").sum().round(DECIMALS),
            not_expected=pl.col("open").filter(~pl.col("is_expected")).sum().round(DECIMALS),
            due_at=pl.col("due_at").first(),
            orders=pl.when(pl.len() > 1).then(listed_orders("told")).otherwise(pl.col("order").first()),
            order_lines=line,
        )
        .join(names, on=INGREDIENT, maintain_order="left")
        .join(reordered, on=INGREDIENT, how="left", maintain_order="left")
        .join(cells.select("tenant_id", "plan_date"), on="tenant_id", maintain_order="left")
        .with_columns(pl.col("reordered").fill_null(0.0))
    )
    return conform(OverdueIngredients, found)


def overdue_findings(overdue: dy.DataFrame[OverdueIngredients]) -> dy.DataFrame[Finding]:
    """One finding per ingredient; plans count on what is overdue for ``overdue_grace_days`` more."""
    is_given_up, is_reordered = pl.col("not_expected") > 0, pl.col("reordered") > 0
    all_given_up = pl.col("not_expected") == pl.col("overdue")
    counted_on = (
        pl.when(~is_given_up)
        .then(pl.lit("The plan still counts on them today."))
        .when(all_given_up)
        .then(pl.lit("The plan no longer counts on them"))
        .otherwise(pl.format("The plan no longer counts on {} of them", quantity("not_expected")))
    )
    again = (
        pl.when(~is_given_up)
        .then(pl.lit(""))
        .when(is_reordered)
        .then(pl.format(" and orders {}: both may come.", quantity("reordered")))
        .otherwise(pl.lit("."))
    )
    days_late = (pl.col("plan_date") - pl.col("due_at").dt.date()).dt.total_days()
    late = pl.when(days_late > 0).then(pl.format(", {} ago,", counted(days_late, "day", "days"))).otherwise(pl.lit(""))
    return finding(
        overdue,
        severity=pl.when(is_given_up & is_reordered).then(pl.lit("high")).otherwise(pl.lit("medium")),
        kind="overdue_order",
        cause=pl.format("ingredient_shortage:{}", "ingredient_id"),
        subject="ingredient_id",
        message=pl.format(
            "{}: {} of {} were due by {} {}{} and are not recorded as received. {}{}",
            "item",
            quantity("overdue"),
            "orders",
            clock("due_at"),
            on_weekday(pl.col("due_at").dt.date()),
            late,
            counted_on,
            again,
        ),
        reasoning=as_json(
            ingredient="item", unit="unit", overdue="overdue", not_expected="not_expected", reordered="reordered",
            orders="order_lines", days_late=days_late,
        ),
        consequence=pl.when(is_given_up & is_reordered)
        .then(pl.lit("If both come, there may be more than is used in time."))
        .when(is_given_up)
        .then(pl.lit("If they come after all, there is more than the plan knows of."))
        .otherwise(pl.lit("If they do not come in the days of grace that are set, plans count without them.")),
        suggested_action=pl.concat_str(
            pl.lit("Ask whether they still come"),
            pl.when(is_given_up & is_reordered).then(pl.lit(" before you order again")).otherwise(pl.lit("")),
            pl.lit(". Record what has come; if no more will, record the order again with the quantity that did."),
        ),
    )  # fmt: skip
