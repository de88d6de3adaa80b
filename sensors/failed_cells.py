"""Retries a cell that a wave could not plan, alone, so that it shows by itself in the Dagster UI.

What happens to the cells of a run that died is in ``run_outcomes``.
"""

from collections.abc import Iterator

import dagster as dg

from bakery_assets.assets.plans import plan_tenant_day
from bakery_assets.partitions import TENANT, date_partitions, partition_of
from bakery_assets.settings import settings
from resources.warehouse import Warehouse, planning_runs


@dg.sensor(
    name="failed_cells",
    job=plan_tenant_day,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Plans each failed cell again in a run of its own, until it has been tried often enough.",
)
def failed_cells(
    context: dg.SensorEvaluationContext, warehouse: dg.ResourceParam[Warehouse]
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run per failed cell that has attempts left; cells outside the grid wait for a person."""
    failed = planning_runs.failed_cells(warehouse, settings().cell_attempts)
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
