"""Decisions: what people decided about plans, which of it holds, and the purchase orders that follow from it."""
