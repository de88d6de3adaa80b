"""The floor of a wave: the same reads, stages and writes over chunks of cells in one plain process, phase by phase."""

from collections.abc import Sequence

import psutil
from sqlalchemy import text

from bakery_assets.assets.rounds import Meter, plan_round, read_facts
from bakery_assets.cells import Cell
from bakery_assets.planning_day import STAGES
from resources.clock import Clock, utc_now
from resources.warehouse import Warehouse, planning_runs

RUN = "floor"


def plan_cells(warehouse: Warehouse, cells: Sequence[Cell], size: int, meter: Meter) -> None:
    """Plan cells, ``size`` at a time, and publish them; ``meter`` counts every phase.

    Raises:
        RuntimeError: a cell failed, and the others would be a floor under less work.
    """
    for start in range(0, len(cells), size):
        members = cells[start : start + size]
        planning_runs.begin(warehouse, members, utc_now(), RUN)
        facts = read_facts(warehouse, members, STAGES, clock=Clock(), meter=meter)
        done = plan_round(warehouse, facts, members, STAGES, clock=Clock(), run_id=RUN, meter=meter)
        if done.planned.height < len(members):
            raise RuntimeError(f"{done.planned.height} of {len(members)} cells were planned; failed have {done.failed}")


def postmaster(warehouse: Warehouse) -> psutil.Process:
    """The warehouse's server, which runs on this machine."""
    with warehouse.engine.connect() as connection:
        backend = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        parent = psutil.Process(backend).parent()
    assert parent
    return parent
