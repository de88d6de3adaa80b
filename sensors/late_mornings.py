"""Evaluates the check `late_mornings` without a run, as a run would cost ten seconds of a processor each time.

What is late is decided in ``bakery_assets.due.planning``, how it is shown in ``bakery_assets.assets.late_mornings``.
"""

import dagster as dg
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from bakery_assets.assets.late_mornings import ASSET, NAME, evaluation, late_now
from resources.clock import Clock
from resources.warehouse import Warehouse


@dg.sensor(
    name="late_mornings",
    minimum_interval_seconds=300,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Shows at the daily summaries which bakeries have no plan long after their planning time.",
)
def late_mornings_watch(
    context: dg.SensorEvaluationContext, warehouse: dg.ResourceParam[Warehouse], clock: dg.ResourceParam[Clock]
) -> dg.SkipReason:
    """Report the check's result when it differs from the last one, or a run has hidden that."""
    late = late_now(warehouse, clock.now())
    state = "\n".join(f"{cell.tenant_id} {cell.plan_date}" for cell, _ in late)
    found = evaluation(late)
    if state != context.cursor or _is_hidden(context.instance):
        context.instance.report_runless_asset_event(found)
        context.update_cursor(state)
    return dg.SkipReason(found.description)


def _is_hidden(instance: dg.DagsterInstance) -> bool:
    """Whether a run was to evaluate the check and has not: if it failed before, Dagster shows a check that failed."""
    key = dg.AssetCheckKey(dg.AssetKey(ASSET), NAME)
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key([key]).get(key)
    return latest is not None and latest.status == AssetCheckExecutionRecordStatus.PLANNED
