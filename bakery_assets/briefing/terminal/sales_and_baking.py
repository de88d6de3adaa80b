"""Sections on today's sales forecast and production schedule."""

from datetime import datetime
from typing import Any

import polars as pl
from rich.console import RenderableType
from rich.text import Text

from bakery_assets.briefing.day_briefing import DayBriefing
from bakery_assets.briefing.terminal.figures import clock, columns, counted, nothing, quantity, section, terms

EACH_SHOWN = 12  # more batches than this are shown by product, those that follow one another on one line


def sales_section(morning: DayBriefing) -> RenderableType:
    """What will sell today, by product and shop, next to the same weekday a week before."""
    title = "What will sell today"
    expected = _expected(morning)
    hardly = pl.col("yhat") < pl.when(pl.col("unit") == "piece").then(0.5).otherwise(0.005)
    sold = expected.filter(~hardly)
    if sold.is_empty():
        return section(title, nothing("Nothing is expected to sell today."))
    shops = expected["location_id"].n_unique() > 1
    # Weekday alone: the heading says the date of today.
    last_week = f"last {morning.plan_date:%a}"
    table = columns(
        "Product", *(["Shop"] if shops else []), "expected", "likely", last_week,
        right=("expected", "likely", last_week), wide="Product", widest={"Shop": 18},
    )  # fmt: skip
    for row in sold.iter_rows(named=True):
        unit = row["unit"]
        likely = f"{quantity(row['q10'], unit).removesuffix(f' {unit}')}–{quantity(row['q90'], unit)}"
        before = "–" if row["before"] is None else quantity(max(row["before"], 0.0), unit)
        shop = [row["shop"]] if shops else []
        table.add_row(row["name"], *shop, quantity(row["yhat"], unit), likely, before)
    before = "–" if sold["before"].is_null().all() else _totals(expected, "before")
    table.add_row("Total", *([""] if shops else []), _totals(expected, "yhat"), "", before, style="bold")
    idle = expected.filter(hardly)["name"].unique().sort().to_list()
    unsold = [nothing(f"Not or hardly expected to sell: {', '.join(idle)}.")] if idle else []
    return section(title, table, *unsold)


def baking_section(morning: DayBriefing) -> RenderableType:
    """What to bake today in the order of time, with why; what ends after the shift is flagged."""
    title = "What to bake and when"
    batches = morning.frames["production_batches"].filter(pl.col("state") != "cancelled")
    today = morning.frames["production_schedules"].filter(pl.col("schedule_date") == morning.plan_date)
    schedule = today.row(0, named=True) if today.height else None
    if batches.is_empty():
        closed = schedule is not None and schedule["status"] == "closed"
        return section(
            title, nothing("Closed: nothing is baked for today." if closed else "Nothing is to be baked today.")
        )
    shift_end = terms(schedule["reasoning"]).get("shift_ends_at") if schedule else None
    lines = _lines(batches, datetime.fromisoformat(shift_end) if shift_end else None)
    names, units, machines = morning.names("products"), morning.units("products"), morning.names("equipment")
    timed = batches["start_at"].is_not_null().any()
    table = columns(
        *(["time"] if timed else []),
        "Product",
        "make",
        *(["on"] if timed else []),
        "why",
        right=("make",),
        wide="why",
        fixed=("time",),
        widest={"Product": 23, "on": 13},
    )
    for line in lines:
        unit = units.get(line["product_id"], "piece")
        why = Text(line["why"], style="dim")
        if line["state"] != "planned":
            why = Text.assemble((f"{line['state'].replace('_', ' ')}; ", "bold"), why)
        if line["late"]:
            why = Text.assemble(("ends after the shift; ", "bold red"), why)
        time = [_span(morning, line["start_at"], line["end_at"])] if timed else []
        machine = [Text(machines.get(line["equipment_id"] or "", ""), style="dim")] if timed else []
        name = names.get(line["product_id"], line["product_id"])
        table.add_row(*time, name, _made(line["quantities"], unit), *machine, why)
    total = Text(f"{counted(batches.height, 'batch', 'batches')} in all", style="bold")
    if schedule and schedule["utilization"] is not None:
        total.append(f"; the busiest machine is needed for {schedule['utilization']:.0%} of the shifts", style="dim")
    notes = [Text(schedule["consequence"], style="yellow")] if schedule and schedule["consequence"] else []
    return section(title, table, total, *notes)


