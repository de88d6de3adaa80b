"""The Dagster face of retention: what is kept no longer is deleted once a day."""

from datetime import UTC, datetime, time

import dagster as dg

from bakery_assets.partitions import GRID_START
from bakery_assets.settings import settings
from resources.clock import Clock
from resources.warehouse import Warehouse
from resources.warehouse.retention import days_kept, delete_expired
from resources.warehouse.unchanged_plans import forget_inputs

RUNS_AT_ONCE = 100


@dg.asset(
    key=["plans", "retention"],
    group_name="housekeeping",
    description="Rows of plans whose days of retention are over, deleted; and Dagster's runs from before the grid.",
)
def retention(
    context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse], clock: dg.ResourceParam[Clock]
) -> dg.MaterializeResult[None]:
    """Delete what is kept no longer; again it finds nothing."""
    deleted = delete_expired(warehouse, clock.now().date(), days_kept(settings()))
    forget_inputs(warehouse)
    runs = delete_runs(context.instance, datetime.combine(GRID_START, time(), UTC))
    rows = {name: number for name, number in deleted.items() if number}
    return dg.MaterializeResult(metadata={"rows deleted": rows, "runs deleted": runs})


def delete_runs(instance: dg.DagsterInstance, before: datetime) -> int:
    """Delete runs that ended and were made before an instant, with all of their events; how many.

    What they have materialized is in the warehouse; no partition of the grid is theirs.
    """
    ended = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
    deleted = 0
    while found := instance.get_run_ids(dg.RunsFilter(statuses=ended, created_before=before), limit=RUNS_AT_ONCE):
        for run_id in found:
            instance.delete_run(run_id)
        deleted += len(found)
    return deleted
