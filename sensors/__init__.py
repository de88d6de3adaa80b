"""Sensors: what is due because something happened. Thin: the decisions are pure functions in ``bakery_assets.due``."""
