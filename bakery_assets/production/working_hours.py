"""When a bakery works on each day of the horizon: from its shifts and its own clock to instants in UTC."""

from zoneinfo import ZoneInfo

import polars as pl

from bakery_assets.frames import horizon, planning_instant

INSTANT = pl.Datetime("us", "UTC")


def working_hours(cells: pl.DataFrame, shifts: pl.DataFrame) -> pl.DataFrame:
    """The hours of each day: from the earliest shift start to the latest shift end of its weekday.

    A shift that does not end after it starts ends on the next day. Nothing starts before ``planned_as_of``. On days
    without a shift, work starts at the wall time of ``planned_as_of``, for nothing better is known.

    Args:
        cells: the columns of ``frames.CELLS``.
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
    worked = _to_instant(worked, "schedule_date", "starts_at", "begin")
    worked = _to_instant(worked, "end_date", "ends_at", "end").sort("tenant_id", "schedule_date", "begin", "end")
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
    zoned = _with_planning_time(days)
    return (
        _to_instant(zoned, "schedule_date", "planning_time", "default_start")
        .join(hours, on=day, how="left")
        .join(staffed, on="tenant_id", how="left")
        .with_columns(
            pl.col("has_shifts").fill_null(value=False),
            starts_at=pl.max_horizontal(pl.coalesce("shift_starts_at", "default_start"), "planned_as_of"),
        )
        .select(*day, "timezone", "starts_at", "shift_starts_at", "shift_ends_at", "shift_minutes", "has_shifts")
        .sort(day)
    )


def wall_clock(frame: pl.DataFrame, instant: str, made: str) -> pl.DataFrame:
    """Add column ``made``: ``instant`` in the row's ``timezone``, as a naive local Datetime.

    Each pair of zone and instant is converted once, however many rows share it.
    """
    pairs = frame.select("timezone", instant).drop_nulls().unique()
    local = [at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for zone, at in pairs.iter_rows()]
    converted = pairs.with_columns(pl.Series(made, local, dtype=pl.Datetime("us")))
    return frame.join(converted, on=["timezone", instant], how="left", maintain_order="left")


def _with_planning_time(days: pl.DataFrame) -> pl.DataFrame:
    local = pl.col("planned_local").dt.time().alias("planning_time")
    return wall_clock(days, "planned_as_of", "planned_local").with_columns(local).drop("planned_local")


def _to_instant(frame: pl.DataFrame, day: str, clock: str, made: str) -> pl.DataFrame:
    """Add column ``made``: the UTC instant of wall time ``clock`` on ``day`` in the row's ``timezone``.

    Distinct wall times are few, so Python's zone rules, the same as for planning instants, are fast enough.
    """
    wall_times = frame.select("timezone", day, clock).unique()
    instants = [planning_instant(date, time, zone) for zone, date, time in wall_times.iter_rows()]
    converted = wall_times.with_columns(pl.Series(made, instants, dtype=INSTANT))
    return frame.join(converted, on=["timezone", day, clock], how="left", maintain_order="left")
