"""Fixtures with small bakeries' facts."""

from tests.materials.stock_facts import cells, facts

__all__ = ["cells", "facts"]
