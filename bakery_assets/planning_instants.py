"""Planning instants: when each cell is planned, the one place where this is worked out.

Facts recorded up to the planning instant are what a plan knows. Which cells are due at a time is decided in
``due.planning``; what is due again after late sales in ``due.revalidation``.
"""

from datetime import date, time, timedelta
from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.calendars import tenant_holidays
from bakery_assets.local_time import INSTANT, in_known_zones, with_instants, with_local_times
from bakery_assets.opening_hours import first_openings
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops
from bakery_assets.schemas.setting_keys import WEEKDAYS
from bakery_assets.tenant_settings import settings_on
from bakery_assets.work_shifts import first_starts

DEFAULT_PLANNING_TIME = time(5, 30)  # of days on which no shift works, where no planning time is given
DEFAULT_EVENING_TIME = time(20)  # of the evening before, where that is chosen and no planning time is given
BEFORE_FIRST_START = timedelta(hours=1)  # so that a plan that takes long, or is tried again, is there in time
NOON = time(12)
_CHOICES = ("planning_time", "planning_day")


class PlanningFacts(TypedDict):
    """What decides when bakeries are planned."""

    tenants: dy.DataFrame[ops.Tenants]
    locations: dy.DataFrame[ops.Locations]
    tenant_settings: dy.DataFrame[ops.TenantSettings]
    opening_hours: dy.DataFrame[ops.OpeningHours]
    shifts: dy.DataFrame[ops.Shifts]
    calendar: dy.DataFrame[ops.Calendar]


class PlanningInstants(dy.Schema):
    """When cells are planned, and when the work for them begins."""

    tenant_id = col.tenant_id()
    plan_date = col.date("Local date that is planned", primary_key=True)
    timezone = col.timezone()
    planned_as_of = col.instant("Planning instant")
    planning_time = col.time("Local planning time that is given; empty: none is", nullable=True)
    first_start_at = col.instant("First start of work for the date; empty: no shift works for it", nullable=True)

    @dy.rule()
    def plans_precede_work_unless_a_time_is_given(cls) -> pl.Expr:
        """Without a given time planned_as_of < first_start_at."""
        return pl.col("planning_time").is_not_null() | (pl.col("planned_as_of") < pl.col("first_start_at"))


def planning_instants(cells: pl.DataFrame, facts: PlanningFacts) -> dy.DataFrame[PlanningInstants]:
    """The planning instant of each cell, by tenant and date; tenants that are unknown, or whose zone is, are left out.

    The time is the setting of holidays, else of the weekday, else the tenant's. Without one, a date is planned an hour
    before the first start of work for it, and at 05:30 where no shift works for it; where ``planning_day`` chooses the
    evening before, at 20:00 of that evening, or an hour before the first start if that is earlier.

    A given time is one of the evening before where ``planning_day`` says so (by holiday, weekday or in general) and,
    where it says nothing, from noon on if on the day itself it would come after the first start of work (without
    shifts, the opening of the first shop): a plan that comes when the day is over helps no one.

    Args:
        cells: ``tenant_id, plan_date``, each cell once.
    """
    tenants = facts["tenants"].select("tenant_id", "timezone", "planning_time")
    days = in_known_zones(cells.select("tenant_id", "plan_date").join(tenants, on="tenant_id"))
    days = _with_choices(days, facts)
    dates = days.select("tenant_id", "timezone", schedule_date="plan_date")
    starts = first_starts(dates, facts["shifts"]).rename({"schedule_date": "plan_date"})
    days = days.join(starts, on=["tenant_id", "plan_date"], how="left").with_columns(
        wall_time=pl.coalesce(
            "planning_time",
            pl.when(pl.col("planning_day") == "day_before").then(pl.lit(DEFAULT_EVENING_TIME)),
            pl.lit(DEFAULT_PLANNING_TIME),
        ),
        day_before=pl.col("plan_date") - pl.duration(days=1),
    )
    days = with_instants(days, "on_the_day", day="plan_date", wall_time="wall_time")
    days = with_instants(days, "evening_before", day="day_before", wall_time="wall_time")
    days = _with_openings(days, facts).with_columns(
        is_evening=pl.when(pl.col("planning_day").is_not_null())
        .then(pl.col("planning_day") == "day_before")
        .otherwise(
            (pl.col("planning_time") >= NOON) & (pl.col("on_the_day") > pl.coalesce("first_start_at", "opens_at"))
        )
        .fill_null(value=False)
    )
    before_work = pl.col("first_start_at") - BEFORE_FIRST_START
    found = days.with_columns(
        planned_as_of=pl.when(pl.col("planning_time").is_null() & pl.col("is_evening"))
        .then(pl.min_horizontal("evening_before", before_work))
        .when(pl.col("planning_time").is_null())
        .then(pl.coalesce(before_work, "on_the_day"))
        .when("is_evening")
        .then("evening_before")
        .otherwise("on_the_day")
    )
    return conform(PlanningInstants, found.sort("tenant_id", "plan_date"))


