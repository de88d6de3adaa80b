"""A bakery's day, and alerts, on a terminal: pure functions from stored rows to what rich prints."""

from bakery_assets.briefing.terminal.alerts import render_alerts
from bakery_assets.briefing.terminal.page import render_closed, render_day, render_unplanned
from bakery_assets.briefing.terminal.product import render_product

__all__ = ["render_alerts", "render_closed", "render_day", "render_product", "render_unplanned"]
