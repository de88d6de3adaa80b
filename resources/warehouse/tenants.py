"""Tenants as a whole: deleting everything about some, and choosing one to show.

What schedules need to know of tenants is in ``planning_runs``.
"""

from collections.abc import Collection
from datetime import date

from sqlalchemy import DATE, TEXT, column, delete, exists, select, tuple_, values

from bakery_assets.cells import Cell
from resources.schema import metadata, ops, plans
from resources.schema.packed import stored
from resources.warehouse.connection import Warehouse


def forget(warehouse: Warehouse, tenants: Collection[str]) -> None:
    """Delete everything about some tenants: facts, plans and what was quarantined."""
    with warehouse.engine.begin() as connection:
        for table in reversed([table for table in metadata.sorted_tables if "tenant_id" in table.columns]):
            kept = stored(table)
            connection.execute(delete(kept).where(kept.c.tenant_id.in_(tenants)))


def known_tenants(warehouse: Warehouse) -> frozenset[str]:
    """All tenants, of any status."""
    with warehouse.engine.connect() as connection:
        return frozenset(connection.execute(select(ops.tenants.c.tenant_id)).scalars())


def ended_sales(warehouse: Warehouse, cells: Collection[Cell], days: int) -> dict[Cell, date]:
    """The last sale before the day of cells whose sales ended more than ``days`` days before it."""
    planned = values(column("tenant_id", TEXT), column("plan_date", DATE), name="planned").data(
        [(cell.tenant_id, cell.plan_date) for cell in cells]
    )
    sale = ops.sales.c
    later = ops.sales.alias()
    series = (later.c[name] == sale[name] for name in ("tenant_id", "product_id", "location_id", "sales_date"))
    is_withdrawn = exists().where(*series, later.c.recorded_at >= sale.recorded_at, later.c.is_withdrawn)
    last = (
        select(sale.sales_date)  # ordered, so that an index gives the last one first
        .where(sale.tenant_id == planned.c.tenant_id, sale.sales_date < planned.c.plan_date, ~is_withdrawn)
        .order_by(sale.sales_date.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = select(planned.c.tenant_id, planned.c.plan_date, last)
    with warehouse.engine.connect() as connection:
        found = connection.execute(query).all() if cells else []
    return {
        Cell(tenant, plan_date): day
        for tenant, plan_date, day in found
        if day is not None and (plan_date - day).days > days
    }


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
