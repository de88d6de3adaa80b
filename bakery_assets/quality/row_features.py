"""Features of single sales rows and of shops: amounts in common units, what is usual for a series, refunds, copies.

Figures of a bakery's whole days are in ``daily_features``; the limits of both are expectations, in ``suites``.
"""

from datetime import timedelta

import polars as pl

from bakery_assets.keys import SERIES
from bakery_assets.local_time import with_local_times
from bakery_assets.quality.thresholds import (
    LARGEST_USUAL_RANK,
    LEVEL_DAYS,
    MIN_COPIED_DAYS,
    MIN_ROWS_FOR_SHARE,
    MIN_SERIES_DAYS,
    MIN_USUAL_SALE,
    RECENT_DAYS,
)

PER_UNIT = {"g": 0.001, "ml": 0.001}  # kg and l; everything else counts as it is


def row_features(cells: pl.DataFrame, sales: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    """The rows of ``sales`` with what each says by itself.

    Added are ``plan_date``, ``age`` (days before the plan date), ``amount`` (pieces, kg or l; null where the
    quantity is not a number), ``is_known_product`` and ``days_ahead``: how many days the sale lies after the local day
    on which it was recorded, or after the plan date, at most 0 for a possible one. A sale of the plan date itself,
    recorded that morning, is possible: the bakery has just opened.
    """
    units = products.select(
        "tenant_id", "product_id", factor=pl.col("unit").replace_strict(PER_UNIT, default=1.0), is_known_product=True
    )
    own = sales.join(cells.select("tenant_id", "plan_date", "timezone"), on="tenant_id", maintain_order="left")
    own = own.join(units, on=["tenant_id", "product_id"], how="left", maintain_order="left")
    # Facts that a file dates only by their day are recorded at the end of that day, at most midnight.
    own = own.with_columns(recorded_on=pl.col("recorded_at") - timedelta(microseconds=1))
    day, recorded_on = pl.col("sales_date"), pl.col("recorded_on").dt.date()
    quantity = pl.when(pl.col("quantity").is_not_nan()).then("quantity")
    return (
        with_local_times(own, recorded_on="recorded_on")
        .with_columns(
            amount=(quantity * pl.col("factor").fill_null(1.0)).round(6),
            age=(pl.col("plan_date") - day).dt.total_days(),
            # A row without a product is reported as that, not as an unknown product.
            is_known_product=pl.when(pl.col("product_id").is_not_null()).then(
                pl.col("is_known_product").fill_null(False)
            ),
            days_ahead=pl.max_horizontal(
                (day - recorded_on).dt.total_days(), (day - pl.col("plan_date")).dt.total_days()
            ),
        )
        .drop("factor", "timezone", "recorded_on")
    )


def largest_usual_sales(rows: pl.DataFrame) -> pl.DataFrame:
    """The largest usual amount of a day for each series: ``tenant_id, product_id, location_id, usual``.

    All but the largest 1% of its days, and one more, are at most that. A single wrong row therefore never
    measures itself. Series with few days are left out.

    Args:
        rows: of ``row_features``.
    """
    rank = (pl.len() * LARGEST_USUAL_RANK).floor().cast(pl.UInt32) + 1
    return (
        rows.filter(pl.col("amount") > 0, pl.col("age") > 0)
        .group_by(SERIES)
        .agg(usual=pl.col("amount").sort(descending=True).get(rank, null_on_oob=True), days=pl.len())
        .filter(pl.col("days") >= MIN_SERIES_DAYS)
        .select(*SERIES, usual=pl.col("usual").clip(MIN_USUAL_SALE))
    )


def refund_shares(rows: pl.DataFrame) -> pl.DataFrame:
    """Share of a tenant's recent rows that are negative: ``tenant_id, refund_share``; only where it says something."""
    return (
        rows.filter(pl.col("age").is_between(1, RECENT_DAYS))
        .group_by("tenant_id")
        .agg(refund_share=(pl.col("amount") < 0).mean(), rows=pl.len())
        .filter(pl.col("rows") >= MIN_ROWS_FOR_SHARE)
        .select("tenant_id", "refund_share")
    )


def copied_shares(rows: pl.DataFrame) -> pl.DataFrame:
    """How far each shop's last 14 days are another shop's, row by row.

    One import loaded under two names is a doubled demand that no single shop shows.

    Returns:
        ``tenant_id, location_id, copied_share``: the largest share of equal rows with any other shop; only where the
        equal rows are of several days and several quantities.
    """
    recent = rows.filter(pl.col("age").is_between(1, LEVEL_DAYS), pl.col("amount") > 0).select(
        *SERIES, "sales_date", "amount"
    )
    shops = recent.group_by("tenant_id", "location_id").agg(rows=pl.len())
    shops = shops.filter(pl.len().over("tenant_id") > 1)
    recent = recent.join(shops, on=["tenant_id", "location_id"], how="semi")
    same = recent.join(recent, on=["tenant_id", "product_id", "sales_date", "amount"], suffix="_other")
    return (
        same.filter(pl.col("location_id") != pl.col("location_id_other"))
        .group_by("tenant_id", "location_id", "location_id_other")
        .agg(equal=pl.len(), days=pl.col("sales_date").n_unique(), amounts=pl.col("amount").n_unique())
        .filter(pl.min_horizontal("days", "amounts") >= MIN_COPIED_DAYS)
        .join(shops, on=["tenant_id", "location_id"])
        .group_by("tenant_id", "location_id")
        .agg(copied_share=(pl.col("equal") / pl.col("rows")).max())
    )
