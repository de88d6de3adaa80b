"""What an analyst adds up in SQL: the stock that is kept and all movements since are the balance of a plan."""

import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from bakery_assets.cells import Cell
from resources.warehouse import Warehouse
from tests.bakeries import DAY, bakery, insert, rows
from tests.publishing import plan

RUNBOOK = Path(__file__).parents[2] / "docs" / "operations.md"


def documented(comment: str) -> str:
    """The query of the runbook under a comment that begins so."""
    found = re.search(rf"^-- {comment}.*?\n((?:with|select) .*?;)$", RUNBOOK.read_text(), re.DOTALL | re.MULTILINE)
    assert found, comment
    return found[1]


@pytest.mark.parametrize("planning_day", ["same_day", "day_before"])
def test_what_is_kept_and_the_movements_since_are_the_balance(warehouse: Warehouse, planning_day: str) -> None:
    """Planned at 20:30 of the evening before, or in the morning; the shop is open until 22:00 and its till reports later."""
    settings = [
        {"tenant_id": "b", "key": key, "value": value, "valid_from": date(2000, 1, 1)}
        for key, value in (("opens", "08:00"), ("closes", "22:00"), ("planning_day", planning_day))
    ]
    facts = bakery("b")
    planned_at = time(20, 30) if planning_day == "day_before" else time(5, 30)
    insert(warehouse, **{**facts, "tenants": [{**facts["tenants"][0], "planning_time": planned_at}]},
           tenant_settings=settings)  # fmt: skip
    for day in range(4):
        cell = Cell("b", DAY + timedelta(days=day))
        on = cell.plan_date - timedelta(days=1) if planning_day == "day_before" else cell.plan_date
        plan(warehouse, cell, datetime.combine(on, planned_at, UTC) + timedelta(minutes=5))
    assert rows(warehouse, documented("items whose balance")) == []
    last = f"tenant_id = 'b' AND plan_date = '{DAY + timedelta(days=3)}'"
    kinds = rows(warehouse, f"SELECT DISTINCT kind FROM plans.stock_movements WHERE {last}")
    assert {"production", "consumption", "sale"} <= {kind for (kind,) in kinds}
    assert rows(warehouse, f"SELECT lots LIKE '%flour%' FROM plans.stock_closing_balances WHERE {last}") == [(True,)]
    ends = "max(happened_at) > (SELECT planned_as_of FROM plans.planning_runs WHERE " + last + ")"
    expected = rows(warehouse, f"SELECT {ends} FROM plans.stock_movements WHERE {last}")
    assert expected == [(planning_day == "day_before",)]
