"""What a person reads on a procurement plan: every term of a sum as JSON, and what happens if nobody orders."""

import polars as pl

from bakery_assets.cells import OUTLOOK_DAYS
from bakery_assets.explanations.formats import as_json, iso_date, plain_number

NAMED_PRODUCTS = 3

TERMS_OF_OUTLOOK = (
    "expires_unused", "gross", "incoming", "incoming_later", "needed_on", "net", "on_hand", "order_quantity",
    "overdue_not_counted", "runs_out_on", "safety_stock", "stock_today", "sum", "unit",
)  # fmt: skip
TERMS_OF_ORDER = (
    *TERMS_OF_OUTLOOK, "cost", "covers_through", "currency", "deliver_on", "delivery_value", "expired_before",
    "incoming_before", "lead_time_days", "minimum_order_value", "minimum_quantity", "order_on", "ordered_before",
    "pack_size", "price", "sum_through", "supplier", "unmet_before", "used_before",
)  # fmt: skip
SUM_OF_ORDER = (
    "net = gross + safety_stock - on_hand - incoming, from needed_on to sum_through; gross has unmet_before in it; "
    "incoming has incoming_later in it, which comes after the last day of need and by deliver_on; "
    "on_hand = stock_today + incoming_before + ordered_before - used_before - expired_before - expires_unused, what "
    "expires beyond that is taken off incoming; order_quantity = net, at least minimum_quantity, up to the next "
    "multiple of pack_size (0: any); overdue_not_counted was to come before yesterday and is not relied on"
)
SUM_OF_OUTLOOK = (
    f"net = gross + safety_stock - on_hand - incoming, at least 0, over {OUTLOOK_DAYS} days; on_hand = stock_today - "
    "expires_unused, what expires beyond that is taken off incoming; incoming_later comes after these days and is in "
    "no sum; overdue_not_counted was to come before "
    "yesterday and is not relied on"
)


def with_words_for_requirements(rows: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    """Add ``reasoning`` and ``consequence``.

    Args:
        rows: requirements with the terms of their sums; ``runs_out_on`` is the first day of unmet need if
            nothing is ordered.
        products: as from ``bakes_with``.
    """
    is_order = pl.col("order_quantity") > 0
    named = rows.join(_named_products(rows, products), on=["tenant_id", "requirement_number"], how="left").with_columns(
        sum=pl.when(is_order).then(pl.lit(SUM_OF_ORDER)).otherwise(pl.lit(SUM_OF_OUTLOOK)),
        supplier="supplier_name",
        lead_time_days="lead_days",
        order_on="order_date",
    )
    order, outlook = _as_json(named, TERMS_OF_ORDER), _as_json(named, TERMS_OF_OUTLOOK)
    reasoning = pl.when(is_order).then(order).otherwise(outlook)
    return named.with_columns(reasoning=reasoning, consequence=_consequence())


def with_words_for_plans(rows: pl.DataFrame) -> pl.DataFrame:
    """Add ``reasoning`` and ``consequence`` to one row per tenant."""
    terms = (
        "first_order_by", "first_runs_out_on", "ingredients_nobody_sells", "ingredients_not_ordered",
        "ingredients_ordered", "ingredients_running_out", "late_requirements", "orders", "total_cost",
    )  # fmt: skip
    count = pl.col("ingredients_running_out")
    what = (
        pl.when(count == 1).then(pl.lit("1 ingredient runs out")).otherwise(pl.format("{} ingredients run out", count))
    )
    consequence = (
        pl.when(count > 0)
        .then(pl.format("If nobody orders, {}, the first on {}.", what, iso_date("first_runs_out_on")))
        .when(pl.col("orders") > 0)
        .then(pl.lit("If nobody orders, nothing runs out, but stock falls below what should always be left."))
    )
    return rows.with_columns(reasoning=_as_json(rows, terms), consequence=consequence)


def _consequence() -> pl.Expr:
    """What happens if nobody acts, on one row; null where nothing does."""
    name, unit = pl.col("name"), pl.col("unit")
    is_order = pl.col("order_quantity") > 0
    runs_out = pl.col("runs_out_on").is_not_null()
    baked = pl.when(pl.col("products").is_not_null()).then(pl.format("; {} cannot be baked", pl.col("products")))
    out = pl.format("{} runs out on {}{}.", name, iso_date("runs_out_on"), baked.otherwise(pl.lit("")))
    low = pl.format(
        "{} falls below its safety stock of {} {} on {}.",
        name,
        plain_number("safety_stock"),
        unit,
        iso_date("needed_on"),
    )
    unordered = pl.when(runs_out).then(out).otherwise(low)
    late = pl.when(pl.col("is_late")).then(
        pl.format(" It is late already: the first delivery that can be had is {}.", iso_date("deliver_on"))
    )
    small = pl.when(pl.col("delivery_value") < pl.col("minimum_order_value")).then(
        pl.format(
            " {} accepts orders from {} on, this delivery comes to {}: order more with it, or ask.",
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
        .then(pl.format("Nobody sells {}: {}", name, unordered))
        .when(~pl.col("has_offer"))
        .then(pl.format("Nobody sells {}; what there is lasts {} days.", name, OUTLOOK_DAYS))
        .when(is_short)
        .then(pl.format("No further delivery can help: {}", unordered))
    )


def _named_products(rows: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    """Up to three products that are baked with the ingredient on or after the day it runs out, as one text."""
    runs_out = (pl.col("runs_out_on") - pl.col("plan_date")).dt.total_days()
    hit = (
        rows.filter(pl.col("runs_out_on").is_not_null())
        .select("tenant_id", "requirement_number", "ingredient_id", runs_out=runs_out)
        .join(products, on=["tenant_id", "ingredient_id"])
        .filter(pl.col("last_baked") >= pl.col("runs_out"))
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
