"""Watching a morning that real servers plan: how much CPU each kind of process takes, and how much memory a run.

``bakery up`` is started and its processes are looked at every tenth of a second; what a process spends between the last
look and its end is missing. A run's start is what its process has spent when its first step begins.
"""

import os
import signal
import subprocess
import sys
import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
import psutil

from benchmarks.processor_time import server_seconds
from benchmarks.wave_floor import postmaster
from resources.warehouse import Warehouse

BAKERY = Path(sys.executable).parent / "bakery"
LOOK_SECONDS = 0.1
PATIENCE_SECONDS = 900  # without a cell more that is planned
WAVE = "planning_wave"


@dataclass(frozen=True)
class Morning:
    """What a morning took: CPU seconds by kind of process, and the largest memory of a run's process."""

    seconds: Mapping[str, float]
    peak_bytes: int
    wall_seconds: float
    runs: int


@dataclass
class Watched:
    """A process as it was last seen, and its CPU seconds over time."""

    command: str
    times: list[float] = field(default_factory=list)
    spent: list[float] = field(default_factory=list)
    peak_bytes: int = 0

    def spent_at(self, instant: float) -> float:
        """CPU seconds up to an instant."""
        seen = bisect_right(self.times, instant)
        return self.spent[min(seen, len(self.spent) - 1)]


def watch_morning(warehouse: Warehouse, planned: Callable[[], int], wanted: int) -> Morning:
    """Serve until ``wanted`` cells are planned and no wave is under way.

    Args:
        planned: how many cells are planned by now.

    Raises:
        RuntimeError: the servers have ended, or for long no further cell was planned.
    """
    server = postmaster(warehouse)
    server_before, began = server_seconds(server), time.time()
    watched: dict[int, Watched] = {}
    up = subprocess.Popen([str(BAKERY), "up"], stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        ended = _watch_until_planned(psutil.Process(up.pid), watched, planned, wanted)
        with dg.DagsterInstance.get() as instance:
            begins = _first_steps(instance)
        spent = defaultdict(float, {"PostgreSQL": server_seconds(server) - server_before})
    finally:
        os.killpg(up.pid, signal.SIGINT)
        up.wait(timeout=120)
    peak = 0
    for pid, each in watched.items():
        if pid in begins:
            start = each.spent_at(begins[pid])
            spent["starts"] += start
            spent["runs"] += each.spent[-1] - start
            peak = max(peak, each.peak_bytes)
        else:
            spent[_kind(each.command)] += each.spent[-1]
    return Morning(dict(spent), peak, ended - began, len(begins))


def _watch_until_planned(
    top: psutil.Process, watched: dict[int, Watched], planned: Callable[[], int], wanted: int
) -> float:
    done, changed = 0, time.monotonic()
    while True:
        _look(top, watched)
        time.sleep(LOOK_SECONDS)
        if top.status() == psutil.STATUS_ZOMBIE:
            raise RuntimeError("bakery up has ended; its logs are in the home folder")
        if time.monotonic() - changed > PATIENCE_SECONDS:
            raise RuntimeError(f"{done} of {wanted} cells are planned, and for {PATIENCE_SECONDS} s none was added")
        if int(time.time()) % 5 == 0:
            count = planned()
            if count != done:
                done, changed = count, time.monotonic()
            if done >= wanted and not _under_way():
                return time.time()
            time.sleep(1 - LOOK_SECONDS)


def _look(top: psutil.Process, watched: dict[int, Watched]) -> None:
    now = time.time()
    for process in [top, *top.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess), process.oneshot():
            spent = process.cpu_times()
            each = watched.setdefault(process.pid, Watched(" ".join(process.cmdline())))
            each.times.append(now)
            each.spent.append(spent.user + spent.system)
            each.peak_bytes = max(each.peak_bytes, process.memory_info().rss)


def _under_way() -> bool:
    status = dg.DagsterRunStatus
    unfinished = [status.NOT_STARTED, status.QUEUED, status.STARTING, status.STARTED, status.CANCELING]
    with dg.DagsterInstance.get() as instance:
        return bool(instance.get_run_ids(dg.RunsFilter(job_name=WAVE, statuses=unfinished), limit=1))


def _first_steps(instance: dg.DagsterInstance) -> dict[int, float]:
    """When the first step of each run of a wave began, by its process."""
    found: dict[int, float] = {}
    for run in instance.get_runs(dg.RunsFilter(job_name=WAVE, tags={"dagster/schedule_name": "daily_planning"})):
        for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_START):
            event = entry.dagster_event
            if event and event.pid:
                found.setdefault(event.pid, entry.timestamp)
    return found


def _kind(command: str) -> str:
    if "webserver" in command:
        return "webserver"
    if "resources.daemon" in command:
        return "daemon"
    return "code servers" if "grpc" in command else "other"
