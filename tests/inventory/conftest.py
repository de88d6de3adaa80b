"""The fixtures that ordering and stock share."""

from tests.materials.stock_facts import cells, facts, plan_schema

__all__ = ["cells", "facts", "plan_schema"]
