"""What a morning costs: many tenants planned through the real schedule, queue and launcher, against its floor.

The floor is the same reads, stages and writes in one plain process, over clones of the same bakeries, measured before
in the same database. CPU seconds differ from machine to machine; the ratio of the wave to its floor is the claim, and a
stage's budget says which part of the whole it may take. ``wave_tenants`` makes the tenants, ``wave_servers`` watches
the morning, ``query_plans`` looks at how PostgreSQL reads and writes it.

``python -m benchmarks.wave 10000 --years 3`` measures another number of tenants.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bakery_assets.cells import Cell
from bakery_assets.settings import PROJECT, Settings
from benchmarks.targets import at_most

TENANTS, YEARS = 1_000, 3.0
MOST_SPARE = 250  # clones that the floor plans
WARM_UP = 8  # of them are planned before, so that nothing is imported while the rest is measured
RATIO, MILLISECONDS, GIBIBYTES, KILOBYTES = 1.15, 120.0, 6.0, 250.0
# CPU milliseconds a cell that each part of the floor may take, of Python and PostgreSQL together; 1.15 times their sum
# is the promise, 120. A stage that takes more has to say from which other it has it.
BUDGETS = {
    "reads": 22.0,
    "checks": 3.0,
    "stock_movements": 12.0,
    "demand_forecasts": 18.0,
    "target_stock_levels": 3.0,
    "production_schedules": 10.0,
    "distribution_plans": 1.0,
    "procurement_plans": 5.0,
    "inventory_projections": 5.0,
    "validation_runs": 4.0,
    "daily_summaries": 6.0,
    "writes": 15.0,
}
Phases = Mapping[str, tuple[float, float]]
Growth = Mapping[str, Mapping[str, float]]


def run(tenants: int = TENANTS, years: float = YEARS) -> dict[str, object]:
    """Figures of a morning of so many tenants."""
    with tempfile.TemporaryDirectory(prefix="bakery-bench-") as folder:
        os.environ.update(BAKERY_HOME=folder, BAKERY_WEBSERVER_PORT="0")
        make_tenants(tenants, years)
        return measure(years)


def make_tenants(tenants: int, years: float) -> None:
    """Make the demo's bakeries and their clones in the warehouse of BAKERY_HOME."""
    from bakery_assets.assets.dbt_project import build_manifest
    from bakery_assets.instance import prepare
    from benchmarks.wave_tenants import clone, live_as_the_demo
    from resources.clock import utc_now
    from resources.embedded import SUPERUSER, embedded_url, start_embedded
    from resources.postgres import WAREHOUSE
    from resources.warehouse import Warehouse

    build_manifest()
    prepare(Settings())
    now = utc_now()
    live_as_the_demo(Warehouse(), now)
    url = embedded_url(start_embedded(Settings().home / "postgres"), WAREHOUSE, SUPERUSER)
    superuser = Warehouse(url.render_as_string(hide_password=False))
    clones = clone(superuser, tenants, min(tenants, MOST_SPARE), years, now)
    superuser.engine.dispose()
    named = {kind: [[cell.tenant_id, cell.plan_date.isoformat()] for cell in cells] for kind, cells in clones.items()}
    _clones_file().write_text(json.dumps(named))


