"""Alerts: the section of the morning on what needs a person, and the list of ``bakery alerts``."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import dataframely as dy
import polars as pl
from rich.console import Group, RenderableType
from rich.text import Text

from bakery_assets.briefing.day_briefing import DayBriefing
from bakery_assets.briefing.terminal.figures import columns, day, nothing, on_day, section
from bakery_assets.quantities import counted
from bakery_assets.schemas import plans

SEVERITY_STYLES = {"critical": "bold red", "high": "yellow", "medium": "", "low": "dim"}
ORDERED_UNTIL = ("order_today", "late_delivery", "order_due")  # kinds whose deadline is that of an order
SAID_WHAT_TO_DO = ("critical", "high")  # in the morning; the list says it of all


def alerts_section(morning: DayBriefing) -> RenderableType:
    """What needs a person, the most urgent first, what is new, and what has been resolved since the day before."""
    title = "What needs a person"
    alerts = morning.frames["alerts"]
    is_resolved = (pl.col("resolved_on") == morning.plan_date).fill_null(value=False)
    is_news = pl.col("opened_on") < morning.plan_date
    lines: list[RenderableType] = [*_needed(morning, alerts.filter(~is_resolved))]
    resolved = alerts.filter(is_resolved & is_news)
    if resolved.height:
        lines += [Text("Resolved since the day before", style="dim"), *_resolved(resolved)]
    if alerts.height > resolved.height:
        lines += [
            Text(f"Acknowledge one, or see all about them: bakery alerts --tenant {morning.tenant_id}", style="dim")
        ]
    return section(title, *lines)


def render_alerts(alerts: dy.DataFrame[plans.Alerts], zones: Mapping[str, str], now: datetime) -> RenderableType:
    """A list of alerts as they stand, with deadline, suggested action and what to acknowledge them by.

    Args:
        alerts: in the order in which they are listed.
        zones: time zone by tenant.
        now: deadlines are counted from here.
    """
    heading = "what, and what to do"
    table = columns(
        "", "severity", "until", heading, wide=heading, fixed=("", "severity"), right=("",), widest={"until": 12}
    )  # fmt: skip
    many = alerts["tenant_id"].n_unique() > 1
    for row in alerts.iter_rows(named=True):
        zone = ZoneInfo(zones.get(row["tenant_id"], "UTC"))
        today = now.astimezone(zone).date()
        is_over = row["resolved_on"] is not None
        what = Text(_message(row, today), style="dim" if is_over else "")
        if not is_over:
            what.append(f"\n{row['suggested_action']}")
        tenant = f"{row['tenant_id']} · " if many else ""
        what.append(f"\n{tenant}{row['alert_id']} · {_standing(row, today, zone)}", style="dim")
        until = "" if is_over else _until(row, now, zone)
        severity = Text(row["severity"], style="dim" if is_over else SEVERITY_STYLES[row["severity"]])
        table.add_row(Text(str(row["priority"]), style="dim"), severity, until, what)
    return Group(table, Text(counted(alerts.height, "alert", "alerts"), style="dim"))


def _needed(morning: DayBriefing, alerts: pl.DataFrame) -> list[RenderableType]:
    if alerts.is_empty():
        return [nothing("Nothing. Have a good day.")]
    table = columns("severity", "new", "message", wide="message", fixed=("severity", "new"))
    table.show_header = False
    for row in alerts.iter_rows(named=True):
        message = Text(_message(row, morning.plan_date))
        if row["status"] == "acknowledged":
            message.append(f" Seen by {row['acknowledged_by']}.", style="dim")
        elif row["severity"] in SAID_WHAT_TO_DO:
            message.append(f" {row['suggested_action']}", style="dim")
        is_new = row["opened_on"] == morning.plan_date
        word = ("again" if row["recurrence_of"] else "new") if is_new else ""
        table.add_row(Text(row["severity"], style=SEVERITY_STYLES[row["severity"]]), Text(word, style="cyan"), message)
    return [table]


def _message(row: Mapping[str, Any], today: date) -> str:
    """What it says; of another day's plan with which, for it says "tomorrow" as that plan does."""
    since = "as of" if row["kind"] in plans.WATCHED else "plan of"
    plan = "" if row["last_plan_date"] == today else f" ({since} {day(row['last_plan_date'], today)})"
    return f"{row['message']}{plan}"


def _standing(row: Mapping[str, Any], today: date, zone: ZoneInfo) -> str:
    """Since when it is open, who has seen it, why it went."""
    words = [f"since {day(row['opened_on'], today)}"]
    if row["recurrence_of"]:
        words[0] += f", again after {row['recurrence_of'].rpartition('@')[2]}"
    if row["acknowledged_at"]:
        seen = row["acknowledged_at"].astimezone(zone)
        note = f": {row['acknowledgement_note']}" if row["acknowledgement_note"] else ""
        words.append(f"seen by {row['acknowledged_by']} {on_day(seen.date(), today)} at {seen:%H:%M}{note}")
    if row["resolved_on"]:
        words.append(f"{row['status']} {on_day(row['resolved_on'], today)}: {row['resolution']}")
    return " · ".join(words)


def _until(row: Mapping[str, Any], now: datetime, zone: ZoneInfo) -> str:
    """``17:00 today`` or ``end of tomorrow``; once it has come, ``now``, or ``passed`` where that was an order's."""
    if row["deadline"] is None:
        return ""
    if row["deadline"] <= now:
        return "passed" if row["kind"] in ORDERED_UNTIL else "now"
    local, today = row["deadline"].astimezone(zone), now.astimezone(zone).date()
    if local.hour == local.minute == 0:
        return f"end of {day(local.date() - timedelta(days=1), today)}"
    return f"{local:%H:%M} {day(local.date(), today)}"


def _resolved(alerts: pl.DataFrame) -> list[Text]:
    """What went, by why it went."""
    by_reason = alerts.with_columns(about=pl.col("message").str.split(": ").list.first().str.strip_suffix("."))
    grouped = by_reason.group_by("resolution", maintain_order=True).agg(pl.col("about").str.join(", "))
    return [Text(f"{about}: {reason[:1].lower()}{reason[1:]}", style="dim") for reason, about in grouped.iter_rows()]
