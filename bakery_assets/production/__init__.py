"""What to bake, when and on what: demand, netting against stock, lot sizes and times on the machines."""

from bakery_assets.production.plan import plan_production

__all__ = ["plan_production"]
