"""The page: a bakery's morning from its headline to what needs a person, or why there is none."""

from rich.console import Group, RenderableType
from rich.constrain import Constrain
from rich.text import Text

from bakery_assets.briefing.day_briefing import DayBriefing
from bakery_assets.briefing.terminal.alerts import alerts_section
from bakery_assets.briefing.terminal.baking import baking_section, doughs_section
from bakery_assets.briefing.terminal.changes import changes_section
from bakery_assets.briefing.terminal.closed import closed_day
from bakery_assets.briefing.terminal.distribution import distribution_section
from bakery_assets.briefing.terminal.figures import clock, planned_at
from bakery_assets.briefing.terminal.review import check_section
from bakery_assets.briefing.terminal.sales import sales_section
from bakery_assets.briefing.terminal.supply import orders_section, stock_section

WIDEST = 100  # wider lines are hard to follow by eye


def render_day(morning: DayBriefing, width: int) -> RenderableType:
    """The whole morning for a terminal of ``width`` columns; the morning must have a plan."""
    shown = min(width, WIDEST)
    page = Group(
        *_heading(morning),
        changes_section(morning),
        sales_section(morning),
        baking_section(morning, shown),
        doughs_section(morning),
        distribution_section(morning),
        orders_section(morning),
        stock_section(morning),
        check_section(morning),
        alerts_section(morning),
    )
    return Constrain(page, shown)


def render_closed(morning: DayBriefing, before: DayBriefing | None, width: int) -> RenderableType:
    """A closed day without a plan of its own: when the bakery opens next, and what is done on the day all the same.

    Args:
        before: the last plan before the day that reaches it; None: there is none.
    """
    command = f"bakery plan --date {morning.plan_date} --tenant {morning.tenant_id}"
    open_after_all = Text(f"If you open after all, correct the calendar, and plan the day: {command}", style="dim")
    page = Group(_title(morning), *closed_day(morning, before), Text(), open_after_all)
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
        planned = planned_at(morning.local(morning.state.planned_as_of), morning.plan_date)
        lines.append(Text(f"Planned {planned} local time ({morning.timezone}), on what was known then", style="dim"))
    lines.append(Text(morning.frames["daily_summaries"]["headline"][0]))
    return lines


def _title(morning: DayBriefing) -> Text:
    date = morning.plan_date
    return Text(f"{morning.name} · {date:%A} {date.day} {date:%B %Y}", style="bold green")
