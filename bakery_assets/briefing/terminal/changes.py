"""The section on what the last version of the day's plan changed."""

from collections.abc import Mapping
from typing import Any

import polars as pl
from rich.console import Group, RenderableType
from rich.text import Text

from bakery_assets.briefing.day_briefing import DayBriefing
from bakery_assets.briefing.terminal.figures import clock, columns, day, nothing, quantity, section

CAUSES = {
    "planning_time": "its planning time",
    "late_sales": "late sales",
    "person": "a person",
    "fact": "what was reported",
    "decision": "a decision",
}
TERMS = {
    "orders": "customer orders",
    "forecast": "forecast",
    "stock_usable": "usable stock",
    "carried_over": "batches begun before",
    "gross_requirement": "requirement",
    "stock_today": "stock",
    "scheduled_receipts": "open orders",
}


def changes_section(morning: DayBriefing) -> RenderableType:
    """What is added, removed or changed, the figure behind it, and who asked for it and why; nothing for the first
    version of a day."""
    versions = morning.frames["plan_versions"].filter(pl.col("published_at").is_not_null()).sort("version")
    latest = versions.row(-1, named=True) if versions.height else None
    if latest is None or latest["version"] == 1:
        return Group()
    detail = f": {latest['cause_detail']}" if latest["cause_detail"] else ""
    title = f"What version {latest['version']} changed, made for {CAUSES[latest['cause']]}{detail}"
    changes = morning.frames["plan_changes"]
    if changes.is_empty():
        return section(title, nothing("Neither a batch nor an order."))
    table = columns("What", "before", "after", "because", right=("before", "after"), wide="because")
    for row in changes.sort("change_number").iter_rows(named=True):
        table.add_row(
            _subject(morning, row), _side(morning, row, "before"), _side(morning, row, "after"), _because(morning, row)
        )
    return section(title, table)


def _subject(morning: DayBriefing, row: Mapping[str, Any]) -> str:
    if row["subject"] == "batch":
        name = morning.names("products").get(row["item_id"], row["item_id"])
        return f"batch {row['subject_id'].rpartition('-')[2]}, {name}"
    name = morning.names("ingredients").get(row["item_id"], row["item_id"])
    return f"order {name}" + (f" for {day(row['due_date'], morning.plan_date)}" if row["due_date"] else "")


def _side(morning: DayBriefing, row: Mapping[str, Any], side: str) -> str:
    if row[f"quantity_{side}"] is None:
        return "–"
    units = morning.units("products" if row["subject"] == "batch" else "ingredients")
    amount = quantity(row[f"quantity_{side}"], units.get(row["item_id"], "piece"))
    start = row[f"start_{side}"]
    if start is None or row["start_before"] == row["start_after"]:
        return amount
    word = "at" if row["subject"] == "batch" else "by"
    return f"{amount} {word} {clock(morning.local(start), morning.plan_date)}"


def _because(morning: DayBriefing, row: Mapping[str, Any]) -> Text:
    if row["term"] is None:
        if row["change"] == "changed" and row["start_before"] == row["start_after"]:
            own = morning.frames["production_batches"].filter(batch_number=row["subject_id"], state="confirmed")
            return Text("a person's decision" if own.height else "", style="dim")
        return Text("its time moved" if row["change"] == "changed" else "", style="dim")
    name = TERMS.get(row["term"], row["term"].replace("_", " "))
    return Text(f"{name} {row['term_before']:,g} → {row['term_after']:,g}", style="dim")
