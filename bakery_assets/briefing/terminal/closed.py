"""A closed day, which has no plan of its own: what the plan before it has for that day, and when the bakery opens."""

from dataclasses import replace

import polars as pl
from rich.console import RenderableType
from rich.text import Text

from bakery_assets.briefing.day_briefing import DayBriefing
from bakery_assets.briefing.doughs import doughs_to_begin
from bakery_assets.briefing.terminal.baking import doughs_table, span
from bakery_assets.briefing.terminal.figures import columns, day, nothing, on_day, quantity, section
from bakery_assets.briefing.terminal.supply import orders_due_on
from bakery_assets.schemas import Cells, conform, plans


def closed_day(closed: DayBriefing, before: DayBriefing | None) -> list[RenderableType]:
    """That the day is closed and when the bakery opens next, and what is done on it all the same.

    Args:
        closed: the day, without a plan.
        before: the last plan before it that reaches it; None: there is none.
    """
    name = closed.frames["calendar"].filter(kind="closed", date=closed.plan_date)["name"].drop_nulls().to_list()
    called = f" ({name[0]})" if name and name[0].lower() != "closed" else ""
    opens = on_day(closed.opens_next, closed.plan_date)
    lines: list[RenderableType] = [Text(f"The bakery is closed{called}. It opens again {opens}.", style="bold")]
    if before is None:
        return [*lines, nothing("No plan reaches this day, so it is not known what is done on it.")]
    plan = f"as the plan of {day(before.plan_date, closed.plan_date)} has it."
    done = [part for part in (_baked(closed, before), _begun(closed, before), _ordered(closed, before)) if part]
    if not done:
        return [*lines, nothing(f"Nothing is done on it, {plan}")]
    return [*lines, nothing(f"What is done on it, {plan}"), *done]


def _baked(closed: DayBriefing, before: DayBriefing) -> RenderableType | None:
    """Batches that a shift works on on the closed day: of the day before after midnight, or for the day after."""
    batches = pl.concat([before.frames["production_batches"], before.frames["coming_batches"]]).filter(
        ~pl.col("state").is_in(plans.MADE_NOTHING) & (pl.col("schedule_date") != closed.plan_date)
    )
    rows = [
        row
        for row in batches.sort("start_at", "batch_number").drop_nulls("start_at").iter_rows(named=True)
        if closed.local(row["start_at"]).date() <= closed.plan_date <= closed.local(row["end_at"]).date()
    ]
    if not rows:
        return None
    names, units = before.names("products"), before.units("products")
    table = columns("time", "Product", "make", "for", right=("make",), wide="for", fixed=("time",))
    for row in rows:
        name, unit = names.get(row["product_id"], row["product_id"]), units.get(row["product_id"], "piece")
        sold_on = day(row["schedule_date"], closed.plan_date)
        made = quantity(row["quantity_planned"], unit)
        table.add_row(span(closed, row["start_at"], row["end_at"]), name, made, sold_on)
    return section("What is baked on it", table)


def _begun(closed: DayBriefing, before: DayBriefing) -> RenderableType | None:
    """Doughs of the next working day that its shift begins before midnight, on the closed day."""
    cells = before.cells.with_columns(plan_date=pl.lit(closed.opens_next))
    doughs = doughs_to_begin(conform(Cells, cells), before.frames)
    on_it = [
        row["begins_at"] is not None and closed.local(row["begins_at"]).date() == closed.plan_date
        for row in doughs.iter_rows(named=True)
    ]
    begun = doughs.filter(pl.Series(on_it, dtype=pl.Boolean))
    return section("What is begun on it", doughs_table(before, closed.plan_date, begun)) if begun.height else None


def _ordered(closed: DayBriefing, before: DayBriefing) -> RenderableType | None:
    orders = orders_due_on(replace(before, plan_date=closed.plan_date), closed.plan_date)
    return section("What has to be ordered on it", *orders) if orders else None
