"""Frees what a run that died had begun, so that it is done again or known to have failed."""

import dagster as dg

from bakery_assets.assets.retraining import keys_of_run, retrain_models
from bakery_assets.assets.waves import config_of_wave, planning_wave
from bakery_assets.settings import settings
from resources.clock import Clock
from resources.warehouse import Warehouse, planning_runs, retrainings


@dg.run_failure_sensor(
    name="run_outcomes",
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Releases what a failed run had begun: cells of a wave are due again, those of a backfill have failed,"
    " and retrainings have failed, which the schedule tries again.",
)
def run_outcomes(
    context: dg.RunFailureSensorContext, warehouse: dg.ResourceParam[Warehouse], clock: dg.ResourceParam[Clock]
) -> None:
    """Release what the run had begun and not ended; what has been tried often enough is recorded as failed."""
    run = context.dagster_run
    reason = f"its run {run.run_id} died: {context.failure_event.message}"
    if run.job_name == retrain_models.name:
        retrainings.fail_started(warehouse, run.run_id, reason, clock.now())
        retrainings.fail_unstarted(warehouse, keys_of_run(run.run_config), reason, clock.now())
        return
    is_wave = run.job_name == planning_wave.name
    wave = config_of_wave(run.run_config) if is_wave else None
    if wave and wave.validates_only:
        # They are still asked for, and what the schedule does not plan nobody else would free.
        planning_runs.give_back(warehouse, wave.cells, run.run_id)
        return
    planning_runs.release(
        warehouse,
        [run.run_id, wave.claimed_by] if wave else [run.run_id],
        # Nothing else would take up the cells of a backfill again.
        settings().cell_attempts if is_wave else 1,
        reason,
        clock.now(),
        # The tick that claimed them has claimed those of other waves, too.
        cells=wave.cells if wave else None,
    )
