"""Alerts about orders: late deliveries, ingredients without a supplier, orders due before the next open day."""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.briefing.alerts import Finding, critical_if_soon, finding
from bakery_assets.briefing.next_open_day import next_open_days
from bakery_assets.briefing.stock_outlook import items_at_risk
from bakery_assets.explanations.formats import as_json, clock, money, on_weekday, quantity
from bakery_assets.local_time import with_local_times
from bakery_assets.quantities import CENTS, DECIMALS
from bakery_assets.schemas import Cells, conform, ops, plans
from bakery_assets.schemas import columns as col

NAMED_ITEMS = 3  # an order of more items names these and counts the rest


class OrderAlertInputs(TypedDict):
    """What ``order_findings`` reads."""

    tenants: dy.DataFrame[ops.Tenants]
    ingredients: dy.DataFrame[ops.Ingredients]
    suppliers: dy.DataFrame[ops.Suppliers]
    calendar: dy.DataFrame[ops.Calendar]
    procurement_requirements: dy.DataFrame[plans.ProcurementRequirements]
    inventory_projections: dy.DataFrame[plans.InventoryProjections]


class RequirementLines(plans.ProcurementRequirements):
    """Requirements with the names that people read; ``order_by_local`` is the deadline on the tenant's own clock."""

    order_by_local = dy.Datetime(time_unit="us", nullable=True, description="Deadline of the order, local time")
    item = col.text("Name of the ingredient")
    unit = col.text("Unit of the ingredient")
    supplier = col.text("Name of the supplier", nullable=True)
    minimum_order_value = col.number("Smallest order the supplier accepts, in its currency", nullable=True)
    currency = col.text("The tenant's currency")


def order_findings(cells: dy.DataFrame[Cells], inputs: OrderAlertInputs) -> list[dy.DataFrame[Finding]]:
    """Findings ``late_delivery`` and ``no_supplier`` by ingredient, ``order_today`` by supplier."""
    lines = requirement_lines(cells, inputs)
    open_days = next_open_days(cells, inputs["calendar"])
    return [
        _late_deliveries(lines, inputs["inventory_projections"]),
        _no_supplier(lines),
        _orders_today(lines.join(open_days, on="tenant_id", maintain_order="left")),
    ]


def requirement_lines(cells: dy.DataFrame[Cells], inputs: OrderAlertInputs) -> dy.DataFrame[RequirementLines]:
    """Requirements with names, sorted by tenant and number."""
    zones = cells.select("tenant_id", "timezone")
    lines = (
        with_local_times(
            inputs["procurement_requirements"].join(zones, on="tenant_id", maintain_order="left"),
            order_by_local="order_by",
        )
        .join(
            inputs["ingredients"].select("tenant_id", "ingredient_id", "unit", item="name"),
            on=["tenant_id", "ingredient_id"],
        )
        .join(
            inputs["suppliers"].select("tenant_id", "supplier_id", "minimum_order_value", supplier="name"),
            on=["tenant_id", "supplier_id"],
            how="left",
        )
        .join(inputs["tenants"].select("tenant_id", "currency"), on="tenant_id")
        .sort("tenant_id", "requirement_number")
    )
    return conform(RequirementLines, lines)


def _late_deliveries(
    lines: dy.DataFrame[RequirementLines], projections: dy.DataFrame[plans.InventoryProjections]
) -> dy.DataFrame[Finding]:
    """The first late delivery of each ingredient; the later ones follow from it.

    Critical when stock is used up today or tomorrow; a warning where only the safety stock is used.
    """
    key = ["tenant_id", "ingredient_id"]
    stockouts = (
        items_at_risk(projections, "high")
        .filter(pl.col("item_kind") == "ingredient")
        .select("tenant_id", ingredient_id="item_id", stockout_on="first_day")
    )
    late = (
        lines.filter(pl.col("is_late") & pl.col("supplier_id").is_not_null())
        .sort(*key, "needed_on", "requirement_number")
        .group_by(*key, "plan_date", maintain_order=True)
        .first()
        .join(stockouts, on=key, how="left", maintain_order="left")
        .with_columns(stockout_on=pl.when(pl.col("stockout_on") < pl.col("deliver_on")).then("stockout_on"))
    )
    need = pl.when(pl.col("stockout_on").is_null()).then(pl.lit("safety stock is used")).otherwise(pl.lit("needed"))
    return finding(
        late,
        severity=critical_if_soon("stockout_on"),
        kind="late_delivery",
        subject=pl.col("ingredient_id"),
        message=pl.format(
            "{}: {} {}, but {} can only deliver {}.",
            "item",
            need,
            on_weekday(pl.coalesce("stockout_on", "needed_on", "plan_date")),
            "supplier",
            on_weekday("deliver_on"),
        ),
        reasoning=as_json(
            needed_on="needed_on",
            stockout_on="stockout_on",
            deliver_on="deliver_on",
            net_requirement="net_requirement",
            planned_order_quantity="planned_order_quantity",
            unit="unit",
            requirement_number="requirement_number",
            supplier_id="supplier_id",
            supplier="supplier",
            ingredient="item",
        ),
        consequence=pl.coalesce("consequence", pl.format("What is made with {} cannot be baked in full.", "item")),
    )


