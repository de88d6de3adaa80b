"""Asks for the days that late sales touch, and for days that were never validated, to be checked again."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta

import dagster as dg
from pydantic import BaseModel

from bakery_assets.assets.waves import config_of_wave, planning_wave, wave_config
from bakery_assets.cells import Cell
from bakery_assets.due.late_sales import gap_marks, late_marks, starts
from bakery_assets.partitions import TENANT, date_partitions
from bakery_assets.settings import settings
from resources.clock import Clock
from resources.warehouse import Warehouse, revalidation
from schedules.daily_planning import UNFINISHED

GAPS_EVERY = timedelta(minutes=15)
MOST_RUNS = 20  # under way at once; the others stay asked for and come later
ASKED_BY = {"bakery/asked_by": "late_sales"}  # run tag
TRIES_FOR = timedelta(days=7)  # runs further back do not count as tries any more
PRIORITY = {True: "0", False: "-1"}  # the mornings that nobody has yet go before days that were planned already


class Cursor(BaseModel):
    """Transactions below ``transaction`` were looked at; ``gaps_at``: when gaps were last looked for."""

    transaction: int | None = None
    gaps_at: datetime | None = None


@dg.sensor(
    name="late_sales",
    # By name: Dagster copies a sensor that holds its job, and warns of a parameter that nobody has set.
    job_name=planning_wave.name,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Validates again the days that late sales touch, plans today again, and closes gaps in the validation.",
)
def late_sales(
    context: dg.SensorEvaluationContext, warehouse: dg.ResourceParam[Warehouse], clock: dg.ResourceParam[Clock]
) -> dg.SensorResult:
    """Note in the cells who is asked to check again, then start waves for those that are not under way.

    What was noted survives a crash of this sensor; reading the same sales twice notes nothing new.
    """
    now = clock.now()
    cursor = note(warehouse, Cursor.model_validate_json(context.cursor or "{}"), now)
    choices = settings()
    tenants = set(context.instance.get_dynamic_partitions(TENANT))
    asked = [
        each
        for each in revalidation.asked_cells(
            warehouse,
            now,
            choices.grid_start,
            claim_for=timedelta(minutes=choices.claim_minutes),
            attempts=choices.cell_attempts,
        )
        if _is_in_grid(each.cell, tenants)
    ]
    waves = [
        (run.status, config_of_wave(run.run_config))
        for run in context.instance.get_runs(dg.RunsFilter(tags=ASKED_BY, created_after=now - TRIES_FOR))
    ]
    unfinished = [wave for status, wave in waves if status in UNFINISHED]
    started = starts(
        asked,
        Counter(mark for _, wave in waves for mark in wave.marks),
        {cell for wave in unfinished for cell in wave.cells},
        room=MOST_RUNS - len(unfinished),
        attempts=choices.cell_attempts,
        size=choices.wave_size,
    )
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(
                # The instant makes the key new: one that was used is dropped silently, and tries are forgotten.
                run_key=f"{each.key} {now.isoformat()}",
                run_config=wave_config(
                    [one.cell for one in each.asked],
                    validates_only=not each.is_today,
                    marks=[one.mark for one in each.asked],
                ),
                tags={**ASKED_BY, "dagster/priority": PRIORITY[each.is_today]},
            )
            for each in started
        ],
        cursor=cursor.model_dump_json(),
        skip_reason=None if started else dg.SkipReason(f"Nothing to start; {len(asked)} cells are asked for."),
    )


def note(warehouse: Warehouse, cursor: Cursor, now: datetime) -> Cursor:
    """Note what new sales touch and, now and then, the gaps; where to read on."""
    choices = settings()
    touched = revalidation.touched_by_late_sales(warehouse, cursor.transaction, now, choices.grid_start)
    revalidation.ask(warehouse, late_marks(touched.candidates), now)
    if cursor.gaps_at and now - cursor.gaps_at < GAPS_EVERY:
        return Cursor(transaction=touched.transaction, gaps_at=cursor.gaps_at)
    gaps = gap_marks(
        revalidation.gaps(warehouse, now, choices.grid_start),
        now,
        include_demo=choices.plan_demo_tenants,
        claim_for=timedelta(minutes=choices.claim_minutes),
        attempts=choices.cell_attempts,
    )
    revalidation.ask(warehouse, gaps, now)
    return Cursor(transaction=touched.transaction, gaps_at=now)


def _is_in_grid(cell: Cell, tenants: Collection[str]) -> bool:
    return cell.tenant_id in tenants and date_partitions.has_partition_key(cell.plan_date.isoformat())
