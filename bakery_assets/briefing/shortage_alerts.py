"""Findings about items that run short, whatever the reason: one for each item.

A stock-out, the overdue order, the late delivery or the missing supplier behind it, and low stock have one cause, so
they are one finding. Its kind is that of the worst: ``stockout``, which names the orders or supplier it comes from,
``no_supplier``, ``overdue_order``, ``late_delivery`` where only safety stock is used, ``low_stock``.
"""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.briefing.findings import Finding, critical_if_soon, finding
from bakery_assets.briefing.order_alerts import RequirementLines
from bakery_assets.briefing.stock_outlook import item_names, items_at_risk
from bakery_assets.explanations.formats import as_json, as_struct, clock, on_weekday, quantity
from bakery_assets.keys import INGREDIENT, ITEM
from bakery_assets.materials.scheduled_receipts import overdue_orders
from bakery_assets.quantities import DECIMALS
from bakery_assets.schemas import Cells, conform, ops, plans

NAMED_ORDERS = 2  # of more overdue orders these are named and the rest counted


class ShortageInputs(TypedDict):
    """What ``shortage_findings`` reads."""

    products: dy.DataFrame[ops.Products]
    ingredients: dy.DataFrame[ops.Ingredients]
    suppliers: dy.DataFrame[ops.Suppliers]
    purchase_orders: dy.DataFrame[ops.PurchaseOrders]
    stock_receipts: dy.DataFrame[ops.StockReceipts]
    shifts: dy.DataFrame[ops.Shifts]
    inventory_projections: dy.DataFrame[plans.InventoryProjections]


def shortage_findings(
    cells: dy.DataFrame[Cells], lines: dy.DataFrame[RequirementLines], inputs: ShortageInputs
) -> list[dy.DataFrame[Finding]]:
    """At most one finding per item; subject is the ingredient or product."""
    projections = inputs["inventory_projections"]
    names = item_names(inputs["products"], inputs["ingredients"])
    short = items_at_risk(projections, "high").join(names, on=ITEM)
    low = items_at_risk(projections, "low").join(names, on=ITEM)
    late, unsupplied, overdue = _first_late_lines(lines), _unsupplied(lines), _overdue(cells, lines, inputs)
    by_urgency = [
        _stockouts(short, late, unsupplied, overdue),
        _no_supplier(unsupplied),
        _overdue_orders(overdue),
        _late_deliveries(late),
        _low_stock(low),
    ]
    shortages = pl.concat(by_urgency).unique(["tenant_id", "cause"], keep="first", maintain_order=True)
    return [conform(Finding, shortages)]


def _first_late_lines(lines: dy.DataFrame[RequirementLines]) -> pl.DataFrame:
    """The first late delivery of each ingredient; the later ones follow from it."""
    return (
        lines.filter(pl.col("is_late") & pl.col("supplier_id").is_not_null())
        .sort(*INGREDIENT, "needed_on", "requirement_number")
        .group_by(*INGREDIENT, "plan_date", maintain_order=True)
        .first()
    )


def _unsupplied(lines: dy.DataFrame[RequirementLines]) -> pl.DataFrame:
    """What is needed of ingredients that no supplier offers."""
    return (
        lines.filter(pl.col("supplier_id").is_null() & (pl.col("net_requirement") > 0))
        .sort(*INGREDIENT, "needed_on", "requirement_number")
        .group_by(*INGREDIENT, "plan_date", "item", "unit", maintain_order=True)
        .agg(pl.col("needed_on").min(), pl.col("net_requirement").sum().round(DECIMALS), pl.col("consequence").first())
    )


def _overdue(cells: dy.DataFrame[Cells], lines: dy.DataFrame[RequirementLines], inputs: ShortageInputs) -> pl.DataFrame:
    """What is overdue of each ingredient, what of it the plan counts on, and what it orders all the same."""
    names = inputs["ingredients"].select(*INGREDIENT, "unit", item="name")
    suppliers = inputs["suppliers"].select("tenant_id", "supplier_id", supplier="name")
    orders = (
        overdue_orders(cells, inputs)
        .join(suppliers, on=["tenant_id", "supplier_id"], how="left")
        .with_columns(
            order=pl.concat_str(pl.format("order {}", "order_id"), pl.format(" from {}", "supplier").fill_null(""))
        )
    )
    reordered = lines.group_by(INGREDIENT).agg(reordered=pl.col("planned_order_quantity").sum().round(DECIMALS))
    more = pl.len().cast(pl.Int64) - NAMED_ORDERS
    named = pl.col("order").head(NAMED_ORDERS).str.join(", ")
    line = pl.struct(
        "order_id", "supplier_id", "is_expected", quantity="open", due_at=pl.col("due_at").dt.strftime("%Y-%m-%dT%H:%M")
    )
    return (
        orders.sort(*INGREDIENT, "due_at", "order_id")
        .group_by(INGREDIENT, maintain_order=True)
        .agg(
            overdue=pl.col("open").sum().round(DECIMALS),
            not_expected=pl.col("open").filter(~pl.col("is_expected")).sum().round(DECIMALS),
            due_at=pl.col("due_at").first(),
            orders=pl.when(more > 0).then(pl.format("{} and {} more", named, more)).otherwise(named),
            order_lines=line,
        )
        .join(names, on=INGREDIENT, maintain_order="left")
        .join(reordered, on=INGREDIENT, how="left", maintain_order="left")
        .join(cells.select("tenant_id", "plan_date"), on="tenant_id", maintain_order="left")
        .with_columns(pl.col("reordered").fill_null(0.0), item_kind=pl.lit("ingredient"), item_id="ingredient_id")
    )


