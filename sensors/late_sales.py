"""Starts waves that validate again: days that late sales change, and days that were never validated.

Which cells need it, and in which runs they go, is decided in ``bakery_assets.due.revalidation``; requests are kept in
``planning_runs`` by ``resources.warehouse.revalidation``.
"""

from datetime import datetime, timedelta

import dagster as dg
from pydantic import BaseModel

from bakery_assets.assets.waves import planning_wave
from bakery_assets.due.revalidation import cells_leaving_gaps, cells_missing_late_sales
from bakery_assets.settings import settings
from resources.clock import Clock
from resources.warehouse import Warehouse, retention, revalidation
from sensors.requested_waves import earliest_day, wave_requests

GAPS_EVERY = timedelta(minutes=15)


class Cursor(BaseModel):
    """Sales of transactions below ``next_transaction_id`` were read; ``gaps_at``: when gaps were last searched for."""

    next_transaction_id: int | None = None
    gaps_at: datetime | None = None


@dg.sensor(
    name="late_sales",
    # By name: Dagster copies a sensor that holds its job, and warns of a parameter that has no value.
    job_name=planning_wave.name,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Validates again the days that late sales change, plans today again, and closes gaps in the"
    " validation.",
)
def late_sales(
    context: dg.SensorEvaluationContext, warehouse: dg.ResourceParam[Warehouse], clock: dg.ResourceParam[Clock]
) -> dg.SensorResult:
    """Store in the cells which of them need revalidation, then start waves for those that are not under way.

    What was stored survives a crash of this sensor; reading the same sales twice adds no request.
    """
    now = clock.now()
    cursor = request_revalidation(warehouse, Cursor.model_validate_json(context.cursor or "{}"), now)
    choices = settings()
    requests = revalidation.open_requests(
        warehouse,
        now,
        earliest_day(now),
        claim_for=timedelta(minutes=choices.claim_minutes),
        attempts=choices.cell_attempts,
    )
    runs = wave_requests(context.instance, "late_sales", requests, now)
    return dg.SensorResult(
        run_requests=runs,
        cursor=cursor.model_dump_json(),
        skip_reason=None if runs else dg.SkipReason(f"Nothing to start; {len(requests)} requests are open."),
    )


def request_revalidation(warehouse: Warehouse, cursor: Cursor, now: datetime) -> Cursor:
    """Request it for cells that miss new sales and, every ``GAPS_EVERY``, for gaps; where to read on."""
    choices = settings()
    since = max(earliest_day(now), retention.validated_since(now.date(), choices))
    new_sales = revalidation.cells_of_new_sales(warehouse, cursor.next_transaction_id, now, since)
    revalidation.request(warehouse, cells_missing_late_sales(new_sales.candidates), now)
    if cursor.gaps_at and now - cursor.gaps_at < GAPS_EVERY:
        return Cursor(next_transaction_id=new_sales.next_transaction_id, gaps_at=cursor.gaps_at)
    gaps = cells_leaving_gaps(
        revalidation.gaps(warehouse, now, earliest_day(now)),
        now,
        include_demo=choices.plan_demo_tenants,
        claim_for=timedelta(minutes=choices.claim_minutes),
        max_attempts=choices.cell_attempts,
    )
    revalidation.request(warehouse, gaps, now)
    return Cursor(next_transaction_id=new_sales.next_transaction_id, gaps_at=now)
