"""How long planning takes: the bread chain's 20 stores as one wave, against 20 stores one run each.

Seconds differ from machine to machine; the ratio between the two drivers is the claim.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import date

from bakery_assets.cells import Cell
from bakery_assets.settings import PROJECT, Settings

DATA = PROJECT.parent / "shared" / "data" / "bread_chain"
DAY = date(2019, 5, 1)
SINGLE_RUNS = 3  # enough to know what a run per store costs; all twenty would take minutes


def run() -> dict[str, object]:
    """Figures of the planning wave."""
    if not DATA.is_dir():
        return {"skipped": f"the bread chain is not at {DATA}"}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["BAKERY_HOME"] = folder
        os.environ["BAKERY_GRID_START"] = "2019-01-01"
        from bakery_assets.instance import prepare

        prepare(Settings())
        load_seconds = _seconds("-m", "benchmarks.planning_wave", "load")
        wave = json.loads(_output("-m", "benchmarks.planning_wave", "wave"))
        again = json.loads(_output("-m", "benchmarks.planning_wave", "wave"))
        single = sum(_seconds("-m", "benchmarks.planning_wave", "single", str(index)) for index in range(SINGLE_RUNS))
    per_store_alone = single / SINGLE_RUNS
    return {
        "load_bread_chain_seconds": round(load_seconds, 1),
        "wave_20_stores_seconds": round(wave["seconds"], 1),
        "wave_20_stores_again_seconds": round(again["seconds"], 1),
        "wave_seconds_by_step": wave["steps"],
        "single_store_run_seconds": round(per_store_alone, 1),
        "runs_per_store_over_wave": round(per_store_alone * 20 / wave["seconds"], 1),
    }


def _command(what: str, index: int = 0) -> None:
    from bakery_assets.commands.plan import run_wave
    from resources.clock import utc_now
    from resources.warehouse import Warehouse, planning_runs
    from resources.warehouse.intake import load_folder

    warehouse = Warehouse()
    if what == "load":
        load_folder(warehouse, DATA, now=utc_now())
        return
    stores = [tenant.tenant_id for tenant in planning_runs.tenants(warehouse)]
    chosen = stores if what == "wave" else stores[index : index + 1]
    began = time.perf_counter()
    result = run_wave([Cell(store, DAY) for store in chosen])
    assert result.planned == len(chosen), result.failed
    print(json.dumps({"seconds": time.perf_counter() - began, "steps": _step_seconds(result.run_id)}))


def _step_seconds(run_id: str) -> dict[str, float]:
    import dagster as dg

    with dg.DagsterInstance.get() as instance:
        stats = instance.get_run_step_stats(run_id)
    return {each.step_key: round((each.end_time or 0) - (each.start_time or 0), 2) for each in stats}


def _seconds(*arguments: str) -> float:
    began = time.perf_counter()
    _output(*arguments)
    return time.perf_counter() - began


def _output(*arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], cwd=PROJECT, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.splitlines()[-1] if done.stdout else ""


if __name__ == "__main__":
    _command(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)
