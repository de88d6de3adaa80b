"""Settles decisions about plans, and replans days: where a person wants it, or facts contradict the plan.

What decisions come to is worked out in ``bakery_assets.decisions``. Which of them, and which facts, have a day planned
again, and until when, is decided in ``bakery_assets.due.replanning``; the versions that they ask for are kept in
``plan_versions``.
"""

import dagster as dg

from bakery_assets.assets.waves import planning_wave
from bakery_assets.due.replanning import versions_asked_for
from resources.clock import Clock
from resources.warehouse import Warehouse
from resources.warehouse.decisions import settle_decisions
from resources.warehouse.record import request_versions_asked_for, unplanned_versions
from resources.warehouse.replanning import asking_facts
from sensors.requested_waves import earliest_day, wave_requests


@dg.sensor(
    name="plan_decisions",
    # By name: Dagster copies a sensor that holds its job, and warns of a parameter that has no value.
    job_name=planning_wave.name,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Makes orders of approved proposals and quarantines decisions that do not hold. Replans a day when"
    " its plan is rejected for stale data or a person asks for it, when before the first shop opens a batch of it"
    " failed, was cancelled or made another quantity, or when before work begins a count differs from the book or a"
    " delivery from its order.",
)
def plan_decisions(
    context: dg.SensorEvaluationContext, warehouse: dg.ResourceParam[Warehouse], clock: dg.ResourceParam[Clock]
) -> dg.SensorResult:
    """Settle decisions, append the versions that are asked for, then start waves for those that are not under way.

    A version is appended once for what its cell's last version does not know; a crash or a second tick adds none.
    """
    now = clock.now()
    since = earliest_day(now)
    settle_decisions(warehouse, now)
    request_versions_asked_for(warehouse, versions_asked_for(asking_facts(warehouse, now, since), now), now)
    requests = unplanned_versions(warehouse, since)
    runs = wave_requests(context.instance, "plan_decisions", requests, now)
    return dg.SensorResult(
        run_requests=runs,
        skip_reason=None if runs else dg.SkipReason(f"Nothing to start; {len(requests)} versions are to be planned."),
    )
