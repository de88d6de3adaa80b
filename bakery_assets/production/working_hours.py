"""When a bakery works on each day of the horizon: from its shifts and its own clock to instants in UTC."""

import polars as pl

from bakery_assets.cells import horizon
from bakery_assets.local_time import with_instants, with_local_times


def working_hours(cells: pl.DataFrame, shifts: pl.DataFrame) -> pl.DataFrame:
    """The hours of each day: from the earliest shift start to the latest shift end of its weekday.

    A shift that does not end after it starts ends on the next day. Nothing starts before ``planned_as_of``. On days
    without a shift, work starts at the wall time of ``planned_as_of``, for nothing better is known.

    Args:
        cells: the columns of ``cells.CELLS``.
        shifts: the table.

    Returns:
        ``tenant_id, schedule_date, timezone, starts_at, shift_starts_at, shift_ends_at, shift_minutes, has_shifts``,
        one row per tenant and day, sorted. Instants in UTC; the shift columns are empty on days without one.
        ``shift_minutes`` counts minutes in which at least one shift works, overlaps once. ``has_shifts``: the tenant
        has shifts on some day, so that a day without any means that nobody works.
    """
    days = horizon(cells).rename({"target_date": "schedule_date"}).join(cells.drop("plan_date"), on="tenant_id")
    next_day = (pl.col("ends_at") <= pl.col("starts_at")).cast(pl.Int64)
    worked = (
        days.with_columns(weekday=pl.col("schedule_date").dt.weekday().cast(pl.Int64))
        .join(shifts.with_columns(pl.col("weekday").cast(pl.Int64)), on=["tenant_id", "weekday"])
        .with_columns(end_date=pl.col("schedule_date") + pl.duration(days=next_day))
    )
    worked = with_instants(worked, "begin", day="schedule_date", wall_time="starts_at")
    worked = with_instants(worked, "end", day="end_date", wall_time="ends_at").sort(
        "tenant_id", "schedule_date", "begin", "end"
    )
    day = ["tenant_id", "schedule_date"]
    seen_until = pl.col("end").cum_max().shift(1).over(day)
    fresh_from = pl.max_horizontal("begin", seen_until)
    hours = (
        worked.with_columns(minutes=((pl.col("end") - fresh_from).dt.total_seconds() / 60).clip(0.0))
        .group_by(day)
        .agg(
            shift_starts_at=pl.col("begin").min(),
            shift_ends_at=pl.col("end").max(),
            shift_minutes=pl.col("minutes").sum(),
        )
    )
    staffed = shifts.select("tenant_id", has_shifts=True).unique()
    zoned = with_local_times(days, planned_local="planned_as_of").with_columns(
        planning_time=pl.col("planned_local").dt.time()
    )
    return (
        with_instants(zoned, "default_start", day="schedule_date", wall_time="planning_time")
        .join(hours, on=day, how="left")
        .join(staffed, on="tenant_id", how="left")
        .with_columns(
            pl.col("has_shifts").fill_null(value=False),
            starts_at=pl.max_horizontal(pl.coalesce("shift_starts_at", "default_start"), "planned_as_of"),
        )
        .select(*day, "timezone", "starts_at", "shift_starts_at", "shift_ends_at", "shift_minutes", "has_shifts")
        .sort(day)
    )
