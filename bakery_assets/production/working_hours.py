"""Working hours: when a bakery works on each day of the horizon, from its shifts and its own clock, as instants in UTC.

When the shops sell is no concern of this module; on which days nothing is baked at all is in ``materials.demand``.
"""

import dataframely as dy
import polars as pl

from bakery_assets.cells import horizon
from bakery_assets.keys import SCHEDULE_DAY
from bakery_assets.local_time import with_instants, with_local_times
from bakery_assets.schemas import Cells, conform, ops
from bakery_assets.schemas import columns as col


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
    """Hours of each day of the horizon, sorted: from the earliest shift start to the latest shift end of its weekday.

    A shift that does not end after it starts ends on the next day. Nothing starts before ``planned_as_of``. On days
    without a shift, work starts at the wall time of ``planned_as_of``, for lack of anything better.
    """
    days = horizon(cells).rename({"target_date": "schedule_date"}).join(cells.drop("plan_date"), on="tenant_id")
    staffed = shifts.select("tenant_id", has_shifts=True).unique()
    zoned = with_local_times(days, planned_local="planned_as_of").with_columns(
        planning_time=pl.col("planned_local").dt.time()
    )
    hours = (
        with_instants(zoned, "default_start", day="schedule_date", wall_time="planning_time")
        .join(_shift_hours(days, shifts), on=SCHEDULE_DAY, how="left")
        .join(staffed, on="tenant_id", how="left")
        .with_columns(
            pl.col("has_shifts").fill_null(value=False),
            work_starts_at=pl.max_horizontal(pl.coalesce("shift_starts_at", "default_start"), "planned_as_of"),
        )
        .sort(SCHEDULE_DAY)
    )
    return conform(WorkingHours, hours)


def _shift_hours(days: pl.DataFrame, shifts: pl.DataFrame) -> pl.DataFrame:
    """The span and the minutes of the shifts of days that have any."""
    next_day = (pl.col("ends_at") <= pl.col("starts_at")).cast(pl.Int64)
    worked = (
        days.with_columns(weekday=pl.col("schedule_date").dt.weekday().cast(pl.Int64))
        .join(shifts.with_columns(pl.col("weekday").cast(pl.Int64)), on=["tenant_id", "weekday"])
        .with_columns(end_date=pl.col("schedule_date") + pl.duration(days=next_day))
    )
    worked = with_instants(worked, "begin", day="schedule_date", wall_time="starts_at")
    worked = with_instants(worked, "end", day="end_date", wall_time="ends_at").sort(*SCHEDULE_DAY, "begin", "end")
    seen_until = pl.col("end").cum_max().shift(1).over(SCHEDULE_DAY)
    fresh_from = pl.max_horizontal("begin", seen_until)
    return (
        worked.with_columns(minutes=((pl.col("end") - fresh_from).dt.total_seconds() / 60).clip(0.0))
        .group_by(SCHEDULE_DAY)
        .agg(
            shift_starts_at=pl.col("begin").min(),
            shift_ends_at=pl.col("end").max(),
            shift_minutes=pl.col("minutes").sum(),
        )
    )
