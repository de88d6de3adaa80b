"""What decides when small bakeries are planned, for tests of rules that need no warehouse."""

from collections.abc import Iterable, Mapping
from datetime import date, time

import polars as pl

from bakery_assets.planning_instants import PlanningFacts
from bakery_assets.schemas import ops
from tests.scenarios import filled

Shift = tuple[int, str, str]  # ISO weekday, start, end


def planning_facts(
    zones: Mapping[str, str],
    *,
    at: time | None = time(5, 30),
    shifts: Iterable[Shift] = (),
    settings: Mapping[str, str] | None = None,
    opens: str | None = None,
    holidays: Iterable[date] = (),
) -> PlanningFacts:
    """Bakeries that are alike but for their zones.

    Args:
        zones: by tenant.
        at: planning time; None: none is given.
        settings: by key, valid from 2000 on.
        opens: when the shop `main` opens on every day; None: it has given no hours.
    """
    tenants, every = list(zones), range(1, 8)
    return PlanningFacts(
        tenants=filled(
            ops.Tenants,
            [
                {"tenant_id": tenant, "timezone": zone, "country": "XX", "tier": "starter", "status": "active",
                 "planning_time": at}
                for tenant, zone in zones.items()
            ],
        ),
        locations=filled(ops.Locations, [{"tenant_id": tenant, "location_id": "main"} for tenant in tenants]),
        tenant_settings=filled(
            ops.TenantSettings,
            [
                {"tenant_id": tenant, "key": key, "value": value, "valid_from": date(2000, 1, 1)}
                for tenant in tenants
                for key, value in (settings or {}).items()
            ],
        ),
        opening_hours=filled(
            ops.OpeningHours,
            [
                {
                    "tenant_id": tenant, "location_id": "main", "weekday": weekday,
                    "opens": time.fromisoformat(opens), "closes": time(18),
                }
                for tenant in tenants
                for weekday in (every if opens else ())
                if opens
            ],
        ),
        shifts=filled(
            ops.Shifts,
            [
                {
                    "tenant_id": tenant, "shift_id": f"s{number}", "weekday": weekday,
                    "starts_at": time.fromisoformat(begins), "ends_at": time.fromisoformat(ends),
                }
                for tenant in tenants
                for number, (weekday, begins, ends) in enumerate(shifts)
            ],
        ),
        calendar=filled(
            ops.Calendar,
            [{"tenant_id": tenant, "date": day, "kind": "holiday"} for tenant in tenants for day in holidays],
        ),
    )  # fmt: skip


def cells(tenant: str, *days: date) -> pl.DataFrame:
    """Cells of one bakery."""
    return pl.DataFrame({"tenant_id": [tenant] * len(days), "plan_date": list(days)})


def every_day(begins: str, ends: str) -> list[Shift]:
    """A shift on all weekdays."""
    return [(weekday, begins, ends) for weekday in range(1, 8)]
