"""Alerts about stock: stock-outs, low stock and stock that expires unused."""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.briefing.alerts import Finding, critical_if_soon, finding
from bakery_assets.briefing.stock_outlook import expiring_stock, item_names, items_at_risk
from bakery_assets.explanations.formats import as_json, on_weekday, quantity
from bakery_assets.schemas import ops, plans


class StockAlertInputs(TypedDict):
    """What ``stock_findings`` reads."""

    products: dy.DataFrame[ops.Products]
    ingredients: dy.DataFrame[ops.Ingredients]
    inventory_projections: dy.DataFrame[plans.InventoryProjections]


def stock_findings(inputs: StockAlertInputs) -> list[dy.DataFrame[Finding]]:
    """Findings ``stockout``, ``low_stock`` and ``expiring``; subject is the ingredient or product."""
    projections = inputs["inventory_projections"]
    names = item_names(inputs["products"], inputs["ingredients"])
    short = items_at_risk(projections, "high")
    low = items_at_risk(projections, "low").join(short, on=["tenant_id", "item_kind", "item_id"], how="anti")
    on = ["tenant_id", "item_kind", "item_id"]
    return [
        _stockouts(short.join(names, on=on)),
        _low_stock(low.join(names, on=on)),
        _expiring(expiring_stock(projections).join(names, on=on)),
    ]


def _stockouts(short: pl.DataFrame) -> dy.DataFrame[Finding]:
    missing = pl.when(pl.col("short") > 0).then(pl.format(", {} short in all", quantity("short", up=True)))
    too_late = pl.when(pl.col("receipts_after_baking") > 0).then(
        pl.format(" {} come that day when baking has begun.", quantity("receipts_after_baking"))
    )
    consequence = (
        pl.when(pl.col("item_kind") == "product")
        .then(pl.lit("Customers who want it leave without it."))
        .otherwise(pl.lit("What is made with it cannot be baked in full."))
    )
    return finding(
        short,
        severity=critical_if_soon("first_day"),
        kind="stockout",
        subject=pl.col("item_id"),
        message=pl.concat_str(
            pl.format("{}: stock runs out {}", "item", on_weekday("first_day")),
            missing.fill_null(""),
            pl.lit("."),
            too_late.fill_null(""),
        ),
        reasoning=as_json(
            item="item",
            item_kind="item_kind",
            unit="unit",
            first_day="first_day",
            short="short",
            short_days="short_days",
            opening_first_day="opening",
            receipts_first_day="receipts",
            receipts_after_baking_first_day="receipts_after_baking",
            gross_requirement_first_day="gross_requirement",
        ),
        consequence=consequence,
    )


def _low_stock(low: pl.DataFrame) -> dy.DataFrame[Finding]:
    return finding(
        low,
        severity="info",
        kind="low_stock",
        subject=pl.col("item_id"),
        message=pl.format(
            "{}: stock is low {}, {} left at the lowest.", "item", on_weekday("first_day"), quantity("lowest")
        ),
        reasoning=as_json(
            item="item", item_kind="item_kind", unit="unit", first_day="first_day", last_day="last_day", lowest="lowest"
        ),
        consequence=pl.lit("A better day than expected, or a late delivery, uses it up."),
    )


def _expiring(lost: pl.DataFrame) -> dy.DataFrame[Finding]:
    """A warning for ingredients, whose cost is lost; unsold products are normal, so they are information only."""
    begins = pl.when(pl.col("days") > 1).then(pl.lit(", the first")).otherwise(pl.lit(""))
    return finding(
        lost,
        severity=pl.when(pl.col("item_kind") == "ingredient").then(pl.lit("warning")).otherwise(pl.lit("info")),
        kind="expiring",
        subject=pl.col("item_id"),
        message=pl.format("{}: {} will expire unused{} {}.", "item", quantity("lost"), begins, on_weekday("first_day")),
        reasoning=as_json(
            item="item", item_kind="item_kind", unit="unit", first_day="first_day", lost="lost", opening="opening"
        ),
        consequence=pl.lit("It is thrown away, unless it is used, sold or given away first."),
    )
