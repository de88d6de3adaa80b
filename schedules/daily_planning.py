"""Starts planning waves, every few minutes, for tenants whose own planning time has passed.

Which cells are due is decided in ``bakery_assets.due.planning``, how they are grouped in ``bakery_assets.due.waves``.
"""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg

from bakery_assets.assets.waves import WaveConfig, config_of_wave, planning_wave, wave_config
from bakery_assets.due.planning import AHEAD_DAYS, CATCH_UP_DAYS, due_cells
from bakery_assets.due.waves import RUN_PRIORITY_BY_TIER, split_into_waves
from bakery_assets.settings import settings
from resources.clock import Clock
from resources.warehouse import Warehouse, planning_runs
from resources.warehouse.planning_facts import planning_facts

TICK = "tick of "  # begins the name under which a tick claims cells
# A tick's runs are in the queue within seconds of its claim; where none is by then, the tick died in between.
RUNS_FOLLOW_WITHIN = timedelta(minutes=2)
UNFINISHED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


@dg.schedule(
    name="daily_planning",
    job=planning_wave,
    # Every minute, so that what an outage left undone begins again right after it.
    cron_schedule="* * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Starts a wave for every tenant whose local planning time has passed and whose day has no plan.",
)
def daily_planning(
    context: dg.ScheduleEvaluationContext, warehouse: dg.ResourceParam[Warehouse], clock: dg.ResourceParam[Clock]
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Claim what is due, and request one run per batch.

    What is due depends on the tables alone, so missed and doubled ticks change nothing; the claim is
    what keeps two ticks from planning the same cell.
    """
    now = clock.now()
    choices = settings()
    claim_for = timedelta(minutes=choices.claim_minutes)
    # A local date is at most a day away from the date in UTC.
    since = now.date() - timedelta(days=CATCH_UP_DAYS + 1)
    until = now.date() + timedelta(days=AHEAD_DAYS + 1)
    tenants = planning_runs.tenants(warehouse)
    under_way = waves_under_way(context.instance)
    # A wave that waits in a long queue keeps its cells, however old their claim; one that only validates does not.
    kept = {cell for wave in under_way if not wave.validates_only for cell in wave.cells}
    planning_runs.void_abandoned_claims(warehouse, TICK, kept, now - RUNS_FOLLOW_WITHIN)
    states = planning_runs.cell_states(warehouse, since)
    due = due_cells(
        tenants,
        planning_facts(warehouse, since, until),
        states,
        planning_runs.closed_cells(warehouse, since, until),
        now,
        include_demo=choices.plan_demo_tenants,
        claim_for=claim_for,
    )
    holder = f"{TICK}{now.isoformat()}"
    won = planning_runs.claim(warehouse, set(due) - kept, now, claim_for, holder)
    if not won:
        yield dg.SkipReason(f"No tenant is due; {len(tenants)} are planned, waiting, closed or not served.")
        return
    largest = {cell: state.largest_wave for cell, state in states.items() if cell in won and state.largest_wave}
    for batch in split_into_waves(won, tenants, choices.wave_size, largest):
        yield dg.RunRequest(
            # The same cells may be claimed again after a crash; the instant makes that a new run.
            run_key=f"{batch.digest}-{now.isoformat()}",
            run_config=wave_config(batch.cells, claimed_by=holder),
            tags={
                "bakery/cells": str(len(batch.cells)),
                "bakery/tier": batch.tier,
                "bakery/plan_date": max(cell.plan_date for cell in batch.cells).isoformat(),
                "dagster/priority": str(RUN_PRIORITY_BY_TIER[batch.tier]),
            },
        )


def waves_under_way(instance: dg.DagsterInstance) -> list[WaveConfig]:
    """Configurations of the waves that are queued or running."""
    unfinished = instance.get_runs(dg.RunsFilter(job_name=planning_wave.name, statuses=UNFINISHED))
    return [config_of_wave(run.run_config) for run in unfinished]