def late_planning(instants: dy.DataFrame[PlanningInstants]) -> dy.DataFrame[PlanningInstants]:
    """Cells whose work has begun when they are planned, so that what is begun by then is not as planned.

    Work that begins at the planning instant itself has: a plan takes some minutes to be there.
    """
    return conform(PlanningInstants, instants.filter(pl.col("planned_as_of") >= pl.col("first_start_at")))


def late_planning_sentences(instants: dy.DataFrame[PlanningInstants]) -> list[str]:
    """One sentence for each tenant that is planned late on some of the days, with the first of them."""
    late = with_local_times(late_planning(instants), planned="planned_as_of", began="first_start_at").sort(
        "tenant_id", "plan_date"
    )
    first = late.unique("tenant_id", keep="first", maintain_order=True)
    clocks = first.select("tenant_id", "plan_date", pl.col("planned", "began").dt.strftime("%H:%M on %a"))
    return [
        f"{tenant}: {day:%a %Y-%m-%d} is planned at {planned}, when work for it has begun at {began}; set its"
        " planning time before the first shift, or leave it empty"
        for tenant, day, planned, began in clocks.iter_rows()
    ]


def _with_choices(days: pl.DataFrame, facts: PlanningFacts) -> pl.DataFrame:
    """``days`` with the ``planning_time`` and ``planning_day`` that hold on each; of the settings only those in use."""
    settings = facts["tenant_settings"]
    used = set(settings["key"].unique())
    own_weekday = pl.lit(None, pl.String)
    for number, weekday in enumerate(WEEKDAYS, start=1):
        own_weekday = pl.when(pl.col("plan_date").dt.weekday() == number).then(pl.lit(weekday)).otherwise(own_weekday)
    names = [
        name
        for choice in _CHOICES
        for name in (choice, *(f"{choice}_{suffix}" for suffix in (*WEEKDAYS, "holiday")))
        if name in used
    ]
    if not names:
        return days.with_columns(planning_day=pl.lit(None, pl.String))
    tenants_time = days.rename({"planning_time": "tenants_time"}).with_columns(date="plan_date", weekday=own_weekday)
    chosen = _with_holidays(settings_on(tenants_time, settings, names), facts)
    for choice in _CHOICES:
        of_holiday = [pl.when("is_holiday").then(name) for name in names if name == f"{choice}_holiday"]
        of_weekday = [
            pl.when(pl.col("weekday") == weekday).then(f"{choice}_{weekday}")
            for weekday in WEEKDAYS
            if f"{choice}_{weekday}" in names
        ]
        general = [pl.col("tenants_time")] if choice == "planning_time" else [pl.col(n) for n in names if n == choice]
        empty = pl.lit(None, pl.Time if choice == "planning_time" else pl.String)
        chosen = chosen.with_columns(pl.coalesce(*of_holiday, *of_weekday, *general, empty).alias(f"{choice}_chosen"))
    return chosen.select(
        "tenant_id", "plan_date", "timezone", **{choice: pl.col(f"{choice}_chosen") for choice in _CHOICES}
    )


def _with_holidays(days: pl.DataFrame, facts: PlanningFacts) -> pl.DataFrame:
    """``days`` with ``is_holiday``; holidays are looked up only for tenants that plan them differently."""
    of_holidays = facts["tenant_settings"].filter(pl.col("key").str.ends_with("_holiday"))
    tenants = facts["tenants"].join(of_holidays, on="tenant_id", how="semi")
    if tenants.is_empty() or days.is_empty():
        return days.with_columns(is_holiday=pl.lit(value=False))
    calendar = facts["calendar"].join(of_holidays, on="tenant_id", how="semi")
    dates: list[date] = days["plan_date"].to_list()
    holidays = tenant_holidays(conform(ops.Tenants, tenants), conform(ops.Calendar, calendar), min(dates), max(dates))
    marked = holidays.select("tenant_id", plan_date="date", is_holiday=pl.lit(value=True))
    return days.join(marked, on=["tenant_id", "plan_date"], how="left", maintain_order="left").with_columns(
        pl.col("is_holiday").fill_null(value=False)
    )


def _with_openings(days: pl.DataFrame, facts: PlanningFacts) -> pl.DataFrame:
    """``days`` with ``opens_at``, on the days on which it decides on which day they are planned."""
    decides = (
        pl.col("first_start_at").is_null() & pl.col("planning_day").is_null() & (pl.col("planning_time") >= NOON)
    ).fill_null(value=False)
    asked = days.filter(decides).select("tenant_id", "timezone", date="plan_date")
    if asked.is_empty():
        return days.with_columns(opens_at=pl.lit(None, INSTANT))
    opened = first_openings(
        asked, facts["locations"], facts["opening_hours"], facts["calendar"], facts["tenant_settings"]
    )
    return days.join(
        opened.select("tenant_id", "opens_at", plan_date="date"), on=["tenant_id", "plan_date"], how="left"
    )
