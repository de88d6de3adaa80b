"""Sections on today's production schedule, and on doughs to begin for later days."""

from datetime import date, datetime
from typing import Any

import polars as pl
from rich.console import Group, RenderableType
from rich.text import Text

from bakery_assets.briefing.day_briefing import DayBriefing
from bakery_assets.briefing.doughs import doughs_to_begin
from bakery_assets.briefing.terminal.figures import (
    clock,
    columns,
    nothing,
    on_day,
    quantity,
    section,
    terms,
    with_reasons,
)
from bakery_assets.quantities import counted

EACH_SHOWN = 12  # more batches than this are shown by product, those that follow one another on one line
ENDS = {"completed": "finished", "failed": "failed"}  # the event that says how many were made


def baking_section(morning: DayBriefing, width: int) -> RenderableType:
    """What to bake today in the order of time, with why; what ends after the shift is flagged."""
    title = "What to bake and when"
    batches = morning.frames["production_batches"].filter(pl.col("state") != "cancelled")
    today = morning.frames["production_schedules"].filter(pl.col("schedule_date") == morning.plan_date)
    schedule = today.row(0, named=True) if today.height else None
    if batches.is_empty():
        is_closed = schedule is not None and schedule["status"] == "closed"
        opens = f"The bakery opens again {on_day(morning.opens_next, morning.plan_date)}."
        none = f"Closed: nothing is baked for today. {opens}" if is_closed else "Nothing is to be baked today."
        return section(title, nothing(none))
    shift_end = terms(schedule["reasoning"]).get("shift_ends_at") if schedule else None
    made = batches.join(_quantities_made(morning), on="batch_number", how="left", maintain_order="left")
    lines = _lines(made, datetime.fromisoformat(shift_end) if shift_end else None, morning.currency)
    names, units, machines = morning.names("products"), morning.units("products"), morning.names("equipment")
    timed = batches["start_at"].is_not_null().any()
    rows: list[list[str]] = []
    reasons: list[Text] = []
    for line in lines:
        unit = units.get(line["product_id"], "piece")
        why = Text(line["why"], style="dim")
        if line["state"] != "planned":
            why = Text.assemble((f"{line['state'].replace('_', ' ')}; ", "bold"), why)
        if line["late"]:
            why = Text.assemble(("ends after the shift; ", "bold red"), why)
        time = [span(morning, line["start_at"], line["end_at"])] if timed else []
        machine = [machines.get(line["equipment_id"] or "", "")] if timed else []
        name = names.get(line["product_id"], line["product_id"])
        rows.append([*time, name, _made(line, unit), *machine])
        reasons.append(why)
    heads = ("time", "Product", "make", "on") if timed else ("Product", "make")
    table = with_reasons(
        heads, rows, reasons, width, right=("make",), fixed=("time",), widest={"Product": 23, "on": 13}, wide="Product"
    )
    total = Text(f"{counted(batches.height, 'batch', 'batches')} in all", style="bold")
    if schedule and schedule["utilization"] is not None:
        total.append(f"; the busiest machine is needed for {schedule['utilization']:.0%} of the shifts", style="dim")
    notes = [Text(schedule["consequence"], style="yellow")] if schedule and schedule["consequence"] else []
    return section(title, table, total, *notes)


def doughs_section(morning: DayBriefing) -> RenderableType:
    """What is begun today for later days, with its hour and quantity; no section where there is nothing."""
    doughs = doughs_to_begin(morning.cells, morning.frames)
    if doughs.is_empty():
        return Group()
    return section("What to begin for later days", doughs_table(morning, morning.plan_date, doughs))


def doughs_table(morning: DayBriefing, today: date, doughs: pl.DataFrame) -> RenderableType:
    """Doughs with hour, quantity, and what they are for, days relative to ``today``."""
    names = morning.names("products")
    table = columns("time", "Dough", "make", "for", right=("make",), wide="for", fixed=("time",), widest={"Dough": 23})
    for row in doughs.iter_rows(named=True):
        time = "" if row["begins_at"] is None else clock(morning.local(row["begins_at"]), today)
        products = ", ".join(names.get(product, product) for product in row["product_ids"])
        what = Text.assemble(f"{on_day(row['schedule_date'], today).removeprefix('on ')}: ", (products, "dim"))
        table.add_row(time, row["name"], quantity(row["quantity"], row["unit"]), what)
    return table


def _quantities_made(morning: DayBriefing) -> pl.DataFrame:
    """``batch_number, quantity_made`` of batches that ended by the plan's instant and of which a record tells how."""
    as_of = morning.cells["planned_as_of"][0]
    reported = (
        morning.frames["batch_events"]
        .filter((pl.col("recorded_at") <= as_of) & pl.col("event").is_in(list(ENDS.values())))
        .sort("recorded_at")
        .unique(["batch_number", "event"], keep="last", maintain_order=True)
    )
    ended = morning.frames["production_batches"].select("batch_number", event=pl.col("state").replace(ENDS))
    is_failed = pl.col("event") == "failed"
    return reported.join(ended, on=["batch_number", "event"]).select(
        "batch_number", quantity_made=pl.when(is_failed).then(pl.col("quantity").fill_null(0.0)).otherwise("quantity")
    )


