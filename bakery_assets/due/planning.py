"""Which cells are due: a pure function of tenants, what is planned, the calendar and the time.

Due work is always "expected minus planned", never "what this tick is for": a tick that came late,
twice or not at all changes nothing about what is planned in the end. How due cells are grouped into waves is in
``waves``; cells that were planned and need revalidation are in ``revalidation``.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from bakery_assets.cells import Cell, cells_frame
from bakery_assets.local_time import exists_locally, is_zone, local_date
from bakery_assets.planning_instants import PlanningFacts, planning_instants

CATCH_UP_DAYS = 14
AHEAD_DAYS = 2  # a night shift may begin shortly after the midnight before its day's, and is planned before it begins


@dataclass(frozen=True)
class Tenant:
    """What decides when a bakery is planned."""

    tenant_id: str
    timezone: str
    tier: str
    status: str
    first_planned: date | None = None


@dataclass(frozen=True)
class CellState:
    """How far a cell is: claimed, partial, planned or failed; and the size of the wave that may plan it next."""

    status: str
    claimed_at: datetime
    largest_wave: int | None = None


def served_statuses(*, include_demo: bool) -> frozenset[str]:
    """Statuses of tenants that schedules plan and retrain."""
    return frozenset({"active", "demo"} if include_demo else {"active"})


def due_cells(
    tenants: Iterable[Tenant],
    facts: PlanningFacts,
    states: Mapping[Cell, CellState],
    closed: Collection[Cell],
    now: datetime,
    *,
    include_demo: bool,
    claim_for: timedelta,
) -> list[Cell]:
    """Cells whose planning instant has passed and that are neither planned nor being planned.

    Today's cell is due for every tenant that is planned on schedule, and that of the next day from the evening on
    where it is planned then. After an outage the days since the tenant's first plan that were missed are due too, up
    to ``CATCH_UP_DAYS`` back: a plan depends only on the facts known at its own instant, so it comes out as it would
    have then. Closed days are never due,
    failed cells wait for their own retry, a claim older than ``claim_for`` is void, and a tenant whose time zone
    is unknown is left out, so that it does not keep the others from being planned.

    Args:
        facts: what decides when these tenants are planned.
        states: cells started so far, at least from ``CATCH_UP_DAYS`` before the earliest local date on.
        now: an aware instant.
    """
    waiting = []
    for tenant in _planned_on_schedule(tenants, include_demo=include_demo):
        today = local_date(now, tenant.timezone)
        back = (today - (tenant.first_planned or today)).days
        for offset in range(-min(max(back, 0), CATCH_UP_DAYS), AHEAD_DAYS + 1):
            cell = Cell(tenant.tenant_id, today + timedelta(days=offset))
            state = states.get(cell)
            is_open = state is None or state.status == "partial"
            is_stale = state is not None and state.status == "claimed" and state.claimed_at <= now - claim_for
            if (is_open or is_stale) and cell not in closed and exists_locally(cell.plan_date, tenant.timezone):
                waiting.append(cell)
    due = planning_instants(cells_frame(waiting), facts).filter(pl.col("planned_as_of") <= now)
    return [Cell(*row) for row in due.select("tenant_id", "plan_date").iter_rows()]


def late_cells(
    tenants: Iterable[Tenant],
    facts: PlanningFacts,
    states: Mapping[Cell, CellState],
    closed: Collection[Cell],
    now: datetime,
    *,
    include_demo: bool,
    late_after: timedelta,
) -> list[tuple[Cell, datetime]]:
    """Cells from each tenant's today on whose planning instant lies further back than ``late_after`` without a plan.

    Whatever the reason: a failure, a long queue, or that nothing runs; sorted by the instant, which is with each.
    """
    unplanned = [
        cell
        for tenant in _planned_on_schedule(tenants, include_demo=include_demo)
        for cell in _from_today_on(tenant, now)
        if cell not in closed and not (cell in states and states[cell].status == "planned")
    ]
    late = planning_instants(cells_frame(unplanned), facts).filter(pl.col("planned_as_of") < now - late_after)
    rows = late.sort("planned_as_of", "tenant_id").select("tenant_id", "plan_date", "planned_as_of").iter_rows()
    return [(Cell(tenant, plan_date), instant) for tenant, plan_date, instant in rows]


def _planned_on_schedule(tenants: Iterable[Tenant], *, include_demo: bool) -> list[Tenant]:
    served = served_statuses(include_demo=include_demo)
    return [tenant for tenant in tenants if tenant.status in served and is_zone(tenant.timezone)]


def _from_today_on(tenant: Tenant, now: datetime) -> list[Cell]:
    today = local_date(now, tenant.timezone)
    days = (today + timedelta(days=ahead) for ahead in range(AHEAD_DAYS + 1))
    return [Cell(tenant.tenant_id, day) for day in days if exists_locally(day, tenant.timezone)]
