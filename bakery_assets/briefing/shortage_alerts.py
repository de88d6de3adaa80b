"""Findings about items that run short, whatever the reason: one for each item.

A stock-out, the late delivery or the missing supplier behind it, and low stock have one cause, so they are one finding.
Its kind is that of the worst: ``stockout``, which names the orders or supplier it comes from, ``no_supplier``,
``late_delivery`` where only safety stock is used, ``low_stock``. An overdue order has an alert of its own, see
``deliveries``. Of an item whose
stock is not known only a missing supplier is reported: it cannot be said to run out.
"""

import dataframely as dy
import polars as pl

from bakery_assets.briefing.findings import Finding, critical_if_soon, finding
from bakery_assets.briefing.not_begun import NotBegun, NotBegunInputs, not_begun
from bakery_assets.briefing.order_alerts import RequirementLines
from bakery_assets.briefing.overdue_alerts import OverdueIngredients
from bakery_assets.briefing.repeated_orders import RepeatedOrders
from bakery_assets.briefing.stock_outlook import item_names, items_at_risk
from bakery_assets.explanations.formats import as_json, as_struct, clock, on_weekday, quantity
from bakery_assets.keys import INGREDIENT, ITEM
from bakery_assets.quantities import DECIMALS
from bakery_assets.schemas import conform, ops, plans

A_FEW = 0.1  # a day's forecast is rarely closer than this: so much less than required needs no one at once
MANY = 3  # more ingredients without a supplier whose stock is not known share one alert


class ShortageInputs(NotBegunInputs):
    """What ``shortage_findings`` reads."""

    products: dy.DataFrame[ops.Products]
    ingredients: dy.DataFrame[ops.Ingredients]
    inventory_projections: dy.DataFrame[plans.InventoryProjections]


def shortage_findings(
    lines: dy.DataFrame[RequirementLines],
    overdue: dy.DataFrame[OverdueIngredients],
    repeated: dy.DataFrame[RepeatedOrders],
    inputs: ShortageInputs,
) -> list[dy.DataFrame[Finding]]:
    """At most one finding per item; subject is the ingredient or product."""
    projections = inputs["inventory_projections"]
    names = item_names(inputs["products"], inputs["ingredients"])
    short = items_at_risk(projections, "high").join(names, on=ITEM)
    low = items_at_risk(projections, "low").join(names, on=ITEM)
    late, unsupplied = _first_late_lines(lines), _unsupplied(lines)
    by_urgency = [
        _stockouts(short, late, unsupplied, overdue, repeated, not_begun(inputs)),
        _no_supplier(unsupplied),
        _late_deliveries(late),
        _low_stock(low),
    ]
    shortages = pl.concat(by_urgency).unique(["tenant_id", "cause"], keep="first", maintain_order=True)
    return [conform(Finding, shortages), _unknown_without_supplier(lines)]


def _first_late_lines(lines: dy.DataFrame[RequirementLines]) -> pl.DataFrame:
    """The first late delivery of each ingredient; the later ones follow from it."""
    return (
        lines.filter(pl.col("is_late") & pl.col("supplier_id").is_not_null())
        .sort(*INGREDIENT, "needed_on", "requirement_number")
        .group_by(*INGREDIENT, "plan_date", maintain_order=True)
        .first()
    )


def _unsupplied(lines: dy.DataFrame[RequirementLines]) -> pl.DataFrame:
    """What is needed of ingredients that no supplier offers and whose stock is known."""
    return (
        lines.filter(pl.col("supplier_id").is_null() & (pl.col("net_requirement") > 0) & pl.col("is_stock_known"))
        .sort(*INGREDIENT, "needed_on", "requirement_number")
        .group_by(*INGREDIENT, "plan_date", "item", "unit", maintain_order=True)
        .agg(pl.col("needed_on").min(), pl.col("net_requirement").sum().round(DECIMALS), pl.col("consequence").first())
    )


