"""Keys that new rows of plans name are looked up once each, and none is stored that names nothing."""

from datetime import UTC, datetime

import polars as pl
import pytest
from adbc_driver_manager import Error
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from bakery_assets.cells import Cell
from resources.schema.plans import target_stock_levels
from resources.warehouse import Warehouse
from resources.warehouse.connection import Bulk
from resources.warehouse.foreign_keys import insert_staged, may_leave_checks_out
from tests.bakeries import DAY, bakery, insert, rows
from tests.publishing import plan

STORED = "SELECT product_id, count(*) FROM plans.target_stock_levels GROUP BY 1"


def a_planned_day(warehouse: Warehouse) -> None:
    insert(warehouse, **bakery("b"))
    plan(warehouse, Cell("b", DAY), datetime(DAY.year, DAY.month, DAY.day, 5, tzinfo=UTC))


pytestmark = pytest.mark.filled(by=a_planned_day)


def put_again(bulk: Bulk, product: str, *, at_once: bool | None = None) -> None:
    """Take the levels of the day out and put them back, as those of a product."""
    columns = [column.name for column in target_stock_levels.columns]
    levels = bulk.read("SELECT * FROM plans.target_stock_levels").with_columns(product_id=pl.lit(product))
    bulk.run("DELETE FROM plans.target_stock_levels")
    bulk.put("new_levels", levels)
    allowed = may_leave_checks_out(bulk) if at_once is None else at_once
    insert_staged(bulk, "new_levels", target_stock_levels, columns, "true", at_once=allowed)


def test_the_application_may_and_its_own_checks_are_back_when_rows_are_in(warehouse: Warehouse) -> None:
    before = rows(warehouse, STORED)
    with warehouse.bulk() as bulk:
        assert may_leave_checks_out(bulk)
        put_again(bulk, "baguette")
        assert bulk.read("SELECT current_setting('session_replication_role') AS role").item() == "origin"
    assert rows(warehouse, STORED) == before != []


@pytest.mark.parametrize("at_once", [True, False])
def test_a_product_that_does_not_exist_is_refused_and_named(warehouse: Warehouse, at_once: bool) -> None:
    before = rows(warehouse, STORED)
    with pytest.raises(Error, match="violates foreign key"), warehouse.bulk() as bulk:
        put_again(bulk, "brioche", at_once=at_once)
    assert rows(warehouse, STORED) == before


def test_a_row_without_the_column_of_a_key_is_left_to_the_database(warehouse: Warehouse) -> None:
    columns = [column.name for column in target_stock_levels.columns if column.name != "product_id"]
    with warehouse.bulk() as bulk:
        bulk.put("new_levels", bulk.read("SELECT * FROM plans.target_stock_levels"))
        with pytest.raises(Error, match="null value in column"):
            insert_staged(bulk, "new_levels", target_stock_levels, columns, "true", at_once=True)


def test_what_new_rows_name_cannot_be_deleted_meanwhile(warehouse: Warehouse) -> None:
    with warehouse.bulk() as bulk, warehouse.engine.connect() as other:
        put_again(bulk, "baguette")
        other.execute(text("SET lock_timeout = '20ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            other.execute(text("DELETE FROM ops.products WHERE product_id = 'baguette'"))
