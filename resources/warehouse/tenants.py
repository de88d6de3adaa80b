"""Tenants as a whole: deleting everything about some, and choosing one to show.

What schedules need to know of tenants is in ``planning_runs``.
"""

from collections.abc import Collection

from sqlalchemy import delete, select, tuple_

from bakery_assets.cells import Cell
from resources.schema import metadata, plans
from resources.warehouse.connection import Warehouse


def forget(warehouse: Warehouse, tenants: Collection[str]) -> None:
    """Delete everything about some tenants: facts, plans and what was quarantined."""
    with warehouse.engine.begin() as connection:
        for table in reversed([table for table in metadata.sorted_tables if "tenant_id" in table.columns]):
            connection.execute(delete(table).where(table.c.tenant_id.in_(tenants)))


def open_and_validated(warehouse: Warehouse, cells: Collection[Cell]) -> list[str]:
    """Tenants whose planned cell is an open day and has the accuracy of the last forecast, ordered by id."""
    table = plans.daily_summaries.c
    query = select(table.tenant_id).where(
        tuple_(table.tenant_id, table.plan_date).in_([(cell.tenant_id, cell.plan_date) for cell in cells]),
        table.accuracy.is_not(None),
        ~table.is_closed,
    )
    with warehouse.engine.connect() as connection:
        return list(connection.execute(query.order_by(table.tenant_id)).scalars())
