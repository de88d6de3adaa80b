"""Small bakeries for tests that need a warehouse: facts as rows, written as a till would."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import polars as pl
from sqlalchemy import text

from bakery_assets.planning_day import WRITTEN_BY
from resources.schema import metadata, ops
from resources.warehouse import Warehouse
from resources.warehouse.connection import frame_schema, insert_from

DAY = date(2026, 3, 3)  # a Tuesday
PLANNING_INSTANT = datetime(2026, 3, 3, 4, 30, tzinfo=UTC)  # 05:30 in Paris
Rows = Sequence[Mapping[str, Any]]


def insert(warehouse: Warehouse, **tables: Rows) -> None:
    """Insert rows into tables of schema ops, in the order that their references ask for."""
    with warehouse.bulk() as bulk:
        for table in ops.LOADED:
            rows = tables.get(table.name)
            if rows:
                types = frame_schema(table)
                columns = [name for name in types if any(name in row for row in rows)]
                frame = pl.DataFrame(list(rows), schema={name: types[name] for name in columns})
                bulk.put(f"given_{table.name}", frame)
                bulk.run(insert_from(f"given_{table.name}", table, columns))


def bakery(tenant: str, *, day: date = DAY, zone: str = "Europe/Paris", weeks: int = 6) -> dict[str, Rows]:
    """A bakery that sells 100 baguettes on weekdays and 140 on weekends, from a dough of flour and salt."""
    dates = [day - timedelta(days=back) for back in range(1, 7 * weeks + 1)]
    return {
        "tenants": [{"tenant_id": tenant, "name": f"Bakery {tenant}", "timezone": zone, "country": "XX"}],
        "locations": [{"tenant_id": tenant, "location_id": "main"}],
        "products": [
            {"tenant_id": tenant, "product_id": "baguette", "name": "Baguette", "price": 1.2, "batch_multiple": 12.0}
        ],
        "ingredients": [
            {"tenant_id": tenant, "ingredient_id": "flour", "name": "Flour", "unit": "kg", "safety_stock": 10.0},
            {"tenant_id": tenant, "ingredient_id": "salt", "name": "Salt", "unit": "g", "safety_stock": 0.0},
        ],
        "recipes": [
            {"tenant_id": tenant, "recipe_id": "baguette", "product_id": "baguette", "yield_quantity": 10.0,
             "yield_unit": "piece"},
            {"tenant_id": tenant, "recipe_id": "dough", "yield_quantity": 1.0, "yield_unit": "kg"},
        ],
        "recipe_lines": [
            {"tenant_id": tenant, "recipe_id": "baguette", "line_number": 1, "component_recipe_id": "dough",
             "quantity": 3.0, "unit": "kg"},
            {"tenant_id": tenant, "recipe_id": "dough", "line_number": 1, "ingredient_id": "flour", "quantity": 0.6,
             "unit": "kg"},
            {"tenant_id": tenant, "recipe_id": "dough", "line_number": 2, "ingredient_id": "salt", "quantity": 12.0,
             "unit": "g"},
        ],
        "suppliers": [{"tenant_id": tenant, "supplier_id": "mill", "name": "Mill", "lead_time_days": 2}],
        "supplier_items": [
            {"tenant_id": tenant, "supplier_id": "mill", "ingredient_id": item, "price": price, "pack_size": pack}
            for item, price, pack in (("flour", 0.9, 25.0), ("salt", 0.001, 1000.0))
        ],
        "sales": [
            {"tenant_id": tenant, "product_id": "baguette", "sales_date": sold, "location_id": "main",
             "quantity": 140.0 if sold.isoweekday() > 5 else 100.0,
             "recorded_at": datetime.combine(sold, time(20), UTC)}
            for sold in dates
        ],
        "stock_lots": [
            {"tenant_id": tenant, "lot_id": "sack", "ingredient_id": "flour", "location_id": "main", "quantity": 60.0,
             "recorded_at": datetime.combine(dates[0], time(20), UTC)}
        ],
    }  # fmt: skip


def productless(tenant: str) -> dict[str, Rows]:
    """A bakery of which only the name is known."""
    rows = bakery(tenant)
    return {"tenants": rows["tenants"], "locations": rows["locations"]}


def together(*bakeries: Mapping[str, Rows]) -> dict[str, Rows]:
    """Several bakeries' rows."""
    names = dict.fromkeys(name for each in bakeries for name in each)
    return {name: [row for each in bakeries for row in each.get(name, ())] for name in names}


def digests(warehouse: Warehouse) -> dict[str, str]:
    """A digest of the rows of every table that a stage of the morning fills, whatever their order."""
    tables = [metadata.tables[f"plans.{name}"] for name in WRITTEN_BY]
    with warehouse.engine.connect() as connection:
        return {
            table.name: connection.execute(
                text(
                    f"SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, chr(10) ORDER BY t::text)), '') FROM {table.fullname} t"
                )
            ).scalar_one()
            for table in tables
        }


def rows(warehouse: Warehouse, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    with warehouse.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]
