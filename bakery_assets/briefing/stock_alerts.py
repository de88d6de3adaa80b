"""What needs a person about stock: what runs out, what runs low, what expires unused."""

import polars as pl

from bakery_assets.briefing.alerts import critical_if_soon, finding
from bakery_assets.briefing.outlook import item_names, items_at_risk, stock_lost
from bakery_assets.cells import Frames
from bakery_assets.explanations.formats import as_json, on_weekday, quantity


def stock_findings(frames: Frames) -> list[pl.DataFrame]:
    """Findings ``stockout``, ``low_stock`` and ``expiring``; subject is the ingredient or product."""
    projections, names = frames["inventory_projections"], item_names(frames)
    short = items_at_risk(projections, "high")
    low = items_at_risk(projections, "low").join(short, on=["tenant_id", "item_kind", "item_id"], how="anti")
    on = ["tenant_id", "item_kind", "item_id"]
    return [
        _stockouts(short.join(names, on=on)),
        _low_stock(low.join(names, on=on)),
        _expiring(stock_lost(projections).join(names, on=on)),
    ]


def _stockouts(short: pl.DataFrame) -> pl.DataFrame:
    missing = pl.when(pl.col("short") > 0).then(pl.format(", {} short in all", quantity("short", up=True)))
    consequence = (
        pl.when(pl.col("item_kind") == "product")
        .then(pl.lit("Customers ask for it and leave without."))
        .otherwise(pl.lit("What is made with it cannot be baked in full."))
    )
    return finding(
        short,
        severity=critical_if_soon("first_day"),
        kind="stockout",
        subject=pl.col("item_id"),
        message=pl.concat_str(
            pl.format("{}: stock runs out {}", "item", on_weekday("first_day")), missing.fill_null(""), pl.lit(".")
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
            required_first_day="required",
        ),
        consequence=consequence,
    )


def _low_stock(low: pl.DataFrame) -> pl.DataFrame:
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


def _expiring(lost: pl.DataFrame) -> pl.DataFrame:
    """An ingredient that is lost was bought for nothing; a few loaves of yesterday are a bakery's daily business."""
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
