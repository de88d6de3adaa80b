"""Processor time by phase: of this process, and of every process of its PostgreSQL server."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil


def server_seconds(postmaster: psutil.Process) -> float:
    """CPU seconds that a server has spent so far: its own processes', and those that have ended."""
    spent = postmaster.cpu_times()
    total = float(spent.user + spent.system + spent.children_user + spent.children_system)
    for each in postmaster.children():
        try:
            own = each.cpu_times()
            total += own.user + own.system
        except psutil.NoSuchProcess:  # it has ended in between; its time is in its parent's
            continue
    return total


@dataclass
class ProcessorTime:
    """CPU seconds of Python and of PostgreSQL by phase."""

    postmaster: psutil.Process
    python: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    postgres: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    @contextmanager
    def on(self, phase: str) -> Iterator[None]:
        """Count what is done within as one phase."""
        python, postgres = time.process_time(), server_seconds(self.postmaster)
        yield
        self.python[phase] += time.process_time() - python
        self.postgres[phase] += server_seconds(self.postmaster) - postgres

    def milliseconds(self, cells: int) -> dict[str, list[float]]:
        """CPU milliseconds a cell by phase: of Python and of PostgreSQL."""
        return {
            phase: [round(each[phase] * 1_000 / cells, 2) for each in (self.python, self.postgres)]
            for phase in self.python
        }
