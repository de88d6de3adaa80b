"""Tenants as a whole."""

from collections.abc import Collection

from sqlalchemy import delete

from resources.schema import metadata
from resources.warehouse.connection import Warehouse


def forget(warehouse: Warehouse, tenants: Collection[str]) -> None:
    """Delete everything about some tenants: facts, plans and what was quarantined."""
    with warehouse.engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table).where(table.c.tenant_id.in_(tenants)))
