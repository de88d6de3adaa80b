"""Sections on purchase orders and on stock that may run out or expire."""

import math
from datetime import date, datetime
from typing import Any

import polars as pl
from rich.console import RenderableType
from rich.text import Text

from bakery_assets.briefing.day_briefing import DayBriefing
from bakery_assets.briefing.stock_outlook import expiring_stock, item_names, items_at_risk
from bakery_assets.briefing.terminal.figures import (
    clock,
    columns,
    core,
    day,
    figure,
    money,
    nothing,
    on_day,
    quantity,
    section,
    terms,
)
from bakery_assets.cells import OUTLOOK_DAYS
from bakery_assets.decisions.numbers import is_order_of_proposal, order_number
from bakery_assets.quantities import counted

SHOWN_DAYS = 2  # orders due later are added up in one line: the next plans will know better


def orders_section(morning: DayBriefing) -> RenderableType:
    """What to order, by deadline and supplier, with packs, costs and why.

    Shown are the orders due today or tomorrow, and across closed days those due before the next open one.
    """
    title = "What to order by when"
    planned = _planned_orders(morning)
    if planned.is_empty():
        return section(title, nothing("Nothing has to be ordered."))
    content: list[RenderableType] = []
    later: list[dict[str, Any]] = []
    orders_later = 0
    days_shown = _days_shown(morning)
    for rows in planned.partition_by("order_by", "supplier_id", "deliver_on", maintain_order=True):
        first = rows.row(0, named=True)
        if first["order_by"] and (morning.local(first["order_by"]).date() - morning.plan_date).days >= days_shown:
            later += rows.to_dicts()
            orders_later += 1
        else:
            content += _order(morning, rows)
    if later:
        due = day(morning.local(later[0]["order_by"]).date(), morning.plan_date)
        cost = _amounts(later)
        if not content:
            until = "today or tomorrow" if days_shown == SHOWN_DAYS else "before the bakery opens again"
            content.append(nothing(f"Nothing has to be ordered {until}."))
        content.append(
            nothing(f"Later, from {due} on: {counted(orders_later, 'order', 'orders')}, {cost} as things stand.")
        )
    content.append(Text(f"{_amounts(planned.to_dicts())} in all over two weeks", style="bold"))
    return section(title, *content, *_undecided(morning))


def orders_due_on(morning: DayBriefing, due: date) -> list[RenderableType]:
    """The orders of a plan whose deadline is on a day, with their lines."""
    planned = _planned_orders(morning)
    is_due = [
        order_by is not None and morning.local(order_by).date() == due for order_by in planned["order_by"].to_list()
    ]
    content: list[RenderableType] = []
    of_day = planned.filter(pl.Series(is_due, dtype=pl.Boolean))
    for rows in of_day.partition_by("order_by", "supplier_id", "deliver_on", maintain_order=True):
        content += _order(morning, rows)
    return content


def stock_section(morning: DayBriefing) -> RenderableType:
    """What runs out or is lost, from when, and what comes of it."""
    title = "What may run out or expire"
    projections = morning.frames["inventory_projections"]
    names = item_names(morning.frames["products"], morning.frames["ingredients"])
    on = ["tenant_id", "item_kind", "item_id"]
    short = items_at_risk(projections, "high").join(names, on=on).sort("first_day", "item")
    unknown = items_at_risk(projections, "unknown")
    low = items_at_risk(projections, "low").join(short, on=on, how="anti").join(names, on=on).sort("first_day", "item")
    lost = expiring_stock(projections, morning.frames["stock_balances"]).join(names, on=on).sort("first_day", "item")
    of_unknown = (
        [nothing(f"The stock of {counted(unknown.height, 'item', 'items')} is not recorded.")] if unknown.height else []
    )
    if short.is_empty() and lost.is_empty() and low.is_empty() and not of_unknown:
        return section(title, nothing("Nothing runs out or expires unused, as far as the stock is known."))
    follows = _follows(morning)
    table = columns(
        "Item",
        "from",
        "how much",
        "what follows",
        right=("how much",),
        wide="what follows",
        fixed=("from",),
        widest={"Item": 24},
    )
    for row in short.iter_rows(named=True):
        what = (
            follows.get(row["item_id"])
            if row["item_kind"] == "ingredient"
            else "customers ask for it and leave without"
        )
        missing = f"{quantity(row['short'], row['unit'], up=True)} short"
        table.add_row(row["item"], day(row["first_day"], morning.plan_date), Text(missing, style="red"), what or "")
    for row in lost.iter_rows(named=True):
        expiring = f"{quantity(row['lost'], row['unit'])} lost"
        what = "expires before it is used: use it, sell it or give it away"
        table.add_row(row["item"], day(row["first_day"], morning.plan_date), Text(expiring, style="yellow"), what)
    none = (
        "Nothing whose stock is known runs out or expires unused."
        if of_unknown
        else "Nothing runs out or expires unused."
    )
    shown: list[RenderableType] = [table] if table.row_count else [nothing(none)]
    lows = [f"{row['item']} ({day(row['first_day'], morning.plan_date)})" for row in low.iter_rows(named=True)]
    return section(title, *shown, *([nothing(f"Runs low: {', '.join(lows)}.")] if lows else []), *of_unknown)


