"""Every table is described once: its class says what the database, the frames, Dagster and the contract say."""

import re

import dataframely as dy
import polars as pl
import pytest
from sqlalchemy import Table

from bakery_assets.cells import CELLS
from bakery_assets.schemas import Cells, ops, plans, table_name
from bakery_assets.schemas.conform import follows_rules
from bakery_assets.schemas.plans import PlanRow
from bakery_assets.schemas.rules import key_columns
from resources.schema import metadata
from resources.schema.columns import public_columns
from resources.schema.contract import PAGE
from resources.warehouse.connection import frame_schema, sql_type
from tests.scenarios import filled

SCHEMAS: list[type[dy.Schema]] = [*ops.TABLES, *plans.TABLES]
every_table = pytest.mark.parametrize("schema", SCHEMAS, ids=table_name)


def table_of(schema: type[dy.Schema]) -> Table:
    return next(table for table in metadata.sorted_tables if table.info.get("schema") is schema)


def test_every_table_has_a_class_and_every_class_a_table() -> None:
    with_class = {table.fullname: table.info.get("schema") for table in metadata.sorted_tables}
    for without, reason in {
        "ops.quarantine": "holds rows of any table as text, so no frame is it",
        "ops.imports": "is written and read by imports alone; no folder holds it",
        "ops.import_lines": "goes with the imports; what is read of both together is intake.imports.ImportLines",
        "ops.import_withdrawals": "goes with the imports",
        "ops.till_forms": "is read and written a row at a time, by the import of a till's file",
        "plans.input_changes": "is written by triggers and asked in SQL",
        "plans.plan_inputs": "has snapshots of PostgreSQL, and is asked in SQL",
        "plans.planning_costs": "has lists, which are made of frames and unpacked again in SQL",
    }.items():
        assert with_class.pop(without) is None, reason
    assert sorted(map(table_name, with_class.values())) == sorted(map(table_name, SCHEMAS))
    for fullname, schema in with_class.items():
        assert fullname == f"{schema.__module__.rpartition('.')[2]}.{table_name(schema)}"


@every_table
def test_every_table_and_column_says_what_it_means_in_one_line(schema: type[dy.Schema]) -> None:
    first, _, more = (schema.__doc__ or "").partition("\n")
    assert re.fullmatch(r"[A-Z].*\.", first)
    assert more == "" or more.startswith("\n")
    for name, column in schema.columns().items():
        assert column.description, name
        assert not column.description.endswith("."), name
        assert column.description[0].isupper() or column.description[0].isdigit() or "_" in column.description, name


@every_table
def test_the_database_has_the_columns_of_the_class_in_their_order(schema: type[dy.Schema]) -> None:
    table = table_of(schema)
    assert [column.name for column in public_columns(table)] == schema.column_names()
    for column in public_columns(table):
        described = schema.columns()[column.name]
        assert (column.comment, column.nullable) == (described.description, described.nullable)
    assert {column.name for column in table.primary_key.columns} == set(schema.primary_key())


@every_table
def test_frames_have_the_types_in_which_the_database_gives_its_columns(schema: type[dy.Schema]) -> None:
    kinds = {
        "TEXT": pl.String(), "JSONB": pl.String(), "DOUBLE PRECISION": pl.Float64(), "INTEGER": pl.Int32(),
        "BOOLEAN": pl.Boolean(), "DATE": pl.Date(), "TIME WITHOUT TIME ZONE": pl.Time(),
        "TIMESTAMP WITH TIME ZONE": pl.Datetime("us", "UTC"),
    }  # fmt: skip
    table = table_of(schema)
    assert frame_schema(table) == {name: kinds[sql_type(table, name)] for name in schema.column_names()}


@every_table
def test_a_key_begins_with_the_tenant_and_in_plans_with_the_cell(schema: type[dy.Schema]) -> None:
    key = key_columns(schema)
    if issubclass(schema, PlanRow):
        assert key[:2] == ["tenant_id", "plan_date"]
    elif schema is not plans.Boosters:
        assert key[0] == "tenant_id"


@every_table
def test_ratios_are_fractions_and_sums_over_days_say_so_in_their_names(schema: type[dy.Schema]) -> None:
    for name, column in schema.columns().items():
        assert not re.search(r"_pct$|_percent$", name)
        assert "in percent" not in (column.description or ""), name
        if re.search(r"_fraction$|^(wape|mape|bias|coverage|accuracy|utilization|reliability)", name):
            assert re.search(r"fraction|percent|WAPE", column.description or ""), name


def test_the_contract_lists_every_value_of_a_closed_set() -> None:
    page = PAGE.read_text(encoding="utf-8")
    closed = {
        f"{table_name(schema)}.{name}": (column.metadata or {})["choices"]
        for schema in SCHEMAS
        for name, column in schema.columns().items()
        if "choices" in (column.metadata or {})
    }
    assert {"alerts.kind", "demand_forecasts.model", "series_models.model", "planning_runs.status"} <= closed.keys()
    for name, choices in closed.items():
        table, column = name.split(".")
        section = page.partition(f".{table}`\n")[2].partition("\n### ")[0]
        line = next(line for line in section.splitlines() if re.match(rf"\| \**`{column}`", line))
        assert ", ".join(choices) in line, name


def test_cells_are_described_by_their_class() -> None:
    assert pl.Schema(Cells) == CELLS
    assert list(CELLS) == ["tenant_id", "plan_date", "timezone", "planned_as_of"]


@every_table
def test_rules_asked_one_by_one_say_the_same_as_dataframely(schema: type[dy.Schema]) -> None:
    """Of a row of neutral values, of two with the same key, and of that row with each of its values gone or impossible."""
    row = filled(schema, [{}])
    odd = {pl.String: "\x7f|", pl.Float64: -1e12, pl.Int32: -1_000_000}
    changes = [
        pl.lit(value, kind).alias(name)
        for name, kind in row.schema.items()
        for value in (None, odd.get(kind.base_type()))
    ]
    not_a_number = [pl.lit(float("nan")).alias(name) for name, kind in row.schema.items() if kind == pl.Float64]
    frames = [row, pl.concat([row, row]), row.clear(), *(row.with_columns(each) for each in changes + not_a_number)]
    assert {follows_rules(schema, frame) for frame in frames} == {True, False}
    for frame in frames:
        assert follows_rules(schema, frame) == schema.is_valid(frame), frame
