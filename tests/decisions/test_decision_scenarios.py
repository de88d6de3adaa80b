"""Golden scenarios of decisions: plans as published and what people decided as text, and what is right to come of it."""

from datetime import date, datetime
from pathlib import Path
from typing import Any, get_args, get_type_hints
from zoneinfo import ZoneInfo

import dataframely as dy
import polars as pl
import pytest

from bakery_assets.decisions.facts import DecisionFacts
from bakery_assets.decisions.settling import Settlement, settle
from bakery_assets.schemas import ops
from tests.scenarios import as_words, defaults_of, frame_of, sections

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.txt"))
ZONE = "Europe/Berlin"
NOW = datetime(2026, 1, 5, 12, tzinfo=ZoneInfo(ZONE))
MONDAY = date(2026, 1, 5)
SIX = datetime(2026, 1, 5, 6, tzinfo=ZoneInfo(ZONE))
SCHEMAS: dict[str, type[dy.Schema]] = {name: get_args(hint)[0] for name, hint in get_type_hints(DecisionFacts).items()}
# What a row leaves out, by table; the bakery is `bakery`, in Berlin, and its plan that of Monday.
OF_PLAN = {"plan_date": MONDAY, "version": 1}
LEFT_OUT: dict[str, dict[str, Any]] = {
    "tenants": {"name": "Bakery", "timezone": ZONE, "country": "XX"},
    "plan_versions": {**OF_PLAN, "planned_as_of": SIX, "cause": "planning_time", "requested_at": SIX, "published_at": SIX},
    "published_proposals": {**OF_PLAN, "currency": "EUR", "order_by": NOW, "total_cost": 100.0},
    "published_orders": {**OF_PLAN, "currency": "EUR", "unit_price": 2.0, "order_by": NOW, "reasoning": "{}"},
    "plan_decisions": {"plan_date": MONDAY, "plan": "procurement_plans", "who": "Ada", "decision_id": "d"},
    "outcomes": {"outcome": "accepted", "judged_at": NOW},
    "later_orders": OF_PLAN,
    "sent_orders": {"sent_at": SIX},
    "published_batches": {**OF_PLAN, "schedule_date": MONDAY, "priority": 1, "planned_since": SIX, "reasoning": "{}"},
    "past_batch_events": {"plan_date": MONDAY},
    "past_orders": {"expected_from": SIX, "expected_to": SIX, "ordered_at": SIX, "recorded_at": SIX},
    "stock_receipts": {"received_at": SIX, "recorded_at": SIX, "receipt_id": "r", "lot_id": "l", "location_id": "main"},
    "tenant_settings": {"valid_from": date(2000, 1, 1)},
}  # fmt: skip
# Two proposals of Monday's plan, of the mill for Tuesday and of the dairy for Wednesday, in all scenarios.
ALWAYS = """
[tenants]
currency
EUR
[plan_versions]
version
1
[suppliers]
supplier_id name
mill Mill
dairy Dairy
corner Corner
[supplier_items]
supplier_id ingredient_id price
mill flour 2
corner flour 3
dairy milk 2
[ingredients]
ingredient_id name
flour Flour
salt Salt
milk Milk
[published_proposals]
proposal_number supplier_id deliver_on
P01 mill 2026-01-06
P02 dairy 2026-01-07
[published_orders]
requirement_number proposal_number ingredient_id supplier_id deliver_on planned_order_quantity
R001 P01 flour mill 2026-01-06 50
R002 P01 salt mill 2026-01-06 5
R003 P02 milk dairy 2026-01-07 20
"""


def decided(text: str) -> Settlement:
    """What comes of the decisions of a text; its tables replace those of ``ALWAYS``."""
    tables = {**sections(ALWAYS), **sections(text)}
    frames = {
        name: frame_of(
            tables.get(name, []), schema, {**defaults_of(schema), "tenant_id": "bakery", **LEFT_OUT.get(name, {})}, ZONE
        )
        for name, schema in SCHEMAS.items()
    }
    versions = frames["plan_versions"].sort("plan_date", "version")
    facts: Any = {**frames, "plan_versions": versions}
    unknown = pl.DataFrame({"tenant_id": ["bakery"], "instant": [SIX]}).cast({"instant": pl.Datetime("us", "UTC")})
    return settle(facts, NOW, unknown)


def what_comes_of(settled: Settlement) -> dict[str, pl.DataFrame]:
    return {
        "decided": settled.decisions.filter("is_new"),
        "orders": settled.purchase_orders,
        "batch_events": settled.batch_events,
        "proposals": settled.proposals,
        "plans": settled.plans,
        "new_events": settled.new_events,
    }


def test_there_are_scenarios() -> None:
    assert len(SCENARIOS) >= 8


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_what_comes_of_decisions_is_what_the_scenario_says(path: Path) -> None:
    expected = sections(path.read_text())
    found = what_comes_of(decided(path.read_text()))
    assert set(expected) <= {*SCHEMAS, *found}, "a table that nothing reads or writes"
    assert set(expected) & set(found), "it expects nothing"
    for name in set(expected) & set(found):
        columns = list(expected[name][0]) if expected[name] else []
        rows = [["-" if word is None else word for word in row.values()] for row in expected[name]]
        assert (as_words(found[name], columns, ZONE) if columns else found[name].rows()) == rows, name
    assert ops.PurchaseOrders.is_valid(found["orders"])
