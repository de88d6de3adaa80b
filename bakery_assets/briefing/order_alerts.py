"""Findings about orders that are due before the next open day."""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.briefing.findings import Finding, finding
from bakery_assets.briefing.next_open_day import NextOpenDays
from bakery_assets.briefing.repeated_orders import RepeatedOrders
from bakery_assets.explanations.formats import as_json, clock, listed, money, on_weekday, quantity
from bakery_assets.keys import INGREDIENT
from bakery_assets.local_time import with_local_times
from bakery_assets.materials.stock import unknown_stock
from bakery_assets.quantities import CENTS
from bakery_assets.schemas import Cells, conform, ops, plans
from bakery_assets.schemas import columns as col

NAMED_ITEMS = 3  # an order of more items names these and counts the rest


class OrderAlertInputs(TypedDict):
    """What ``requirement_lines`` reads."""

    tenants: dy.DataFrame[ops.Tenants]
    ingredients: dy.DataFrame[ops.Ingredients]
    suppliers: dy.DataFrame[ops.Suppliers]
    procurement_requirements: dy.DataFrame[plans.ProcurementRequirements]
    stock_balances: dy.DataFrame[plans.StockBalances]


class RequirementLines(plans.ProcurementRequirements):
    """Requirements with the names that people read; ``order_by_local`` is the deadline on the tenant's own clock."""

    order_by_local = dy.Datetime(time_unit="us", nullable=True, description="Deadline of the order, local time")
    item = col.text("Name of the ingredient")
    unit = col.text("Unit of the ingredient")
    supplier = col.text("Name of the supplier", nullable=True)
    minimum_order_value = col.number("Smallest order the supplier accepts, in its currency", nullable=True)
    currency = col.text("Currency of the cost; where nothing is ordered the tenant's")
    is_stock_known = col.boolean("Facts tell how much of it is there")


def order_findings(
    lines: dy.DataFrame[RequirementLines],
    repeated: dy.DataFrame[RepeatedOrders],
    open_days: dy.DataFrame[NextOpenDays],
) -> list[dy.DataFrame[Finding]]:
    """Findings ``order_today``, by supplier and day of the first deadline; subject is the supplier."""
    with_repeats = lines.join(repeated, on=[*INGREDIENT, "supplier_id"], how="left", maintain_order="left")
    return [_orders_today(with_repeats.join(open_days, on="tenant_id", maintain_order="left"))]


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
        .join(inputs["tenants"].select("tenant_id", own_currency="currency"), on="tenant_id")
        .with_columns(pl.coalesce("currency", "own_currency"))
        .join(
            unknown_stock(inputs).select("tenant_id", ingredient_id="item_id", is_stock_known=pl.lit(value=False)),
            on=["tenant_id", "ingredient_id"],
            how="left",
        )
        .with_columns(pl.col("is_stock_known").fill_null(value=True))
        .sort("tenant_id", "requirement_number")
    )
    return conform(RequirementLines, lines)


def _orders_today(lines: pl.DataFrame) -> dy.DataFrame[Finding]:
    """One finding per supplier, over all orders due today or on closed days that follow.

    A closed day has no plan of its own, so the plan of the last open day before it mentions its deadlines.
    """
    due = _due_by_supplier(lines)
    too_small = pl.when("too_small").then(
        pl.format(" Its minimum order is {}, and nothing more is needed in time: ask.", money("minimum_order_value"))
    )
    again = pl.format(
        " Proposed already on {}, to come on {}, and not recorded since: {}.",
        pl.col("proposed_on").dt.strftime("%a %-d %b"),
        pl.col("was_due_on").dt.strftime("%a %-d %b"),
        "repeated",
    )
    unknown = pl.when("is_unknown").then(pl.lit(" How much is there is not known: take off what you have."))
    approve = "pprove it with bakery approve, or place it yourself and record it as a purchase order."
    action = pl.when(pl.col("proposed_on").is_not_null()).then(
        pl.format(
            f"If you ordered it on {{}}, record that: as a purchase order, or with bakery receive when it has come. If "
            f"not, a{approve}",
            pl.col("proposed_on").dt.strftime("%a %-d %b"),
        )
    )
    missing = pl.when(pl.col("needed_on").is_not_null()).then(
        pl.format(" First needed: {}, {}.", "first_item", on_weekday("needed_on"))
    )
    return finding(
        due,
        severity="high",
        kind="order_today",
        # Tomorrow's order is another one: who has seen today's has not seen that.
        cause=pl.format("order:{}:{}", "supplier_id", pl.col("order_by_local").dt.date()),
        subject="supplier_id",
        stake=pl.when(pl.col("cost_of_all") > 0).then(pl.col("cost") / pl.col("cost_of_all")).otherwise(0.0),
        deadline="order_by",
        message=pl.concat_str(
            pl.format("Order from {} {}: {}{} ({}).", "supplier", "deadlines", "named", "rest", money("cost")),
            too_small.fill_null(""),
            again.fill_null(""),
            unknown.fill_null(""),
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
            proposed_on="proposed_on",
        ),
        consequence=pl.concat_str(
            pl.format("Otherwise nothing is delivered {}.", on_weekday("deliver_on")), missing.fill_null("")
        ),
        suggested_action=action.otherwise(pl.lit(f"A{approve}")),
    )


