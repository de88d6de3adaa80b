"""The SQL tables, made from the classes in ``bakery_assets.schemas``; migrations and the contract page follow."""

from resources.schema import imports, ops, plans
from resources.schema.columns import metadata

__all__ = ["imports", "metadata", "ops", "plans"]
