"""Frees the cells of a wave that died, so that the next tick plans them again."""

import dagster as dg

from bakery_assets.assets.waves import cells_of_wave, planning_wave
from bakery_assets.settings import settings
from resources.clock import Clock
from resources.warehouse import Warehouse, runs


@dg.run_failure_sensor(
    name="run_outcomes",
    monitored_jobs=[planning_wave],
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Releases the claims of a failed wave; its cells are due again at the next tick.",
)
def run_outcomes(
    context: dg.RunFailureSensorContext, warehouse: dg.ResourceParam[Warehouse], clock: dg.ResourceParam[Clock]
) -> None:
    """Release what the run had claimed; what has failed often enough is recorded as failed."""
    runs.release(
        warehouse,
        cells_of_wave(dict(context.dagster_run.run_config)),
        settings().cell_attempts,
        f"its wave, run {context.dagster_run.run_id}, died: {context.failure_event.message}",
        clock.now(),
    )