def _stockouts(
    short: pl.DataFrame,
    late: pl.DataFrame,
    unsupplied: pl.DataFrame,
    overdue: dy.DataFrame[OverdueIngredients],
    repeated: dy.DataFrame[RepeatedOrders],
    too_late: dy.DataFrame[NotBegun],
) -> dy.DataFrame[Finding]:
    """With the late delivery or missing supplier behind it; a delivery that comes before stock runs out is not.

    Where an earlier plan proposed an order of it of which nothing is recorded, it may only run out in the book. A
    product of which a few are missing, as dough for them had to be begun before, is of medium severity: no one can
    make more.
    """
    proposed = repeated.group_by("tenant_id", item_id="ingredient_id").agg(pl.col("proposed_on").max())
    proposed = proposed.with_columns(item_kind=pl.lit("ingredient"))
    due = overdue.select(
        "tenant_id", "overdue", "orders", "order_lines", item_kind=pl.lit("ingredient"), item_id="ingredient_id"
    )
    behind = late.select(
        "tenant_id", "deliver_on", "supplier", "order_by_local",
        item_kind=pl.lit("ingredient"), item_id="ingredient_id", late_consequence="consequence", delivery=_delivery(),
    )  # fmt: skip
    no_supplier = unsupplied.select(
        "tenant_id", item_kind=pl.lit("ingredient"), item_id="ingredient_id", unsupplied_consequence="consequence",
        has_no_supplier=pl.lit(value=True),
    )  # fmt: skip
    dough = too_late.select(
        "tenant_id", "not_begun", "had_to_begin", "begin_by", "given_up",
        item_kind=pl.lit("product"), item_id="product_id", first_day="schedule_date",
    )  # fmt: skip
    items = (
        short.join(behind, on=ITEM, how="left", maintain_order="left")
        .join(no_supplier, on=ITEM, how="left", maintain_order="left")
        .join(proposed, on=ITEM, how="left", maintain_order="left")
        .join(due, on=ITEM, how="left", maintain_order="left")
        .join(dough, on=[*ITEM, "first_day"], how="left", maintain_order="left")
        .with_columns(
            is_delivered_late=(pl.col("first_day") < pl.col("deliver_on")).fill_null(value=False),
            has_no_supplier=pl.col("has_no_supplier").fill_null(value=False),
        )
    )
    is_late, no_one, is_product = "is_delivered_late", "has_no_supplier", pl.col("item_kind") == "product"
    has_no_dough = pl.col("not_begun").is_not_null()
    missing = pl.when(pl.col("short") > 0).then(pl.format(", {} short in all", quantity("short", up=True)))
    reason = (
        pl.when(is_late)
        .then(pl.format("; {} can only deliver {}", "supplier", on_weekday("deliver_on")))
        .when(no_one)
        .then(pl.lit("; no supplier is known"))
        .when(has_no_dough)
        .then(
            pl.format(
                "; {} for {} had to be begun {}{}",
                "had_to_begin",
                quantity("not_begun", up=True),
                on_weekday("begin_by"),
                pl.format(": {}", "given_up").fill_null(""),
            )
        )
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
        pl.when(has_no_dough)
        .then(
            pl.format(
                "Offer something else {}. If more was begun than planned, bake it, and record the batch (bakery done).",
                on_weekday("first_day"),
            )
        )
        .when(is_product)
        .then(pl.format("Bake more of it, or offer something else {}.", on_weekday("first_day")))
        .when(is_late)
        .then(pl.concat_str(elsewhere, order_by.fill_null(""), pl.lit(".")))
        .when(no_one)
        .then(pl.concat_str(elsewhere, pl.lit("; enter who supplies it.")))
        .otherwise(pl.concat_str(pl.lit("Count it. If the stock is right: "), _lower(elsewhere), pl.lit(".")))
    )
    recorded = pl.format(
        "If you ordered it on {}, record that (purchase_orders, or bakery receive when it has come). If not: ",
        pl.col("proposed_on").dt.strftime("%a %-d %b"),
    )
    action = pl.when(recorded.is_null()).then(action).otherwise(pl.concat_str(recorded, _lower(action)))
    generic = (
        pl.when(is_product)
        .then(pl.lit("Customers who want it leave without it."))
        .otherwise(pl.lit("What is made with it cannot be baked in full."))
    )
    return finding(
        items,
        severity=pl.when(has_no_dough & (pl.col("short") <= A_FEW * pl.col("gross_requirement")))
        .then(pl.lit("medium"))
        .otherwise(critical_if_soon("first_day")),
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
            proposed_on="proposed_on",
            overdue_orders="order_lines",
            not_begun="not_begun",
            had_to_begin="had_to_begin",
            begin_by="begin_by",
            given_up="given_up",
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


def _unknown_without_supplier(lines: dy.DataFrame[RequirementLines]) -> dy.DataFrame[Finding]:
    """Ingredients without a supplier whose stock is not known: one finding each, or one for all where they are many."""
    unsupplied = (
        lines.filter(pl.col("supplier_id").is_null() & ~pl.col("is_stock_known"))
        .sort("tenant_id", "item", "ingredient_id")
        .with_columns(count=pl.len().over("tenant_id").cast(pl.Int64))
    )
    few = finding(
        unsupplied.filter(pl.col("count") <= MANY).with_columns(
            item_kind=pl.lit("ingredient"), item_id="ingredient_id"
        ),
        severity="medium",
        kind="no_supplier",
        cause=_cause(),
        subject="item_id",
        message=pl.format("{}: no supplier is known, and the stock of it is not recorded.", "item"),
        reasoning=as_json(ingredient="item", gross_requirement="gross_requirement", unit="unit"),
        consequence="It is never proposed to order it.",
        suggested_action="Enter who supplies it.",
    )
    together = (
        unsupplied.filter(pl.col("count") > MANY)
        .group_by("tenant_id", "plan_date", "count", maintain_order=True)
        .agg(items=pl.col("item"), ingredient_ids=pl.col("ingredient_id"))
    )
    many = finding(
        together,
        severity="medium",
        kind="no_supplier",
        cause=pl.lit("no_supplier:ingredients"),
        message=pl.format(
            "No supplier is known for {} ingredients, and the stock of them is not recorded: {} and {} more.",
            "count",
            pl.col("items").list.head(MANY).list.join(", "),
            pl.col("count") - MANY,
        ),
        reasoning=as_json(ingredients="items", ingredient_ids="ingredient_ids"),
        consequence="It is never proposed to order them.",
        suggested_action="Enter who supplies them.",
    )
    return conform(Finding, pl.concat([few, many]))


def _late_deliveries(late: pl.DataFrame) -> dy.DataFrame[Finding]:
    """Deliveries that come after stock falls below its safety stock, but not after it runs out."""
    order_by = pl.format(" by {} {}", clock("order_by_local"), on_weekday(pl.col("order_by_local").dt.date()))
    used_on = pl.coalesce("needed_on", "plan_date")
    comes = (
        pl.when(pl.col("deliver_on") == used_on)
        .then(pl.format("; {} delivers that day, but not surely before the baking begins.", "supplier"))
        .otherwise(pl.format(", but {} can only deliver {}.", "supplier", on_weekday("deliver_on")))
    )
    return finding(
        late.with_columns(item_kind=pl.lit("ingredient"), item_id="ingredient_id"),
        severity="medium",
        kind="late_delivery",
        cause=_cause(),
        subject="item_id",
        deadline="order_by",
        message=pl.concat_str(pl.format("{}: safety stock is used {}", "item", on_weekday(used_on)), comes),
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
