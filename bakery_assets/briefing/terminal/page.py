"""The page: a bakery's morning from its headline to what needs a person, or why there is none."""

from rich.console import Group, RenderableType
from rich.constrain import Constrain
from rich.text import Text

from bakery_assets.briefing.day_briefing import DayBriefing
from bakery_assets.briefing.terminal.alerts import alerts_section
from bakery_assets.briefing.terminal.changes import changes_section
from bakery_assets.briefing.terminal.distribution import distribution_section
from bakery_assets.briefing.terminal.figures import clock
from bakery_assets.briefing.terminal.review import check_section
from bakery_assets.briefing.terminal.sales_and_baking import baking_section, sales_section
from bakery_assets.briefing.terminal.supply import orders_section, stock_section

WIDEST = 100  # wider lines are hard to follow by eye


def render_day(morning: DayBriefing, width: int) -> RenderableType:
    """The whole morning for a terminal of ``width`` columns; the morning must have a plan."""
    sections = (
        changes_section, sales_section, baking_section, distribution_section, orders_section, stock_section,
        check_section, alerts_section,
    )  # fmt: skip
    page = Group(*_heading(morning), *(section(morning) for section in sections))
    return Constrain(page, min(width, WIDEST))


def render_unplanned(morning: DayBriefing) -> RenderableType:
    """Why there is no fresh plan of the day, and what to do about it."""
    command = f"bakery plan --date {morning.plan_date} --tenant {morning.tenant_id}"
    state = morning.state
    if state is None:
        why, what = "This day has not been planned.", f"Plan it: {command}"
    elif state.status == "failed":
        stage = f" at {state.failed_stage}" if state.failed_stage else ""
        why = f"Planning failed{stage}: {state.reason or 'no reason was recorded'}"
        what = f"Mend what it names, then plan the day again: {command}"
    else:
        since = clock(morning.local(state.planned_as_of), morning.plan_date)
        why = f"Planning was begun ({since} local) and has not ended."
        what = f"Look again in a few minutes; if it stays like this, plan the day by hand: {command}"
    older = [Text("What follows is the last plan of this day that went well; it may be out of date.", style="yellow")]
    return Group(_title(morning), Text(why, style="bold red"), Text(what), *(older if morning.has_plan else []))


def _heading(morning: DayBriefing) -> list[RenderableType]:
    lines: list[RenderableType] = [_title(morning)]
    if morning.state is not None:
        planned = clock(morning.local(morning.state.planned_as_of), morning.plan_date)
        lines.append(Text(f"Planned {planned} local time ({morning.timezone}), on what was known then", style="dim"))
    lines.append(Text(morning.frames["daily_summaries"]["headline"][0]))
    return lines


def _title(morning: DayBriefing) -> Text:
    date = morning.plan_date
    return Text(f"{morning.name} · {date:%A} {date.day} {date:%B %Y}", style="bold green")
