"""Explanations: the terms behind every planned quantity as JSON, and what happens if no one acts, as sentences."""
