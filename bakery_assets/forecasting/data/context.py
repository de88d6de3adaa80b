"""The context of a forecast: a round's panel, its shops' calendars and holidays, and the closures predicted from them.

Built from facts once for the stage and for training alike. Nothing of the plan date or later is in it but the calendar
and the weather forecast.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import cast

import dataframely as dy
import numpy as np
import polars as pl

from bakery_assets.calendars import TenantHolidays, occasions, tenant_holidays
from bakery_assets.cells import horizon
from bakery_assets.forecasting.data.closures import PredictedClosures, predicted_closures
from bakery_assets.forecasting.data.history import (
    DemandHistory,
    SalesFacts,
    ShopCalendar,
    ShopDates,
    open_days,
    sales_window,
    shop_calendar,
)
from bakery_assets.forecasting.data.holiday_openings import (
    KnownClosings,
    KnownOfHolidays,
    ShopHolidays,
    holiday_openings,
    holidays_seen,
)
from bakery_assets.forecasting.data.panel import AHEAD, Flags, Panel, PlanDates, build_panel
from bakery_assets.forecasting.data.unconstrained_demand import add_unconstrained_demand
from bakery_assets.keys import SHOP
from bakery_assets.schemas import Cells, conform, ops

NO_DAY = date(1970, 1, 1)  # without cells there is no day to look at


class ContextFacts(SalesFacts):
    """The facts that a context is built from."""

    tenants: dy.DataFrame[ops.Tenants]
    sales_hourly: dy.DataFrame[ops.SalesHourly]
    calendar: dy.DataFrame[ops.Calendar]
    weather: dy.DataFrame[ops.Weather]


@dataclass(frozen=True)
class ForecastContext:
    """Facts as the models see them.

    Attributes:
        countries: by tenant, in capitals.
    """

    sales: dy.DataFrame[DemandHistory]
    days: dy.DataFrame[ShopCalendar]
    holidays: dy.DataFrame[TenantHolidays]
    calendar: dy.DataFrame[ops.Calendar]
    panel: Panel
    countries: Mapping[str, str | None]


def build_context(cells: dy.DataFrame[Cells], facts: ContextFacts, past: int) -> ForecastContext:
    """Facts of the ``past`` days before each plan date, and the calendar around them."""
    plan_dates: list[date] = cells["plan_date"].to_list()
    first = min(plan_dates, default=NO_DAY) - timedelta(days=past + 2)
    last = max(plan_dates, default=NO_DAY) + timedelta(days=AHEAD + 2)
    calendar = facts["calendar"]
    holidays = tenant_holidays(facts["tenants"], calendar, first, last)
    hourly = facts["sales_hourly"].filter(pl.col("sales_date").is_between(first, last))
    # A tenant's own days only: the span of the round depends on the other tenants in it.
    hourly = hourly.join(cells.select("tenant_id", "plan_date"), on="tenant_id").filter(
        pl.col("sales_date") < pl.col("plan_date"),
        pl.col("sales_date") >= pl.col("plan_date") - pl.duration(days=past),
    )
    sales = add_unconstrained_demand(sales_window(cells, facts, past), cast(dy.DataFrame[ops.SalesHourly], hourly))
    return ForecastContext(
        sales=sales,
        days=shop_calendar(open_days(sales)),
        holidays=holidays,
        calendar=calendar,
        panel=build_panel(cells, sales, occasions(calendar, holidays, first, last), facts["weather"], past),
        countries=dict(
            facts["tenants"]
            .join(cells, on="tenant_id", how="semi")
            .select("tenant_id", pl.col("country").str.strip_chars().str.to_uppercase())
            .iter_rows()
        ),
    )


@dataclass(frozen=True)
class HorizonClosures:
    """What is predicted of every shop of a context on the days of a horizon.

    Attributes:
        holidays: of the shops that no other reason closes on them.
    """

    predicted: dy.DataFrame[PredictedClosures]
    holidays: dy.DataFrame[ShopHolidays]


def horizon_closures(
    context: ForecastContext, plan_dates: dy.DataFrame[PlanDates], known: KnownOfHolidays
) -> HorizonClosures:
    """Predicted closures, and openings on holidays, on the days of the horizon from ``plan_dates`` on."""
    days = horizon(plan_dates).select("tenant_id", date="target_date")
    targets = conform(ShopDates, context.panel.shops.select(SHOP).join(days, on="tenant_id"))
    openings = holiday_openings(targets, context.holidays, context.calendar, known)
    predicted = predicted_closures(targets, context.days, openings, context.holidays, context.calendar)
    anyway = predicted.filter(pl.col("closed") != "holiday")
    left = openings.join(anyway, on=[*SHOP, "date"], how="anti", maintain_order="left")
    return HorizonClosures(predicted, conform(ShopHolidays, left))


def known_of_history(
    context: ForecastContext,
    in_country: dy.DataFrame[KnownClosings] | None = None,
    opening_hours: dy.DataFrame[ops.OpeningHours] | None = None,
) -> KnownOfHolidays:
    """What the context's own days show of holidays, with what else is known; None: nothing."""
    return KnownOfHolidays(
        holidays_seen(context.days, context.holidays),
        KnownClosings.create_empty() if in_country is None else in_country,
        ops.OpeningHours.create_empty() if opening_hours is None else opening_hours,
    )


def closure_mask(panel: Panel, closures: dy.DataFrame[PredictedClosures]) -> Flags:
    """Series, past + AHEAD: closed by the calendar, by ``closures``, or on a past day, as it was."""
    closed = panel.is_closed[panel.item].copy()
    closed[:, : panel.past] |= ~panel.is_open & panel.is_observed
    index = (
        closures.join(panel.shops, on=SHOP)
        .join(panel.cells, on="tenant_id")
        .select("shop", day=panel.past + (pl.col("date") - pl.col("plan_date")).dt.total_days())
        .filter(pl.col("day").is_between(0, panel.past + AHEAD - 1))
    )
    of_shop = np.zeros((panel.shops.height, panel.past + AHEAD), dtype=bool)
    of_shop[index["shop"].to_numpy(), index["day"].to_numpy()] = True
    return closed | of_shop[panel.shop]


def closure_mask_as_of(context: ForecastContext, past: Panel, day: int) -> Flags:
    """Series, past + AHEAD: closed, as far as could be predicted at the start of column ``day``.

    Args:
        past: ``context.panel`` as of that day.
    """
    plan_dates = conform(PlanDates, past.cells.with_columns(pl.col("plan_date") - pl.duration(days=past.past - day)))
    opened = (
        context.days.filter("is_open").join(plan_dates, on="tenant_id").filter(pl.col("date") < pl.col("plan_date"))
    )
    # Days between the last sale and column ``day`` were not known to be closed yet; they could have been only late.
    then = replace(context, days=shop_calendar(conform(ShopDates, opened)))
    return closure_mask(past, horizon_closures(then, plan_dates, known_of_history(then)).predicted)
