"""Rows of plans that are stored as arrays are read as they were planned."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from alembic import command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from sqlalchemy import Table, text

from bakery_assets.cells import Cell
from resources.schema import metadata
from resources.schema.packed import is_packed, pack, rows_of, stored
from resources.schema.plans import inventory_projections, stock_movements, target_stock_levels
from resources.warehouse import Warehouse
from resources.warehouse.connection import Bulk, frame_schema, selected
from resources.warehouse.foreign_keys import insert_staged, may_leave_checks_out
from tests.bakeries import DAY, bakery, digests, insert, rows
from tests.publishing import plan
from tests.resources.test_vocabulary_migration import configured
from tests.scenarios import filled

PACKED = [table for table in metadata.sorted_tables if is_packed(table)]
BEFORE = "0055"  # the schema before any rows were packed
as_planned: dict[str, pl.DataFrame] = {}


def a_bakery(warehouse: Warehouse) -> None:
    insert(warehouse, **bakery("b"))
    as_planned.update(plan(warehouse, Cell("b", DAY), datetime(DAY.year, DAY.month, DAY.day, 5, tzinfo=UTC)))


def read(bulk: Bulk, table: Table, source: str) -> pl.DataFrame:
    key = [column.name for column in table.primary_key.columns]
    return bulk.read(f"SELECT {selected(table)} FROM {source} t").cast(frame_schema(table)).sort(key)  # type: ignore[arg-type]


def with_parsed_json(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """JSON in one spelling: PostgreSQL sorts keys."""
    return frame.with_columns(
        pl.col(column.name).map_elements(lambda value: json.dumps(json.loads(value), sort_keys=True), pl.String)
        for column in table.columns
        if "json" in column.info
    )


numbers = st.floats(0, 1e9, allow_nan=False)
words = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=8) | st.sampled_from(
    ["NULL", "{}", '"', "\\", "a,b", " "]
)
ROWS: dict[Table, st.SearchStrategy[dict[str, Any]]] = {
    stock_movements: st.fixed_dictionaries(
        {
            "movement_number": st.integers(1, 10**9), "kind": st.sampled_from(["sale", "waste", "count"]),
            "item_kind": st.just("product"), "item_id": words, "location_id": words, "lot_id": words, "source": words,
            "happened_at": st.integers(0, 10**9).map(lambda second: datetime.fromtimestamp(second, UTC)),
            "quantity": numbers, "value": st.none() | numbers, "is_assumed": st.booleans(),
        }
    ),
    inventory_projections: st.fixed_dictionaries(
        {
            "item_kind": st.sampled_from(["product", "ingredient"]), "item_id": words,
            "projection_date": st.dates(date(2020, 1, 1), date(2030, 1, 1)), "opening": st.none() | numbers,
            "closing": st.none() | numbers, "receipts": numbers, "stockout_risk": st.just("none"),
        }
    ),
    target_stock_levels: st.fixed_dictionaries(
        {
            "location_id": words, "product_id": st.just("baguette"), "basis": st.just("newsvendor"),
            "target_date": st.dates(date(2020, 1, 1), date(2030, 1, 1)),
            "reasoning": st.dictionaries(words, st.none() | st.integers(-9, 9) | st.lists(words, max_size=2)).map(json.dumps),
        }
    ),
}  # fmt: skip


@pytest.mark.filled(by=a_bakery)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_is_packed_is_read_as_it_was(warehouse: Warehouse, data: st.DataObject) -> None:
    table = data.draw(st.sampled_from(list(ROWS)), label="table")
    schema = table.info["schema"]
    key = [name for name in schema.primary_key() if name not in ("tenant_id", "plan_date")]
    drawn = data.draw(st.lists(ROWS[table], min_size=1, max_size=12, unique_by=lambda row: tuple(map(row.get, key))))
    frame = filled(schema, [{**row, "tenant_id": "b", "plan_date": DAY} for row in drawn])
    packed = pack(table, frame)
    with warehouse.bulk(commit=False) as bulk:
        bulk.run(f"DELETE FROM {stored(table).fullname}")
        bulk.put("new_rows", packed)
        insert_staged(bulk, "new_rows", table, frame.columns, "true", at_once=may_leave_checks_out(bulk))
        views = [with_parsed_json(table, read(bulk, table, source)) for source in (table.fullname, rows_of(table))]
    for view in views:
        assert_frame_equal(view, with_parsed_json(table, frame.sort(schema.primary_key())), check_exact=True)


def test_a_cell_has_one_stored_row_or_one_for_each_value_of_a_column() -> None:
    """Movements are stored by kind: counts are read back for weeks, losses are kept."""
    days = (DAY, DAY + timedelta(days=1))
    moved = [{"plan_date": day, "movement_number": n, "kind": kind} for day in days for n, kind in ((2, "sale"), (1, "sale"), (3, "waste"))]  # fmt: skip
    packed = pack(stock_movements, filled(stock_movements.info["schema"], moved))
    assert packed.select("plan_date", "kind", "movement_number").rows() == [
        (day, kind, numbers) for day in days for kind, numbers in (("sale", [1, 2]), ("waste", [3]))
    ]
    risks = [{"plan_date": day, "item_id": item} for day in days for item in ("oats", "milk")]
    packed = pack(inventory_projections, filled(inventory_projections.info["schema"], risks))
    assert packed.select("plan_date", "item_id").rows() == [(day, ["milk", "oats"]) for day in days]


@pytest.mark.filled(by=a_bakery)
def test_a_day_is_read_as_it_was_planned(warehouse: Warehouse) -> None:
    with warehouse.bulk() as bulk:
        for table in PACKED:
            expected = with_parsed_json(table, as_planned[table.name].select(frame_schema(table).names()))
            key = [column.name for column in table.primary_key.columns]
            found = with_parsed_json(table, read(bulk, table, table.fullname))
            assert_frame_equal(found, expected.sort(key), check_exact=True)
            assert found.height > 0, table.name


@pytest.mark.filled(by=a_bakery)
def test_rows_views_and_rights_stay_when_rows_are_packed_and_unpacked(warehouse: Warehouse) -> None:
    """What somebody made of a table of plans, and who may read it, is not lost."""
    view = "SELECT sum(yhat), count(reasoning->>'model') FROM marts.of_mine"
    may_read = "SELECT bool_and(has_table_privilege('public', name, 'SELECT')) FROM unnest(ARRAY['marts.of_mine', 'plans.demand_forecasts']) name"  # fmt: skip
    with warehouse.engine.begin() as connection:
        connection.execute(text("CREATE VIEW marts.of_mine AS SELECT * FROM plans.demand_forecasts WHERE yhat > 0"))
        connection.execute(text("GRANT SELECT ON marts.of_mine, plans.demand_forecasts TO PUBLIC"))
    is_reported_once = "SELECT bool_or(reasoning = '{}') FROM plans.published_batches"
    before, of_mine = digests(warehouse), rows(warehouse, view)
    assert rows(warehouse, is_reported_once) == [(True,)]
    for revise, revision in ((command.downgrade, BEFORE), (command.upgrade, "head")):
        with warehouse.engine.begin() as connection:
            revise(configured(connection), revision)
        assert digests(warehouse) == before
        assert rows(warehouse, view) == of_mine
        assert rows(warehouse, may_read) == [(True,)]
        assert rows(warehouse, is_reported_once) == [(revision == "head",)]
