"""What needs a person about ordering: late deliveries, what nobody sells, orders due before the next morning."""

import polars as pl

from bakery_assets.briefing.alerts import critical_if_soon, finding
from bakery_assets.briefing.order_days import next_mornings
from bakery_assets.briefing.outlook import items_at_risk
from bakery_assets.cells import Frames
from bakery_assets.explanations.formats import as_json, clock, money, on_weekday, quantity
from bakery_assets.local_time import with_local_times

NAMED_ITEMS = 3  # an order of more items names these and counts the rest


def order_findings(cells: pl.DataFrame, frames: Frames) -> list[pl.DataFrame]:
    """Findings ``late_delivery`` and ``no_supplier`` by ingredient, ``order_today`` by supplier."""
    wanted = requirements_named(cells, frames)
    mornings = next_mornings(cells, frames["calendar"])
    return [
        _late_deliveries(wanted, frames["inventory_projections"]),
        _no_supplier(wanted),
        _orders_today(wanted.join(mornings, on="tenant_id", maintain_order="left")),
    ]


def requirements_named(cells: pl.DataFrame, frames: Frames) -> pl.DataFrame:
    """Requirements with ``item``, ``unit``, ``supplier``, ``minimum_order_value`` and ``currency``, ``order_by``
    in local time."""
    zones = cells.select("tenant_id", "timezone")
    return (
        with_local_times(
            frames["procurement_requirements"].join(zones, on="tenant_id", maintain_order="left"), order_by="order_by"
        )
        .join(
            frames["ingredients"].select("tenant_id", "ingredient_id", "unit", item="name"),
            on=["tenant_id", "ingredient_id"],
        )
        .join(
            frames["suppliers"].select("tenant_id", "supplier_id", "minimum_order_value", supplier="name"),
            on=["tenant_id", "supplier_id"],
            how="left",
        )
        .join(frames["tenants"].select("tenant_id", "currency"), on="tenant_id")
        .sort("tenant_id", "requirement_number")
    )


def _late_deliveries(wanted: pl.DataFrame, projections: pl.DataFrame) -> pl.DataFrame:
    """The first late delivery of each ingredient; the later ones follow from it.

    It is critical when stock is at nothing today or tomorrow; where only the safety stock is touched, a warning.
    """
    key = ["tenant_id", "ingredient_id"]
    runs_out = (
        items_at_risk(projections, "high")
        .filter(pl.col("item_kind") == "ingredient")
        .select("tenant_id", ingredient_id="item_id", runs_out_on="first_day")
    )
    late = (
        wanted.filter(pl.col("is_late") & pl.col("supplier_id").is_not_null())
        .sort(*key, "needed_on", "requirement_number")
        .group_by(*key, "plan_date", maintain_order=True)
        .first()
        .join(runs_out, on=key, how="left", maintain_order="left")
        .with_columns(runs_out_on=pl.when(pl.col("runs_out_on") < pl.col("deliver_on")).then("runs_out_on"))
    )
    need = pl.when(pl.col("runs_out_on").is_null()).then(pl.lit("safety stock is touched")).otherwise(pl.lit("needed"))
    return finding(
        late,
        severity=critical_if_soon("runs_out_on"),
        kind="late_delivery",
        subject=pl.col("ingredient_id"),
        message=pl.format(
            "{}: {} {}, but {} can only deliver {}.",
            "item",
            need,
            on_weekday(pl.coalesce("runs_out_on", "needed_on", "plan_date")),
            "supplier",
            on_weekday("deliver_on"),
        ),
        reasoning=as_json(
            needed_on="needed_on",
            runs_out_on="runs_out_on",
            deliver_on="deliver_on",
            net="net",
            order_quantity="order_quantity",
            unit="unit",
            requirement_number="requirement_number",
            supplier_id="supplier_id",
            supplier="supplier",
            ingredient="item",
        ),
        consequence=pl.coalesce("consequence", pl.format("What is made with {} cannot be baked in full.", "item")),
    )


