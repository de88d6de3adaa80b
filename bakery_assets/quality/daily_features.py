"""Features of a bakery's whole days: daily volumes, volume ratios, levels, and how fresh its sales are.

Which days the calendar excuses is decided here. Volumes add pieces, kilograms and liters alike; grams and milliliters
count as thousandths of these. Features of single rows are in ``row_features``; the limits of both, in ``suites``.
"""

from datetime import timedelta
from typing import cast

import dataframely as dy
import polars as pl

from bakery_assets.calendars import closed_days, tenant_holidays
from bakery_assets.cells import Frames, past_days
from bakery_assets.keys import SERIES
from bakery_assets.quality.bakery_shifts import SHIFT_WINDOW
from bakery_assets.quality.thresholds import (
    BASELINE_WEEKS,
    CHECKED_DAYS,
    DAYS_AFTER_HOLIDAY,
    DAYS_BEFORE_HOLIDAY,
    FRESHNESS_DAYS,
    LEVEL_DAYS,
    MIN_BASELINE_DAYS,
    MIN_LEVEL_DAYS,
    MIN_SERIES_LEVEL,
    MIN_WEEKDAYS,
    NOISE_DEVIATIONS,
    VOLUME_HIGH,
    VOLUME_LOW,
)
from bakery_assets.schemas import ops

WINDOW_DAYS = LEVEL_DAYS + 7 * BASELINE_WEEKS
DEVIATION_OF_MAD = 1.4826  # standard deviation of a normal sample whose median absolute deviation is 1
SPECIAL_KINDS = ("closed", "holiday", "promotion", "event")


def daily_volumes(cells: pl.DataFrame, frames: Frames, rows: pl.DataFrame) -> pl.DataFrame:
    """Every tenant's last days: ``tenant_id, plan_date, date, age, volume, even_rows, is_ordinary``.

    ``age`` 1 is yesterday. ``even_rows`` is how many positive quantities the day has if all are even numbers, else 0.
    A day is ordinary unless the calendar has something special for the whole bakery, or a public holiday is on it or
    next to it.

    Args:
        rows: of ``row_features``.
    """
    sold = pl.col("quantity").filter(pl.col("quantity") > 0)
    totals = rows.group_by("tenant_id", date="sales_date").agg(
        volume=pl.col("amount").sort().sum().round(6),
        even_rows=pl.when((sold % 2 == 0).all()).then(sold.len()).otherwise(0),
    )
    days = past_days(cells, SHIFT_WINDOW).rename({"past_date": "date"})
    return (
        days.join(totals, on=["tenant_id", "date"], how="left")
        .join(_special_days(cells, frames).with_columns(is_special=True), on=["tenant_id", "date"], how="left")
        .select(
            "tenant_id",
            "plan_date",
            "date",
            pl.col("volume", "even_rows").fill_null(0),
            age=(pl.col("plan_date") - pl.col("date")).dt.total_days(),
            is_ordinary=pl.col("is_special").is_null(),
        )
        .sort("tenant_id", "date")
    )


def volume_ratios(days: pl.DataFrame) -> pl.DataFrame:
    """The last ordinary days on which the bakery usually opens, each against its weekday of the 8 weeks before.

    The days after the last sale are left to freshness, those since a refused shift to that. After an accepted one the
    days before it count at today's level.

    Args:
        days: of ``at_present_level``.

    Returns:
        ``tenant_id, date, volume, usual, volume_ratio, even_rows, high_days, low_days``: the ratio is 1 where the
        difference is within the noise of that weekday; of such ratios the tenant has ``high_days`` and ``low_days``.
    """
    last = days.filter(pl.col("volume") > 0).group_by("tenant_id").agg(last=pl.col("date").max())
    weekday = pl.col("date").dt.weekday()
    before = days.filter(
        pl.col("age").is_between(CHECKED_DAYS + 1, CHECKED_DAYS + 7 * BASELINE_WEEKS),
        pl.col("is_ordinary"),
        pl.col("volume") > 0,
    )
    level = pl.col("volume") * pl.col("factor")
    usual = (
        before.group_by("tenant_id", weekday=weekday)
        .agg(usual=level.median(), mad=(level - level.median()).abs().median(), weekdays=pl.len())
        .filter(pl.col("weekdays") >= MIN_WEEKDAYS)
    )
    deviation = pl.max_horizontal(DEVIATION_OF_MAD * pl.col("mad"), pl.col("usual").sqrt())
    is_noise = (pl.col("volume") - pl.col("usual")).abs() <= NOISE_DEVIATIONS * deviation
    ratio = pl.col("volume_ratio")
    return (
        days.filter(pl.col("age") <= CHECKED_DAYS, pl.col("is_ordinary"), ~pl.col("is_refused_day"))
        .join(last, on="tenant_id")
        .filter(pl.col("date") <= pl.col("last"))
        .with_columns(weekday=weekday)
        .join(usual, on=["tenant_id", "weekday"])
        .with_columns(pl.col("usual", "mad") / pl.col("factor"))  # a day before a shift has the usual of before
        .with_columns(volume_ratio=pl.when(is_noise).then(1.0).otherwise(pl.col("volume") / pl.col("usual")))
        .select(
            "tenant_id",
            "date",
            "volume",
            "usual",
            "volume_ratio",
            "even_rows",
            high_days=(ratio > VOLUME_HIGH).sum().over("tenant_id"),
            low_days=(ratio < VOLUME_LOW).sum().over("tenant_id"),
        )
    )


