"""Plans that are made and published as a run would, for tests of what follows from them."""

from datetime import datetime

import polars as pl

from bakery_assets.cells import Cell
from bakery_assets.planning_day import STAGES, PlanningRound, facts_and_plans_read
from resources.warehouse import Warehouse, read_plans, read_snapshot, replace_plans
from resources.warehouse.planning_runs import begin


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
