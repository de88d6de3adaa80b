"""Predicted closures: days on which a shop will not open though its calendar has no entry.

A shop is predicted to be closed on its weekly closing day, on holidays on which it has always been closed, and when it
has become inactive. All three are read from days on which the shop sold nothing at all. Closures that the calendar
announces are in ``calendars``.
"""

import dataframely as dy
import polars as pl

from bakery_assets.calendars import CLOSED, TenantHolidays, closed_days
from bakery_assets.forecasting.data.history import ShopCalendar, ShopDates
from bakery_assets.keys import SHOP
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops
from bakery_assets.schemas.rules import unique_together

SAME_WEEKDAYS_CLOSED = 4  # as many closed same weekdays in a row make a weekly closing day
NEVER_OPEN_DAYS = 182  # a weekday that was never open for so long is one, whatever breaks lay between
SAME_HOLIDAY_SEEN = 2  # a holiday on which the shop was closed as often is one on which it closes
ANY_HOLIDAY_SEEN = 4  # and so is a holiday not seen so often, when all of as many others were
INACTIVE_DAYS = 28  # a shop that has sold nothing for so long while others of its tenant did is inactive


class HolidayClosurePattern(dy.Schema):
    """Whether a shop closes on a holiday, for holidays seen often enough to say."""

    tenant_id = col.key_text("The bakery")
    location_id = col.key_text("Shop or kitchen")
    name = col.text("Name of the holiday; empty: all holidays together", nullable=True)
    closed_on_holiday = col.boolean("The shop was closed each time")

    key = unique_together("tenant_id", "location_id", "name")


class PredictedClosures(ShopDates):
    """Days on which a shop will not open though its calendar does not say so."""

    closed = col.choice("Why", ("holiday", "weekly_closing", "inactive_shop"))


def holiday_closure_pattern(
    days: dy.DataFrame[ShopCalendar], holidays: dy.DataFrame[TenantHolidays]
) -> dy.DataFrame[HolidayClosurePattern]:
    """On which holidays each shop was closed, sorted; a holiday on a weekday on which it never opens does not count."""
    opens = days.filter("is_open").select(*SHOP, "weekday").unique()
    past = (
        days.join(holidays, on=["tenant_id", "date"])
        .join(opens, on=[*SHOP, "weekday"], how="semi")
        .select(*SHOP, "name", "is_open")
    )
    counts = (pl.len().alias("seen"), (pl.col("is_open").sum() == 0).alias("closed_on_holiday"))
    by_name = past.group_by(*SHOP, "name").agg(counts).filter(pl.col("seen") >= SAME_HOLIDAY_SEEN)
    by_shop = (
        past.group_by(SHOP)
        .agg(counts)
        .filter(pl.col("seen") >= ANY_HOLIDAY_SEEN)
        .with_columns(name=pl.lit(None, pl.String))
    )
    columns = HolidayClosurePattern.column_names()
    found = pl.concat([by_name.select(columns), by_shop.select(columns)]).sort(*SHOP, "name")
    return conform(HolidayClosurePattern, found)


def predicted_closures(
    targets: dy.DataFrame[ShopDates],
    days: dy.DataFrame[ShopCalendar],
    pattern: dy.DataFrame[HolidayClosurePattern],
    holidays: dy.DataFrame[TenantHolidays],
    calendar: dy.DataFrame[ops.Calendar],
) -> dy.DataFrame[PredictedClosures]:
    """Which of the days ``targets`` a shop will be closed on, each with the first reason that applies.

    A day for which the calendar gives opening hours is open.
    """
    excused = pl.concat([holidays.select("tenant_id", "date"), closed_days(calendar)]).unique()
    weekly = targets.with_columns(weekday=pl.col("date").dt.weekday()).join(
        _weekly_closing_days(days, excused), on=[*SHOP, "weekday"], how="semi"
    )
    inactive = targets.join(_inactive_shops(days), on=SHOP, how="semi")
    reasons = [
        _holiday_closures(pattern, holidays, targets).with_columns(closed=pl.lit("holiday"), rank=1),
        weekly.select(*SHOP, "date", closed=pl.lit("weekly_closing"), rank=2),
        inactive.with_columns(closed=pl.lit("inactive_shop"), rank=3),
    ]
    announced = calendar.filter(pl.col("opens").is_not_null(), pl.col("kind") != CLOSED).select("tenant_id", "date")
    found = (
        pl.concat([reason.select(*SHOP, "date", "closed", "rank") for reason in reasons])
        .join(announced, on=["tenant_id", "date"], how="anti")
        .sort(*SHOP, "date", "rank")
        .unique([*SHOP, "date"], keep="first", maintain_order=True)
    )
    return conform(PredictedClosures, found)


def _weekly_closing_days(days: pl.DataFrame, excused: pl.DataFrame) -> pl.DataFrame:
    """Weekdays on which a shop does not open: ``SHOP, weekday``.

    Args:
        excused: ``tenant_id, date`` of holidays and closed days, which say nothing about a weekday.
    """
    regular = days.join(excused, on=["tenant_id", "date"], how="anti").sort(*SHOP, "date")
    weekday = [*SHOP, "weekday"]
    recently = (
        regular.filter(~pl.col("is_break"))
        .group_by(weekday)
        .agg(seen=pl.len(), opened=pl.col("is_open").tail(SAME_WEEKDAYS_CLOSED).sum())
    )
    last = pl.col("date").max().over("tenant_id")
    for_long = (
        regular.filter(pl.col("date") > last - pl.duration(days=NEVER_OPEN_DAYS))
        .group_by(weekday)
        .agg(seen=pl.len(), opened=pl.col("is_open").sum())
    )
    return (
        pl.concat([recently, for_long])
        .filter(pl.col("seen") >= SAME_WEEKDAYS_CLOSED, pl.col("opened") == 0)
        .select(weekday)
        .unique()
        .sort(weekday)
    )


def _holiday_closures(pattern: pl.DataFrame, holidays: pl.DataFrame, targets: pl.DataFrame) -> pl.DataFrame:
    """Holidays among ``targets`` on which a shop will be closed as it always was: ``SHOP, date``."""
    named = pattern.filter(pl.col("name").is_not_null())
    overall = pattern.filter(pl.col("name").is_null()).select(*SHOP, closed_on_all="closed_on_holiday")
    return (
        targets.join(holidays, on=["tenant_id", "date"])
        .join(named, on=[*SHOP, "name"], how="left")
        .join(overall, on=SHOP, how="left")
        .filter(pl.coalesce("closed_on_holiday", "closed_on_all", pl.lit(False)))
        .select(*SHOP, "date")
    )


def _inactive_shops(days: pl.DataFrame) -> pl.DataFrame:
    """Shops that have sold nothing for ``INACTIVE_DAYS`` while their tenant has: ``SHOP``."""
    return (
        days.group_by(SHOP)
        .agg(
            last_open=pl.col("date").filter(pl.col("is_open")).max(),
            last_known=pl.col("date").max(),
        )
        .filter(pl.col("last_known") - pl.col("last_open") >= pl.duration(days=INACTIVE_DAYS))
        .select(SHOP)
    )
