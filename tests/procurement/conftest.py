"""Fixtures with small bakeries' facts, shared by the tests of materials, procurement and inventory."""

from tests.materials.stock_facts import cells, facts, plan_schema

__all__ = ["cells", "facts", "plan_schema"]