def _lines(batches: pl.DataFrame, shift_end: datetime | None, currency: str) -> list[dict[str, Any]]:
    """Lines to show: each batch, or where there are many, each product's batches that run into one another."""
    few = batches.height <= EACH_SHOWN
    lines: list[dict[str, Any]] = []
    latest: dict[str, dict[str, Any]] = {}
    for row in batches.sort("start_at", "priority", nulls_last=True).iter_rows(named=True):
        line = None if few else latest.get(row["product_id"])
        late = bool(shift_end and row["end_at"] and row["end_at"] > shift_end)
        if line is None or line["late"] != late or line["state"] != row["state"] or _apart(line, row):
            line = {**row, "quantities": [], "made": [], "late": late, "why": _why(terms(row["reasoning"]), currency)}
            latest[row["product_id"]] = line
            lines.append(line)
        line["quantities"].append(row["quantity_planned"])
        made = row["quantity_made"]
        line["made"].append(row["quantity_planned"] if made is None else made)
        if row["end_at"] is not None:
            line["end_at"] = max(line["end_at"], row["end_at"])
        if line["equipment_id"] != row["equipment_id"]:
            line["equipment_id"] = None
    return lines


def _apart(line: dict[str, Any], row: dict[str, Any]) -> bool:
    """The batch begins only after the line's batches have ended."""
    return row["start_at"] is not None and row["start_at"] > line["end_at"]


def _made(line: dict[str, Any], unit: str) -> str:
    """What is made; where a record tells of another quantity than planned, both: ``98 of 108``."""
    planned = _added(line["quantities"], unit)
    return planned if line["made"] == line["quantities"] else f"{_added(line['made'], unit)} of {planned}"


def _added(quantities: list[float], unit: str) -> str:
    """``240``, ``3 × 80`` or ``80 + 72``; many different sizes only as their sum."""
    sizes = sorted(set(quantities), reverse=True)
    if len(quantities) == 1:
        return quantity(quantities[0], unit)
    parts = [(quantities.count(size), quantity(size, unit)) for size in sizes]
    if len(parts) > 2:
        return f"{quantity(sum(quantities), unit)} in {len(quantities)}"
    return " + ".join(f"{count} × {size}" if count > 1 else size for count, size in parts)


def span(morning: DayBriefing, start: datetime | None, end: datetime | None) -> str:
    """``04:30–06:05``; a day before or after the plan date is said once where both are on it."""
    if start is None or end is None:
        return ""
    first, last = morning.local(start), morning.local(end)
    until = clock(last, morning.plan_date)
    return f"{first:%H:%M}–{until}" if first.date() == last.date() else f"{clock(first, morning.plan_date)}–{until}"


def _why(reasons: dict[str, Any], currency: str) -> str:
    """The batch's sum in short: ``18 wanted (15 expected, 9 to 22 likely, enough on 8 days of 10), 4 in stock, 6 from
    earlier batches, batch at least 12``.

    What batches add that the plan keeps is supply, but no one finds it on the shelf; stock is used before it.
    """
    unit = reasons.get("unit", "piece")

    def amount(name: str) -> str:
        return quantity(reasons[name], unit)

    # Batches of plans from before there were targets say demand.
    needed = reasons.get("target", reasons.get("demand"))
    if needed is None:
        return ""
    wanted = quantity(needed, unit)
    words = [f"{'fewer than 1' if wanted == '0' else wanted} wanted{_because(reasons, unit)}"]
    used, begun = reasons.get("stock_used") or 0.0, reasons.get("carried_over") or 0.0
    on_hand = min(used, (reasons.get("stock_usable") or used) - begun)
    if on_hand > 0:
        words.append(f"{quantity(on_hand, unit)} in stock")
    if used > on_hand:
        words.append(f"{quantity(used - on_hand, unit)} from earlier batches")
    if reasons.get("not_begun"):
        words.append(f"no dough for {amount('not_begun')}")
    if reasons.get("net_requirement", 0.0) < (reasons.get("batch_min") or 0.0):
        words.append(f"batch at least {amount('batch_min')}")
        if reasons.get("expected_loss"):
            words.append(f"what is left costs {reasons['expected_loss']:,.2f} {currency} on average")
    elif (reasons.get("batch_multiple") or 0) > 1 and reasons.get("surplus"):
        words.append(f"in {amount('batch_multiple')}s")
    return ", ".join(words)


def _because(reasons: dict[str, Any], unit: str) -> str:
    """Why so much: `` (15 expected, 9 to 22, enough on 8 days of 10)``, or `` (3 ordered ahead)``."""
    words = []
    if reasons.get("basis"):
        words.append(f"{quantity(reasons['forecast'], unit)} expected")
        if reasons["q90"] > reasons["q10"]:
            words.append(f"{quantity(reasons['q10'], unit)} to {quantity(reasons['q90'], unit)} likely")
        if reasons["basis"] == "buffer":
            words.append("with the buffer")
        elif reasons["target"] > reasons["orders"]:
            twentieths = round(reasons["level"] * 20)
            days = f"{twentieths // 2} days of 10" if twentieths % 2 == 0 else f"{twentieths} days of 20"
            words.append(f"enough on {days}")
        if reasons["basis"] == "base_stock":
            words.append(f"can be sold for {reasons['days_covered']} days")
        if reasons["sold"]:
            words.append(f"{quantity(reasons['sold'], unit)} sold already")
    if reasons.get("orders"):
        words.append(f"{quantity(reasons['orders'], unit)} ordered ahead")
    return f" ({', '.join(words)})" if words else ""
