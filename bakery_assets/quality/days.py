"""Days of a whole bakery: its daily volume, which days are ordinary, its level, how fresh its sales are.

Volumes add pieces, kilograms and litres alike; grams and millilitres count as thousandths of these.
"""

from datetime import timedelta

import polars as pl

from bakery_assets.calendars import closed_days, tenant_holidays
from bakery_assets.cells import Frames, past_days
from bakery_assets.quality.thresholds import (
    AFTER_HOLIDAY,
    BEFORE_HOLIDAY,
    DAYS_JUDGED,
    DOUBLED_ROWS,
    FEWEST_LEVEL_DAYS,
    FEWEST_WEEKDAYS,
    FRESHNESS_REACH,
    HIGH_DAYS,
    LEVEL_DAYS,
    LOW_DAYS,
    NOISE,
    SERIES_LEVEL_FLOOR,
    VOLUME_HIGH,
    VOLUME_LOW,
    WEEKS,
)

REACH = LEVEL_DAYS + 7 * WEEKS
DEVIATION_OF_MAD = 1.4826  # standard deviation of a normal sample whose median absolute deviation is 1
SPECIAL = ("closed", "holiday", "promotion", "event")


def daily_volumes(cells: pl.DataFrame, frames: Frames, amounts: pl.DataFrame) -> pl.DataFrame:
    """Every tenant's last days: ``tenant_id, plan_date, date, age, volume, all_even, ordinary``; ``age`` 1: yesterday.

    A day is ordinary unless the calendar has something special for the whole bakery, or a public holiday is
    on it or beside it.

    Args:
        amounts: of ``rows.amounts``.
    """
    sold = pl.col("quantity").filter(pl.col("quantity") > 0)
    totals = amounts.group_by("tenant_id", date="sales_date").agg(
        volume=pl.col("amount").sort().sum().round(6),
        all_even=(sold % 2 == 0).all() & (sold.len() >= DOUBLED_ROWS),
    )
    days = past_days(cells, max(REACH, FRESHNESS_REACH)).rename({"past_date": "date"})
    return (
        days.join(totals, on=["tenant_id", "date"], how="left")
        .join(_special_days(cells, frames).with_columns(special=True), on=["tenant_id", "date"], how="left")
        .select(
            "tenant_id",
            "plan_date",
            "date",
            age=(pl.col("plan_date") - pl.col("date")).dt.total_days(),
            volume=pl.col("volume").fill_null(0.0),
            all_even=pl.col("all_even").fill_null(False),
            ordinary=pl.col("special").is_null(),
        )
        .sort("tenant_id", "date")
    )


def judged_days(days: pl.DataFrame) -> pl.DataFrame:
    """The last ordinary days on which the bakery usually opens, each against its weekday of the 8 weeks before.

    ``volume_ratio`` is 1 where the difference is within the noise of that weekday. The days after the last
    sale are left to freshness.

    Returns:
        ``tenant_id, date, volume, usual, volume_ratio``, and the ratio again where it tells more:
        ``doubled_ratio`` (every quantity is even), ``repeated_high`` and ``repeated_low`` (several such days).
    """
    last = days.filter(pl.col("volume") > 0).group_by("tenant_id").agg(last=pl.col("date").max())
    weekday = pl.col("date").dt.weekday()
    before = days.filter(
        pl.col("age").is_between(DAYS_JUDGED + 1, DAYS_JUDGED + 7 * WEEKS), pl.col("ordinary"), pl.col("volume") > 0
    )
    usual = (
        before.group_by("tenant_id", weekday=weekday)
        .agg(
            usual=pl.col("volume").median(),
            mad=(pl.col("volume") - pl.col("volume").median()).abs().median(),
            weekdays=pl.len(),
        )
        .filter(pl.col("weekdays") >= FEWEST_WEEKDAYS)
    )
    deviation = pl.max_horizontal(DEVIATION_OF_MAD * pl.col("mad"), pl.col("usual").sqrt())
    is_noise = (pl.col("volume") - pl.col("usual")).abs() <= NOISE * deviation
    ratio = pl.col("volume_ratio")
    return (
        days.filter(pl.col("age") <= DAYS_JUDGED, pl.col("ordinary"))
        .join(last, on="tenant_id")
        .filter(pl.col("date") <= pl.col("last"))
        .with_columns(weekday=weekday)
        .join(usual, on=["tenant_id", "weekday"])
        .with_columns(volume_ratio=pl.when(is_noise).then(1.0).otherwise(pl.col("volume") / pl.col("usual")))
        .with_columns(
            high_days=(ratio > VOLUME_HIGH).sum().over("tenant_id"),
            low_days=(ratio < VOLUME_LOW).sum().over("tenant_id"),
        )
        .select(
            "tenant_id",
            "date",
            "volume",
            "usual",
            "volume_ratio",
            doubled_ratio=pl.when("all_even").then(ratio),
            repeated_high=pl.when(pl.col("high_days") >= HIGH_DAYS).then(ratio),
            repeated_low=pl.when(pl.col("low_days") >= LOW_DAYS).then(ratio),
        )
        .sort("tenant_id", "date")
    )


