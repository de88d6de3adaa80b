"""Inventory: what is in stock, lot by lot, and what it will do for two weeks."""

from bakery_assets.inventory.projection import project_inventory

__all__ = ["project_inventory"]
