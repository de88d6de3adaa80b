"""What is left of plans when their days are over, and what does not change by it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from bakery_assets.assets.retention import delete_runs
from bakery_assets.cells import Cell
from bakery_assets.settings import Settings
from resources.warehouse import Warehouse
from resources.warehouse.retention import days_kept, delete_expired, expired_bytes
from tests.bakeries import DAY, bakery, insert, rows
from tests.publishing import plan

NEXT = DAY + timedelta(days=1)
KEPT = ("daily_summaries", "stock_closing_balances", "validation_runs", "validation_leads", "published_proposals")
LOSSES = "SELECT * FROM plans.stock_movements WHERE kind IN ('adjustment', 'waste', 'expiry') ORDER BY 1, 2, 3"
BY_LEAD = "SELECT * FROM plans.forecasts_by_lead ORDER BY 1, 2, 3, 4, 5"


def two_days(warehouse: Warehouse) -> None:
    insert(warehouse, **bakery("b"))
    for day in (DAY, NEXT):
        at = datetime(day.year, day.month, day.day, 5, tzinfo=UTC)
        plan(warehouse, Cell("b", day), at)
        sold = {"tenant_id": "b", "product_id": "baguette", "location_id": "main", "sales_date": day, "quantity": 80.0}
        wasted = {"tenant_id": "b", "waste_id": f"w{day}", "product_id": "baguette", "location_id": "main",
                  "waste_date": day, "quantity": 2.0}  # fmt: skip
        evening = at + timedelta(hours=15)
        insert(warehouse, sales=[{**sold, "recorded_at": evening}], waste=[{**wasted, "recorded_at": evening}])


def left_for_good(warehouse: Warehouse) -> list[list[tuple[Any, ...]]]:
    queries = [f"SELECT * FROM plans.{table} ORDER BY 1, 2, 3" for table in KEPT]
    return [rows(warehouse, query) for query in (*queries, LOSSES, BY_LEAD)]


@pytest.mark.filled(by=two_days)
def test_detail_goes_and_what_it_came_to_stays(warehouse: Warehouse) -> None:
    kept = left_for_good(warehouse)
    assert all(kept), "each is there"
    days = days_kept(Settings())
    assert not any(delete_expired(warehouse, DAY + timedelta(days=60), days).values())
    detail = delete_expired(warehouse, DAY + timedelta(days=61), days)
    assert detail["inventory_projections"] > 0
    assert detail["demand_forecasts"] == detail["validation_results"] == detail["published_batches"] == 0
    assert rows(warehouse, "SELECT DISTINCT plan_date FROM plans.production_batches") == [(NEXT,)]
    freed = expired_bytes(warehouse, DAY + timedelta(days=400), days)
    assert freed["demand_forecasts"] > 0
    assert delete_expired(warehouse, DAY + timedelta(days=400), days)["demand_forecasts"] == 2
    assert rows(warehouse, "SELECT count(*) FROM plans.demand_forecasts") == [(0,)]
    assert left_for_good(warehouse) == kept
    assert not any(delete_expired(warehouse, DAY + timedelta(days=400), days).values())


@pytest.mark.filled(by=two_days)
def test_an_old_day_that_is_planned_again_keeps_its_validation(warehouse: Warehouse) -> None:
    accuracy = "SELECT * FROM plans.validation_leads ORDER BY 1, 2, 3, 4"
    before = rows(warehouse, accuracy)
    summary = "SELECT forecast_quantity, planned_quantity FROM plans.daily_summaries ORDER BY plan_date"
    planned = rows(warehouse, summary)
    delete_expired(warehouse, DAY + timedelta(days=400), days_kept(Settings()))
    plan(warehouse, Cell("b", NEXT), datetime(2026, 12, 1, tzinfo=UTC))
    assert rows(warehouse, accuracy) == before != []
    assert [plan_date for (plan_date,) in rows(warehouse, "SELECT DISTINCT plan_date FROM plans.demand_forecasts")] == [
        NEXT
    ]
    assert rows(warehouse, summary)[1][0] == planned[1][0]


def test_days_are_settings_and_what_plans_look_back_at_is_kept_longer() -> None:
    days = days_kept(Settings(detail_days=40, retention={"inventory_projections": 31}))
    assert (days["inventory_projections"], days["stock_balances"], days["validation_results"]) == (31, 40, 120)
    assert days["demand_forecasts"] == 75
    with pytest.raises(ValueError, match="BAKERY_RETENTION names invoices; it may name demand_forecasts"):
        days_kept(Settings(retention={"invoices": 31}))


def test_runs_that_have_ended_are_deleted_with_their_events() -> None:
    @dg.asset
    def bread() -> None:
        """Made once."""

    with dg.DagsterInstance.ephemeral() as instance:
        run = dg.materialize([bread], instance=instance)
        assert delete_runs(instance, datetime(2020, 1, 1, tzinfo=UTC)) == 0
        assert delete_runs(instance, datetime(2100, 1, 1, tzinfo=UTC)) == 1
        assert instance.get_run_by_id(run.run_id) is None
