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


def plan(warehouse: Warehouse, day: int, *, finds: bool) -> None:
    """Write the plan of a day, counted from Monday, which finds that flour is short, or does not."""
    plan_date = MONDAY + timedelta(days=day)
    key = {"tenant_id": "b", "plan_date": plan_date}
    planned_as_of = datetime(plan_date.year, plan_date.month, plan_date.day, 4, tzinfo=UTC)
    found = {**key, "cause": CAUSE, "kind": "stockout", "alert_class": "stock", "severity": "high", "reasoning": "{}"}
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


def alerts(warehouse: Warehouse) -> list[dict[str, object]]:
    with warehouse.engine.connect() as connection:
        return [
            dict(row) for row in connection.execute(text("SELECT * FROM plans.alerts ORDER BY alert_id")).mappings()
        ]
