"""Which tenants are due for their weekly retraining: a pure function of tenants, requests so far and the time.

As for the planning day, due work is "expected minus done": a tick that comes late, twice or not at all changes nothing.
Which series of a tenant are retrained is decided in ``retraining.triggers``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from bakery_assets.due.planning import Tenant, served_statuses
from bakery_assets.due.waves import half
from bakery_assets.local_time import is_zone, local_date, to_instant

# Shops are closed, and Monday's plan is the first to use the new models.
RETRAINING_TIME = time(22)
DAYS_A_WEEK = 7


@dataclass(frozen=True)
class ScheduledRetraining:
    """A retraining that the schedule has requested.

    Attributes:
        died_with: how many retrainings failed, as all of its run did, when that died; None: it did not end so.
    """

    tenant_id: str
    state: str
    requested_at: datetime
    died_with: int | None = None


@dataclass(frozen=True)
class DueRetraining:
    """A retraining to request; ``retraining_id`` names its Sunday and the attempt, so that two ticks request one.

    Attributes:
        largest_batch: most retrainings of the run that may do it; None: as many as usual.
    """

    tenant_id: str
    retraining_id: str
    largest_batch: int | None = None


def retraining_slot(zone: str, now: datetime) -> datetime:
    """The last Sunday 22:00 of ``zone`` that is not after ``now``, as an instant."""
    today = local_date(now, zone)
    sunday = today - timedelta(days=today.isoweekday() % DAYS_A_WEEK)
    slot = to_instant(sunday, RETRAINING_TIME, zone)
    return slot if slot <= now else to_instant(sunday - timedelta(days=DAYS_A_WEEK), RETRAINING_TIME, zone)


def due_retrainings(
    tenants: Iterable[Tenant],
    requested: Iterable[ScheduledRetraining],
    now: datetime,
    *,
    include_demo: bool,
    attempts: int,
) -> list[DueRetraining]:
    """Tenants without a retraining since their last Sunday 22:00.

    A night that was missed is made up for until the next one. A new tenant, which has no model, is due at once. A
    retraining that failed is due again until it was tried ``attempts`` times that week; from then on, where its run
    died with others in it, in runs of half the size each time, until it is alone, so that the one that kills its run
    keeps no other from its training. Tenants that are not planned on schedule, or whose time zone does not exist, are
    not retrained on schedule either.

    Args:
        requested: retrainings of the schedule, at least those of the last eight days, whatever their state.
        now: an aware instant.

    Returns:
        at most one for each tenant, by tenant.
    """
    served = served_statuses(include_demo=include_demo)
    by_tenant: dict[str, list[ScheduledRetraining]] = {}
    for each in requested:
        by_tenant.setdefault(each.tenant_id, []).append(each)
    due = []
    for tenant in tenants:
        if tenant.status not in served or not is_zone(tenant.timezone):
            continue
        slot = retraining_slot(tenant.timezone, now)
        tries = [each for each in by_tenant.get(tenant.tenant_id, ()) if each.requested_at >= slot]
        if any(each.state != "failed" for each in tries):
            continue
        largest = None
        if len(tries) >= attempts:
            died_with = max(tries, key=lambda each: each.requested_at).died_with or 1
            if died_with == 1:
                continue
            largest = half(died_with)
        sunday = local_date(slot, tenant.timezone)
        due.append(DueRetraining(tenant.tenant_id, f"{sunday}-{len(tries) + 1}", largest))
    return sorted(due, key=lambda each: each.tenant_id)
