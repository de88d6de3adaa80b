"""Which cells are due: a pure function of tenants, what is planned, the calendar and the time.

Due work is always "expected minus planned", never "what this tick is for": a tick that came late,
twice or not at all changes nothing about what is planned in the end.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from itertools import groupby
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bakery_assets.frames import Cell, planning_instant

CATCH_UP_DAYS = 14


@dataclass(frozen=True)
class Tenant:
    """What decides when a bakery is planned."""

    tenant_id: str
    timezone: str
    tier: str
    status: str
    planning_time: time
    first_planned: date | None = None


@dataclass(frozen=True)
class CellState:
    """How far a cell is: claimed, partial, planned or failed."""

    status: str
    claimed_at: datetime


@dataclass(frozen=True)
class Chunk:
    """Cells that one wave plans together."""

    timezone: str
    tier: str
    cells: tuple[Cell, ...]

    @property
    def digest(self) -> str:
        """Names the chunk's cells in a few characters."""
        return sha256("\n".join(f"{cell.tenant_id} {cell.plan_date}" for cell in self.cells).encode()).hexdigest()[:12]


def due_cells(
    tenants: Iterable[Tenant],
    states: Mapping[Cell, CellState],
    closed: Collection[Cell],
    now: datetime,
    *,
    include_demo: bool,
    claim_for: timedelta,
) -> list[Cell]:
    """Cells whose local planning time has passed and that nobody has planned or is planning.

    Today's cell is due for every tenant that is planned on schedule. After an outage the days since the
    tenant's first plan that were missed are due too, up to ``CATCH_UP_DAYS`` back: a plan depends only on
    the facts known at its own instant, so it comes out as it would have then. Closed days are never due,
    failed cells wait for their own retry, a claim older than ``claim_for`` is void, and a tenant whose time zone
    nobody knows is left out rather than keeping all others from being planned.

    Args:
        states: cells begun so far, at least from ``CATCH_UP_DAYS`` before the earliest local date on.
        now: an aware instant.
    """
    served = {"active", "demo"} if include_demo else {"active"}
    due = []
    for tenant in tenants:
        if tenant.status not in served or not is_zone(tenant.timezone):
            continue
        today = now.astimezone(ZoneInfo(tenant.timezone)).date()
        back = (today - (tenant.first_planned or today)).days
        for offset in range(min(max(back, 0), CATCH_UP_DAYS) + 1):
            cell = Cell(tenant.tenant_id, today - timedelta(days=offset))
            state = states.get(cell)
            is_open = state is None or state.status == "partial"
            is_stale = state is not None and state.status == "claimed" and state.claimed_at <= now - claim_for
            if (
                (is_open or is_stale)
                and cell not in closed
                and planning_instant(cell.plan_date, tenant.planning_time, tenant.timezone) <= now
                and exists_locally(cell.plan_date, tenant.timezone)
            ):
                due.append(cell)
    return sorted(due)


def is_zone(name: str) -> bool:
    """Whether there is such a time zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def exists_locally(day: date, zone: str) -> bool:
    """Whether the zone has such a date; Apia had no 30 December 2011."""
    return planning_instant(day, time(12), zone).astimezone(ZoneInfo(zone)).date() == day


def chunks(due: Iterable[Cell], tenants: Iterable[Tenant], size: int) -> list[Chunk]:
    """Cut due cells into waves by time zone and tier, at most ``size`` cells each; today's come first."""
    by_id = {tenant.tenant_id: tenant for tenant in tenants}

    def group(cell: Cell) -> tuple[int, str, str]:
        tenant = by_id[cell.tenant_id]
        return -cell.plan_date.toordinal(), tenant.timezone, tenant.tier

    made = []
    for (_, zone, tier), members in groupby(sorted(due, key=lambda cell: (group(cell), cell)), key=group):
        cells = tuple(members)
        made += [Chunk(zone, tier, cells[start : start + size]) for start in range(0, len(cells), size)]
    return made
