"""Starts waves that validate again: days that late sales change, and days that were never validated.

Which cells need it, and in which runs they go, is decided in ``bakery_assets.due.revalidation``; requests are kept in
``planning_runs`` by ``resources.warehouse.revalidation``.
"""

from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta

import dagster as dg
from pydantic import BaseModel

from bakery_assets.assets.waves import config_of_wave, planning_wave, wave_config
from bakery_assets.cells import Cell
from bakery_assets.due.revalidation import (
    RevalidationRun,
    cells_leaving_gaps,
    cells_missing_late_sales,
    plan_runs,
)
from bakery_assets.due.waves import REPLANNING_PRIORITY, REVALIDATION_PRIORITY
from bakery_assets.partitions import TENANT, date_partitions
from bakery_assets.settings import settings
from resources.clock import Clock
from resources.warehouse import Warehouse, revalidation
from schedules.daily_planning import UNFINISHED

GAPS_EVERY = timedelta(minutes=15)
MOST_RUNS = 20  # under way at once; the other requests stay open and come later
REQUESTED_BY = {"bakery/requested_by": "late_sales"}  # run tag
COUNT_ATTEMPTS_FOR = timedelta(days=7)  # runs further back do not count as attempts any more


class Cursor(BaseModel):
    """Sales of transactions below ``next_transaction_id`` were read; ``gaps_at``: when gaps were last searched for."""

    next_transaction_id: int | None = None
    gaps_at: datetime | None = None


@dg.sensor(
    name="late_sales",
    # By name: Dagster copies a sensor that holds its job, and warns of a parameter that has no value.
    job_name=planning_wave.name,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Validates again the days that late sales change, plans today again, and closes gaps in the"
    " validation.",
)
def late_sales(
    context: dg.SensorEvaluationContext, warehouse: dg.ResourceParam[Warehouse], clock: dg.ResourceParam[Clock]
) -> dg.SensorResult:
    """Store in the cells which of them need revalidation, then start waves for those that are not under way.

    What was stored survives a crash of this sensor; reading the same sales twice adds no request.
    """
    now = clock.now()
    cursor = request_revalidation(warehouse, Cursor.model_validate_json(context.cursor or "{}"), now)
    choices = settings()
    tenants = set(context.instance.get_dynamic_partitions(TENANT))
    requests = [
        each
        for each in revalidation.open_requests(
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
        for run in context.instance.get_runs(dg.RunsFilter(tags=REQUESTED_BY, created_after=now - COUNT_ATTEMPTS_FOR))
    ]
    unfinished = [wave for status, wave in waves if status in UNFINISHED]
    runs = plan_runs(
        requests,
        Counter(key for _, wave in waves for key in wave.request_keys),
        {cell for wave in unfinished for cell in wave.cells},
        free_slots=MOST_RUNS - len(unfinished),
        max_attempts=choices.cell_attempts,
        wave_size=choices.wave_size,
    )
    return dg.SensorResult(
        run_requests=[_run_request(run, now) for run in runs],
        cursor=cursor.model_dump_json(),
        skip_reason=None if runs else dg.SkipReason(f"Nothing to start; {len(requests)} requests are open."),
    )


def request_revalidation(warehouse: Warehouse, cursor: Cursor, now: datetime) -> Cursor:
    """Request it for cells that miss new sales and, every ``GAPS_EVERY``, for gaps; where to read on."""
    choices = settings()
    new_sales = revalidation.cells_of_new_sales(warehouse, cursor.next_transaction_id, now, choices.grid_start)
    revalidation.request(warehouse, cells_missing_late_sales(new_sales.candidates), now)
    if cursor.gaps_at and now - cursor.gaps_at < GAPS_EVERY:
        return Cursor(next_transaction_id=new_sales.next_transaction_id, gaps_at=cursor.gaps_at)
    gaps = cells_leaving_gaps(
        revalidation.gaps(warehouse, now, choices.grid_start),
        now,
        include_demo=choices.plan_demo_tenants,
        claim_for=timedelta(minutes=choices.claim_minutes),
        max_attempts=choices.cell_attempts,
    )
    revalidation.request(warehouse, gaps, now)
    return Cursor(next_transaction_id=new_sales.next_transaction_id, gaps_at=now)


def _run_request(run: RevalidationRun, now: datetime) -> dg.RunRequest:
    return dg.RunRequest(
        # The instant makes the key new: Dagster drops a used one silently, and attempts are forgotten after a while.
        run_key=f"{run.key} {now.isoformat()}",
        run_config=wave_config(
            [each.cell for each in run.requests],
            validates_only=not run.is_replan,
            request_keys=[each.key for each in run.requests],
        ),
        tags={
            **REQUESTED_BY,
            "dagster/priority": str(REPLANNING_PRIORITY if run.is_replan else REVALIDATION_PRIORITY),
        },
    )


def _is_in_grid(cell: Cell, tenants: Collection[str]) -> bool:
    return cell.tenant_id in tenants and date_partitions.has_partition_key(cell.plan_date.isoformat())