def _planned_orders(morning: DayBriefing) -> pl.DataFrame:
    """All orders of the plan by deadline, supplier and delivery, with the names of what they are about."""
    return (
        morning.frames["procurement_requirements"]
        .filter(pl.col("planned_order_quantity") > 0)
        .join(morning.frames["ingredients"].select("ingredient_id", "unit", item="name"), on="ingredient_id")
        .join(
            morning.frames["suppliers"].select("supplier_id", "minimum_order_value", supplier="name"), on="supplier_id"
        )
        .sort("order_by", "supplier_id", "deliver_on", "needed_on", "item", nulls_last=True)
    )


def _order(morning: DayBriefing, rows: pl.DataFrame) -> list[RenderableType]:
    """One order: its heading and its lines."""
    heading = _order_heading(morning, rows.row(0, named=True), math.fsum(rows["cost"]))
    return [heading, *_state(morning, rows["proposal_number"][0]), _order_lines(morning, rows)]


def _state(morning: DayBriefing, number: str | None) -> list[RenderableType]:
    """Where the proposal of an order stands, and the number of its order."""
    proposals = morning.frames["purchase_proposals"].filter(pl.col("proposal_number") == pl.lit(number, pl.String))
    if proposals.is_empty():
        return []
    [order, status] = proposals.select(order_number(), "status").row(0)
    if status == "approved":
        own = proposals.select("plan_date", "version", "proposal_number")
        sent = morning.frames["order_events"].filter(event="sent").join(own, how="cross").filter(is_order_of_proposal())
        times: list[datetime] = sent["happened_at"].sort().to_list()
        at = f"sent {clock(morning.local(times[0]), morning.plan_date)}" if times else "not sent"
        return [Text(f"  {number} approved: order {order}, {at}", style="green" if times else "yellow")]
    words = {"draft": ("to be decided", "yellow"), "rejected": ("rejected", "dim"), "superseded": ("superseded", "dim")}
    said, style = words[status]
    return [Text(f"  {number} {said}", style=style)]


def _undecided(morning: DayBriefing) -> list[RenderableType]:
    """How many proposals a person has to decide about, and how."""
    waiting = morning.frames["purchase_proposals"].filter(status="draft")
    if waiting.is_empty():
        return []
    own = f"--tenant {morning.tenant_id} --date {morning.plan_date}"
    how = f"bakery approve {own} --proposal {waiting['proposal_number'].sort()[0]}"
    due = [morning.local(order_by).date() <= morning.plan_date for order_by in waiting["order_by"]]
    today = f"{counted(sum(due), 'order', 'orders') if any(due) else 'No order'} to decide today"
    later = f", {len(due) - sum(due)} later" if not all(due) else ""
    return [
        Text(f"{today}{later}; approve, change or reject one, or all without --proposal:"),
        Text(how, style="dim"),
    ]


