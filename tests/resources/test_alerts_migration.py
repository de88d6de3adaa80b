"""Alerts of before, renumbered by every plan, become alerts that last; and back."""

from datetime import date

from alembic import command
from sqlalchemy import Connection, text

from resources.warehouse import Warehouse
from tests.bakeries import bakery, insert
from tests.resources.test_vocabulary_migration import configured

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
BEFORE = {
    MONDAY: (
        "('A001', 'critical', 'late_delivery', 'flour', 'Mill is late.', '{}', NULL),"
        "('A002', 'critical', 'stockout', 'flour', 'Flour runs out.', '{\"item_kind\": \"ingredient\"}', 'No bread.'),"
        "('A003', 'warning', 'order_today', 'mill', 'Order.', '{\"order_by_local\": \"2026-03-02T16:00\"}', NULL)"
    ),
    TUESDAY: (
        "('A000', 'critical', 'planning_failed', 'facts', 'A loop.', '{}', 'No plan.'),"
        "('A001', 'warning', 'stockout', 'flour', 'Flour runs out later.', '{\"item_kind\": \"ingredient\"}', 'No bread.'),"
        "('A002', 'warning', 'forecast_off', NULL, 'Far off.', '{}', NULL),"
        "('A003', 'info', 'expiring', 'roll', 'Rolls expire.', '{\"item_kind\": \"product\"}', NULL)"
    ),
}


def enter(connection: Connection) -> None:
    for day, alerts in BEFORE.items():
        connection.execute(
            text(
                "INSERT INTO plans.planning_runs (tenant_id, plan_date, status, planned_as_of, attempts, claimed_at,"
                f" claimed_by) VALUES ('b', '{day}', 'planned', '{day} 04:30+00', 1, now(), 'run')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO plans.daily_summaries (tenant_id, plan_date, is_closed, forecast_quantity, products,"
                " planned_quantity, planned_batches, orders_14d, order_cost_14d, items_at_risk_14d, alerts, headline)"
                f" VALUES ('b', '{day}', false, 1, 1, 1, 1, 2, 45.5, 3, 0, '')"
            )
        )
        connection.exec_driver_sql(
            "INSERT INTO plans.alerts (tenant_id, plan_date, alert_number, severity, kind, subject, message, reasoning,"
            " consequence) SELECT 'b', DATE '" + str(day) + "', n, s, k, j, m, r::jsonb, c FROM"
            f" (VALUES {alerts}) v (n, s, k, j, m, r, c)"
        )
    connection.execute(
        text(
            "INSERT INTO ops.alert_acknowledgements (tenant_id, plan_date, alert_number, who, note, recorded_at) VALUES"
            f" ('b', '{TUESDAY}', 'A001', 'Ada', 'asked', '{TUESDAY} 06:00+00'),"
            f" ('b', '{MONDAY}', 'A001', 'Ada', NULL, '{MONDAY} 06:00+00'),"
            f" ('b', '{MONDAY}', 'A009', 'Bo', NULL, '{MONDAY} 07:00+00')"
        )
    )


def select(connection: Connection, query: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in connection.execute(text(query))]


def test_alerts_and_who_has_seen_them_survive_the_way_there_and_back(warehouse: Warehouse) -> None:
    insert(warehouse, **bakery("b"))
    with warehouse.engine.begin() as connection:
        command.downgrade(configured(connection), "0011-1")
        enter(connection)
        # As the marts of before stand on it.
        connection.execute(text("CREATE VIEW marts.stg_alerts AS SELECT alert_number FROM plans.alerts"))
    with warehouse.engine.begin() as connection:
        command.upgrade(configured(connection), "head")
        found = "SELECT plan_date, cause, kind, severity, priority FROM plans.findings ORDER BY plan_date, cause"
        assert select(connection, found) == [
            (MONDAY, "ingredient_shortage:flour", "stockout", "critical", 60),
            (MONDAY, "order:mill:2026-03-02", "order_today", "high", 40),
            (TUESDAY, "expiring_product:roll", "expiring", "low", 0),
            (TUESDAY, "forecast_off", "forecast_off", "medium", 20),
            (TUESDAY, "ingredient_shortage:flour", "stockout", "high", 40),
            (TUESDAY, "planning_failed:2026-03-03", "planning_failed", "critical", 60),
        ]
        alerts = "SELECT alert_id, alert_class, status, acknowledged_by, resolved_on FROM plans.alerts ORDER BY 1"
        assert select(connection, alerts) == [
            ("expiring_product:roll@2026-03-03", "stock", "open", None, None),
            ("forecast_off@2026-03-03", "forecast", "open", None, None),
            ("ingredient_shortage:flour@2026-03-03", "stock", "acknowledged", "Ada", None),
            ("order:mill:2026-03-02@2026-03-02", "orders", "resolved", None, TUESDAY),
            ("planning_failed:2026-03-03@2026-03-03", "planning", "open", None, None),
        ]
        seen = "SELECT alert_id, who, note FROM ops.alert_acknowledgements ORDER BY 1"
        assert select(connection, seen) == [
            ("A009@2026-03-02", "Bo", None),
            ("ingredient_shortage:flour@2026-03-02", "Ada", None),
            ("ingredient_shortage:flour@2026-03-03", "Ada", "asked"),
        ]
    with warehouse.engine.begin() as connection:
        command.downgrade(configured(connection), "0011-1")
        numbered = "SELECT plan_date, alert_number, severity, kind, subject FROM plans.alerts ORDER BY 1, 2"
        assert select(connection, numbered) == [
            (MONDAY, "A001", "critical", "stockout", "flour"),
            (MONDAY, "A002", "warning", "order_today", "mill"),
            (TUESDAY, "A000", "critical", "planning_failed", "facts"),
            (TUESDAY, "A001", "warning", "forecast_off", None),
            (TUESDAY, "A002", "warning", "stockout", "flour"),
            (TUESDAY, "A003", "info", "expiring", "roll"),
        ]
        seen = "SELECT plan_date, alert_number, who, note FROM ops.alert_acknowledgements ORDER BY 1, 2"
        assert select(connection, seen) == [
            (MONDAY, "A001", "Ada", None), (MONDAY, "A009", "Bo", None), (TUESDAY, "A002", "Ada", "asked"),
        ]  # fmt: skip
