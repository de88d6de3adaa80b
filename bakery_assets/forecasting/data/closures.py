"""Predicted closures: days on which a shop will not open though its calendar has no entry.

A shop is predicted to be closed on its weekly closing day, when it has become inactive, and on holidays by what
``holiday_openings`` finds. The first two are read from days on which the shop sold nothing at all. Closures that the
calendar announces are in ``calendars``.
"""

import dataframely as dy
import polars as pl

from bakery_assets.calendars import TenantHolidays, closed_days
from bakery_assets.forecasting.data.history import ShopCalendar, ShopDates
from bakery_assets.forecasting.data.holiday_openings import ShopHolidays, announced_openings
from bakery_assets.keys import SHOP
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops

SAME_WEEKDAYS_CLOSED = 4  # as many closed same weekdays in a row make a weekly closing day
NEVER_OPEN_DAYS = 182  # a weekday that was never open for so long is one, whatever breaks lay between
INACTIVE_DAYS = 28  # a shop that has sold nothing for so long while others of its tenant did is inactive


class PredictedClosures(ShopDates):
    """Days on which a shop will not open though its calendar does not say so."""

    closed = col.choice("Why", ("holiday", "weekly_closing", "inactive_shop"))


def predicted_closures(
    targets: dy.DataFrame[ShopDates],
    days: dy.DataFrame[ShopCalendar],
    openings: dy.DataFrame[ShopHolidays],
    holidays: dy.DataFrame[TenantHolidays],
    calendar: dy.DataFrame[ops.Calendar],
) -> dy.DataFrame[PredictedClosures]:
    """Which of the days ``targets`` a shop will be closed on, each with the first reason that applies.

    A day for which the calendar gives opening hours is open.

    Args:
        openings: of the holidays among ``targets``.
    """
    excused = pl.concat([holidays.select("tenant_id", "date"), closed_days(calendar)]).unique()
    weekly = targets.with_columns(weekday=pl.col("date").dt.weekday()).join(
        _weekly_closing_days(days, excused), on=[*SHOP, "weekday"], how="semi"
    )
    inactive = targets.join(_inactive_shops(days), on=SHOP, how="semi")
    # What the calendar announces is no prediction.
    on_holidays = openings.filter(~pl.col("is_open"), pl.col("evidence") != "calendar")
    reasons = [
        weekly.with_columns(closed=pl.lit("weekly_closing"), rank=1),
        inactive.with_columns(closed=pl.lit("inactive_shop"), rank=2),
        on_holidays.with_columns(closed=pl.lit("holiday"), rank=3),
    ]
    found = (
        pl.concat([reason.select(*SHOP, "date", "closed", "rank") for reason in reasons])
        .join(announced_openings(calendar), on=["tenant_id", "date"], how="anti")
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
