"""Complete days: of which days the sales a plan knows are a shop's whole day.

A day is complete when its shop has closed and its till has reported since (``is_reported``, also the ledger's rule). A
plan that is made on the evening before knows nothing or only a part of the day that is not over yet; a till that
stopped at noon has reported half of one. Such a day is neither history for forecasts nor can it be validated: it is
missing, not poor. Of a till that usually does not report after closing, a day is whole once it is over.
"""

from typing import TypedDict, cast

import dataframely as dy
import polars as pl

from bakery_assets.cells import past_days
from bakery_assets.local_time import with_utc_times
from bakery_assets.opening_hours import trading_hours
from bakery_assets.schemas import Cells, conform, ops
from bakery_assets.schemas import columns as col
from bakery_assets.tenant_settings import settings_on

MISSING_WITHIN_DAYS = 14  # days before the plan date whose sales are waited for
HABIT_DAYS = 28  # days whose sales tell on which weekdays a location sells, and whether its till reports after closing
HALF = 0.5
_SHOP = ["tenant_id", "location_id"]
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
    habits = shop_days.filter(pl.col("reported_at").is_not_null())
    closes_out = _usually_closing_out(habits).with_columns(closes_out=pl.lit(value=True))
    sells = habits.filter("has_sold").select(*_SHOP, sold_on="sales_date", weekday="weekday")
    back = (pl.col("sales_date") - pl.col("sold_on")).dt.total_days()
    candidates = (
        shop_days.filter(pl.col("is_open") & pl.col("is_due") & (ago <= MISSING_WITHIN_DAYS))
        .join(closes_out, on=_SHOP, how="left")
        .filter(pl.col("reported_at").is_null() | (pl.col("closes_out").is_not_null() & ~pl.col("is_closed_out")))
    )
    reporting = (
        candidates.select(*_SHOP_DAY, "weekday", "has_hours")
        .join(sells, on=_SHOP, suffix="_sold")
        .filter(back.is_between(1, HABIT_DAYS))
        .filter(pl.col("has_hours").is_not_null() | (pl.col("weekday") == pl.col("weekday_sold")))
    )
    missing = candidates.join(reporting, on=_SHOP_DAY, how="semi").sort(_SHOP_DAY)
    return conform(UnreportedDays, missing)


def with_midnights(rows: pl.DataFrame, day: str) -> pl.DataFrame:
    """``rows`` with the instant ``midnight`` at which their ``day`` ends on the clock of their ``timezone``."""
    ends = rows.with_columns(midnight=pl.col(day).dt.offset_by("1d").cast(pl.Datetime("us")))
    return with_utc_times(ends, midnight="midnight")


def is_reported() -> pl.Expr:
    """Whether a shop's day is over and its till has reported after closing, or when the date was; never null.

    Of columns ``closes_at``, ``midnight``, ``planned_as_of`` and ``reported_at``, the last record of the day's sales,
    which may be later than the planning instant: late sales are read so. A day that is given without the time of its
    record is recorded at its end.
    """
    at, closes = pl.col("reported_at"), pl.col("closes_at")
    is_over = (closes <= pl.col("planned_as_of")) & (at >= pl.col("midnight"))
    return ((at >= closes) | is_over).fill_null(value=False)


def incomplete_days(
    cells: dy.DataFrame[Cells], shop_days: pl.DataFrame, sales: dy.DataFrame[ops.Sales], facts: TradingFacts
) -> dy.DataFrame[IncompleteDays]:
    """Those of ``shop_days`` in the two weeks before the plan date that are not complete, sorted.

    A day that is over and of which nothing is recorded is none of them: it is not known whether anything will be.

    Args:
        shop_days: ``tenant_id, location_id, sales_date``.
        sales: as known to the cells.
    """
    recent = (
        shop_days.select(_SHOP_DAY)
        .unique()
        .join(cells, on="tenant_id")
        .filter(
            pl.col("sales_date") < pl.col("plan_date"),
            pl.col("sales_date") >= pl.col("plan_date") - pl.duration(days=MISSING_WITHIN_DAYS),
        )
        .rename({"sales_date": "date"})
    )
    last = sales.join(recent.select(*_SHOP, sales_date="date"), on=_SHOP_DAY, how="semi")
    reported = last.group_by(_SHOP_DAY).agg(reported_at=pl.col("recorded_at").max())
    hours = trading_hours(recent, facts["opening_hours"], facts["calendar"], facts["tenant_settings"])
    days = with_midnights(
        hours.join(cells.select("tenant_id", "timezone", "planned_as_of"), on="tenant_id"), "date"
    ).rename({"date": "sales_date"})
    candidates = days.join(reported, on=_SHOP_DAY, how="left").filter("is_open", ~is_reported())
    is_over = pl.col("closes_at") <= pl.col("planned_as_of")
    stopped = candidates.filter(is_over, pl.col("reported_at").is_not_null())
    if stopped.height:
        stopped = stopped.join(_closing_out(cells, sales, stopped, facts), on=_SHOP, how="semi")
    incomplete = pl.concat([candidates.filter(~is_over), stopped])
    return conform(IncompleteDays, incomplete.sort(_SHOP_DAY))


def _closing_out(
    cells: dy.DataFrame[Cells], sales: dy.DataFrame[ops.Sales], shops: pl.DataFrame, facts: TradingFacts
) -> pl.DataFrame:
    """Those of ``shops`` that usually report after closing, by the four weeks before the plan date."""
    ago = (pl.col("plan_date") - pl.col("sales_date")).dt.total_days()
    days = (
        sales.join(shops.select(_SHOP).unique(), on=_SHOP, how="semi")
        .join(cells, on="tenant_id")
        .filter(ago.is_between(1, HABIT_DAYS))
        .group_by(*_SHOP_DAY, "timezone")
        .agg(reported_at=pl.col("recorded_at").max())
    )
    hours = trading_hours(
        days.rename({"sales_date": "date"}), facts["opening_hours"], facts["calendar"], facts["tenant_settings"]
    )
    own = hours.rename({"date": "sales_date"}).join(days, on=_SHOP_DAY)
    return _usually_closing_out(own.with_columns(is_closed_out=pl.col("reported_at") >= pl.col("closes_at")))


def _usually_closing_out(reported: pl.DataFrame) -> pl.DataFrame:
    """Shops of more than half of whose reported days the last sales were recorded after closing."""
    return (
        reported.group_by(_SHOP).agg(share=pl.col("is_closed_out").mean()).filter(pl.col("share") > HALF).select(_SHOP)
    )


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
