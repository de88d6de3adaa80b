"""Work shifts: which shifts work for a day, and when, as instants in UTC.

When a bakery may start work under a plan is in ``production.working_hours``, when it is planned in
``planning_instants``; when shops sell is in ``opening_hours``.
"""

from datetime import time

import dataframely as dy
import polars as pl

from bakery_assets.local_time import with_instants
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops

_DAY = ["tenant_id", "schedule_date"]
_MIDNIGHT = time()


class WorkShifts(dy.Schema):
    """Shifts by the day that they work for."""

    tenant_id = col.tenant_id()
    schedule_date = col.date("Day they work for", primary_key=True)
    shift_id = col.key_text("The shift", primary_key=True)
    begins_at = col.instant("Start")
    ends_at = col.instant("End")

    @dy.rule()
    def shifts_end_after_they_begin(cls) -> pl.Expr:
        """begins_at < ends_at."""
        return pl.col("begins_at") < pl.col("ends_at")


def work_shifts(days: pl.DataFrame, shifts: dy.DataFrame[ops.Shifts]) -> dy.DataFrame[WorkShifts]:
    """The shifts that work for each day, by day and start.

    A shift that does not end after it starts ends on the next day. A night shift, one that ends in the next day's
    morning, works for that day: what it bakes is sold when it ends. One that ends at midnight works for the day on
    which it began.

    Args:
        days: ``tenant_id, timezone, schedule_date``, each day of a tenant once, in zones that exist.
    """
    ends_next_day = pl.col("ends_at") <= pl.col("starts_at")
    works_for = (
        shifts.with_columns(
            nights=(ends_next_day & (pl.col("ends_at") > _MIDNIGHT)).cast(pl.Int64),
            days_long=ends_next_day.cast(pl.Int64),
        )
        .with_columns(weekday=((pl.col("weekday").cast(pl.Int64) - 1 + pl.col("nights")) % 7 + 1))
        .rename({"ends_at": "end_time"})
    )
    worked = (
        days.with_columns(weekday=pl.col("schedule_date").dt.weekday().cast(pl.Int64))
        .join(works_for, on=["tenant_id", "weekday"])
        .with_columns(first_day=pl.col("schedule_date") - pl.duration(days=pl.col("nights")))
        .with_columns(last_day=pl.col("first_day") + pl.duration(days=pl.col("days_long")))
    )
    worked = with_instants(worked, "begins_at", day="first_day", wall_time="starts_at")
    worked = with_instants(worked, "ends_at", day="last_day", wall_time="end_time")
    # Clocks that change within a short shift can leave nothing of it.
    lasting = worked.filter(pl.col("begins_at") < pl.col("ends_at"))
    return conform(WorkShifts, lasting.sort(*_DAY, "begins_at", "ends_at", "shift_id"))


def first_starts(days: pl.DataFrame, shifts: dy.DataFrame[ops.Shifts]) -> pl.DataFrame:
    """``tenant_id, schedule_date, first_start_at``: when work for each day begins; days without a shift have no row.

    Args:
        days: as of ``work_shifts``.
    """
    return work_shifts(days, shifts).group_by(_DAY).agg(first_start_at=pl.col("begins_at").min())
