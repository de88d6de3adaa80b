"""A bakery's day on a terminal: pure functions from a ``DayBriefing`` to what rich prints."""

from bakery_assets.briefing.terminal.page import render_day, render_unplanned

__all__ = ["render_day", "render_unplanned"]
