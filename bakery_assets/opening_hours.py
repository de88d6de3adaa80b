"""Opening hours: when each location sells on a day, from its weekday's hours and the calendar's exceptions.

On which days a whole bakery is closed is in ``calendars``; when people work is in ``production.working_hours``.
"""

import dataframely as dy
import polars as pl

from bakery_assets.calendars import closed_days
from bakery_assets.kitchens import serving_kitchens
from bakery_assets.local_time import with_instants
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops
from bakery_assets.tenant_settings import settings_on


class TradingHours(dy.Schema):
    """When locations sell, by day; on days on which they do not, the hours of a usual day."""

    tenant_id = col.tenant_id()
    location_id = col.location_id(primary_key=True)
    date = col.date("The day", primary_key=True)
    is_open = col.boolean("It sells that day")
    opens_at = col.instant("When it opens")
    closes_at = col.instant("When it closes; what is only known to the day is taken to happen then")

    @dy.rule()
    def closes_after_it_opens(cls) -> pl.Expr:
        """opens_at < closes_at."""
        return pl.col("opens_at") < pl.col("closes_at")


class FirstOpenings(dy.Schema):
    """When the first shop of a bakery opens and the last closes, and by when the first goods leave the kitchen."""

    tenant_id = col.tenant_id()
    date = col.date("The day", primary_key=True)
    opens_at = col.instant("When the first shop opens")
    leaves_at = col.instant(
        "When the first goods leave for a shop: its opening less the way, the earliest of all shops"
    )
    closes_at = col.instant("When the last shop closes")

    @dy.rule()
    def goods_leave_by_opening(cls) -> pl.Expr:
        """leaves_at <= opens_at."""
        return pl.col("leaves_at") <= pl.col("opens_at")


def trading_hours(
    days: pl.DataFrame,
    opening_hours: dy.DataFrame[ops.OpeningHours],
    calendar: dy.DataFrame[ops.Calendar],
    settings: dy.DataFrame[ops.TenantSettings],
) -> dy.DataFrame[TradingHours]:
    """Hours of each location and day, sorted.

    The calendar's hours of the whole bakery come first, then those of the location's weekday, then the tenant's
    settings ``opens`` and ``closes``. A closing time that is not after the opening time is one of the next day. Closed
    are days that the calendar closes, and weekdays without hours where the location has hours on other weekdays.

    Args:
        days: ``tenant_id, location_id, timezone, date``, each location and day once.
    """
    weekly = opening_hours.select("tenant_id", "location_id", "weekday", weekly_opens="opens", weekly_closes="closes")
    special = (
        calendar.filter(pl.col("product_id").is_null() & pl.col("opens").is_not_null() & pl.col("closes").is_not_null())
        .group_by("tenant_id", "date")
        .agg(special_opens=pl.col("opens").min(), special_closes=pl.col("closes").max())
    )
    known = weekly.select("tenant_id", "location_id", has_hours=True).unique()
    closed = closed_days(calendar).with_columns(is_closed=pl.lit(True))
    hours = (
        settings_on(days, settings, ("opens", "closes"))
        .with_columns(weekday=pl.col("date").dt.weekday().cast(pl.Int32))
        .join(weekly, on=["tenant_id", "location_id", "weekday"], how="left")
        .join(known, on=["tenant_id", "location_id"], how="left")
        .join(special, on=["tenant_id", "date"], how="left")
        .join(closed, on=["tenant_id", "date"], how="left")
        .with_columns(
            pl.coalesce("special_opens", "weekly_opens", "opens").alias("opens"),
            pl.coalesce("special_closes", "weekly_closes", "closes").alias("closes"),
            is_open=pl.col("is_closed").is_null()
            & (
                pl.col("special_opens").is_not_null()
                | pl.col("weekly_opens").is_not_null()
                | pl.col("has_hours").is_null()
            ),
        )
        .with_columns(last_day=pl.col("date") + pl.duration(days=(pl.col("closes") <= pl.col("opens")).cast(pl.Int64)))
    )
    hours = with_instants(hours, "opens_at", day="date", wall_time="opens")
    hours = with_instants(hours, "closes_at", day="last_day", wall_time="closes")
    return conform(TradingHours, hours.sort("tenant_id", "location_id", "date"))


def first_openings(
    days: pl.DataFrame,
    locations: dy.DataFrame[ops.Locations],
    opening_hours: dy.DataFrame[ops.OpeningHours],
    calendar: dy.DataFrame[ops.Calendar],
    settings: dy.DataFrame[ops.TenantSettings],
) -> dy.DataFrame[FirstOpenings]:
    """The first opening of each tenant's days, sorted; of shops that sell that day, where any does.

    Shops are the locations with opening hours; all locations of a tenant that has given none.

    Args:
        days: ``tenant_id, timezone, date``, each day of a tenant once.
    """
    with_hours = opening_hours.select("tenant_id", "location_id").unique()
    without = locations.join(with_hours, on="tenant_id", how="anti").select("tenant_id", "location_id")
    way = serving_kitchens(locations).select("tenant_id", "location_id", "minutes")
    shops = days.join(pl.concat([with_hours, without]), on="tenant_id", how="left").with_columns(
        pl.col("location_id").fill_null(col.MAIN_LOCATION)
    )
    hours = trading_hours(shops, opening_hours, calendar, settings).join(
        way, on=["tenant_id", "location_id"], how="left"
    )
    counts = pl.col("is_open") | ~pl.col("is_open").any().over("tenant_id", "date")
    first = (
        hours.filter(counts)
        .group_by("tenant_id", "date")
        .agg(
            opens_at=pl.col("opens_at").min(),
            closes_at=pl.col("closes_at").max(),
            leaves_at=(pl.col("opens_at") - pl.duration(minutes=pl.col("minutes").fill_null(0))).min(),
        )
        .sort("tenant_id", "date")
    )
    return conform(FirstOpenings, first)