def _stockouts(
    short: pl.DataFrame, late: pl.DataFrame, unsupplied: pl.DataFrame, overdue: pl.DataFrame
) -> dy.DataFrame[Finding]:
    """With the late delivery or missing supplier behind it; a delivery that comes before stock runs out is not."""
    behind = late.select(
        "tenant_id", "deliver_on", "supplier", "order_by_local",
        item_kind=pl.lit("ingredient"), item_id="ingredient_id", late_consequence="consequence", delivery=_delivery(),
    )  # fmt: skip
    no_supplier = unsupplied.select(
        "tenant_id", item_kind=pl.lit("ingredient"), item_id="ingredient_id", unsupplied_consequence="consequence",
        has_no_supplier=pl.lit(value=True),
    )  # fmt: skip
    items = (
        short.join(behind, on=ITEM, how="left", maintain_order="left")
        .join(no_supplier, on=ITEM, how="left", maintain_order="left")
        .join(overdue.select(*ITEM, "overdue", "orders", "order_lines"), on=ITEM, how="left", maintain_order="left")
        .with_columns(
            is_delivered_late=(pl.col("first_day") < pl.col("deliver_on")).fill_null(value=False),
            has_no_supplier=pl.col("has_no_supplier").fill_null(value=False),
        )
    )
    is_late, no_one, is_product = "is_delivered_late", "has_no_supplier", pl.col("item_kind") == "product"
    missing = pl.when(pl.col("short") > 0).then(pl.format(", {} short in all", quantity("short", up=True)))
    reason = (
        pl.when(is_late)
        .then(pl.format("; {} can only deliver {}", "supplier", on_weekday("deliver_on")))
        .when(no_one)
        .then(pl.lit("; no supplier is known"))
        .otherwise(pl.lit(""))
    )
    amount = pl.when(pl.col("short") > 0).then(quantity("short", up=True)).otherwise(pl.lit("what is missing"))
    elsewhere = pl.format(
        "Get {} elsewhere (needed {}), or bake less of what needs it", amount, on_weekday("first_day")
    )
    order_by = pl.format(
        "; order from {} by {} {}", "supplier", clock("order_by_local"), on_weekday(pl.col("order_by_local").dt.date())
    )
    action = (
        pl.when(is_product)
        .then(pl.format("Bake more of it, or offer something else {}.", on_weekday("first_day")))
        .when(is_late)
        .then(pl.concat_str(elsewhere, order_by.fill_null(""), pl.lit(".")))
        .when(no_one)
        .then(pl.concat_str(elsewhere, pl.lit("; enter who supplies it.")))
        .otherwise(pl.concat_str(pl.lit("Count it. If the stock is right: "), _lower(elsewhere), pl.lit(".")))
    )
    generic = (
        pl.when(is_product)
        .then(pl.lit("Customers who want it leave without it."))
        .otherwise(pl.lit("What is made with it cannot be baked in full."))
    )
    return finding(
        items,
        severity=critical_if_soon("first_day"),
        kind="stockout",
        cause=_cause(),
        subject="item_id",
        stake=pl.when(pl.col("required") > 0).then(pl.col("short") / pl.col("required")).otherwise(0.0),
        act_before=pl.col("first_day"),
        message=pl.concat_str(
            pl.format("{}: stock runs out {}", "item", on_weekday("first_day")),
            missing.fill_null(""),
            reason,
            pl.lit("."),
            pl.when(pl.col("receipts_after_baking") > 0)
            .then(pl.format(" {} come that day when baking has begun.", quantity("receipts_after_baking")))
            .otherwise(pl.lit("")),
            pl.format(" {} of it are overdue ({}).", quantity("overdue"), "orders").fill_null(""),
        ),
        reasoning=as_json(
            item="item",
            item_kind="item_kind",
            unit="unit",
            first_day="first_day",
            short="short",
            short_days="short_days",
            required="required",
            opening_first_day="opening",
            receipts_first_day="receipts",
            receipts_after_baking_first_day="receipts_after_baking",
            gross_requirement_first_day="gross_requirement",
            late_delivery=pl.when(is_late).then("delivery"),
            has_no_supplier="has_no_supplier",
            overdue_orders="order_lines",
        ),
        consequence=pl.coalesce(
            pl.when(is_late).then("late_consequence"), pl.when(no_one).then("unsupplied_consequence"), generic
        ),
        suggested_action=action,
    )