def _no_supplier(lines: dy.DataFrame[RequirementLines]) -> dy.DataFrame[Finding]:
    unsupplied = (
        lines.filter(pl.col("supplier_id").is_null() & (pl.col("net_requirement") > 0))
        .sort("tenant_id", "ingredient_id", "needed_on", "requirement_number")
        .group_by("tenant_id", "plan_date", "ingredient_id", "item", "unit", maintain_order=True)
        .agg(pl.col("needed_on").min(), pl.col("net_requirement").sum().round(DECIMALS), pl.col("consequence").first())
    )
    return finding(
        unsupplied,
        severity=critical_if_soon("needed_on"),
        kind="no_supplier",
        subject=pl.col("ingredient_id"),
        message=pl.format(
            "{}: no supplier is known, and {} more will be needed, the first {}.",
            "item",
            quantity("net_requirement", up=True),
            on_weekday("needed_on"),
        ),
        reasoning=as_json(needed_on="needed_on", net_requirement="net_requirement", unit="unit", ingredient="item"),
        consequence=pl.coalesce("consequence", pl.lit("What is made with it cannot be baked once it is used up.")),
    )


def _orders_today(lines: pl.DataFrame) -> dy.DataFrame[Finding]:
    """One finding per supplier, over all orders due today or on closed days that follow.

    A closed day has no plan of its own, so the plan of the last open day before it mentions its deadlines.
    """
    due = _due_by_supplier(lines)
    too_small = pl.when("too_small").then(
        pl.format(" Its minimum order is {}: add to this order, or ask.", money("minimum_order_value"))
    )
    missing = pl.when(pl.col("needed_on").is_not_null()).then(
        pl.format(" First needed: {}, {}.", "first_item", on_weekday("needed_on"))
    )
    return finding(
        due,
        severity="warning",
        kind="order_today",
        subject=pl.col("supplier_id"),
        message=pl.concat_str(
            pl.format("Order from {} {}: {}{} ({}).", "supplier", "deadlines", "named", "rest", money("cost")),
            too_small.fill_null(""),
        ),
        reasoning=as_json(
            supplier="supplier",
            minimum_order_value="minimum_order_value",
            items="items",
            cost="cost",
            currency="currency",
            deliver_on="deliver_on",
            order_by_local=pl.col("order_by_local").dt.strftime("%Y-%m-%dT%H:%M"),
            lines="lines",
        ),
        consequence=pl.concat_str(
            pl.format("Otherwise nothing is delivered {}.", on_weekday("deliver_on")), missing.fill_null("")
        ),
    )


def _due_by_supplier(lines: pl.DataFrame) -> pl.DataFrame:
    """Orders due before the next open day, one row per supplier with its deadlines, cost and the costliest items."""
    ordered = pl.col("supplier_id").is_not_null() & (pl.col("planned_order_quantity") > 0)
    text = pl.concat_str("item", pl.lit(" "), quantity("planned_order_quantity"))
    more = pl.col("items") - NAMED_ITEMS
    order_day = pl.col("order_by_local").dt.date()
    closed = pl.when(order_day > pl.col("plan_date")).then(pl.lit(", when the bakery is closed")).otherwise(pl.lit(""))
    line = pl.struct(
        ingredient="item", quantity="planned_order_quantity", unit="unit", cost="cost", deliver_on="deliver_on",
        order_by_local=pl.col("order_by_local").dt.strftime("%Y-%m-%dT%H:%M"),
    )  # fmt: skip
    return (
        lines.filter(ordered & order_day.is_between("plan_date", "next_open_day", closed="left"))
        .with_columns(deadline=pl.format("by {} {}{}", clock("order_by_local"), on_weekday(order_day), closed))
        .with_columns(delivery_cost=pl.col("cost").sum().over("tenant_id", "supplier_id", "deliver_on").round(CENTS))
        .with_columns(text=text, line=line)
        .sort("tenant_id", "supplier_id", -pl.col("cost"), "ingredient_id", "requirement_number")
        .group_by("tenant_id", "plan_date", "supplier_id", "supplier", "currency", maintain_order=True)
        .agg(
            pl.col("order_by_local", "deliver_on", "needed_on").min(),
            pl.col("minimum_order_value").first(),
            deadlines=pl.col("deadline").sort_by("order_by_local").unique(maintain_order=True).str.join(", and "),
            too_small=(pl.col("delivery_cost") < pl.col("minimum_order_value")).any(),
            items=pl.len().cast(pl.Int64),
            cost=pl.col("cost").sum().round(CENTS),
            named=pl.col("text").head(NAMED_ITEMS).str.join(", "),
            first_item=pl.col("item").sort_by("needed_on", "ingredient_id", nulls_last=True).first(),
            lines=pl.col("line"),
        )
        .with_columns(rest=pl.when(more > 0).then(pl.format(" and {} more", more)).otherwise(pl.lit("")))
    )
