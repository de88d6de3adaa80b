"""A bakery's morning on a terminal: pure functions from a ``Morning`` to what rich prints."""

from bakery_assets.briefing.terminal.page import render_morning, render_unplanned

__all__ = ["render_morning", "render_unplanned"]
