"""Rolling origins, and what was known at each: the one place where the future is cut off.

An origin is a plan date: its forecast is made from facts of the days before it, for the seven days from it on.
"""

from datetime import date, time, timedelta
from typing import TypeVar, cast

import dataframely as dy
import polars as pl

from bakery_assets.cells import HORIZON_DAYS
from bakery_assets.forecasting.data.context import ContextFacts
from bakery_assets.local_time import with_instants
from bakery_assets.schemas import Cells, conform, ops

S = TypeVar("S", bound=dy.Schema)
NOON = time(12)
ONE_DAY = timedelta(days=1)


class BacktestFacts(ContextFacts):
    """What a backtest reads."""

    opening_hours: dy.DataFrame[ops.OpeningHours]
    tenant_settings: dy.DataFrame[ops.TenantSettings]
    forecast_overrides: dy.DataFrame[ops.ForecastOverrides]


READS = tuple(BacktestFacts.__annotations__)


def origins(last_day: date, weeks: int) -> list[date]:
    """The first days of the last ``weeks`` weeks; the last week ends on ``last_day``."""
    return [last_day - timedelta(days=HORIZON_DAYS * back - 1) for back in range(weeks, 0, -1)]


def known_before(facts: BacktestFacts, origin: date) -> BacktestFacts:
    """What was known before ``origin``.

    Sales and weather of the days before it. The calendar (holidays, promotions, closed days, events) is known
    ahead. Products are known, but that one is to be discontinued only from that day on. Overrides are left out,
    for they are people's forecasts and not the system's.

    A fact counts by the day it is about: ``recorded_at`` is not looked at, since most folders do not have it.
    """
    is_known = pl.col("discontinued_on") <= origin
    products = facts["products"].with_columns(discontinued_on=pl.when(is_known).then(pl.col("discontinued_on")))
    return BacktestFacts(
        tenants=facts["tenants"],
        products=cast(dy.DataFrame[ops.Products], products),
        calendar=facts["calendar"],
        sales=_before(facts["sales"], "sales_date", origin),
        sales_hourly=_before(facts["sales_hourly"], "sales_date", origin),
        weather=_before(facts["weather"], "date", origin),
        opening_hours=facts["opening_hours"],
        tenant_settings=facts["tenant_settings"],
        forecast_overrides=facts["forecast_overrides"].clear(),
    )


def _before(rows: dy.DataFrame[S], day: str, origin: date) -> dy.DataFrame[S]:
    return cast(dy.DataFrame[S], rows.filter(pl.col(day) < origin))


def cells_of(tenants: pl.DataFrame, origin: date) -> dy.DataFrame[Cells]:
    """The cells of ``tenants`` (``tenant_id, timezone``) on ``origin``, by tenant.

    All are planned at noon, when everything is known of the day before: ``known_before`` cuts by days.
    """
    dated = tenants.with_columns(plan_date=pl.lit(origin), noon=pl.lit(NOON))
    cells = with_instants(dated, "planned_as_of", day="plan_date", wall_time="noon")
    return conform(Cells, cells.sort("tenant_id"))
