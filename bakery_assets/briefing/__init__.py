"""Briefing: a bakery's day on one row, the alerts that need a person, and both on a terminal (``terminal``).

Everything it reports was decided by earlier stages; it plans nothing itself.
"""

from bakery_assets.briefing.summaries import summarize_day

__all__ = ["summarize_day"]
