"""Procurement: net requirements of ingredients, and what to order from whom and by when to cover them."""

from bakery_assets.procurement.plan import plan_procurement

__all__ = ["plan_procurement"]
