"""Plans that are made and published as a run would, for tests of what follows from them."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl
from sqlalchemy import Connection, Table

from bakery_assets.cells import Cell
from bakery_assets.planning_day import STAGES, PlanningRound, facts_and_plans_read
from resources.schema.packed import pack, stored
from resources.warehouse import Warehouse, read_plans, read_snapshot, replace_plans
from resources.warehouse.planning_runs import begin
from tests.scenarios import filled


def plan(warehouse: Warehouse, cell: Cell, published_at: datetime) -> dict[str, pl.DataFrame]:
    """Plan a cell as a run would, and publish it at an instant; its tables."""
    begin(warehouse, [cell], published_at, "run")
    facts, plans = facts_and_plans_read(STAGES)
    cells, known = read_snapshot(warehouse, [cell], facts, 1_200).of([cell])
    made = PlanningRound.start(cells, known, read_plans(warehouse, cells, plans))
    for stage in STAGES:
        made = made.run(stage)
    assert not made.failed
    tables = made.output_tables()
    replace_plans(warehouse, cells, tables, {}, written=made.writes, finished_at=published_at, run_id="run")
    return tables


def put_packed(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store rows of a packed table, all that a cell has at once; columns that they leave out have neutral values."""
    written = [
        {name: json.dumps(value) if "json" in table.columns[name].info else value for name, value in row.items()}
        for row in rows
    ]
    connection.execute(stored(table).insert(), pack(table, filled(table.info["schema"], written)).to_dicts())
