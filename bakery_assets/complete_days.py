"""Complete days: of which days the sales a plan knows are a shop's whole day.

A plan that is made on the evening before knows nothing or only a part of the day that is not over yet. Such a day is
neither history for forecasts nor can it be validated: it is missing, not poor.
"""

from typing import TypedDict, cast

import dataframely as dy
import polars as pl

from bakery_assets.cells import past_days
from bakery_assets.opening_hours import trading_hours
from bakery_assets.schemas import Cells, conform, ops
from bakery_assets.schemas import columns as col
from bakery_assets.tenant_settings import settings_on

MISSING_WITHIN_DAYS = 14  # days before the plan date whose sales are waited for
HABIT_DAYS = 28  # days whose sales tell on which weekdays a location sells, and whether its till reports after closing
LATEST_DAYS = 3  # before the plan date; a plan is made two days ahead at the most, and a day ends on the day after it
HALF = 0.5
_SHOP_DAY = ["tenant_id", "location_id", "sales_date"]


class TradingFacts(TypedDict):
    """The facts that say when shops close."""

    opening_hours: dy.DataFrame[ops.OpeningHours]
    calendar: dy.DataFrame[ops.Calendar]
    tenant_settings: dy.DataFrame[ops.TenantSettings]


class IncompleteDays(dy.Schema):
    """Days of shops whose sales are not known as a whole."""

    tenant_id = col.tenant_id()
    location_id = col.key_text("Shop or kitchen", primary_key=True)
    sales_date = col.date("The day", primary_key=True)


class UnreportedDays(IncompleteDays):
    """Days of shops that were open and whose closing sales should have been reported."""

    reported_at = col.instant("When the last of its sales was recorded; empty: none was", nullable=True)


def unreported_days(
    cells: dy.DataFrame[Cells], sales: dy.DataFrame[ops.Sales], facts: TradingFacts
) -> dy.DataFrame[UnreportedDays]:
    """Days of the last two weeks whose sales are missing at the planning instant, sorted.

    They are due ``sales_due_hours`` (a setting) after closing, from a location that has reported any in the four weeks
    before: on days on which it has opening hours, or without these on weekdays on which it sold something in that time.
    A day whose last sales were recorded before closing is missing if the location usually reports after it.
    """
    first = MISSING_WITHIN_DAYS + HABIT_DAYS
    ago = (pl.col("plan_date") - pl.col("sales_date")).dt.total_days()
    reports = (
        sales.join(cells.select("tenant_id", "plan_date"), on="tenant_id")
        .filter(ago.is_between(1, first))
        .group_by(_SHOP_DAY)
        .agg(reported_at=pl.col("recorded_at").max(), has_sold=(pl.col("quantity") > 0).any())
    )
    days = (
        past_days(cells, first)
        .rename({"past_date": "date"})
        .join(reports.select("tenant_id", "location_id").unique(), on="tenant_id")
        .join(cells.select("tenant_id", "timezone"), on="tenant_id")
    )
    hours = trading_hours(days, facts["opening_hours"], facts["calendar"], facts["tenant_settings"])
    own_hours = facts["opening_hours"].select("tenant_id", "location_id", has_hours=pl.lit(value=True)).unique()
    due = settings_on(cells.with_columns(date="plan_date"), facts["tenant_settings"], ("sales_due_hours",))
    shop_days = (
        hours.rename({"date": "sales_date"})
        .join(reports, on=_SHOP_DAY, how="left", maintain_order="left")
        .join(own_hours, on=["tenant_id", "location_id"], how="left", maintain_order="left")
        .join(due.select("tenant_id", "planned_as_of", "sales_due_hours", plan_date="date"), on="tenant_id")
        .with_columns(
            is_closed_out=pl.col("reported_at") >= pl.col("closes_at"),
            is_due=pl.col("closes_at") + pl.duration(minutes=pl.col("sales_due_hours") * 60) <= pl.col("planned_as_of"),
            weekday=pl.col("sales_date").dt.weekday(),
        )
    )
    shop = ["tenant_id", "location_id"]
    habits = shop_days.filter(pl.col("reported_at").is_not_null())
    closes_out = habits.group_by(shop).agg(closes_out=pl.col("is_closed_out").mean() > HALF)
    sells = habits.filter("has_sold").select(*shop, sold_on="sales_date", weekday="weekday")
    back = (pl.col("sales_date") - pl.col("sold_on")).dt.total_days()
    candidates = (
        shop_days.filter(pl.col("is_open") & pl.col("is_due") & (ago <= MISSING_WITHIN_DAYS))
        .join(closes_out, on=shop)
        .filter(pl.col("reported_at").is_null() | (pl.col("closes_out") & ~pl.col("is_closed_out")))
    )
    reporting = (
        candidates.select(*_SHOP_DAY, "weekday", "has_hours")
        .join(sells, on=shop, suffix="_sold")
        .filter(back.is_between(1, HABIT_DAYS))
        .filter(pl.col("has_hours").is_not_null() | (pl.col("weekday") == pl.col("weekday_sold")))
    )
    missing = candidates.join(reporting, on=_SHOP_DAY, how="semi").sort(_SHOP_DAY)
    return conform(UnreportedDays, missing)


