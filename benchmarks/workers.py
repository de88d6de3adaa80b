"""What it costs to share one PostgreSQL: two workers over TCP, as on two machines, against one on its unix socket.

Each worker is a process that plans clones of the demo's bakeries, as a run of the wave does, without Dagster. The one
plans before and after the two, so that what the server has learned and tables have grown meanwhile is on both sides.

``python -m benchmarks.workers 96 --years 3`` takes another number of tenants.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from statistics import fmean

import psutil
from sqlalchemy.engine import make_url

from bakery_assets.cells import Cell
from bakery_assets.settings import PROJECT, Settings
from benchmarks.processor_time import server_seconds
from benchmarks.targets import at_most

TENANTS, YEARS = 64, 1.5
WARM_UP = 4  # cells that each worker plans before it is measured, so that nothing is imported meanwhile
GROWTH = 1.10


def run(tenants: int = TENANTS, years: float = YEARS) -> dict[str, object]:
    """CPU milliseconds a cell of one worker and of two, Python's and PostgreSQL's, and their ratio."""
    from benchmarks.wave import clones_of, make_tenants
    from benchmarks.wave_floor import postmaster
    from benchmarks.wave_tenants import PLANNED, SPARE
    from resources.embedded import running
    from resources.warehouse import Warehouse

    with tempfile.TemporaryDirectory(prefix="bakery-bench-") as folder:
        os.environ.update(BAKERY_HOME=folder, BAKERY_POSTGRES_PORT=_free_port())
        make_tenants(tenants, years)
        by_tcp = os.environ["BAKERY_DATABASE_URL"]
        server, files = postmaster(Warehouse()), running(Settings().home / "postgres")
        assert files
        query = {"host": str(files.socket_folder), "port": str(files.port)}
        by_socket = make_url(by_tcp)._replace(host=None, port=None).set(query=query).render_as_string(False)
        half = tenants // 2
        alone, shared = clones_of(PLANNED), clones_of(SPARE)
        before = _milliseconds(server, by_socket, [alone[:half]])
        both = _milliseconds(server, by_tcp, [shared[:half], shared[half:]])
        after = _milliseconds(server, by_socket, [alone[half:]])
    one = [fmean(each) for each in zip(before, after, strict=True)]
    ratio = sum(both) / sum(one)
    return {
        "tenants": tenants,
        "years_of_sales": years,
        "one_worker_before_ms_a_cell": [round(each, 1) for each in before],
        "one_worker_after_ms_a_cell": [round(each, 1) for each in after],
        "two_workers_ms_a_cell": [round(each, 1) for each in both],
        "ratio": round(ratio, 3),
        "targets": [at_most("CPU ms a cell of two workers over TCP, of those of one", ratio, GROWTH)],
    }


def _milliseconds(server: psutil.Process, url: str, shares: Sequence[Sequence[Cell]]) -> tuple[float, float]:
    """CPU milliseconds a cell, Python's and PostgreSQL's, of one worker for each share, all at a time."""
    workers = []
    for share in shares:
        cells = json.dumps([[cell.tenant_id, cell.plan_date.isoformat()] for cell in share])
        worker = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.workers", "--cells", cells],
            cwd=PROJECT,
            env={**os.environ, "BAKERY_DATABASE_URL": url},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        workers.append(worker)
    for worker in workers:
        assert worker.stdout
        if not worker.stdout.readline():
            raise RuntimeError("a worker has ended before it was ready")
    spent = server_seconds(server)
    for worker in workers:
        assert worker.stdin
        worker.stdin.write("go\n")
        worker.stdin.flush()
    python = sum(float(worker.communicate()[0]) for worker in workers)
    measured = sum(len(share) - WARM_UP for share in shares)
    return python * 1_000 / measured, (server_seconds(server) - spent) * 1_000 / measured


def _work(cells: Sequence[Cell]) -> None:
    """Plan the first cells, say that, wait for a line, plan the others, and print the CPU seconds that they took."""
    from bakery_assets.assets.rounds import CpuSeconds
    from benchmarks.wave_floor import plan_cells
    from resources.warehouse import Warehouse

    warehouse, size = Warehouse(), Settings().chunk_size
    plan_cells(warehouse, cells[:WARM_UP], size, CpuSeconds())
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.process_time()
    plan_cells(warehouse, cells[WARM_UP:], size, CpuSeconds())
    print(time.process_time() - began)


def _free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def main() -> None:
    """Measure, or be one of the workers."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("tenants", type=int, nargs="?", default=TENANTS)
    parser.add_argument("--years", type=float, default=YEARS)
    parser.add_argument("--cells", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.cells:
        _work([Cell.of(*row) for row in json.loads(chosen.cells)])
    else:
        print(json.dumps(run(chosen.tenants, chosen.years)))


if __name__ == "__main__":
    main()
