"""The tables that the suites look at: rows of sales, and what days, series, shops and tenants say as a whole.

Assembled here from ``row_features`` and ``daily_features``; what is expected of the tables is in ``suites``.
"""

import polars as pl

from bakery_assets.cells import Frames
from bakery_assets.keys import SERIES
from bakery_assets.quality.bakery_shifts import at_present_level, bakery_shifts
from bakery_assets.quality.daily_features import (
    bakery_levels,
    daily_volumes,
    sales_freshness,
    series_levels,
    volume_ratios,
)
from bakery_assets.quality.row_features import copied_shares, largest_usual_sales, refund_shares, row_features
from bakery_assets.quality.thresholds import MAX_DAILY_QUANTITY, MAX_SHIFT, RECENT_DAYS

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
IDENTITY = pl.Schema(
    {
        "tenant_id": pl.String(),
        "subject": pl.String(),
        "product_id": pl.String(),
        "location_id": pl.String(),
        "sales_date": pl.Date(),
        "quantity": pl.Float64(),
        "usual": pl.Float64(),
    }
)
"""What a finding shows of a row; ``usual`` is what the quantity is compared with."""

ALL = "*"  # stands for every product or shop in the rows of days, shops and tenants


def build_check_tables(cells: pl.DataFrame, frames: Frames) -> dict[str, pl.DataFrame]:
    """The tables to check, for all tenants of a round.

    Each has the columns of ``IDENTITY`` and figures, null where they say nothing:

    - ``rows``: every row of sales (subject ``sale``) with ``recorded_at``, ``is_known_product``, ``days_ahead``,
      ``age`` (days before the plan date), ``limit_share`` (of what any bakery sells in a day), ``size`` and
      ``refund_size`` (times the largest usual sale; the latter of recent negative rows).
    - ``summaries``: the last 7 ordinary days of each bakery (subject ``day``) with ``volume_ratio``, ``even_rows``,
      ``high_days`` and ``low_days``; each bakery whose sales have shifted (``shift``) with ``accepted_shift`` or, if it
      may not be true, ``refused_shift, shift_breadth, shift_multiple``; each ``series`` with ``series_level_ratio``;
      each ``location`` with ``copied_share``; each ``tenant``, also without sales, with ``refund_share``,
      ``days_sold``, ``missed_days`` and ``level_ratio``.

    Args:
        cells: the columns of ``cells.CELLS``; ``plan_date`` is the first day that is not yet sold.
        frames: ``tenants``, ``products``, ``sales`` (with the columns of ``SALES``), ``calendar``.
    """
    rows = row_features(cells, frames["sales"].select(SALES.names()), frames["products"])
    complete = rows.filter(pl.all_horizontal(pl.col(*SERIES, "sales_date", "amount").is_not_null()))
    volumes = daily_volumes(cells, frames, complete)
    shifts = bakery_shifts(volumes, complete)
    days = at_present_level(volumes, shifts)
    summaries = (
        _days(days),
        _shifts(shifts),
        _series(cells, days, complete),
        _locations(cells, complete),
        _tenants(cells, frames, days, complete),
    )
    return {"rows": _sales(rows, complete), "summaries": pl.concat(summaries, how="diagonal")}


def _sales(rows: pl.DataFrame, complete: pl.DataFrame) -> pl.DataFrame:
    amount, size = pl.col("amount"), pl.col("amount") / pl.col("usual")
    sized = rows.join(largest_usual_sales(complete), on=SERIES, how="left").with_columns(
        limit_share=amount.abs() / MAX_DAILY_QUANTITY,
        size=size,
        refund_size=pl.when(pl.col("age") <= RECENT_DAYS, amount < 0).then(-size),
    )
    known = ("recorded_at", "is_known_product")
    return _checked(sized, "sale", "days_ahead", "age", "limit_share", "size", "refund_size", also=known)


def _days(days: pl.DataFrame) -> pl.DataFrame:
    ratios = volume_ratios(days).rename({"date": "sales_date", "volume": "quantity"})
    return _checked(ratios, "day", "volume_ratio", "even_rows", "high_days", "low_days")


def _shifts(shifts: pl.DataFrame) -> pl.DataFrame:
    possible = pl.col("shift_ratio").is_between(1 / MAX_SHIFT, MAX_SHIFT)
    refused = pl.when("is_refused")
    figures = shifts.with_columns(
        accepted_shift=pl.when("is_accepted").then("shift_ratio"),
        refused_shift=refused.then("shift_ratio"),
        # Of several reasons the first is given: where the whole bakery has another unit, its products are not at fault.
        shift_breadth=pl.when(pl.col("is_refused") & possible & pl.col("multiple").is_null()).then("breadth"),
        shift_multiple=pl.when(pl.col("is_refused") & possible).then("multiple"),
        sales_date="first_date",
        quantity=pl.when("is_accepted").then("bakery_level").otherwise("level"),
        usual=pl.when("is_accepted").then("bakery_usual").otherwise("usual"),
        product_id=pl.when("is_accepted").then(pl.lit(ALL)).otherwise("product_id"),
        location_id=pl.when("is_accepted").then(pl.lit(ALL)).otherwise("location_id"),
    )
    return _checked(figures, "shift", "accepted_shift", "refused_shift", "shift_breadth", "shift_multiple")


def _series(cells: pl.DataFrame, days: pl.DataFrame, complete: pl.DataFrame) -> pl.DataFrame:
    yesterday = cells.select("tenant_id", sales_date=pl.col("plan_date").dt.offset_by("-1d"))
    levels = series_levels(days, complete).join(yesterday, on="tenant_id")
    return _checked(
        levels.rename({"level": "quantity", "level_ratio": "series_level_ratio"}), "series", "series_level_ratio"
    )


def _locations(cells: pl.DataFrame, complete: pl.DataFrame) -> pl.DataFrame:
    copied = copied_shares(complete).join(cells, on="tenant_id")
    return _checked(copied.with_columns(sales_date="plan_date", quantity=0.0), "location", "copied_share")


def _tenants(cells: pl.DataFrame, frames: Frames, days: pl.DataFrame, complete: pl.DataFrame) -> pl.DataFrame:
    tenants = cells.select("tenant_id", "plan_date")
    for features in (sales_freshness(cells, frames, complete), bakery_levels(days), refund_shares(complete)):
        tenants = tenants.join(features, on="tenant_id", how="left")
    tenants = tenants.with_columns(
        pl.col("days_sold").fill_null(0),
        sales_date=pl.coalesce("last_sale", "plan_date"),
        quantity=pl.col("level").fill_null(0.0),
    )
    return _checked(tenants, "tenant", "refund_share", "days_sold", "missed_days", "level_ratio")


def _checked(rows: pl.DataFrame, subject: str, *figures: str, also: tuple[str, ...] = ()) -> pl.DataFrame:
    """The columns of ``IDENTITY``, ``also`` and the figures, which are rounded so that floating noise never shows."""
    default = {"subject": subject, "product_id": ALL, "location_id": ALL, "usual": None}
    missing = [pl.lit(default[name], kind).alias(name) for name, kind in IDENTITY.items() if name not in rows.columns]
    return rows.with_columns(missing).select(*IDENTITY, *also, pl.col(figures).cast(pl.Float64).round(6))
