"""Which days a cell validates: the database's queries and the frames give the same days."""

import random
from datetime import UTC, date, datetime, timedelta

import polars as pl

from bakery_assets.cells import CELLS
from bakery_assets.schemas import conform, ops
from bakery_assets.validation.validation_days import LOOK_BACK_DAYS, days_to_validate
from resources.warehouse import Warehouse
from resources.warehouse.validation_days import validating_cell
from tests.bakeries import insert, rows
from tests.scenarios import frame_schema

FIRST = date(2026, 3, 2)
DAYS = 60
TENANTS = [f"t{number}" for number in range(20)]


def closings(seed: int) -> list[dict[str, object]]:
    """Calendars from open every day to closed for weeks; entries of one product close no bakery."""
    chance = random.Random(seed)
    entries = []
    for number, tenant in enumerate(TENANTS):
        is_closed = False
        for offset in range(DAYS):
            # The more often a tenant closes, the longer it stays closed.
            is_closed = chance.random() < (number / 19 if is_closed else number / 60)
            if is_closed or chance.random() < 0.1:
                entries.append(
                    {
                        "tenant_id": tenant, "date": FIRST + timedelta(days=offset), "kind": "closed",
                        "product_id": None if is_closed else "cake",
                    }
                )  # fmt: skip
    return entries


def test_the_queries_and_the_frames_know_the_same_days(warehouse: Warehouse) -> None:
    entries = closings(seed=5)
    insert(
        warehouse,
        tenants=[{"tenant_id": name, "name": name, "timezone": "UTC", "country": "XX"} for name in TENANTS],
        products=[{"tenant_id": name, "product_id": "cake", "name": "Cake"} for name in TENANTS],
        calendar=entries,
    )
    calendar = conform(ops.Calendar, pl.DataFrame(entries, schema=frame_schema(ops.Calendar)))
    plan_dates = [FIRST + timedelta(days=offset) for offset in range(LOOK_BACK_DAYS, DAYS - LOOK_BACK_DAYS)]
    validated: dict[tuple[str, date], set[date]] = {}
    for plan_date in plan_dates:
        instant = datetime.combine(plan_date, datetime.min.time(), UTC)
        cells = pl.DataFrame([(name, plan_date, "UTC", instant) for name in TENANTS], schema=CELLS, orient="row")
        days = days_to_validate(cells, calendar)
        assert days["tenant_id"].n_unique() == len(TENANTS), "every cell validates some day"
        for tenant, own in days.group_by("tenant_id"):
            validated[(str(tenant[0]), plan_date)] = set(own["validation_date"])

    each_day = (
        f"FROM ops.tenants w CROSS JOIN generate_series(DATE '{plan_dates[0]}', DATE '{plan_dates[-1]}',"
        " interval '1 day') moment CROSS JOIN LATERAL (SELECT moment::date AS day) d"
    )
    closed = {(entry["tenant_id"], entry["date"]) for entry in entries if entry["product_id"] is None}
    by = rows(
        warehouse,
        f"SELECT w.tenant_id, d.day, v.plan_date {each_day} CROSS JOIN LATERAL ({validating_cell('w.tenant_id', 'd.day')}) v",
    )
    assert len(by) == len(TENANTS) * len(plan_dates)
    for tenant, day, plan_date in by:
        if (tenant, plan_date) in validated:
            assert day in validated[(tenant, plan_date)]
        # No open day before it would have validated it first.
        assert not [
            later
            for later in plan_dates
            if day < later < plan_date and (tenant, later) not in closed and day in validated[(tenant, later)]
        ]