def measure(years: float) -> dict[str, object]:
    """Figures of the morning of the clones in BAKERY_HOME's warehouse."""
    from bakery_assets.instance import prepare
    from benchmarks.wave_servers import watch_morning
    from benchmarks.wave_tenants import PLANNED, count_planned, sizes, written_ahead
    from resources.clock import utc_now
    from resources.warehouse import Warehouse

    prepare(Settings())
    warehouse = Warehouse()
    plans, floor = _part("plans"), _part("floor")
    before, log_before = sizes(warehouse), written_ahead(warehouse)
    wanted, began = clones_of(PLANNED), utc_now()
    morning = watch_morning(warehouse, lambda: count_planned(warehouse, began), len(wanted))
    cells = count_planned(warehouse, began)
    growth = _growth(before, sizes(warehouse), cells)
    logged = (written_ahead(warehouse) - log_before) / 1_000 / cells
    per_cell = {what: round(seconds * 1_000 / cells, 2) for what, seconds in sorted(morning.seconds.items())}
    total, floor_total = sum(per_cell.values()), sum(map(sum, floor["phases"].values()))
    ratio = (per_cell["runs"] + per_cell["PostgreSQL"]) / floor_total
    _print_phases(floor["phases"])
    _print_growth(growth)
    return {
        "tenants": len(wanted),
        "years_of_sales": years,
        "cells_planned": cells,
        "runs": morning.runs,
        "seconds_until_all_are_planned": round(morning.wall_seconds, 1),
        "ms_a_cell": round(total, 1),
        "ms_a_cell_by_process": per_cell,
        "floor_ms_a_cell": round(floor_total, 1),
        "floor_ms_a_cell_by_phase": floor["phases"],
        "ratio_to_floor_without_starts": round(ratio, 3),
        "peak_gib_of_a_run": round(morning.peak_bytes / 2**30, 2),
        "peak_gib_of_the_floor": floor["peak_gib"],
        "write_ahead_log_kb_a_cell": round(logged, 1),
        "growth_a_cell": growth,
        "query_plans": plans,
        "targets": [
            at_most("ratio to the floor, without starts", ratio, RATIO),
            at_most("CPU ms a cell, starts and PostgreSQL included", total, MILLISECONDS),
            at_most("peak GiB of a run", morning.peak_bytes / 2**30, GIBIBYTES),
            at_most("kB of plans a cell", sum(each["kb"] for each in growth.values()), KILOBYTES),
            at_most("statements that read all of history or misjudge it", len(plans["faults"]), 0),
            *(at_most(f"ms a cell of {phase}", sum(floor["phases"][phase]), most) for phase, most in BUDGETS.items()),
        ],
    }


def clones_of(kind: str) -> list[Cell]:
    """The cells of the clones of a kind."""
    return [Cell.of(*row) for row in json.loads(_clones_file().read_text())[kind]]


def _clones_file() -> Path:
    return Settings().home / "clones.json"


def _growth(before: Mapping[str, tuple[int, int]], after: Mapping[str, tuple[int, int]], cells: int) -> Growth:
    grown = {
        name: {
            "rows": round((rows - before[name][0]) / cells, 1),
            "kb": round((size - before[name][1]) / 1_000 / cells, 1),
        }
        for name, (rows, size) in after.items()
    }
    return dict(sorted(((name, each) for name, each in grown.items() if each["rows"]), key=lambda item: -item[1]["kb"]))


def _print_phases(phases: Phases) -> None:
    print(f"{'the floor, CPU ms a cell':30} {'Python':>8} {'PostgreSQL':>10}")
    for phase, (python, postgres) in phases.items():
        print(f"  {phase:28} {python:8.2f} {postgres:10.2f}")


def _print_growth(growth: Growth) -> None:
    print(f"{'growth a cell':30} {'rows':>8} {'kB':>10}")
    for name, each in growth.items():
        print(f"  {name:28} {each['rows']:8.1f} {each['kb']:10.1f}")


def _part(name: str) -> Any:
    """The figures of a part that is measured in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.wave", "--part", name]
    done = subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def _floor() -> dict[str, object]:
    from bakery_assets.assets.rounds import CpuSeconds
    from benchmarks.processor_time import ProcessorTime
    from benchmarks.wave_floor import plan_cells, postmaster
    from benchmarks.wave_tenants import SPARE
    from resources.warehouse import Warehouse

    first, cells = clones_of(SPARE)[:WARM_UP], clones_of(SPARE)[WARM_UP:]
    warehouse = Warehouse()
    plan_cells(warehouse, first, WARM_UP, CpuSeconds())
    spent = ProcessorTime(postmaster(warehouse))
    plan_cells(warehouse, cells, Settings().chunk_size, spent)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"phases": spent.milliseconds(len(cells)), "peak_gib": round(peak, 2)}


def _plans() -> dict[str, object]:
    from benchmarks.query_plans import faults_of_a_morning
    from benchmarks.wave_tenants import SPARE
    from resources.warehouse import Warehouse

    size = Settings().chunk_size
    return faults_of_a_morning(Warehouse(), clones_of(SPARE)[:size], size)


def main() -> None:
    """Measure, or one part of it in the warehouse that is there."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("tenants", type=int, nargs="?", default=TENANTS)
    parser.add_argument("--years", type=float, default=YEARS)
    parser.add_argument("--part", choices=["floor", "plans"])
    chosen = parser.parse_args()
    figures = {"floor": _floor, "plans": _plans}[chosen.part]() if chosen.part else run(chosen.tenants, chosen.years)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
