"""The briefing: a bakery's morning on one row, what needs a person, and both on a terminal (``terminal``)."""

from bakery_assets.briefing.summaries import summarise_day

__all__ = ["summarise_day"]