def _expected(morning: DayBriefing) -> pl.DataFrame:
    """Today's forecasts with ``name, unit, shop`` and what sold a week ``before``; the most expected first."""
    products = morning.frames["products"].select("product_id", "name", "unit")
    shops = morning.frames["locations"].select("location_id", shop=pl.coalesce("name", "location_id"))
    before = morning.frames["sales"].select("product_id", "location_id", before="quantity")
    return (
        morning.frames["demand_forecasts"]
        .join(products, on="product_id")
        .join(shops, on="location_id", how="left")
        .join(before, on=["product_id", "location_id"], how="left")
        .sort("shop", "yhat", "name", descending=[False, True, False])
    )


def _totals(rows: pl.DataFrame, column: str) -> str:
    """Sums by unit, for pieces and kilograms do not add up: ``412 + 3.5 kg``."""
    sums = rows.group_by("unit").agg(pl.col(column).sum()).sort(pl.col("unit") != "piece", "unit")
    return " + ".join(quantity(value, unit) for unit, value in sums.iter_rows() if value > 0 or sums.height == 1)


def _lines(batches: pl.DataFrame, shift_end: datetime | None) -> list[dict[str, Any]]:
    """Lines to show: each batch, or where there are many, each product's batches that run into one another."""
    few = batches.height <= EACH_SHOWN
    lines: list[dict[str, Any]] = []
    latest: dict[str, dict[str, Any]] = {}
    for row in batches.sort("start_at", "priority", nulls_last=True).iter_rows(named=True):
        line = None if few else latest.get(row["product_id"])
        late = bool(shift_end and row["end_at"] and row["end_at"] > shift_end)
        if line is None or line["late"] != late or line["state"] != row["state"] or _apart(line, row):
            line = {**row, "quantities": [], "late": late, "why": _why(terms(row["reasoning"]))}
            latest[row["product_id"]] = line
            lines.append(line)
        line["quantities"].append(row["quantity_planned"])
        if row["end_at"] is not None:
            line["end_at"] = max(line["end_at"], row["end_at"])
        if line["equipment_id"] != row["equipment_id"]:
            line["equipment_id"] = None
    return lines


def _apart(line: dict[str, Any], row: dict[str, Any]) -> bool:
    """The batch begins only after the line's batches have ended."""
    return row["start_at"] is not None and row["start_at"] > line["end_at"]


def _made(quantities: list[float], unit: str) -> str:
    """``240``, ``3 × 80`` or ``80 + 72``; many different sizes only as their sum."""
    sizes = sorted(set(quantities), reverse=True)
    if len(quantities) == 1:
        return quantity(quantities[0], unit)
    parts = [(quantities.count(size), quantity(size, unit)) for size in sizes]
    if len(parts) > 2:
        return f"{quantity(sum(quantities), unit)} in {len(quantities)}"
    return " + ".join(f"{count} × {size}" if count > 1 else size for count, size in parts)


def _span(morning: DayBriefing, start: datetime | None, end: datetime | None) -> str:
    if start is None or end is None:
        return ""
    return f"{clock(morning.local(start), morning.plan_date)}–{clock(morning.local(end), morning.plan_date)}"


def _why(reasons: dict[str, Any]) -> str:
    """The batch's sum in short: ``18 wanted, 4 in stock, 6 from earlier batches, batch at least 12``.

    What batches add that the plan keeps is supply, but no one finds it on the shelf; stock is used before it.
    """
    unit = reasons.get("unit", "piece")

    def amount(name: str) -> str:
        return quantity(reasons[name], unit)

    if reasons.get("demand") is None:
        return ""
    wanted = amount("demand")
    words = [f"{'fewer than 1' if wanted == '0' else wanted} wanted"]
    if reasons.get("orders"):
        words[0] += f" ({amount('orders')} ordered ahead)"
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
    elif (reasons.get("batch_multiple") or 0) > 1 and reasons.get("surplus"):
        words.append(f"in {amount('batch_multiple')}s")
    return ", ".join(words)
