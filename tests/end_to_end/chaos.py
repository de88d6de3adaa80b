"""Random kills while waves plan forty bakeries: `make chaos`, or `python -m tests.end_to_end.chaos --kills 50 --seed 1`.

Processes of the installation are killed without a warning, one or all, at random moments of a morning: servers, runs,
PostgreSQL and its sessions, `bakery up` itself, which is started again as a service manager would. In the end every cell
has to be planned, as in a morning that nothing disturbed, no run may be left started, and no healthy bakery may have an alert.
"""

import argparse
import logging
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path

import psutil
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bakery_assets.settings import Settings
from resources.embedded import DatabaseUnusable, running
from resources.postgres import open_databases
from resources.schema import metadata
from resources.schema.packed import stored
from resources.warehouse import Warehouse
from tests.bakeries import bakery, digests, insert, rows, together
from tests.end_to_end.installation import BAKERY, Installation, installation
from tests.end_to_end.processes import kill, of_installation

BAKERIES = 40
KILLS_A_MORNING = 3
MORNING_SECONDS = 900.0  # a morning that takes longer has left something undone
UNFINISHED = ("QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING")
_log = logging.getLogger("chaos")
_RUNS = "SELECT status, count(*) FROM runs GROUP BY 1"


@dataclass
class Machine:
    """An installation and who keeps `bakery up` running on it."""

    office: Installation
    dice: random.Random
    up: subprocess.Popen[str] | None = None
    killed: list[str] = field(default_factory=list)

    def keep_up(self) -> None:
        """Start `bakery up` where it does not run."""
        if self.up is None or self.up.poll() is not None:
            log = (self.office.home / "up.txt").open("a")
            self.up = subprocess.Popen(
                [str(BAKERY), "up"], env=dict(self.office.env), stdout=log, stderr=log, text=True
            )

    def kill_something(self) -> None:
        """Kill one process, or in one case of five all of them."""
        found = sorted(of_installation(self.office.home), key=lambda each: each.pid)
        if found:
            chosen = found if self.dice.random() < 0.2 else [self.dice.choice(found)]
            self.killed.append(f"all {len(found)}" if len(chosen) > 1 else _name(chosen[0]))
            kill(chosen)

    def ask(self, query: str, *, dagster: bool = False) -> list[tuple[object, ...]] | None:
        """The rows of a query; None: the server is away at the moment. It is not started for the question."""
        if running(self.office.home / "postgres") is None:
            return None
        try:
            databases = open_databases(Settings(home=self.office.home, database_url=None))
            warehouse = Warehouse(databases.dagster if dagster else databases.warehouse)
            found = rows(warehouse, query)
            warehouse.engine.dispose()
        except (DBAPIError, DatabaseUnusable):
            return None
        return found


def morning(machine: Machine, kills: int) -> None:
    """Let a morning go by with kills at random moments of its waves; returns when every cell is planned.

    Raises:
        AssertionError: that takes too long.
    """
    deadline = time.monotonic() + MORNING_SECONDS
    left = kills
    while time.monotonic() < deadline:
        machine.keep_up()
        states = dict(machine.ask("SELECT status, count(*) FROM plans.planning_runs GROUP BY 1") or [])  # type: ignore[arg-type]
        runs = dict(machine.ask(_RUNS, dagster=True) or []) if states else {}  # type: ignore[arg-type]
        if left and states.get("claimed"):
            time.sleep(machine.dice.uniform(0, 8))
            machine.kill_something()
            left -= 1
        elif states == {"planned": BAKERIES} and runs and not any(runs.get(status) for status in UNFINISHED):
            return
        time.sleep(0.5)
    raise AssertionError(f"after {machine.killed}: cells {states}, runs {runs}")


def a_zone_where_it_is_morning() -> tuple[str, date]:
    """A zone in which it is after planning time and midnight is far, with its date: plans of two runs are of one day."""
    now = datetime.now(UTC)
    offset = min(max(9 - now.hour, -12), 8)
    return f"Etc/GMT{-offset:+d}", (now + timedelta(hours=offset)).date()


def run(seed: int, kills: int, wave_size: int = 10) -> list[str]:
    """Kill so often, in mornings of a few kills each; what was killed.

    Raises:
        AssertionError: something promised did not hold; the installation's folder is kept, and the message names it.
    """
    home = Path(tempfile.mkdtemp(prefix="bakery-chaos-"))
    made = installation(home)
    office = Installation(home, {**made.env, "BAKERY_WAVE_SIZE": str(wave_size)})
    machine = Machine(office, random.Random(seed))
    try:
        zone, today = a_zone_where_it_is_morning()
        office.bakery("db", "start")
        warehouse = Warehouse(open_databases(Settings(home=home, database_url=None)).warehouse)
        every = together(*(bakery(f"b{number}", day=today, zone=zone) for number in range(BAKERIES)))
        tenants = [{**each, "planning_time": clock_time(5, 0)} for each in every["tenants"]]
        insert(warehouse, **{**every, "tenants": tenants})
        office.bakery("plan", "--date", today.isoformat())
        undisturbed = digests(warehouse)
        while len(machine.killed) < kills:
            forget_plans(warehouse)
            warehouse.engine.dispose()
            morning(machine, min(KILLS_A_MORNING, kills - len(machine.killed)))
            _log.info("%d kills: %s", len(machine.killed), ", ".join(machine.killed[-KILLS_A_MORNING:]))
            warehouse = Warehouse(open_databases(Settings(home=home, database_url=None)).warehouse)
            assert digests(warehouse) == undisturbed, machine.killed
            alerts = "SELECT tenant_id, message FROM plans.alerts WHERE kind = 'planning_failed'"
            assert rows(warehouse, alerts) == [], machine.killed
    except BaseException as error:
        kill(of_installation(home))
        error.add_note(f"What was left is in {home}.")
        raise
    kill(of_installation(home))
    shutil.rmtree(home, ignore_errors=True)
    return machine.killed


def forget_plans(warehouse: Warehouse) -> None:
    """Empty every table of plans, so that the morning is due again."""
    tables = ", ".join(stored(table).fullname for table in metadata.sorted_tables if table.schema == "plans")
    with warehouse.engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {tables}"))


def _name(process: psutil.Process) -> str:
    try:
        command = " ".join(process.cmdline())
    except psutil.Error:
        return "a process that ended meanwhile"
    found = re.search(
        r"resources\.webserver|resources\.daemon|bakery up|dagster api grpc|spawn_main|postgres\b[^/]*$", command
    )
    return found.group() if found else command[-60:]


def _main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description="Kill processes at random while forty bakeries are planned.")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.WARNING)
    _log.setLevel(logging.INFO)
    began = time.monotonic()
    killed = run(given.seed, given.kills)
    print(  # noqa: T201
        f"{len(killed)} kills in {time.monotonic() - began:.0f} s, every cell planned as undisturbed: {', '.join(killed)}"
    )


if __name__ == "__main__":
    _main(sys.argv[1:])
