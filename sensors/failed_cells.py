"""Plans a cell that a wave could not plan again, alone, so that it shows by itself in the Dagster UI.

A wave with failed cells ends well, as all others in it were planned; the run of the failed cell is the one that is red,
with the reason. That is so, too, where its attempts are used up and a person or late sales had it planned again.
What happens to the cells of a run that died is in ``run_outcomes``.
"""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg

from bakery_assets.assets.plans import plan_tenant_day
from bakery_assets.assets.waves import planning_wave
from bakery_assets.partitions import TENANT, date_partitions, partition_of
from bakery_assets.settings import settings
from resources.clock import Clock
from resources.warehouse import Warehouse, planning_runs

SHOWN_WITHIN = timedelta(days=1)  # a cell that failed longer ago in a wave, while no daemon ran, is history


@dg.sensor(
    name="failed_cells",
    job=plan_tenant_day,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Plans each failed cell again in a run of its own, until it has been tried often enough.",
)
def failed_cells(
    context: dg.SensorEvaluationContext, warehouse: dg.ResourceParam[Warehouse], clock: dg.ResourceParam[Clock]
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run per failed cell that has attempts left or failed in a wave; cells outside the grid wait for a person."""
    found = planning_runs.failed_cells(warehouse, settings().cell_attempts, clock.now() - SHOWN_WITHIN)
    in_waves = _waves_among(context.instance, {each.run_id for each in found if each.run_id})
    failed = [(each.cell, each.failed_at) for each in found if each.has_attempts or each.run_id in in_waves]
    tenants = set(context.instance.get_dynamic_partitions(TENANT))
    for cell, failed_at in failed:
        if cell.tenant_id in tenants and date_partitions.has_partition_key(cell.plan_date.isoformat()):
            yield dg.RunRequest(
                # The instant makes the key new: Dagster drops a used one silently.
                run_key=f"{cell.tenant_id} {cell.plan_date} {failed_at.isoformat()}",
                partition_key=partition_of(cell),
            )
    if not failed:
        yield dg.SkipReason("No cell waits for a retry.")


def _waves_among(instance: dg.DagsterInstance, run_ids: set[str]) -> set[str]:
    if not run_ids:
        return set()
    runs = instance.get_runs(dg.RunsFilter(run_ids=sorted(run_ids), job_name=planning_wave.name))
    return {run.run_id for run in runs}
