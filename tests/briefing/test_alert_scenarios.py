"""The alerts of a bakery over several mornings: facts as tables, and what `bakery alerts` lists each morning as text.

`BAKERY_ACCEPT=1` writes the lists as they come out; read them before you keep them.
"""

import os
from datetime import date
from io import StringIO
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from bakery_assets.briefing.alert_life import PlanOutcomes, alerts_after, most_urgent_first
from bakery_assets.briefing.terminal import render_alerts
from bakery_assets.planning_day import STAGES
from bakery_assets.schemas import Cells, conform, ops
from tests.briefing.alert_worlds import NO_ALERTS
from tests.scenarios import frame_of, neutral_values, sections

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.txt"))
SUMMARIES = next(stage for stage in STAGES if stage.name == "daily_summaries")
WIDTH = 100


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_alerts_over_several_mornings(path: Path) -> None:
    facts, _, expected = path.read_text().partition("\n== ")
    lists = mornings(facts)
    text = "".join(f"\n== {day}\n{words}" for day, words in lists.items())
    if os.environ.get("BAKERY_ACCEPT") == "1":
        path.write_text(facts + text)
    assert text == f"\n== {expected}"


def mornings(facts: str) -> dict[date, str]:
    """What is listed an hour before noon of each day."""
    tables = sections(facts)
    zone = str(tables["cells"][0]["timezone"])
    own = {"tenant_id": "bakery"}
    all_cells = frame_of(tables["cells"], Cells, own, zone)
    rows = [{name: word.replace("_", " ") if name in ("note", "consequence") and word else word for name, word in row.items()}
            for row in tables.get("alert_acknowledgements", [])]  # fmt: skip
    seen = frame_of(rows, ops.AlertAcknowledgements, own, zone)
    alerts, lists = NO_ALERTS, {}
    for cells in all_cells.sort("plan_date").partition_by("plan_date"):
        plan_date, planned_as_of = cells.select("plan_date", "planned_as_of").row(0)
        frames = {}
        for name, schema in SUMMARIES.reads.items():
            frame = frame_of(tables.get(name, []), schema, neutral_values(schema) | own | {"reasoning": "{}"}, zone)
            is_of_plan = "plan_date" in frame.columns
            frames[name] = frame.filter(plan_date=plan_date) if is_of_plan else frame
        found = SUMMARIES.plan(cells, frames)["findings"]
        noon = planned_as_of.replace(hour=10)
        known = seen.filter(pl.col("recorded_at") <= noon)
        outcomes = cells.select("tenant_id", "plan_date", "planned_as_of", succeeded=True, is_latest=True)
        alerts = alerts_after(
            alerts,
            conform(PlanOutcomes, outcomes),
            found,
            conform(ops.AlertAcknowledgements, known),
            conform(ops.PurchaseOrders, frames["purchase_orders"]),
        )
        file = StringIO()
        Console(file=file, width=WIDTH, highlight=False).print(
            render_alerts(most_urgent_first(alerts), {"bakery": zone}, noon)
        )
        lists[plan_date] = "".join(f"{line.rstrip()}\n" for line in file.getvalue().splitlines())
    return lists
