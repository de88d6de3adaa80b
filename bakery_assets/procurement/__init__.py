"""Procurement: what to order from whom and by when, so that nothing that is baked runs short."""

from bakery_assets.procurement.plan import plan_procurement

__all__ = ["plan_procurement"]
