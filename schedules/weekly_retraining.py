"""Starts retrainings, every hour, for tenants whose own Sunday night has come.

Which tenants are due is decided in ``bakery_assets.due.retraining``.
"""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg

from bakery_assets.assets.retraining import keys_of_run, retrain_models, retraining_config
from bakery_assets.cells import Cell
from bakery_assets.due.retraining import DAYS_A_WEEK, due_retrainings
from bakery_assets.due.waves import RETRAINING_PRIORITY_BY_TIER, split_into_waves
from bakery_assets.settings import settings
from resources.clock import Clock
from resources.warehouse import Warehouse, planning_runs, retrainings
from resources.warehouse.retrainings import Key
from schedules.daily_planning import UNFINISHED

REQUESTED_BY = "schedule"


@dg.schedule(
    name="weekly_retraining",
    job=retrain_models,
    # Four minutes past, so that it does not meet the many tenants that are planned at full and half hours.
    cron_schedule="4 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Starts a retraining for every tenant whose Sunday 22:00 has passed without one since.",
)
def weekly_retraining(
    context: dg.ScheduleEvaluationContext, warehouse: dg.ResourceParam[Warehouse], clock: dg.ResourceParam[Clock]
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Request what is due, and one run per batch.

    What is due depends on the tables alone; a retraining's name has its Sunday and attempt, which keeps two ticks from
    requesting the same one.
    """
    now = clock.now()
    choices = settings()
    under_way = retrainings_under_way(context.instance)
    retrainings.fail_orphaned(warehouse, under_way, timedelta(minutes=choices.claim_minutes), now)
    tenants = planning_runs.tenants(warehouse)
    due = due_retrainings(
        tenants,
        retrainings.scheduled(warehouse, now - timedelta(days=DAYS_A_WEEK + 1)),
        now,
        include_demo=choices.plan_demo_tenants,
        attempts=choices.cell_attempts,
    )
    won = dict(
        retrainings.request(
            warehouse,
            [(each.tenant_id, each.retraining_id) for each in due],
            requested_by=REQUESTED_BY,
            requested_at=now,
            trained_as_of={each.tenant_id: now for each in due},
        )
    )
    if not won:
        yield dg.SkipReason(f"No tenant is due; {len(tenants)} are retrained, waiting or not served.")
        return
    # Batches are made as for planning; the date only separates the cells of one tick from another's.
    cells = [Cell(tenant, now.date()) for tenant in won]
    limits = {each.tenant_id: each.largest_batch for each in due}
    largest = {cell: limit for cell in cells if (limit := limits[cell.tenant_id]) is not None}
    for batch in split_into_waves(cells, tenants, choices.training_size, largest):
        yield dg.RunRequest(
            run_key=f"{batch.digest}-{now.isoformat()}",
            run_config=retraining_config({(cell.tenant_id, won[cell.tenant_id]) for cell in batch.cells}),
            tags={
                "bakery/tier": batch.tier,
                "dagster/priority": str(RETRAINING_PRIORITY_BY_TIER[batch.tier]),
            },
        )


def retrainings_under_way(instance: dg.DagsterInstance) -> set[Key]:
    """Retrainings of runs that are queued or running."""
    unfinished = dg.RunsFilter(job_name=retrain_models.name, statuses=UNFINISHED)
    return {key for run in instance.get_runs(unfinished) for key in keys_of_run(run.run_config)}
