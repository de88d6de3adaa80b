"""Keys that new rows of plans name are looked up once each, and none is stored that names nothing."""

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from adbc_driver_manager import Error
from sqlalchemy import Table, text
from sqlalchemy.exc import OperationalError

from bakery_assets.cells import Cell
from resources.schema.packed import is_packed, pack, stored
from resources.schema.plans import purchase_proposals, target_stock_levels
from resources.warehouse import Warehouse
from resources.warehouse.connection import Bulk, selected
from resources.warehouse.foreign_keys import insert_staged, may_leave_checks_out
from tests.bakeries import DAY, bakery, insert, rows
from tests.publishing import plan

PACKED, SINGLE = target_stock_levels, purchase_proposals
NAMES: dict[Table, tuple[str, str, str]] = {
    PACKED: ("product_id", "baguette", "brioche"),
    SINGLE: ("supplier_id", "mill", "smith"),
}  # the column that refers, what is there, what is not
each_way = pytest.mark.parametrize("table", [PACKED, SINGLE], ids=lambda table: table.name)


def a_planned_day(warehouse: Warehouse) -> None:
    insert(warehouse, **bakery("b"))
    plan(warehouse, Cell("b", DAY), datetime(DAY.year, DAY.month, DAY.day, 5, tzinfo=UTC))


pytestmark = pytest.mark.filled(by=a_planned_day)


def put_again(bulk: Bulk, table: Table, named: str, *, at_once: bool | None = None) -> None:
    """Take the rows of the day out and put them back, as rows that name another."""
    columns = [column.name for column in table.columns]
    taken = bulk.read(f"SELECT {selected(table)} FROM {table.fullname} t")
    bulk.run(f"DELETE FROM {stored(table).fullname}")
    changed = taken.with_columns(pl.lit(named).alias(NAMES[table][0]))
    bulk.put("new_rows", pack(table, changed) if is_packed(table) else changed)
    allowed = may_leave_checks_out(bulk) if at_once is None else at_once
    insert_staged(bulk, "new_rows", table, columns, "true", at_once=allowed)


def named_by(warehouse: Warehouse, table: Table) -> list[tuple[Any, ...]]:
    return rows(warehouse, f"SELECT {NAMES[table][0]}, count(*) FROM {table.fullname} GROUP BY 1")


@each_way
def test_the_application_may_and_its_own_checks_are_back_when_rows_are_in(warehouse: Warehouse, table: Table) -> None:
    before = named_by(warehouse, table)
    with warehouse.bulk() as bulk:
        assert may_leave_checks_out(bulk)
        put_again(bulk, table, NAMES[table][1])
        assert bulk.read("SELECT current_setting('session_replication_role') AS role").item() == "origin"
    assert named_by(warehouse, table) == before != []


@each_way
@pytest.mark.parametrize("at_once", [True, False])
def test_what_does_not_exist_is_refused_and_named(warehouse: Warehouse, table: Table, at_once: bool) -> None:
    before = named_by(warehouse, table)
    refused = "violates foreign key|would name a tenant_id, product_id that ops.products has not"
    with pytest.raises((Error, LookupError), match=refused), warehouse.bulk() as bulk:
        put_again(bulk, table, NAMES[table][2], at_once=at_once)
    assert named_by(warehouse, table) == before


def test_a_row_without_the_column_of_a_key_is_left_to_the_database(warehouse: Warehouse) -> None:
    columns = [column.name for column in SINGLE.columns if column.name != "supplier_id"]
    with warehouse.bulk() as bulk:
        bulk.put("new_rows", bulk.read(f"SELECT {selected(SINGLE)} FROM {SINGLE.fullname} t"))
        with pytest.raises(Error, match="null value in column"):
            insert_staged(bulk, "new_rows", SINGLE, columns, "true", at_once=True)


@each_way
def test_what_new_rows_name_cannot_be_deleted_meanwhile(warehouse: Warehouse, table: Table) -> None:
    column, named, _ = NAMES[table]
    with warehouse.bulk() as bulk, warehouse.engine.connect() as other:
        put_again(bulk, table, named)
        other.execute(text("SET lock_timeout = '20ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            other.execute(text(f"DELETE FROM ops.{column.removesuffix('_id')}s WHERE {column} = '{named}'"))
