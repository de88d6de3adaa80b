"""Runs for requests that are kept in the warehouse: what is under way waits, what was tried too often stops.

Shared by the sensors ``late_sales`` and ``plan_decisions``; the rule is ``bakery_assets.due.revalidation.plan_runs``.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta

import dagster as dg

from bakery_assets.assets.waves import config_of_wave, wave_config
from bakery_assets.due.revalidation import RevalidationRequest, RevalidationRun, plan_runs
from bakery_assets.due.waves import REPLANNING_PRIORITY, REVALIDATION_PRIORITY
from bakery_assets.partitions import GRID_START, TENANT
from bakery_assets.settings import settings
from schedules.daily_planning import UNFINISHED

MOST_RUNS = 20  # under way at once; the other requests stay open and come later
REQUESTED_BY = "bakery/requested_by"  # run tag with the sensor's name
COUNT_ATTEMPTS_FOR = timedelta(days=7)  # runs further back do not count as attempts any more
REQUESTED_WITHIN = timedelta(days=400)  # an older day is history, unless the grid shows it


def earliest_day(now: datetime) -> date:
    """First plan date for which requests are made: the grid is shorter where there are many tenants."""
    return min(GRID_START, (now - REQUESTED_WITHIN).date())


def wave_requests(
    instance: dg.DagsterInstance, requested_by: str, requests: Sequence[RevalidationRequest], now: datetime
) -> list[dg.RunRequest]:
    """Runs to start now for the requests of cells whose tenant is served."""
    tags = {REQUESTED_BY: requested_by}
    tenants = set(instance.get_dynamic_partitions(TENANT))
    served = [each for each in requests if each.cell.tenant_id in tenants]
    waves = [
        (run.status, config_of_wave(run.run_config))
        for run in instance.get_runs(dg.RunsFilter(tags=tags, created_after=now - COUNT_ATTEMPTS_FOR))
    ]
    tried: dict[str, list[int]] = defaultdict(list)
    for _, wave in waves:
        for key in wave.request_keys:
            tried[key].append(len(wave.request_keys))
    unfinished = [wave for status, wave in waves if status in UNFINISHED]
    choices = settings()
    runs = plan_runs(
        served,
        tried,
        {cell for wave in unfinished for cell in wave.cells},
        free_slots=MOST_RUNS - len(unfinished),
        max_attempts=choices.cell_attempts,
        wave_size=choices.wave_size,
    )
    return [_run_request(run, tags, now) for run in runs]


def _run_request(run: RevalidationRun, tags: dict[str, str], now: datetime) -> dg.RunRequest:
    return dg.RunRequest(
        # The instant makes the key new: Dagster drops a used one silently, and attempts are forgotten after a while.
        run_key=f"{run.key} {now.isoformat()}",
        run_config=wave_config(
            [each.cell for each in run.requests],
            validates_only=not run.is_replan,
            request_keys=[each.key for each in run.requests],
        ),
        tags={**tags, "dagster/priority": str(REPLANNING_PRIORITY if run.is_replan else REVALIDATION_PRIORITY)},
    )
