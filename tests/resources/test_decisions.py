"""What people decide about plans becomes orders in the warehouse, once, and the next plan counts on them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from bakery_assets.cells import Cell
from bakery_assets.schemas import conform, ops
from resources.warehouse import Warehouse
from resources.warehouse.decisions import DecisionRefused, decide, settle_decisions
from tests.bakeries import DAY, PLANNING_INSTANT, bakery, insert, rows
from tests.publishing import plan

PUBLISHED = PLANNING_INSTANT + timedelta(minutes=5)
NINE = PLANNING_INSTANT + timedelta(hours=3, minutes=30)
TOMORROW = DAY + timedelta(days=1)
ORDER = f"PO-{DAY:%Y%m%d}-1-P01"


def a_published_plan(warehouse: Warehouse) -> None:
    insert(warehouse, **bakery("b"))
    plan(warehouse, Cell("b", DAY), PUBLISHED)


pytestmark = pytest.mark.filled(by=a_published_plan)


def decided(warehouse: Warehouse, decision: str, at: datetime = NINE, **more: Any) -> None:
    row = {**dict.fromkeys(ops.PlanDecisions.column_names()), "tenant_id": "b", "decision_id": f"{at} {more}",
           "plan_date": DAY, "plan": "procurement_plans", "decision": decision, "who": "Ada", "recorded_at": at,
           **more}  # fmt: skip
    frame = pl.DataFrame([row], schema=pl.Schema(ops.PlanDecisions), orient="row")
    decide(warehouse, conform(ops.PlanDecisions, frame), at)


def orders(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return rows(
        warehouse, "SELECT order_id, ingredient_id, quantity, recorded_at FROM ops.purchase_orders ORDER BY 1, 2, 4"
    )


def proposed(tables: dict[str, pl.DataFrame], before: date) -> list[tuple[Any, ...]]:
    """Orders of a plan that come before a day."""
    found = tables["procurement_requirements"].filter(
        pl.col("planned_order_quantity") > 0, pl.col("deliver_on") < before
    )
    return found.select("ingredient_id", "planned_order_quantity", "deliver_on").rows()


def test_what_is_approved_is_ordered_once_and_the_next_plan_counts_on_it(warehouse: Warehouse) -> None:
    lines = rows(
        warehouse,
        "SELECT ingredient_id, planned_order_quantity, deliver_on FROM plans.procurement_requirements"
        " WHERE proposal_number IS NOT NULL ORDER BY 1",
    )
    assert {line[0] for line in lines} == {"flour", "salt"}
    decided(warehouse, "approve")
    ordered = orders(warehouse)
    assert sorted((row[1], row[2]) for row in ordered) == sorted((row[0], row[1]) for row in lines)
    assert {row[3] for row in ordered} == {NINE}
    state = "SELECT p.status, r.status FROM plans.procurement_plans p JOIN plans.purchase_proposals r USING (plan_date)"
    assert set(rows(warehouse, state)) == {("approved", "approved")}
    settle_decisions(warehouse, NINE + timedelta(minutes=1))
    decided(warehouse, "approve", NINE + timedelta(minutes=2))
    assert orders(warehouse) == ordered, "it is ordered already"
    reported = "SELECT type FROM plans.events WHERE type LIKE 'procurement%' ORDER BY time, type"
    assert rows(warehouse, reported) == [
        ("procurement.plan.approved",), ("procurement.plan.status_changed",), ("procurement.plan.approved",)
    ]  # fmt: skip
    scheduled = rows(
        warehouse, "SELECT DISTINCT subject FROM plans.events WHERE type = 'delivery.scheduled' ORDER BY 1"
    )
    assert scheduled == sorted({(row[0],) for row in ordered}), "reported with the orders"
    tables = plan(warehouse, Cell("b", TOMORROW), PUBLISHED + timedelta(days=1))
    last = max(line[2] for line in lines)
    assert proposed(tables, last) == [], "what comes already is not ordered again"
    assert rows(warehouse, f"{state} WHERE p.plan_date = DATE '{DAY}'") == [("approved", "approved")] * len(
        {row[0] for row in ordered}
    )
    with pytest.raises(DecisionRefused, match="superseded by that of"):
        decided(warehouse, "approve", NINE + timedelta(days=1))


def test_two_who_approve_at_once_order_once(warehouse: Warehouse) -> None:
    with ThreadPoolExecutor(2) as both:
        for who in [both.submit(decided, warehouse, "approve", proposal_number="P01", who=who) for who in "AB"]:
            who.result()
    first = [row for row in orders(warehouse) if row[0] == ORDER]
    assert first
    assert len({row[1] for row in first}) == len(first), "no line is there twice"
    assert rows(warehouse, "SELECT count(*) FROM plans.decision_outcomes WHERE outcome = 'accepted'") == [(2,)]


def test_an_order_is_taken_back_until_it_is_sent(warehouse: Warehouse) -> None:
    decided(warehouse, "approve", proposal_number="P01")
    decided(warehouse, "cancel", NINE + timedelta(minutes=1), proposal_number="P01")
    assert [row[2] for row in orders(warehouse) if row[3] > NINE] == [0.0] * len(orders(warehouse)[::2])
    decided(warehouse, "approve", NINE + timedelta(minutes=2), proposal_number="P01")
    sent = {"tenant_id": "b", "order_id": ORDER, "event": "sent", "happened_at": NINE, "recorded_at": NINE}
    insert(warehouse, order_events=[sent])
    before = orders(warehouse)
    with pytest.raises(DecisionRefused, match=f"Order {ORDER} was sent"):
        decided(warehouse, "reject", NINE + timedelta(minutes=3), proposal_number="P01")
    assert orders(warehouse) == before
    assert rows(warehouse, "SELECT count(*) FROM ops.plan_decisions") == [(3,)], "what is refused is not recorded"


def test_a_plan_made_again_keeps_its_state_and_auto_approval_orders_at_publication(warehouse: Warehouse) -> None:
    setting = {"tenant_id": "b", "valid_from": date(2000, 1, 1)}
    rules = {"auto_approve_limit": "1000", "auto_approve_new_suppliers": "yes", "auto_approve_deviation": "100"}
    insert(warehouse, tenant_settings=[{**setting, "key": key, "value": value} for key, value in rules.items()])
    window = {"expected_from": NINE, "expected_to": NINE, "ordered_at": NINE, "recorded_at": PLANNING_INSTANT}
    past = [{"tenant_id": "b", "order_id": "old", "ingredient_id": item, "supplier_id": "mill", "quantity": 50.0,
             **window, "expected_to": NINE - timedelta(days=300)} for item in ("flour", "salt")]  # fmt: skip
    insert(warehouse, purchase_orders=past)
    plan(warehouse, Cell("b", DAY), PUBLISHED + timedelta(minutes=5))
    made = [row for row in orders(warehouse) if row[0] != "old"]
    assert made
    assert rows(warehouse, "SELECT DISTINCT who, decision FROM ops.plan_decisions") == [("auto", "approve")]
    assert rows(warehouse, "SELECT status FROM plans.procurement_plans") == [("approved",)]
    events = rows(warehouse, "SELECT count(*) FROM plans.events")
    plan(warehouse, Cell("b", DAY), PUBLISHED + timedelta(minutes=6))
    assert rows(warehouse, "SELECT status FROM plans.procurement_plans") == [("approved",)]
    assert [row for row in orders(warehouse) if row[0] != "old"] == made
    assert rows(warehouse, "SELECT count(*) FROM plans.events") == events