def _amounts(orders: list[dict[str, Any]]) -> str:
    """What orders cost, an amount for each currency: without a rate they cannot be added."""
    costs: dict[str, list[float]] = {}
    for order in orders:
        costs.setdefault(order["currency"], []).append(order["cost"])
    return " and ".join(money(math.fsum(costs[currency]), currency) for currency in sorted(costs))


def _days_shown(morning: DayBriefing) -> int:
    """Days from the plan date on whose order deadlines are shown one by one: closed days bring no plan of their own,
    so that this one shows theirs. Without an open day ahead in the plan all are shown."""
    ahead = morning.frames["production_schedules"].filter(pl.col("schedule_date") > morning.plan_date)
    opens: list[date] = ahead.filter(pl.col("status") != "closed")["schedule_date"].to_list()
    if not opens:
        return SHOWN_DAYS if ahead.is_empty() else OUTLOOK_DAYS + 1
    return max(SHOWN_DAYS, (min(opens) - morning.plan_date).days)


def _order_heading(morning: DayBriefing, order: dict[str, Any], cost: float) -> Text:
    comes = f"comes {day(order['deliver_on'], morning.plan_date)}" if order["deliver_on"] else "delivery day unknown"
    heading = Text(style="bold")
    if order["order_by"]:
        deadline = morning.local(order["order_by"])
        is_today = deadline.date() == morning.plan_date
        when = f"by {deadline:%H:%M} {on_day(deadline.date(), morning.plan_date)}"
        heading.append(when, style="bold yellow" if is_today else "bold")
        heading.append("  ")
    heading.append(f"{order['supplier']}, {comes}, {money(cost, order['currency'])}")
    if cost < order["minimum_order_value"]:
        heading.append(f" (minimum {order['minimum_order_value']:,.2f})", style="yellow")
    return heading


def _order_lines(morning: DayBriefing, rows: pl.DataFrame) -> RenderableType:
    table = columns(
        "", "ingredient", "order", "packs", "cost", "why",
        right=("order", "packs", "cost"), wide="why", widest={"ingredient": 26},
    )  # fmt: skip
    table.show_header = False
    for row in rows.iter_rows(named=True):
        reasons = terms(row["reasoning"])
        why = _why(row, reasons, morning.plan_date)
        table.add_row(
            "", row["item"], quantity(row["planned_order_quantity"], row["unit"]), _packs(row, reasons),
            f"{row['cost']:,.2f}", why,
        )  # fmt: skip
    return table


def _packs(row: dict[str, Any], reasons: dict[str, Any]) -> str:
    """``4 × 25``, or nothing when the ingredient is sold loose."""
    pack = reasons.get("pack_size")
    if not pack:
        return ""
    return f"{figure(row['planned_order_quantity'] / pack, whole=True)} × {figure(pack, whole=False)}"


def _why(row: dict[str, Any], reasons: dict[str, Any], today: date) -> Text:
    """Why it is ordered: when stock ends without it, or falls below what should be left; late ones say so.

    Where nothing tells what is there, it says for which days the order is.
    """
    if reasons.get("is_stock_known") is False:
        first, last = (date.fromisoformat(reasons[name]) for name in ("usable_on", "covered_through"))
        return Text(f"stock unknown, for {day(first, today)} to {day(last, today)}", style="dim")
    out = date.fromisoformat(reasons["stockout_on"]) if reasons.get("stockout_on") else None
    words = [f"runs out {day(out, today)}"] if out else []
    if row["is_late"] and row["needed_on"]:
        is_out_before = out is not None and out < row["deliver_on"]
        return Text(", ".join(["too late", *words]) if is_out_before else "dips into safety stock", style="red")
    if not words and row["needed_on"]:
        words = [f"below safety stock {day(row['needed_on'], today)}"]
    return Text(", ".join(words), style="dim")


def _follows(morning: DayBriefing) -> dict[str, str]:
    """What comes of it when an ingredient runs out, by ingredient, in the plan's own words."""
    rows = morning.frames["procurement_requirements"].filter(pl.col("consequence").is_not_null())
    first = rows.sort("needed_on", "requirement_number", nulls_last=True).unique(
        "ingredient_id", keep="first", maintain_order=True
    )
    return {key: core(words) for key, words in first.select("ingredient_id", "consequence").iter_rows()}
