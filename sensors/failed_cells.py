"""Plans a cell that a wave could not plan again, alone, so that it shows by itself in the Dagster UI.

A wave with failed cells ends well, as all others in it were planned; the run of the failed cell is the one that is red,
with the reason. That is so, too, where its attempts are used up and a person or late sales had it planned again.
What happens to the cells of a run that died is in ``run_outcomes``.
"""

import json
from datetime import timedelta

import dagster as dg

from bakery_assets.assets.plans import plan_tenant_day
from bakery_assets.assets.waves import planning_wave
from bakery_assets.partitions import TENANT, date_partitions, partition_of
from bakery_assets.settings import settings
from resources.clock import Clock
from resources.warehouse import Warehouse, planning_runs

SHOWN_WITHIN = timedelta(days=1)  # a cell that failed longer ago in a wave, while no daemon ran, is history


MOST_A_TICK = 20  # a run costs seconds of a processor before it plans: more would hold up the waves


@dg.sensor(
    name="failed_cells",
    job=plan_tenant_day,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Plans each failed cell again in a run of its own, until it has been tried often enough.",
)
def failed_cells(
    context: dg.SensorEvaluationContext, warehouse: dg.ResourceParam[Warehouse], clock: dg.ResourceParam[Clock]
) -> dg.SensorResult:
    """One run per failed cell that has attempts left or failed in a wave, at most ``MOST_A_TICK`` of them at a time.

    Cells with attempts left come first, and cells outside the grid wait for a person. The cursor has the keys that were
    requested and whose cells still count as failed: their runs are under way, or end without a plan.
    """
    found = planning_runs.failed_cells(warehouse, settings().cell_attempts, clock.now() - SHOWN_WITHIN)
    in_waves = _waves_among(context.instance, {each.run_id for each in found if each.run_id})
    tenants = set(context.instance.get_dynamic_partitions(TENANT))
    # The instant makes a key new: Dagster drops a used one silently.
    failed = {
        f"{each.cell.tenant_id} {each.cell.plan_date} {each.failed_at.isoformat()}": each.cell
        for each in sorted(found, key=lambda each: not each.has_attempts)
        if (each.has_attempts or each.run_id in in_waves)
        and each.cell.tenant_id in tenants
        and date_partitions.has_partition_key(each.cell.plan_date.isoformat())
    }
    requested = set(json.loads(context.cursor or "[]")) & failed.keys()
    new = [key for key in failed if key not in requested][:MOST_A_TICK]
    return dg.SensorResult(
        run_requests=[dg.RunRequest(run_key=key, partition_key=partition_of(failed[key])) for key in new],
        cursor=json.dumps(sorted(requested | {*new})),
        skip_reason=None if new else dg.SkipReason("No further cell waits for a retry."),
    )


def _waves_among(instance: dg.DagsterInstance, run_ids: set[str]) -> set[str]:
    if not run_ids:
        return set()
    runs = instance.get_runs(dg.RunsFilter(run_ids=sorted(run_ids), job_name=planning_wave.name))
    return {run.run_id for run in runs}
