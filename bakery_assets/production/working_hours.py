"""Working hours: when a bakery works on each day of the horizon, from its shifts and its own clock, as instants in UTC.

When the shops sell is in ``opening_hours``; on which days nothing is baked at all is in ``materials.demand``.
"""

import dataframely as dy
import polars as pl

from bakery_assets.cells import horizon
from bakery_assets.keys import SCHEDULE_DAY
from bakery_assets.local_time import with_instants, with_local_times
from bakery_assets.schemas import Cells, conform, ops
from bakery_assets.schemas import columns as col
from bakery_assets.work_shifts import work_shifts


class WorkingHours(dy.Schema):
    """The hours of each tenant's days; the shift columns are empty on days without a shift."""

    tenant_id = col.tenant_id()
    plan_date = col.date("Local date that is planned")
    schedule_date = col.date("The day", primary_key=True)
    timezone = col.timezone()
    work_starts_at = col.instant("When work may start")
    shift_starts_at = col.instant("Start of the earliest shift", nullable=True)
    shift_ends_at = col.instant("End of the latest shift", nullable=True)
    shift_minutes = col.number("Minutes in which at least one shift works, overlaps counted once", nullable=True)
    has_shifts = col.boolean("The tenant has shifts on some day, so that on a day without any no one works")

    @dy.rule()
    def shifts_end_after_they_start(cls) -> pl.Expr:
        """Where a shift works, the last one ends after the first one starts, and minutes are known."""
        is_after = (pl.col("shift_ends_at") > pl.col("shift_starts_at")).fill_null(value=False)
        return pl.col("shift_starts_at").is_null() | (is_after & pl.col("shift_minutes").is_not_null())


def working_hours(cells: dy.DataFrame[Cells], shifts: dy.DataFrame[ops.Shifts]) -> dy.DataFrame[WorkingHours]:
    """Hours of each day of the horizon, sorted: from the start of the first shift that works for it to the last's end.

    Night shifts work for the day on whose morning they end (``work_shifts``). Nothing starts before ``planned_as_of``.
    On days without a shift, work starts as long before or after midnight as ``planned_as_of`` lies from the plan date,
    for lack of anything better.
    """
    days = horizon(cells).rename({"target_date": "schedule_date"}).join(cells.drop("plan_date"), on="tenant_id")
    staffed = shifts.select("tenant_id", has_shifts=True).unique()
    zoned = with_local_times(days, planned_local="planned_as_of").with_columns(
        wall_time=pl.col("planned_local").dt.time(),
        start_date=pl.col("schedule_date") + (pl.col("planned_local").dt.date() - pl.col("plan_date")),
    )
    hours = (
        with_instants(zoned, "default_start", day="start_date", wall_time="wall_time")
        .join(_shift_hours(days, shifts), on=SCHEDULE_DAY, how="left")
        .join(staffed, on="tenant_id", how="left")
        .with_columns(
            pl.col("has_shifts").fill_null(value=False),
            work_starts_at=pl.max_horizontal(pl.coalesce("shift_starts_at", "default_start"), "planned_as_of"),
        )
        .sort(SCHEDULE_DAY)
    )
    return conform(WorkingHours, hours)


def _shift_hours(days: pl.DataFrame, shifts: dy.DataFrame[ops.Shifts]) -> pl.DataFrame:
    """The span and the minutes of the shifts of days that have any."""
    worked = work_shifts(days.select("tenant_id", "timezone", "schedule_date"), shifts)
    seen_until = pl.col("ends_at").cum_max().shift(1).over(SCHEDULE_DAY)
    fresh_from = pl.max_horizontal("begins_at", seen_until)
    return (
        worked.with_columns(minutes=((pl.col("ends_at") - fresh_from).dt.total_seconds() / 60).clip(0.0))
        .group_by(SCHEDULE_DAY)
        .agg(
            shift_starts_at=pl.col("begins_at").min(),
            shift_ends_at=pl.col("ends_at").max(),
            shift_minutes=pl.col("minutes").sum(),
        )
    )
