"""How PostgreSQL carries out each statement of a morning: nothing that grows with history may be read from end to end.

A chunk is planned as ever, and every statement is explained while it runs. A fault is a statement that reads a whole
table of which it needs a small part, or a step of one whose rows were estimated wrongly by more than a factor of ten.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any
from unittest.mock import patch

from bakery_assets.assets.rounds import CpuSeconds
from bakery_assets.cells import Cell
from benchmarks.wave_floor import plan_cells
from resources.warehouse import Warehouse
from resources.warehouse.connection import Bulk

LARGE_ROWS = 50_000  # tables that have fewer may be read whole, as the planner thinks best
SMALL_PART = 0.1  # of the tenants; where a chunk has more of them, reading a whole table is right
WORTH_A_LOOK = 2_000  # rows of a step from which on its estimate counts
FACTOR = 10.0
# ADBC reads through COPY, which takes no EXPLAIN but a function that does it.
EXPLAIN = """
CREATE OR REPLACE FUNCTION pg_temp.explained(statement text) RETURNS json LANGUAGE plpgsql AS $$
DECLARE plan json;
BEGIN
  EXECUTE 'EXPLAIN (ANALYZE, VERBOSE, TIMING OFF, FORMAT JSON) ' || statement INTO plan;
  RETURN plan;
END $$
"""


def faults_of_a_morning(warehouse: Warehouse, cells: Sequence[Cell], size: int) -> dict[str, Any]:
    """Statements of the planning of ``cells``, and what is wrong with how they are carried out."""
    with warehouse.bulk() as bulk:
        names = bulk.read(
            "SELECT n.nspname || '.' || c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            f" WHERE n.nspname IN ('ops', 'plans') AND c.relkind = 'r' AND c.reltuples > {LARGE_ROWS}"
            f" AND {len(cells)} <= (SELECT {SMALL_PART} * count(*) FROM ops.tenants)"
        )
    large = set(names["name"])
    seen: list[tuple[str, Any]] = []
    run, read = Bulk.run, Bulk.read

    def explained(bulk: Bulk, sql: str) -> None:
        if sql.lstrip("( ").upper().startswith(("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")):
            run(bulk, EXPLAIN)
            run(bulk, "SAVEPOINT before")
            [plan] = read(bulk, f"SELECT pg_temp.explained($statement${sql}$statement$)::text AS plan").row(0)
            run(bulk, "ROLLBACK TO SAVEPOINT before")
            seen.append((sql, json.loads(plan)))

    def run_explained(bulk: Bulk, sql: str) -> int:
        explained(bulk, sql)
        return run(bulk, sql)

    def read_explained(bulk: Bulk, sql: str) -> Any:
        explained(bulk, sql)
        return read(bulk, sql)

    with patch.object(Bulk, "run", run_explained), patch.object(Bulk, "read", read_explained):
        plan_cells(warehouse, cells, size, CpuSeconds())
    faults = [f"{fault}: {sql[:160]}" for sql, plan in seen for fault in _faults(plan[0]["Plan"], large)]
    return {"statements": len(seen), "faults": sorted(set(faults))}


def _faults(plan: dict[str, Any], large: set[str]) -> Iterator[str]:
    table = f"{plan.get('Schema', '')}.{plan.get('Relation Name', '')}"
    loops = plan["Actual Loops"]
    if plan["Node Type"] == "Seq Scan" and table in large:
        yield f"reads all of {table}"
    estimated, actual = plan["Plan Rows"] * loops, plan["Actual Rows"] * loops
    larger, smaller = max(estimated, actual), max(min(estimated, actual), 1)
    if loops and larger >= WORTH_A_LOOK and larger / smaller > FACTOR:
        yield f"{plan['Node Type']} of {table} was to give {estimated:.0f} rows and gave {actual:.0f}"
    for part in plan.get("Plans", ()):
        yield from _faults(part, large)