def incomplete_days(
    cells: dy.DataFrame[Cells], shop_days: pl.DataFrame, sales: dy.DataFrame[ops.Sales], facts: TradingFacts
) -> dy.DataFrame[IncompleteDays]:
    """Those of ``shop_days`` that were not over at the planning instant, with nothing recorded after closing.

    Sales that were recorded after closing, though after the planning instant, are the day's: late sales are read so.

    Args:
        shop_days: ``tenant_id, location_id, sales_date``; only the last days before the plan date can be incomplete.
        sales: as known to the cells.
    """
    recent = (
        shop_days.select(_SHOP_DAY)
        .unique()
        .join(cells, on="tenant_id")
        .filter(
            pl.col("sales_date") < pl.col("plan_date"),
            pl.col("sales_date") >= pl.col("plan_date") - pl.duration(days=LATEST_DAYS),
        )
        .rename({"sales_date": "date"})
    )
    hours = trading_hours(recent, facts["opening_hours"], facts["calendar"], facts["tenant_settings"])
    open_then = (
        hours.rename({"date": "sales_date"})
        .join(cells.select("tenant_id", "planned_as_of"), on="tenant_id")
        .filter(pl.col("planned_as_of") < pl.col("closes_at"))
    )
    if open_then.is_empty():
        return IncompleteDays.create_empty()
    reported = (
        sales.join(open_then.select(*_SHOP_DAY, "closes_at"), on=_SHOP_DAY)
        .filter(pl.col("recorded_at") >= pl.col("closes_at"))
        .select(_SHOP_DAY)
        .unique()
    )
    return conform(IncompleteDays, open_then.join(reported, on=_SHOP_DAY, how="anti").sort(_SHOP_DAY))


def without_incomplete_days(
    cells: dy.DataFrame[Cells],
    sales: dy.DataFrame[ops.Sales],
    sales_hourly: dy.DataFrame[ops.SalesHourly],
    facts: TradingFacts,
) -> tuple[dy.DataFrame[ops.Sales], dy.DataFrame[ops.SalesHourly]]:
    """Daily and hourly sales without those of days that are not complete."""
    incomplete = incomplete_days(cells, sales, sales, facts)
    if incomplete.is_empty():
        return sales, sales_hourly
    kept = sales.join(incomplete, on=_SHOP_DAY, how="anti", maintain_order="left")
    hourly = sales_hourly.join(incomplete, on=_SHOP_DAY, how="anti", maintain_order="left")
    return cast(dy.DataFrame[ops.Sales], kept), cast(dy.DataFrame[ops.SalesHourly], hourly)