def bakery_levels(days: pl.DataFrame) -> pl.DataFrame:
    """Median volume of the last 14 days against that of the 8 weeks before, over ordinary days with sales.

    Args:
        days: of ``at_present_level``.

    Returns:
        ``tenant_id, level, usual, level_ratio``; only tenants with enough such days in both and no refused shift.
    """
    is_refused = pl.col("is_refused_day").any().over("tenant_id")
    return _levels(days.filter(pl.col("is_ordinary"), ~is_refused), ["tenant_id"])


def series_levels(days: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The same for each series: ``tenant_id, product_id, location_id, level, usual, level_ratio``.

    Left out are series that sell little.
    """
    own = (
        rows.group_by(*SERIES, date="sales_date")
        .agg(volume=pl.col("amount").sort().sum())
        .join(days.filter(pl.col("is_ordinary")).select("tenant_id", "date", "age", "factor"), on=["tenant_id", "date"])
    )
    return _levels(own, SERIES).filter(pl.max_horizontal("level", "usual") >= MIN_SERIES_LEVEL)


def sales_freshness(cells: pl.DataFrame, frames: Frames, rows: pl.DataFrame) -> pl.DataFrame:
    """How many open days at the end of a tenant's sales are missing.

    An open day is one whose weekday sold on at least half of the weeks before the last sale, that is not
    closed in the calendar and no public holiday.

    Returns:
        ``tenant_id, last_sale, days_sold, missed_days``; tenants without any sale are not in it.
    """
    sold = rows.filter(pl.col("amount") > 0, pl.col("age") > 0).select("tenant_id", date="sales_date").unique()
    span = sold.group_by("tenant_id").agg(
        last_sale=pl.col("date").max(), first_sale=pl.col("date").min(), days_sold=pl.len().cast(pl.Int64)
    )
    weeks = ((pl.col("last_sale") - pl.col("first_sale")).dt.total_days() / 7).floor() + 1
    open_weekdays = (
        sold.join(span, on="tenant_id")
        .filter(pl.col("date") > pl.col("last_sale") - timedelta(days=7 * BASELINE_WEEKS))
        .group_by("tenant_id", weekday=pl.col("date").dt.weekday())
        .agg(pl.len().alias("times"), weeks=weeks.clip(1, BASELINE_WEEKS).first())
        .filter(2 * pl.col("times") >= pl.col("weeks"))
        .select("tenant_id", "weekday")
    )
    excused = pl.concat([closed_days(_calendar(frames)), _holidays(cells, frames)]).unique()
    missed = (
        past_days(cells, FRESHNESS_DAYS)
        .rename({"past_date": "date"})
        .join(span, on="tenant_id")
        .filter(pl.col("date") > pl.col("last_sale"))
        .with_columns(weekday=pl.col("date").dt.weekday())
        .join(open_weekdays, on=["tenant_id", "weekday"], how="semi")
        .join(excused, on=["tenant_id", "date"], how="anti")
        .group_by("tenant_id")
        .agg(missed_days=pl.len().cast(pl.Int64))
    )
    return span.join(missed, on="tenant_id", how="left").select(
        "tenant_id", "last_sale", "days_sold", pl.col("missed_days").fill_null(0)
    )


def _levels(days: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    now, before = pl.col("age") <= LEVEL_DAYS, pl.col("age").is_between(LEVEL_DAYS + 1, WINDOW_DAYS)
    volume = pl.col("volume") * pl.col("factor")
    return (
        days.filter(pl.col("volume") > 0)
        .group_by(key)
        .agg(
            level=volume.filter(now).median(),
            usual=volume.filter(before).median(),
            days_now=now.sum(),
            days_before=before.sum(),
        )
        .filter(pl.col("days_now") >= MIN_LEVEL_DAYS, pl.col("days_before") >= MIN_BASELINE_DAYS)
        .select(*key, "level", "usual", level_ratio=pl.col("level") / pl.col("usual"))
    )


def _special_days(cells: pl.DataFrame, frames: Frames) -> pl.DataFrame:
    own = frames["calendar"].filter(pl.col("product_id").is_null(), pl.col("kind").is_in(SPECIAL_KINDS))
    holidays = _holidays(cells, frames)
    near_holidays = [
        holidays.with_columns(pl.col("date") + timedelta(days=shift))
        for shift in range(-DAYS_BEFORE_HOLIDAY, DAYS_AFTER_HOLIDAY + 1)
    ]
    return pl.concat([own.select("tenant_id", "date"), *near_holidays]).unique()


def _holidays(cells: pl.DataFrame, frames: Frames) -> pl.DataFrame:
    """Public and own holidays of the checked days, and of a few around them: ``tenant_id, date``."""
    if cells.is_empty():
        return pl.DataFrame(schema={"tenant_id": pl.String, "date": pl.Date})
    first, last = cells.select(first=pl.col("plan_date").min(), last=pl.col("plan_date").max()).row(0)
    reach = timedelta(days=WINDOW_DAYS + DAYS_BEFORE_HOLIDAY)
    tenants = cast(dy.DataFrame[ops.Tenants], frames["tenants"])
    holidays = tenant_holidays(tenants, _calendar(frames), first - reach, last + timedelta(days=DAYS_BEFORE_HOLIDAY))
    return holidays.select("tenant_id", "date")


def _calendar(frames: Frames) -> dy.DataFrame[ops.Calendar]:
    return cast(dy.DataFrame[ops.Calendar], frames["calendar"])
