"""What a round of tenants knows on its morning: its panel, its shops' days, its holidays."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import polars as pl

from bakery_assets.calendars import occasions, tenant_holidays
from bakery_assets.cells import Frames, horizon
from bakery_assets.forecasting.data.closures import holiday_habits, shut_days
from bakery_assets.forecasting.data.history import days_around, known_sales, shop_days
from bakery_assets.forecasting.data.panel import AHEAD, Flags, Panel, build_panel
from bakery_assets.forecasting.data.unconstrained_demand import with_demand
from bakery_assets.keys import SHOP

NO_DAY = date(1970, 1, 1)  # without cells there is no day to look at


@dataclass(frozen=True)
class Known:
    """Facts as the models see them."""

    sales: pl.DataFrame  # of history.known_sales
    days: pl.DataFrame  # of history.shop_days
    holidays: pl.DataFrame  # of calendar_features.tenant_holidays
    panel: Panel


def gather(cells: pl.DataFrame, frames: Frames, past: int) -> Known:
    """Facts of the ``past`` days before each plan date, and the calendar around them.

    Args:
        cells: ``tenant_id, plan_date``.
        frames: tenants, products, sales, sales_hourly, calendar, weather.
    """
    plan_dates: list[date] = cells["plan_date"].to_list()
    first = min(plan_dates, default=NO_DAY) - timedelta(days=past + 2)
    last = max(plan_dates, default=NO_DAY) + timedelta(days=AHEAD + 2)
    calendar = frames["calendar"]
    holidays = tenant_holidays(frames["tenants"], calendar, first, last)
    recent = frames["sales"].filter(pl.col("sales_date").is_between(first, last))
    hourly = frames["sales_hourly"].filter(pl.col("sales_date").is_between(first, last))
    # A tenant's own days only: the round's span depends on who else is in it.
    hourly = hourly.join(cells.select("tenant_id", "plan_date"), on="tenant_id").filter(
        pl.col("sales_date") < pl.col("plan_date"),
        pl.col("sales_date") >= pl.col("plan_date") - pl.duration(days=past),
    )
    sales = known_sales(cells, frames["products"], with_demand(recent, hourly), past)
    return Known(
        sales=sales,
        days=shop_days(sales),
        holidays=holidays,
        panel=build_panel(cells, sales, occasions(calendar, holidays, first, last), frames["weather"], past),
    )


def shut_ahead(known: Known, cells: pl.DataFrame, habits: pl.DataFrame, calendar: pl.DataFrame) -> pl.DataFrame:
    """Days of the horizon on which a shop will not open though its calendar does not say so: ``SHOP, date, closed``."""
    days = horizon(cells).select("tenant_id", date="target_date")
    targets = known.panel.shops.select(SHOP).join(days, on="tenant_id")
    return shut_days(targets, known.days, habits, known.holidays, calendar)


def shut_matrix(panel: Panel, ahead: pl.DataFrame) -> Flags:
    """Series, past + AHEAD: closed by the calendar, by ``ahead`` (of ``shut_ahead``), or on a past day, as it was."""
    shut = panel.is_shut[panel.item].copy()
    shut[:, : panel.past] |= ~panel.is_open & panel.is_known
    shops = panel.shops.select(SHOP).with_row_index("shop")
    at = (
        ahead.join(shops, on=SHOP)
        .join(panel.cells, on="tenant_id")
        .select("shop", day=panel.past + (pl.col("date") - pl.col("plan_date")).dt.total_days())
        .filter(pl.col("day").is_between(0, panel.past + AHEAD - 1))
    )
    of_shop = np.zeros((panel.shops.height, panel.past + AHEAD), dtype=bool)
    of_shop[at["shop"].to_numpy(), at["day"].to_numpy()] = True
    return shut | of_shop[panel.shop]


def shut_from(known: Known, past: Panel, day: int, calendar: pl.DataFrame) -> Flags:
    """Series, past + AHEAD: closed, as far as the morning of column ``day`` could tell.

    Args:
        past: ``known.panel`` before that day.
    """
    cells = past.cells.with_columns(pl.col("plan_date") - pl.duration(days=past.past - day))
    opened = known.days.filter("is_open").join(cells, on="tenant_id").filter(pl.col("date") < pl.col("plan_date"))
    # What lies between the last sale and the morning nobody could tell yet, closed or only late.
    then = replace(known, days=days_around(opened.select(*SHOP, "date")))
    habits = holiday_habits(then.days, known.holidays)
    return shut_matrix(past, shut_ahead(then, cells, habits, calendar))
