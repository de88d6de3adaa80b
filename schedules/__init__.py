"""Schedules: what is due by the clock. Thin: the decisions are pure functions in ``bakery_assets.due``."""