def levels(days: pl.DataFrame) -> pl.DataFrame:
    """Median volume of the last 14 days against that of the 8 weeks before, over ordinary days with sales.

    Returns:
        ``tenant_id, level, usual``; only tenants with enough such days in both.
    """
    return _levels(days.filter(pl.col("ordinary")), ["tenant_id"], *FEWEST_LEVEL_DAYS)


def series_levels(days: pl.DataFrame, amounts: pl.DataFrame) -> pl.DataFrame:
    """The same for each series: ``tenant_id, product_id, location_id, level, usual``; none that sells little."""
    key = ["tenant_id", "product_id", "location_id"]
    own = (
        amounts.group_by(*key, date="sales_date")
        .agg(volume=pl.col("amount").sort().sum())
        .join(days.filter(pl.col("ordinary")).select("tenant_id", "date", "age"), on=["tenant_id", "date"])
    )
    found = _levels(own, key, *FEWEST_LEVEL_DAYS)
    return found.filter(pl.max_horizontal("level", "usual") >= SERIES_LEVEL_FLOOR)


def freshness(cells: pl.DataFrame, frames: Frames, amounts: pl.DataFrame) -> pl.DataFrame:
    """How many open days at the end of a tenant's sales are missing.

    An open day is one whose weekday sold on at least half of the weeks before the last sale, that is not
    closed in the calendar and no public holiday.

    Returns:
        ``tenant_id, last_sale, days_sold, missed_days``; tenants without any sale are not in it.
    """
    sold = amounts.filter(pl.col("amount") > 0, pl.col("age") > 0).select("tenant_id", date="sales_date").unique()
    span = sold.group_by("tenant_id").agg(
        last_sale=pl.col("date").max(), first_sale=pl.col("date").min(), days_sold=pl.len().cast(pl.Int64)
    )
    weeks = ((pl.col("last_sale") - pl.col("first_sale")).dt.total_days() / 7).floor() + 1
    open_weekdays = (
        sold.join(span, on="tenant_id")
        .filter(pl.col("date") > pl.col("last_sale") - timedelta(days=7 * WEEKS))
        .group_by("tenant_id", weekday=pl.col("date").dt.weekday())
        .agg(pl.len().alias("times"), weeks=weeks.clip(1, WEEKS).first())
        .filter(2 * pl.col("times") >= pl.col("weeks"))
        .select("tenant_id", "weekday")
    )
    not_expected = pl.concat([closed_days(frames["calendar"]), _holidays(cells, frames)]).unique()
    missed = (
        past_days(cells, FRESHNESS_REACH)
        .rename({"past_date": "date"})
        .join(span, on="tenant_id")
        .filter(pl.col("date") > pl.col("last_sale"))
        .with_columns(weekday=pl.col("date").dt.weekday())
        .join(open_weekdays, on=["tenant_id", "weekday"], how="semi")
        .join(not_expected, on=["tenant_id", "date"], how="anti")
        .group_by("tenant_id")
        .agg(missed_days=pl.len().cast(pl.Int64))
    )
    return span.join(missed, on="tenant_id", how="left").select(
        "tenant_id", "last_sale", "days_sold", pl.col("missed_days").fill_null(0)
    )


def _levels(days: pl.DataFrame, key: list[str], fewest_now: int, fewest_before: int) -> pl.DataFrame:
    now, before = pl.col("age") <= LEVEL_DAYS, pl.col("age").is_between(LEVEL_DAYS + 1, REACH)
    return (
        days.filter(pl.col("volume") > 0)
        .group_by(key)
        .agg(
            level=pl.col("volume").filter(now).median(),
            usual=pl.col("volume").filter(before).median(),
            now=now.sum(),
            before=before.sum(),
        )
        .filter(pl.col("now") >= fewest_now, pl.col("before") >= fewest_before)
        .drop("now", "before")
    )


def _special_days(cells: pl.DataFrame, frames: Frames) -> pl.DataFrame:
    own = frames["calendar"].filter(pl.col("product_id").is_null(), pl.col("kind").is_in(SPECIAL))
    holidays = _holidays(cells, frames)
    beside = [
        holidays.with_columns(pl.col("date") + timedelta(days=shift))
        for shift in range(-BEFORE_HOLIDAY, AFTER_HOLIDAY + 1)
    ]
    return pl.concat([own.select("tenant_id", "date"), *beside]).unique()


def _holidays(cells: pl.DataFrame, frames: Frames) -> pl.DataFrame:
    """Public and own holidays of the days that are looked at, and a few beside: ``tenant_id, date``."""
    if cells.is_empty():
        return pl.DataFrame(schema={"tenant_id": pl.String, "date": pl.Date})
    first, last = cells.select(first=pl.col("plan_date").min(), last=pl.col("plan_date").max()).row(0)
    reach = timedelta(days=REACH + BEFORE_HOLIDAY)
    return tenant_holidays(
        frames["tenants"], frames["calendar"], first - reach, last + timedelta(days=BEFORE_HOLIDAY)
    ).select("tenant_id", "date")
