"""Rolling origins, and what was known at each: the one place where the future is cut off.

An origin is a plan date: its forecast is made that morning, from facts of the days before it, for the seven
days from it on.
"""

from datetime import date, timedelta

import polars as pl

from bakery_assets.cells import CELLS, HORIZON_DAYS, Frames
from bakery_assets.local_time import with_instants

# What a backtest reads, and the column that dates its rows; None: it is known ahead.
READS = {
    "tenants": None,
    "products": None,
    "calendar": None,
    "sales": "sales_date",
    "sales_hourly": "sales_date",
    "weather": "date",
    "forecast_overrides": None,
    "model_versions": None,
    "series_models": None,
}
NEVER_KNOWN = ("forecast_overrides", "model_versions", "series_models")


def origins(last_day: date, weeks: int) -> list[date]:
    """The first days of the last ``weeks`` weeks; the last week ends on ``last_day``."""
    return [last_day - timedelta(days=HORIZON_DAYS * back - 1) for back in range(weeks, 0, -1)]


def known_before(frames: Frames, origin: date) -> dict[str, pl.DataFrame]:
    """What was known on the morning of ``origin``.

    Sales and weather of the days before it. The calendar (holidays, promotions, closings, events) is known
    ahead. Products are known, but that one is to be discontinued only from that day on. Overrides are left out,
    for they are people's forecasts and not the system's; so are models stored earlier, for they may have seen
    what comes. Of these, only the empty tables are passed on.

    A fact counts by the day it is about: ``recorded_at`` is not looked at, since most folders do not have it.
    """
    known = {
        name: frames[name] if column is None else frames[name].filter(pl.col(column) < origin)
        for name, column in READS.items()
    }
    is_known = pl.col("discontinued_on") <= origin
    known["products"] = known["products"].with_columns(
        discontinued_on=pl.when(is_known).then(pl.col("discontinued_on"))
    )
    return known | {name: frames[name].clear() for name in NEVER_KNOWN}


def cells_of(tenants: pl.DataFrame, origin: date) -> pl.DataFrame:
    """The columns of ``CELLS`` for ``tenants`` (``tenant_id, timezone, planning_time``) on ``origin``."""
    dated = tenants.with_columns(plan_date=pl.lit(origin))
    return (
        with_instants(dated, "planned_as_of", day="plan_date", wall_time="planning_time")
        .select(CELLS.names())
        .sort("tenant_id")
    )
