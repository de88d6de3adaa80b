"""Alerts as stored with the plans of three days: only the latest plan changes them."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
from sqlalchemy import text

from bakery_assets.cells import CELLS, Cell
from bakery_assets.schemas import plans
from resources.warehouse import Warehouse, planning_runs, replace_plans
from resources.warehouse.alerts import acknowledge
from tests.bakeries import bakery, insert
from tests.scenarios import filled

MONDAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 5, 6, tzinfo=UTC)
CAUSE = "ingredient_shortage:flour"


def plan(warehouse: Warehouse, day: int, *, finds: bool, **instead: str) -> None:
    """Write the plan of a day, counted from Monday, which finds that flour is short, or something else, or nothing."""
    plan_date = MONDAY + timedelta(days=day)
    key = {"tenant_id": "b", "plan_date": plan_date}
    planned_as_of = datetime(plan_date.year, plan_date.month, plan_date.day, 4, tzinfo=UTC)
    found = {**key, "cause": CAUSE, "kind": "stockout", "alert_class": "stock", "severity": "high", "reasoning": "{}",
             **instead}  # fmt: skip
    planning_runs.begin(warehouse, [Cell("b", plan_date)], NOW, "run")
    replace_plans(
        warehouse,
        pl.DataFrame([("b", plan_date, "UTC", planned_as_of)], schema=CELLS, orient="row"),
        {
            "daily_summaries": filled(plans.DailySummaries, [key]),
            "findings": filled(plans.Findings, [found] if finds else []),
        },
        {},
        written=["daily_summaries", "findings"],
        finished_at=NOW,
        run_id="run",
    )


def test_planning_the_past_changes_no_alert_and_the_next_plan_resolves_it(warehouse: Warehouse) -> None:
    insert(warehouse, **bakery("b"))
    plan(warehouse, 1, finds=True)
    acknowledge(warehouse, "b", f"{CAUSE}@2026-03-03", who="Ada", note=None, now=NOW)
    stored = alerts(warehouse)
    assert [(row["alert_id"], row["status"], row["acknowledged_by"]) for row in stored] == [
        (f"{CAUSE}@2026-03-03", "acknowledged", "Ada")
    ]
    for past in (0, 1):
        plan(warehouse, past, finds=past == 1)
        assert alerts(warehouse) == stored
    plan(warehouse, 2, finds=False)
    assert [(row["status"], row["resolved_on"]) for row in alerts(warehouse)] == [("resolved", date(2026, 3, 4))]


def test_an_alert_to_order_knows_whether_that_was_done(warehouse: Warehouse) -> None:
    """Two suppliers on Tuesday. An order from the mill is recorded on Tuesday; of the one from the dairy, which is of
    Monday, only a change, so that it is not what the alert asks for."""
    insert(warehouse, **bakery("b"))
    for supplier in ("mill", "dairy"):
        found = {"cause": f"order:{supplier}:2026-03-03", "kind": "order_today", "subject": supplier}
        plan(warehouse, 1, finds=True, **found)
    with warehouse.engine.begin() as connection:
        # The plan that found the second no longer found the first.
        connection.execute(
            text(
                "UPDATE plans.alerts SET deadline = '2026-03-03 16:00Z', status = 'open', resolved_on = NULL,"
                " resolved_at = NULL, resolution = NULL"
            )
        )

    def order(order_id: str, supplier: str, day: int) -> dict[str, object]:
        at = datetime(2026, 3, day, 10, tzinfo=UTC)
        return {
            "tenant_id": "b", "order_id": order_id, "ingredient_id": "flour", "supplier_id": supplier, "quantity": 25.0,
            "expected_from": at, "expected_to": at, "ordered_at": at, "recorded_at": at,
        }  # fmt: skip

    insert(
        warehouse,
        suppliers=[{"tenant_id": "b", "supplier_id": "dairy", "name": "Dairy", "lead_time_days": 2}],
        purchase_orders=[order("m1", "mill", 3), order("d1", "dairy", 2), order("d1", "dairy", 3)],
    )
    plan(warehouse, 2, finds=False)
    ended = {row["subject"]: str(row["resolution"])[:14] for row in alerts(warehouse)}
    assert ended == {"mill": "It was ordered", "dairy": "The time to or"}


def alerts(warehouse: Warehouse) -> list[dict[str, object]]:
    with warehouse.engine.connect() as connection:
        return [
            dict(row) for row in connection.execute(text("SELECT * FROM plans.alerts ORDER BY alert_id")).mappings()
        ]
