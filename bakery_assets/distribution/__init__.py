"""Distribution: what each shop is to get of the day's baking, from which kitchen, and when it leaves."""

from bakery_assets.distribution.plan import plan_distribution

__all__ = ["plan_distribution"]
