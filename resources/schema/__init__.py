"""The warehouse's schema: one description for migrations, loader, Dagster metadata and documentation."""

from resources.schema import ops, plans
from resources.schema.columns import metadata

__all__ = ["metadata", "ops", "plans"]
