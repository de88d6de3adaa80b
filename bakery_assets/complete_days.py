"""Complete days: of which days the sales a plan knows are a shop's whole day.

A plan that is made on the evening before knows nothing or only a part of the day that is not over yet. Such a day is
neither history for forecasts nor can it be validated: it is missing, not poor.
"""

from typing import TypedDict, cast

import dataframely as dy
import polars as pl

from bakery_assets.opening_hours import trading_hours
from bakery_assets.schemas import Cells, conform, ops
from bakery_assets.schemas import columns as col

LATEST_DAYS = 3  # before the plan date; a plan is made two days ahead at the most, and a day ends on the day after it
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