def _no_supplier(wanted: pl.DataFrame) -> pl.DataFrame:
    nobody = (
        wanted.filter(pl.col("supplier_id").is_null() & (pl.col("net") > 0))
        .sort("tenant_id", "ingredient_id", "needed_on", "requirement_number")
        .group_by("tenant_id", "plan_date", "ingredient_id", "item", "unit", maintain_order=True)
        .agg(pl.col("needed_on").min(), pl.col("net").sum().round(6), pl.col("consequence").first())
    )
    return finding(
        nobody,
        severity=critical_if_soon("needed_on"),
        kind="no_supplier",
        subject=pl.col("ingredient_id"),
        message=pl.format(
            "{}: no supplier is known, and {} more will be needed, the first {}.",
            "item",
            quantity("net", up=True),
            on_weekday("needed_on"),
        ),
        reasoning=as_json(needed_on="needed_on", net="net", unit="unit", ingredient="item"),
        consequence=pl.coalesce("consequence", pl.lit("What is made with it cannot be baked once it is used up.")),
    )


def _orders_today(wanted: pl.DataFrame) -> pl.DataFrame:
    """One finding per supplier, over all that is to be ordered from it today or on closed days that follow.

    A closed day has no morning of its own, so that the last one before it has to speak of its deadlines.
    """
    ordered = pl.col("supplier_id").is_not_null() & (pl.col("order_quantity") > 0)
    said = pl.concat_str("item", pl.lit(" "), quantity("order_quantity"))
    more = pl.col("items") - NAMED_ITEMS
    order_day = pl.col("order_by").dt.date()
    closed = pl.when(order_day > pl.col("plan_date")).then(pl.lit(", when the bakery is closed")).otherwise(pl.lit(""))
    line = pl.struct(
        ingredient="item", quantity="order_quantity", unit="unit", cost="cost", deliver_on="deliver_on",
        order_by_local=pl.col("order_by").dt.strftime("%Y-%m-%dT%H:%M"),
    )  # fmt: skip
    due = (
        wanted.filter(ordered & order_day.is_between("plan_date", "next_morning", closed="left"))
        .with_columns(deadline=pl.format("by {} {}{}", clock("order_by"), on_weekday(order_day), closed))
        .with_columns(delivery_cost=pl.col("cost").sum().over("tenant_id", "supplier_id", "deliver_on").round(2))
        .with_columns(said=said, line=line)
        .sort("tenant_id", "supplier_id", -pl.col("cost"), "ingredient_id", "requirement_number")
        .group_by("tenant_id", "plan_date", "supplier_id", "supplier", "currency", maintain_order=True)
        .agg(
            pl.col("order_by", "deliver_on", "needed_on").min(),
            pl.col("minimum_order_value").first(),
            deadlines=pl.col("deadline").sort_by("order_by").unique(maintain_order=True).str.join(", and "),
            too_small=(pl.col("delivery_cost") < pl.col("minimum_order_value")).any(),
            items=pl.len().cast(pl.Int64),
            cost=pl.col("cost").sum().round(2),
            named=pl.col("said").head(NAMED_ITEMS).str.join(", "),
            first_item=pl.col("item").sort_by("needed_on", "ingredient_id", nulls_last=True).first(),
            lines=pl.col("line"),
        )
        .with_columns(rest=pl.when(more > 0).then(pl.format(" and {} more", more)).otherwise(pl.lit("")))
    )
    too_small = pl.when("too_small").then(
        pl.format(" It accepts orders from {} on: add to this one, or ask.", money("minimum_order_value"))
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
            order_by_local=pl.col("order_by").dt.strftime("%Y-%m-%dT%H:%M"),
            lines="lines",
        ),
        consequence=pl.concat_str(
            pl.format("Otherwise nothing comes {}.", on_weekday("deliver_on")), missing.fill_null("")
        ),
    )
