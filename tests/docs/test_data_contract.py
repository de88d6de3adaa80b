"""The public page of names says what the live database has."""

from sqlalchemy import inspect

from resources.schema.contract import PAGE, render
from resources.warehouse import Warehouse


def test_the_page_is_what_the_schema_renders() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "run: python -m resources.schema.contract"


def test_every_table_and_column_of_the_live_schema_is_on_the_page(warehouse: Warehouse) -> None:
    page = PAGE.read_text(encoding="utf-8")
    live = inspect(warehouse.engine)
    found = 0
    for schema in ("ops", "plans"):
        for table in live.get_table_names(schema=schema):
            section = page.split(f"### `{schema}.{table}`\n", 1)[1].split("\n### ", 1)[0]
            for column in live.get_columns(table, schema=schema):
                assert f"`{column['name']}`" in section, f"{schema}.{table}.{column['name']}"
                found += 1
    assert found > 200
