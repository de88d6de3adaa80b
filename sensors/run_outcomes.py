"""Releases what a failed or cancelled run had claimed, so that it is done again or recorded as failed.

Failures inside a run that ends well, such as a tenant that cannot be planned, are recorded by the run itself.
"""

from datetime import datetime

import dagster as dg

from bakery_assets.assets.plans import is_automatic
from bakery_assets.assets.retraining import keys_of_run, retrain_models
from bakery_assets.assets.waves import config_of_wave, planning_wave
from bakery_assets.settings import settings
from resources.clock import Clock
from resources.warehouse import Warehouse, planning_runs, retrainings


@dg.run_failure_sensor(
    name="run_outcomes",
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Releases what a failed run had claimed: cells of a wave are due again, those of a person's run are as"
    " before it, and retrainings have failed, which the schedule tries again.",
)
def run_outcomes(
    context: dg.RunFailureSensorContext, warehouse: dg.ResourceParam[Warehouse], clock: dg.ResourceParam[Clock]
) -> None:
    """Release what the run had claimed and not finished; after the last attempt it is recorded as failed."""
    run = context.dagster_run
    release(warehouse, run, f"its run {run.run_id} died: {context.failure_event.message}", clock.now())


@dg.run_status_sensor(
    name="run_cancellations",
    run_status=dg.DagsterRunStatus.CANCELED,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Releases what a cancelled run had claimed, as run_outcomes does for failed ones.",
)
def run_cancellations(
    context: dg.RunStatusSensorContext, warehouse: dg.ResourceParam[Warehouse], clock: dg.ResourceParam[Clock]
) -> None:
    """Release what the run had claimed and not finished."""
    run = context.dagster_run
    release(warehouse, run, f"its run {run.run_id} was cancelled", clock.now())


def release(warehouse: Warehouse, run: dg.DagsterRun, reason: str, now: datetime) -> None:
    """Release what a run that has ended had claimed and not finished; again it changes nothing."""
    if run.job_name == retrain_models.name:
        retrainings.fail_started(warehouse, run.run_id, reason, now)
        retrainings.fail_unstarted(warehouse, keys_of_run(run.run_config), reason, now)
        return
    is_wave = run.job_name == planning_wave.name
    wave = config_of_wave(run.run_config) if is_wave else None
    by_person = not (wave.claimed_by or wave.request_keys) if wave else not is_automatic(run)
    if by_person or (wave and wave.validates_only):
        # Cells that the schedule does not plan would stay claimed; that a person's run died is no fault of bakeries.
        planning_runs.release_claims(warehouse, run.run_id)
        return
    planning_runs.fail_claims(
        warehouse,
        [run.run_id, wave.claimed_by] if wave else [run.run_id],
        # Nothing else would plan the cell of a retry again.
        settings().cell_attempts if is_wave else 1,
        reason,
        now,
        # The tick that claimed them has also claimed those of other waves.
        cells=wave.cells if wave else None,
    )
