"""Explanations of a procurement plan: every term of its sums as JSON, and what happens without its orders.

What is ordered is decided in ``procurement``; alerts about orders are in ``briefing``.
"""

import polars as pl

from bakery_assets.cells import OUTLOOK_DAYS
from bakery_assets.explanations.formats import as_json, iso_date, plain_number

NAMED_PRODUCTS = 3

OUTLOOK_TERMS = (
    "expires_unused", "gross_requirement", "needed_on", "net_requirement", "on_hand", "overdue_excluded",
    "planned_order_quantity", "stockout_on", "safety_stock", "scheduled_receipts", "scheduled_receipts_later",
    "stock_today", "sum", "unit",
)  # fmt: skip
ORDER_TERMS = (
    *OUTLOOK_TERMS, "cost", "covered_through", "currency", "deliver_on", "delivery_value", "expired_before",
    "lead_time_days", "minimum_order_value", "minimum_quantity", "order_on", "ordered_before",
    "pack_size", "price", "scheduled_receipts_before", "max_shortage_on", "supplier", "unmet_before", "used_before",
)  # fmt: skip
ORDER_SUM = (
    "net_requirement = gross_requirement + safety_stock - on_hand - scheduled_receipts, from needed_on to "
    "max_shortage_on; gross_requirement includes unmet_before; scheduled_receipts includes scheduled_receipts_later, "
    "which arrives after the last day of requirements and by deliver_on; "
    "on_hand = stock_today + scheduled_receipts_before + ordered_before - used_before - expired_before - "
    "expires_unused, and what expires beyond that is subtracted from scheduled_receipts; planned_order_quantity = "
    "net_requirement, at least minimum_quantity, rounded up to a "
    "multiple of pack_size (0: any); overdue_excluded was due before yesterday and is not counted"
)
OUTLOOK_SUM = (
    "net_requirement = gross_requirement + safety_stock - on_hand - scheduled_receipts, at least 0, over "
    f"{OUTLOOK_DAYS} days; on_hand = stock_today - "
    "expires_unused, and what expires beyond that is subtracted from scheduled_receipts; scheduled_receipts_later "
    "arrives after these days and is in no sum; overdue_excluded was due before yesterday and is not counted"
)


def add_requirement_explanations(rows: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    """Add ``reasoning`` and ``consequence``.

    Args:
        rows: requirements with the terms of their sums; ``stockout_on`` is the first day with an unmet
            requirement if nothing is ordered.
        products: as from ``where_used``.
    """
    is_order = pl.col("planned_order_quantity") > 0
    named = rows.join(_named_products(rows, products), on=["tenant_id", "requirement_number"], how="left").with_columns(
        sum=pl.when(is_order).then(pl.lit(ORDER_SUM)).otherwise(pl.lit(OUTLOOK_SUM)),
        supplier="supplier_name",
        lead_time_days="lead_days",
        order_on="order_date",
    )
    order, outlook = _as_json(named, ORDER_TERMS), _as_json(named, OUTLOOK_TERMS)
    reasoning = pl.when(is_order).then(order).otherwise(outlook)
    return named.with_columns(reasoning=reasoning, consequence=_consequence())


def add_plan_explanations(rows: pl.DataFrame) -> pl.DataFrame:
    """Add ``reasoning`` and ``consequence`` to one row per tenant."""
    terms = (
        "first_order_by", "first_stockout_on", "ingredients_without_supplier", "ingredients_not_ordered",
        "ingredients_ordered", "ingredients_with_stockout", "late_requirements", "orders_14d", "total_cost",
    )  # fmt: skip
    count = pl.col("ingredients_with_stockout")
    what = (
        pl.when(count == 1)
        .then(pl.lit("1 ingredient runs out on"))
        .otherwise(pl.format("{} ingredients run out, the first on", count))
    )
    consequence = (
        pl.when(count > 0)
        .then(pl.format("Without these orders {} {}.", what, iso_date("first_stockout_on")))
        .when(pl.col("orders_14d") > 0)
        .then(pl.lit("Without these orders nothing runs out, but stock falls below its safety stock."))
    )
    return rows.with_columns(reasoning=_as_json(rows, terms), consequence=consequence)


def _consequence() -> pl.Expr:
    """What happens if no one acts, by row; null where nothing does."""
    name, unit = pl.col("name"), pl.col("unit")
    is_order = pl.col("planned_order_quantity") > 0
    is_stockout = pl.col("stockout_on").is_not_null()
    baked = pl.when(pl.col("products").is_not_null()).then(pl.format("; {} cannot be baked", pl.col("products")))
    out = pl.format("{} runs out on {}{}.", name, iso_date("stockout_on"), baked.otherwise(pl.lit("")))
    low = pl.format(
        "{} falls below its safety stock of {} {} on {}.",
        name,
        plain_number("safety_stock"),
        unit,
        iso_date("needed_on"),
    )
    unordered = pl.when(is_stockout).then(out).otherwise(low)
    late = pl.when(pl.col("is_late")).then(
        pl.format(" It is late already: the earliest delivery possible is {}.", iso_date("deliver_on"))
    )
    small = pl.when(pl.col("delivery_value") < pl.col("minimum_order_value")).then(
        pl.format(
            " The minimum order value of {} is {}, this delivery comes to {}: add to it, or ask.",
            pl.col("supplier_name"),
            plain_number("minimum_order_value"),
            plain_number("delivery_value"),
        )
    )
    is_short = pl.col("needed_on").is_not_null()
    return (
        pl.when(is_order)
        .then(
            pl.concat_str(
                pl.lit("Without this order "), unordered, late.otherwise(pl.lit("")), small.otherwise(pl.lit(""))
            )
        )
        .when(~pl.col("has_offer") & is_short)
        .then(pl.format("No supplier for {}: {}", name, unordered))
        .when(~pl.col("has_offer"))
        .then(pl.format("No supplier for {}; current stock covers {} days.", name, OUTLOOK_DAYS))
        .when(is_short)
        .then(pl.format("No further order can prevent it: {}", unordered))
    )


def _named_products(rows: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    """Up to three products baked with the ingredient on or after its stockout, as one text."""
    stockout_day = (pl.col("stockout_on") - pl.col("plan_date")).dt.total_days()
    hit = (
        rows.filter(pl.col("stockout_on").is_not_null())
        .select("tenant_id", "requirement_number", "ingredient_id", stockout_day=stockout_day)
        .join(products, on=["tenant_id", "ingredient_id"])
        .filter(pl.col("last_baked") >= pl.col("stockout_day"))
        .sort("tenant_id", "requirement_number", "name", "product_id")
        .group_by("tenant_id", "requirement_number", maintain_order=True)
        .agg(first=pl.col("name").head(NAMED_PRODUCTS), more=pl.len().cast(pl.Int64) - NAMED_PRODUCTS)
    )
    listed = pl.col("first").list.join(", ")
    text = pl.when(pl.col("more") > 0).then(pl.format("{} and {} more", listed, "more")).otherwise(listed)
    return hit.select("tenant_id", "requirement_number", products=text)


def _as_json(rows: pl.DataFrame, columns: tuple[str, ...]) -> pl.Expr:
    """A row's columns as a JSON object with sorted keys; dates as text."""
    return as_json(
        **{name: pl.col(name).cast(pl.String) if rows.schema[name] == pl.Date else pl.col(name) for name in columns}
    )
