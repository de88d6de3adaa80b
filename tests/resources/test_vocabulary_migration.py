"""Plans written before columns had the field's terms keep their figures under the new names."""

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

import migrations
from bakery_assets.forecasting.models.selection import BLENDS
from bakery_assets.schemas.plans import SERIES_MODELS
from resources.warehouse import Warehouse
from tests.bakeries import bakery, insert

CELL = "'b', '2026-03-03'"
BEFORE = (
    "INSERT INTO plans.planning_runs (tenant_id, plan_date, status, planned_as_of, attempts, claimed_at, claimed_by,"
    f" asked_in, begun_in, validated_in) VALUES ({CELL}, 'planned', now(), 1, now(), 'run', '1', '2', '3')",
    "INSERT INTO plans.procurement_requirements (tenant_id, plan_date, requirement_number, ingredient_id, gross,"
    " on_hand, incoming, safety_stock, net, order_quantity, cost, is_late, reasoning)"
    f" VALUES ({CELL}, 'R001', 'flour', 10, 1, 2, 3, 4, 5, 6, false, '{{}}')",
    "INSERT INTO plans.validation_runs (tenant_id, plan_date, validation_date, status, accuracy_pct, coverage_pct,"
    " forecasts_evaluated, forecasts_with_actuals, sold_out_series, trend)"
    f" VALUES ({CELL}, '2026-03-02', 'validated', 92.5, 80, 1, 1, 0, 'unknown')",
    "INSERT INTO plans.daily_summaries (tenant_id, plan_date, is_closed, forecast_quantity, products,"
    " planned_quantity, planned_batches, orders, order_cost, items_at_risk, accuracy_pct, alerts, headline)"
    f" VALUES ({CELL}, false, 1, 1, 1, 1, 2, 45.5, 3, 92.5, 0, '')",
    "INSERT INTO plans.demand_forecasts (tenant_id, plan_date, location_id, product_id, target_date, yhat, q10, q50,"
    " q80, q90, q95, model, model_version, reasoning, system_yhat)"
    f" VALUES ({CELL}, 'main', 'baguette', '2026-03-03', 1, 1, 1, 1, 1, 1, 'seasonal_smoothing_ensemble', '1',"
    " '{}', 1)",
)
AFTER = {
    "SELECT requested_xid::text, started_xid::text, validated_xid::text FROM plans.planning_runs": ("1", "2", "3"),
    "SELECT gross_requirement, scheduled_receipts, net_requirement, planned_order_quantity"
    " FROM plans.procurement_requirements": (10.0, 2.0, 4.0, 5.0),
    "SELECT accuracy, coverage FROM plans.validation_runs": (0.925, 0.8),
    "SELECT orders_14d, order_cost_14d, items_at_risk_14d, accuracy FROM plans.daily_summaries": (2, 45.5, 3, 0.925),
    "SELECT model FROM plans.demand_forecasts": ("untrained_smoothing",),
}
PERCENT = "SELECT accuracy_pct, coverage_pct FROM plans.validation_runs"


def configured(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    return config


def test_plans_of_before_keep_their_figures_and_percent_becomes_a_fraction(warehouse: Warehouse) -> None:
    insert(warehouse, **bakery("b"))
    with warehouse.engine.begin() as connection:
        command.downgrade(configured(connection), "0005")
        for statement in BEFORE:
            connection.execute(text(statement))
    with warehouse.engine.begin() as connection:
        command.upgrade(configured(connection), "head")
        for query, row in AFTER.items():
            assert tuple(connection.execute(text(query)).one()) == row, query
    with warehouse.engine.begin() as connection:
        command.downgrade(configured(connection), "0005")
        assert tuple(connection.execute(text(PERCENT)).one()) == pytest.approx((92.5, 80.0))


def test_the_database_refuses_percent(warehouse: Warehouse) -> None:
    insert(warehouse, **bakery("b"))
    with warehouse.engine.begin() as connection:
        command.downgrade(configured(connection), "0005")
        for statement in BEFORE:
            connection.execute(text(statement))
        command.upgrade(configured(connection), "head")
    refused = pytest.raises(IntegrityError, match="validation_runs_coverage_check")
    with refused, warehouse.engine.begin() as connection:
        connection.execute(text("UPDATE plans.validation_runs SET coverage = 80"))


def test_every_blend_that_training_can_choose_may_be_stored() -> None:
    assert tuple(BLENDS) == SERIES_MODELS