def _no_supplier(unsupplied: pl.DataFrame) -> dy.DataFrame[Finding]:
    return finding(
        unsupplied.with_columns(item_kind=pl.lit("ingredient"), item_id="ingredient_id"),
        severity=critical_if_soon("needed_on"),
        kind="no_supplier",
        cause=_cause(),
        subject="item_id",
        stake=pl.lit(1.0),
        act_before=pl.col("needed_on"),
        message=pl.format(
            "{}: no supplier is known, and {} more will be needed, the first {}.",
            "item",
            quantity("net_requirement", up=True),
            on_weekday("needed_on"),
        ),
        reasoning=as_json(needed_on="needed_on", net_requirement="net_requirement", unit="unit", ingredient="item"),
        consequence=pl.coalesce("consequence", pl.lit("What is made with it cannot be baked once it is used up.")),
        suggested_action=pl.format(
            "Enter who supplies it, or get {} elsewhere (needed {}).",
            quantity("net_requirement", up=True),
            on_weekday("needed_on"),
        ),
    )


def _overdue_orders(overdue: pl.DataFrame) -> dy.DataFrame[Finding]:
    """What was to be delivered and is not recorded as received; the plan counts on it for one day more."""
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
    return finding(
        overdue,
        severity=pl.when(is_given_up & is_reordered).then(pl.lit("high")).otherwise(pl.lit("medium")),
        kind="overdue_order",
        cause=_cause(),
        subject="item_id",
        message=pl.format(
            "{}: {} of {} were due by {} {} and are not recorded as received. {}{}",
            "item",
            quantity("overdue"),
            "orders",
            clock("due_at"),
            on_weekday(pl.col("due_at").dt.date()),
            counted_on,
            again,
        ),
        reasoning=as_json(
            ingredient="item", unit="unit", overdue="overdue", not_expected="not_expected", reordered="reordered",
            orders="order_lines",
        ),
        consequence=pl.when(is_given_up & is_reordered)
        .then(pl.lit("If both come, there may be more than is used in time."))
        .when(is_given_up)
        .then(pl.lit("If they come after all, there is more than the plan knows of."))
        .otherwise(pl.lit("If they do not come today, the next plan counts without them.")),
        suggested_action=pl.concat_str(
            pl.lit("Ask whether they still come"),
            pl.when(is_given_up & is_reordered).then(pl.lit(" before you order again")).otherwise(pl.lit("")),
            pl.lit(". Record what has come; if no more will, record the order again with the quantity that did."),
        ),
    )  # fmt: skip


def _late_deliveries(late: pl.DataFrame) -> dy.DataFrame[Finding]:
    """Deliveries that come after stock falls below its safety stock, but not after it runs out."""
    order_by = pl.format(" by {} {}", clock("order_by_local"), on_weekday(pl.col("order_by_local").dt.date()))
    return finding(
        late.with_columns(item_kind=pl.lit("ingredient"), item_id="ingredient_id"),
        severity="medium",
        kind="late_delivery",
        cause=_cause(),
        subject="item_id",
        deadline="order_by",
        message=pl.format(
            "{}: safety stock is used {}, but {} can only deliver {}.",
            "item",
            on_weekday(pl.coalesce("needed_on", "plan_date")),
            "supplier",
            on_weekday("deliver_on"),
        ),
        reasoning=_delivery().struct.json_encode(),
        consequence=pl.coalesce("consequence", pl.format("What is made with {} may not be baked in full.", "item")),
        suggested_action=pl.format("Order from {}{}; until then use it with care.", "supplier", order_by.fill_null("")),
    )


def _low_stock(low: pl.DataFrame) -> dy.DataFrame[Finding]:
    return finding(
        low,
        severity="low",
        kind="low_stock",
        cause=_cause(),
        subject="item_id",
        act_before=pl.col("first_day"),
        message=pl.format(
            "{}: stock is low {}, {} left at the lowest.", "item", on_weekday("first_day"), quantity("lowest")
        ),
        reasoning=as_json(
            item="item", item_kind="item_kind", unit="unit", first_day="first_day", last_day="last_day", lowest="lowest"
        ),
        consequence="A better day than expected, or a late delivery, uses it up.",
        suggested_action=pl.when(pl.col("item_kind") == "product")
        .then(pl.lit("Bake a little more of it if you expect a good day."))
        .otherwise(pl.lit("Order a little more of it with the next order.")),
    )


def _cause() -> pl.Expr:
    return pl.format("{}_shortage:{}", "item_kind", "item_id")


def _delivery() -> pl.Expr:
    return as_struct(
        needed_on="needed_on",
        deliver_on="deliver_on",
        net_requirement="net_requirement",
        planned_order_quantity="planned_order_quantity",
        unit="unit",
        requirement_number="requirement_number",
        supplier_id="supplier_id",
        supplier="supplier",
        ingredient="item",
    )


def _lower(sentence: pl.Expr) -> pl.Expr:
    return pl.concat_str(sentence.str.slice(0, 1).str.to_lowercase(), sentence.str.slice(1))
