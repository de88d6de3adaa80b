"""The migrations and the schema's description are the same thing, said twice and held equal."""

import re
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.pool import NullPool

from resources.postgres import create_database
from resources.schema import metadata
from resources.schema.packed import is_packed, stored_metadata, view_query
from resources.warehouse import Warehouse

CATALOG = {
    "columns": """
        SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
               pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated, col_description(c.oid, a.attnum)
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE n.nspname IN ('ops', 'plans') AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY 1, 2, a.attnum""",
    "constraints": """
        SELECT n.nspname, c.relname, k.conname, pg_get_constraintdef(k.oid)
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname IN ('ops', 'plans') ORDER BY 1, 2, 3""",
    "indexes": "SELECT schemaname, indexname, indexdef FROM pg_indexes WHERE schemaname IN ('ops', 'plans') ORDER BY 1, 2",
    "views": """
        SELECT v.schemaname, v.viewname, v.definition FROM pg_views v JOIN pg_class c ON c.relname = 'packed_' || v.viewname
        WHERE v.schemaname = 'plans' ORDER BY 1, 2""",
    "comments": """
        SELECT n.nspname, c.relname, obj_description(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname IN ('ops', 'plans') AND c.relkind = 'r' ORDER BY 1, 2""",
}


def catalog(connection: Connection) -> dict[str, list[tuple[object, ...]]]:
    return {name: [tuple(row) for row in connection.execute(text(query))] for name, query in CATALOG.items()}


def test_migrations_build_exactly_what_the_schema_describes(warehouse: Warehouse) -> None:
    described = make_url(warehouse.url).set(database="described")
    create_database(described)
    engine = create_engine(described, poolclass=NullPool)
    with engine.begin() as connection:
        for schema in ("ops", "plans"):
            connection.execute(text(f"CREATE SCHEMA {schema}"))
        views = [table for table in metadata.sorted_tables if is_packed(table)]
        metadata.create_all(connection, tables=[table for table in metadata.sorted_tables if table not in views])
        stored_metadata.create_all(connection)
        for table in views:
            connection.exec_driver_sql(f"CREATE VIEW {table.fullname} AS {view_query(table)}")
        expected = catalog(connection)
    with warehouse.engine.connect() as connection:
        migrated = catalog(connection)
    assert len(expected["columns"]) > 200
    for name, rows in expected.items():
        assert migrated[name] == rows, f"{name} differ: write a migration in migrations/versions"


def test_every_key_begins_with_the_tenant() -> None:
    keyed = [table for table in metadata.sorted_tables if table.name not in ("quarantine", "boosters")]
    assert len(keyed) > 30
    for table in keyed:
        keys = [
            constraint
            for constraint in table.constraints
            if type(constraint).__name__ in ("PrimaryKeyConstraint", "UniqueConstraint")
        ]
        with_columns = [list(key.columns.keys()) for key in keys if len(key.columns)]  # type: ignore[attr-defined]
        assert with_columns, f"{table.fullname} has no key"
        assert all(columns[0] == "tenant_id" for columns in with_columns), table.fullname


def test_every_table_and_column_is_described() -> None:
    for table in metadata.sorted_tables:
        assert table.comment, table.fullname
        for column in table.columns:
            assert column.comment, f"{table.fullname}.{column.name}"


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        (
            "INSERT INTO ops.products (tenant_id, product_id, name, price) VALUES ('t', 'p', 'P', -1)",
            "products_price_check",
        ),
        (
            "INSERT INTO ops.products (tenant_id, product_id, name, price) VALUES ('t', 'p', 'P', 'Infinity')",
            "products_price_check",
        ),
        (
            "INSERT INTO ops.products (tenant_id, product_id, name, price) VALUES ('t', 'p', 'P', 'NaN')",
            "products_price_check",
        ),
        (
            "INSERT INTO ops.products (tenant_id, product_id, name) VALUES ('nobody', 'p', 'P')",
            "products_tenant_id_fkey",
        ),
        (
            "INSERT INTO ops.stock_lots (tenant_id, lot_id, quantity, recorded_at) VALUES ('t', 'l', 1, now())",
            "one_of_",
        ),
        (
            "INSERT INTO ops.tenants (tenant_id, name, timezone, country) VALUES ('a|b', 'N', 'UTC', 'FR')",
            "tenants_tenant_id_check",
        ),
    ],
)
def test_the_database_refuses_what_the_loader_would(warehouse: Warehouse, statement: str, rule: str) -> None:
    with warehouse.engine.begin() as connection:
        connection.execute(
            text("INSERT INTO ops.tenants (tenant_id, name, timezone, country) VALUES ('t', 'T', 'UTC', 'FR')")
        )
    with pytest.raises(IntegrityError, match=re.escape(rule)), warehouse.engine.begin() as connection:
        connection.execute(text(statement))


def test_a_time_zone_that_postgresql_does_not_know_is_refused(warehouse: Warehouse) -> None:
    with pytest.raises(DataError, match="Mars/Olympus"), warehouse.engine.begin() as connection:
        connection.execute(
            text("INSERT INTO ops.tenants (tenant_id, name, timezone, country) VALUES ('t', 'T', 'Mars/Olympus', 'FR')")
        )


def test_the_embedded_server_lets_no_one_in_without_the_password(warehouse: Warehouse) -> None:
    url = make_url(warehouse.url)
    assert url.password
    for wrong in ("", "postgres"):
        stranger = create_engine(url.set(password=wrong), poolclass=NullPool)
        with pytest.raises(OperationalError, match="password"), stranger.connect():
            pass
    folder = Path(str(url.query["host"]))
    secret = folder.parent / f"{folder.name}.password"
    if secret.exists():
        assert secret.stat().st_mode & 0o077 == 0
