"""Processes of this machine: which machine it is, and whether a process that was seen at some time still runs."""

import platform
from functools import cache
from pathlib import Path

import psutil

# A process's start and an instant that it noted itself come from two clocks: one ticks a hundred times a second.
CLOCK_SECONDS = 2.0


@cache
def this_machine() -> str:
    """Names this machine since its last start, or the container: a process id means the same under the same name."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    started = boot.read_text().strip()[:8] if boot.exists() else f"{psutil.boot_time():.0f}"
    namespace = Path("/proc/self/ns/pid")
    processes = namespace.readlink().name.strip("pid:[]") if namespace.exists() else ""
    return " ".join(filter(None, [platform.node(), started, processes]))


def is_alive(pid: int, seen_at: float) -> bool:
    """Whether the process that had ``pid`` at ``seen_at`` (a Unix timestamp) still runs.

    A process that was started later has only been given the same number; one that has ended and that its parent has not
    asked for yet runs no more.
    """
    try:
        process = psutil.Process(pid)
        return bool(process.create_time() <= seen_at + CLOCK_SECONDS and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:  # it is there, and another user's
        return True
