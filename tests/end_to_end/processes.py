"""The processes of an installation, and killing them: nothing of them gets to clean up after itself."""

import contextlib
from pathlib import Path

import psutil


def of_installation(home: Path) -> list[psutil.Process]:
    """Every process that works for the installation in ``home``: servers, their runs, PostgreSQL."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            named = str(home) in " ".join(process.cmdline())
            if named or process.environ().get("BAKERY_HOME") == str(home):
                found.append(process)
    return [each for each in found if each.pid != psutil.Process().pid]


def kill(processes: list[psutil.Process]) -> None:
    """End them without a warning, and wait until they are gone."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=30)
