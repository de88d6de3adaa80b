"""What a cell reads of the cells before it: forecasts of the days it checks, and how earlier checks went."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from sqlalchemy import insert as into

from bakery_assets.cells import CELLS
from resources.schema import plans
from resources.warehouse import Warehouse, read_plans
from tests.bakeries import DAY, insert
from tests.publishing import put_packed

MADE = {"location_id": "main", "product_id": "bun", "model": "trees", "model_version": "1", "reasoning": {}}
FIGURES = dict.fromkeys(("yhat", "system_yhat", "q10", "q50", "q80", "q90", "q95"), 1.0)


def back(days: int) -> date:
    return DAY - timedelta(days=days)


@pytest.fixture
def bakeries(warehouse: Warehouse) -> Warehouse:
    """Two bakeries that have planned the 45 days before DAY and DAY itself, and checked each day the day after."""
    names = ("a", "b")
    insert(
        warehouse,
        tenants=[{"tenant_id": name, "name": name, "timezone": "Europe/Paris", "country": "FR"} for name in names],
        locations=[{"tenant_id": name, "location_id": "main"} for name in names],
        products=[{"tenant_id": name, "product_id": "bun", "name": "Bun"} for name in names],
    )
    at = datetime(2026, 1, 1, tzinfo=UTC)
    begun = {"status": "planned", "planned_as_of": at, "attempts": 1, "claimed_at": at, "claimed_by": "x"}
    counts = {"forecasts_evaluated": 1, "forecasts_with_actuals": 1, "sold_out_series": 0, "trend": "unknown"}
    found = {"yhat": 1.0, "actual": 1.0, "error": 0.0, "is_covered": True, "is_sold_out": False}
    cells = [{"tenant_id": name, "plan_date": back(ago)} for name in names for ago in range(46)]
    checks = [{**cell, "validation_date": cell["plan_date"] - timedelta(days=1)} for cell in cells]  # type: ignore[operator]
    forecasts = [
        {**cell, "target_date": cell["plan_date"] + timedelta(days=lead), **MADE, **FIGURES}  # type: ignore[operator]
        for cell in cells
        for lead in range(7)
    ]
    with warehouse.engine.begin() as connection:
        connection.execute(into(plans.planning_runs), [{**cell, **begun} for cell in cells])
        put_packed(connection, plans.demand_forecasts, forecasts)
        connection.execute(
            into(plans.validation_runs), [{**check, "status": "validated", **counts} for check in checks]
        )
        connection.execute(
            into(plans.validation_results),
            [{**check, "location_id": "main", "product_id": "bun", **found} for check in checks],
        )
    return warehouse


def read(warehouse: Warehouse, *tenants: str, day: date = DAY) -> dict[str, Any]:
    at = datetime(2026, 3, 3, 4, 30, tzinfo=UTC)
    cells = pl.DataFrame([(name, day, "Europe/Paris", at) for name in tenants], schema=CELLS, orient="row")
    return read_plans(warehouse, cells, ["past_forecasts", "past_validations"])


def made(frames: dict[str, Any]) -> list[tuple[str, date, date]]:
    return sorted(frames["past_forecasts"].select("tenant_id", "target_date", "plan_date").rows())


def test_a_morning_reads_all_seven_forecasts_of_yesterday_and_none_of_other_days(bakeries: Warehouse) -> None:
    assert made(read(bakeries, "a")) == [("a", back(1), back(ago)) for ago in range(7, 0, -1)]


def test_after_closed_days_the_last_open_day_is_read_with_all_its_leads(bakeries: Warehouse) -> None:
    shut = [{"tenant_id": "a", "date": back(ago), "kind": "closed"} for ago in (1, 2, 5)]
    paused = [{"tenant_id": "b", "date": back(1), "kind": "closed", "product_id": "bun"}]
    insert(bakeries, calendar=[*shut, *paused])
    found = made(read(bakeries, "a", "b"))
    assert {(tenant, target) for tenant, target, _ in found} == {("a", back(n)) for n in (1, 2, 3)} | {("b", back(1))}
    assert [plan for tenant, target, plan in found if (tenant, target) == ("a", back(3))] == [
        back(ago) for ago in range(9, 2, -1)
    ]


def test_a_break_longer_than_two_weeks_is_read_back_to_its_fourteenth_day(bakeries: Warehouse) -> None:
    insert(bakeries, calendar=[{"tenant_id": "a", "date": back(ago), "kind": "closed"} for ago in range(1, 31)])
    found = made(read(bakeries, "a"))
    assert min(target for _, target, _ in found) == back(14)
    assert len(found) == 14 * 7


def test_checks_of_the_six_weeks_of_cells_before_are_read_and_not_ones_own(bakeries: Warehouse) -> None:
    frames = read(bakeries, "a")
    assert sorted(frames["past_validations"]["plan_date"]) == [back(ago) for ago in range(42, 0, -1)]
    assert set(frames["past_validations"]["tenant_id"]) == {"a"}
    earlier = read(bakeries, "a", day=back(10))
    assert max(earlier["past_validations"]["plan_date"]) == back(11)


def test_a_first_morning_reads_nothing_and_knows_the_columns(bakeries: Warehouse) -> None:
    frames = read(bakeries, "a", day=back(400))
    for name, table in (("past_forecasts", plans.demand_forecasts), ("past_validations", plans.validation_results)):
        assert frames[name].is_empty()
        assert frames[name].columns == table.columns.keys()
