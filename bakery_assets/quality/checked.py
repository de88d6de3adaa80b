"""The one table that the suite looks at: every sale, and what days, series and tenants have to say beside them."""

import polars as pl

from bakery_assets.cells import Frames
from bakery_assets.quality.days import daily_volumes, freshness, judged_days, levels, series_levels
from bakery_assets.quality.rows import SERIES, amounts, copied_locations, largest_usual, refund_shares
from bakery_assets.quality.thresholds import MOST_IN_A_DAY, RECENT_DAYS

SALES = pl.Schema(
    {
        "tenant_id": pl.String(),
        "product_id": pl.String(),
        "location_id": pl.String(),
        "sales_date": pl.Date(),
        "quantity": pl.Float64(),
        "recorded_at": pl.Datetime("us", "UTC"),
    }
)
MEASURES = (
    "days_ahead",
    "recent_size",
    "old_size",
    "cap_share",
    "refund_size",
    "volume_ratio",
    "doubled_ratio",
    "repeated_high",
    "repeated_low",
    "level_ratio",
    "series_level_ratio",
    "missed_days",
    "days_sold",
    "refund_share",
    "copied_share",
)
CHECKED = pl.Schema(
    {
        "subject": pl.String(),
        **SALES,
        "product_known": pl.Boolean(),
        "usual": pl.Float64(),
        **dict.fromkeys(MEASURES, pl.Float64()),
    }
)
ALL = "*"  # stands for every product or shop in the rows of days and tenants


def checked_sales(cells: pl.DataFrame, frames: Frames) -> pl.DataFrame:
    """What is to be judged, for all tenants of a round: the columns of ``CHECKED``.

    ``subject`` is ``sale`` (a row of sales), ``day`` (one of the last 7 ordinary days), ``series``, ``location`` or
    ``tenant`` (one row each, also for a tenant without sales). A measure is null where it says nothing;
    ``usual`` is what a quantity is measured against.

    Sales whose columns are missing or of another type come back as they are, without measures: nothing can be
    computed from them, and the suite says so.

    Args:
        cells: the columns of ``cells.CELLS``; ``plan_date`` is the first day that is not yet sold.
        frames: ``tenants``, ``products``, ``sales``, ``calendar``.
    """
    sales = frames["sales"]
    if any(sales.schema.get(name) != kind for name, kind in SALES.items()):
        return sales.with_columns(
            subject=pl.lit("sale"),
            **{name: pl.lit(None, CHECKED[name]) for name in ("product_known", "usual", *MEASURES)},
        )
    rows = amounts(cells, sales.select(SALES.names()), frames["products"])
    named = rows.filter(pl.all_horizontal(pl.col(*SERIES, "sales_date", "amount").is_not_null()))
    days = daily_volumes(cells, frames, named)
    parts = [
        _sales(rows, named),
        _days(days),
        _series(days, named),
        _locations(cells, named),
        _tenants(cells, frames, days, named),
    ]
    keys = ["tenant_id", "subject", "product_id", "location_id", "sales_date", "quantity", "recorded_at"]
    return pl.concat([_completed(part) for part in parts]).sort(keys)


def _sales(rows: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    amount, size = pl.col("amount"), pl.col("amount") / pl.col("usual")
    is_recent = pl.col("age") <= RECENT_DAYS
    return rows.join(largest_usual(named), on=SERIES, how="left").with_columns(
        subject=pl.lit("sale"),
        cap_share=amount.abs() / MOST_IN_A_DAY,
        recent_size=pl.when(is_recent).then(size),
        old_size=pl.when(~is_recent).then(size),
        refund_size=pl.when(is_recent, amount < 0).then(-size),
    )


def _days(days: pl.DataFrame) -> pl.DataFrame:
    return judged_days(days).with_columns(
        subject=pl.lit("day"), sales_date="date", quantity="volume", recorded_at=_start("date")
    )


def _series(days: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    yesterday = days.filter(pl.col("age") == 1).select("tenant_id", sales_date="date")
    return (
        series_levels(days, named)
        .join(yesterday, on="tenant_id")
        .with_columns(
            subject=pl.lit("series"),
            quantity="level",
            recorded_at=_start("sales_date"),
            series_level_ratio=pl.col("level") / pl.col("usual"),
        )
    )


def _locations(cells: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    return (
        copied_locations(named)
        .join(cells, on="tenant_id")
        .with_columns(
            subject=pl.lit("location"), sales_date="plan_date", quantity=pl.lit(0.0), recorded_at=_start("plan_date")
        )
    )


def _tenants(cells: pl.DataFrame, frames: Frames, days: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    found = cells.select("tenant_id", "plan_date")
    for more in (freshness(cells, frames, named), levels(days), refund_shares(named)):
        found = found.join(more, on="tenant_id", how="left")
    day = pl.col("last_sale").fill_null(pl.col("plan_date"))
    return found.with_columns(
        subject=pl.lit("tenant"),
        sales_date=day,
        quantity=pl.col("level").fill_null(0.0),
        recorded_at=_start("plan_date"),
        level_ratio=pl.col("level") / pl.col("usual"),
        days_sold=pl.col("days_sold").fill_null(0),
    )


def _start(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _completed(part: pl.DataFrame) -> pl.DataFrame:
    """The part with every column of ``CHECKED``; figures rounded, so that floating noise never shows."""
    blank = {"product_id": ALL, "location_id": ALL, "product_known": True}
    missing = [pl.lit(blank.get(name), kind).alias(name) for name, kind in CHECKED.items() if name not in part.columns]
    return part.with_columns(missing).select(CHECKED.names()).cast(CHECKED).with_columns(pl.col(*MEASURES).round(6))