def _due_by_supplier(lines: pl.DataFrame) -> pl.DataFrame:
    """Orders due before the next open day, one row per supplier with its deadlines, cost and the costliest items."""
    ordered = pl.col("supplier_id").is_not_null() & (pl.col("planned_order_quantity") > 0)
    text = pl.concat_str("item", pl.lit(" "), quantity("planned_order_quantity"))
    more = pl.col("items") - NAMED_ITEMS
    order_day = pl.col("order_by_local").dt.date()
    closed = pl.when(order_day > pl.col("plan_date")).then(pl.lit(", when the bakery is closed")).otherwise(pl.lit(""))
    is_repeated = pl.col("proposed_on").is_not_null() & pl.col("is_stock_known")
    line = pl.struct(
        ingredient="item", quantity="planned_order_quantity", unit="unit", cost="cost", deliver_on="deliver_on",
        order_by_local=pl.col("order_by_local").dt.strftime("%Y-%m-%dT%H:%M"),
    )  # fmt: skip
    return (
        lines.with_columns(cost_of_all=pl.col("cost").sum().over("tenant_id", "currency").round(CENTS))
        .filter(ordered & order_day.is_between("plan_date", "next_open_day", closed="left"))
        .with_columns(deadline=pl.format("by {} {}{}", clock("order_by_local"), on_weekday(order_day), closed))
        .with_columns(delivery_cost=pl.col("cost").sum().over("tenant_id", "supplier_id", "deliver_on").round(CENTS))
        .with_columns(text=text, line=line)
        .sort("tenant_id", "supplier_id", -pl.col("cost"), "ingredient_id", "requirement_number")
        .group_by("tenant_id", "plan_date", "supplier_id", "supplier", "currency", maintain_order=True)
        .agg(
            pl.col("order_by", "order_by_local", "deliver_on", "needed_on").min(),
            pl.col("minimum_order_value", "cost_of_all").first(),
            deadlines=pl.col("deadline").sort_by("order_by_local").unique(maintain_order=True).str.join(", and "),
            too_small=(pl.col("delivery_cost") < pl.col("minimum_order_value")).any(),
            items=pl.len().cast(pl.Int64),
            cost=pl.col("cost").sum().round(CENTS),
            named=pl.col("text").head(NAMED_ITEMS).str.join(", "),
            first_item=pl.col("item").sort_by("needed_on", "ingredient_id", nulls_last=True).first(),
            lines=pl.col("line"),
            # Of what is ordered for whatever is there, every delivery repeats the one before.
            repeated=listed(pl.col("item").filter(is_repeated), NAMED_ITEMS),
            proposed_on=pl.col("proposed_on").filter(is_repeated).max(),
            was_due_on=pl.col("was_due_on").filter(is_repeated).max(),
            is_unknown=(~pl.col("is_stock_known")).any(),
        )
        .with_columns(rest=pl.when(more > 0).then(pl.format(" and {} more", more)).otherwise(pl.lit("")))
    )
