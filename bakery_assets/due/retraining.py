"""Which bakeries are due for their weekly retraining: a pure function of tenants, what was asked for and the time.

As with the morning, due work is "expected minus done": a tick that comes late, twice or not at all changes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from bakery_assets.due.planning import Tenant, served_statuses
from bakery_assets.local_time import is_zone, local_date, to_instant

# Shops are shut, and Monday's plan is the first to use the new models.
TRAINING_TIME = time(22)
DAYS_A_WEEK = 7


@dataclass(frozen=True)
class ScheduledTraining:
    """A retraining that the schedule has asked for."""

    tenant_id: str
    state: str
    requested_at: datetime


@dataclass(frozen=True)
class DueTraining:
    """A retraining to ask for; ``retraining_id`` names its Sunday and the attempt, so that nobody asks twice."""

    tenant_id: str
    retraining_id: str


def training_slot(zone: str, now: datetime) -> datetime:
    """The last Sunday 22:00 of ``zone`` that is not after ``now``, as an instant."""
    today = local_date(now, zone)
    sunday = today - timedelta(days=today.isoweekday() % DAYS_A_WEEK)
    slot = to_instant(sunday, TRAINING_TIME, zone)
    return slot if slot <= now else to_instant(sunday - timedelta(days=DAYS_A_WEEK), TRAINING_TIME, zone)


def due_trainings(
    tenants: Iterable[Tenant],
    asked: Iterable[ScheduledTraining],
    now: datetime,
    *,
    include_demo: bool,
    attempts: int,
) -> list[DueTraining]:
    """Tenants whose Sunday night has come without a retraining since.

    A night that was missed is caught up with until the next one. A bakery that is new, and so has no model, is due at
    once. A retraining that failed is due again until it was tried ``attempts`` times that week. Who is not planned on
    schedule is not retrained on schedule either, nor is a tenant whose time zone nobody knows.

    Args:
        asked: retrainings of the schedule, at least those of the last eight days, whatever became of them.
        now: an aware instant.

    Returns:
        at most one for each tenant, by tenant.
    """
    served = served_statuses(include_demo=include_demo)
    by_tenant: dict[str, list[ScheduledTraining]] = {}
    for each in asked:
        by_tenant.setdefault(each.tenant_id, []).append(each)
    due = []
    for tenant in tenants:
        if tenant.status not in served or not is_zone(tenant.timezone):
            continue
        slot = training_slot(tenant.timezone, now)
        states = [each.state for each in by_tenant.get(tenant.tenant_id, ()) if each.requested_at >= slot]
        if len(states) < attempts and all(state == "failed" for state in states):
            sunday = local_date(slot, tenant.timezone)
            due.append(DueTraining(tenant.tenant_id, f"{sunday}-{len(states) + 1}"))
    return sorted(due, key=lambda each: each.tenant_id)
