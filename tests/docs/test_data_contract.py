"""The public page of names says what the live database has."""

from sqlalchemy import text

from resources.schema import metadata
from resources.schema.columns import public_columns
from resources.schema.contract import PAGE, render
from resources.warehouse import Warehouse


def test_the_page_is_what_the_schema_renders() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "the page is stale, run: make render"


def test_every_table_and_column_of_the_live_schema_is_on_the_page(warehouse: Warehouse) -> None:
    page = PAGE.read_text(encoding="utf-8")
    query = text("SELECT table_schema, table_name, column_name FROM information_schema.columns JOIN information_schema.tables"
                 " USING (table_schema, table_name) WHERE table_schema IN ('ops', 'plans') AND (table_type = 'BASE TABLE' AND NOT starts_with(table_name, 'packed_')"
                 " OR EXISTS (SELECT FROM pg_tables WHERE schemaname = table_schema AND tablename = 'packed_' || table_name))")  # fmt: skip
    with warehouse.engine.connect() as connection:
        live = [tuple(row) for row in connection.execute(query)]
    internal = {
        (table.schema, table.name, column.name)
        for table in metadata.sorted_tables
        for column in set(table.columns) - set(public_columns(table))
    }
    assert len(live) > 200
    assert internal < set(live)
    for schema, table, column in live:
        section = page.split(f"### `{schema}.{table}`\n", 1)[1].split("\n### ", 1)[0]
        assert (f"`{column}`" in section) is ((schema, table, column) not in internal), f"{schema}.{table}.{column}"
