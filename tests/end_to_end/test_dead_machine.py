"""The machine goes down in the middle of a wave; `bakery up` then goes on where it was."""

import re
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import psutil
import pytest

from bakery_assets.settings import Settings
from resources.embedded import running
from resources.postgres import open_databases
from resources.warehouse import Warehouse
from tests.bakeries import bakery, insert, rows, together
from tests.end_to_end.installation import BAKERY, Installation, ask, installation, wait_for
from tests.end_to_end.processes import kill, of_installation

BAKERIES = 6
WITHIN_SECONDS = 120


@pytest.fixture
def office() -> Iterator[Installation]:
    """An installation without anything in it."""
    home = Path(tempfile.mkdtemp(prefix="bakery-home-"))
    yield installation(home)
    kill(of_installation(home))
    shutil.rmtree(home, ignore_errors=True)


def start(office: Installation, *options: str) -> tuple[str, subprocess.Popen[str]]:
    """`bakery up`, with the address of its UI, when it serves."""
    log = office.home / "up.txt"
    with log.open("w") as output:
        process = subprocess.Popen(
            [str(BAKERY), "up", *options], env=dict(office.env), stdout=output, stderr=output, text=True
        )

    def serves() -> str | None:
        assert process.poll() is None, log.read_text()
        found = re.search(r"http://[\d.]+:\d+", log.read_text())
        return found.group() if found else None

    return str(wait_for(serves, 120, "bakery up")), process


def warehouse_of(office: Installation) -> Warehouse:
    return Warehouse(open_databases(Settings(home=office.home, database_url=None)).warehouse)


def due_now(office: Installation) -> None:
    """Bakeries whose planning time is just over, in a zone where it is morning."""
    office.bakery("db", "migrate")
    warehouse = warehouse_of(office)
    today = datetime.now(UTC).date()
    made = together(*(bakery(f"b{number}", day=today, zone="UTC") for number in range(BAKERIES)))
    insert(warehouse, **{**made, "tenants": [{**each, "planning_time": time(0, 0)} for each in made["tenants"]]})
    warehouse.engine.dispose()


def test_after_a_kill_of_everything_up_begins_all_due_cells_within_two_minutes_and_guards_what_it_serves(
    office: Installation,
) -> None:
    due_now(office)
    start(office)
    warehouse = warehouse_of(office)
    claimed = "SELECT count(*) FROM plans.planning_runs WHERE status = 'claimed' AND claimed_by NOT LIKE 'tick%'"
    wait_for(lambda: rows(warehouse, claimed)[0][0] == BAKERIES, 180, "a wave under way")
    kill(of_installation(office.home))
    warehouse.engine.dispose()
    assert of_installation(office.home) == []

    url, up = start(office)
    ready = datetime.now(UTC)
    warehouse = warehouse_of(office)
    planned = "SELECT count(*) FROM plans.planning_runs WHERE status = 'planned'"
    wait_for(lambda: rows(warehouse, planned)[0][0] == BAKERIES, WITHIN_SECONDS + 60, "all cells planned")
    begun = rows(warehouse, "SELECT max(claimed_at) FROM plans.planning_runs")[0][0]
    assert begun - ready < timedelta(seconds=WITHIN_SECONDS)
    assert rows(warehouse, "SELECT count(*) FROM plans.alerts WHERE kind = 'planning_failed'") == [(0,)]
    query = "{ runsOrError { ... on Runs { results { status jobName } } } }"

    def waves() -> list[str]:
        runs = ask(url, query)["runsOrError"]["results"]
        return sorted(each["status"] for each in runs if each["jobName"] == "planning_wave")

    wait_for(lambda: waves() == ["FAILURE", "SUCCESS"], 60, "the dead run ended, and the new one did well")

    # While it serves, no other does; no password is in the list of processes; other pages are not obeyed.
    second = office.attempt("up")
    assert second.returncode == 2
    assert f"process {up.pid} on" in second.stdout
    passwords = [file.read_text() for file in office.home.glob("*.password")]
    commands = [" ".join(each.cmdline()) for each in of_installation(office.home)]
    assert len(passwords) == 3
    assert not [command for command in commands for password in passwords if password in command]
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{url}/graphql?query=%7Bversion%7D", timeout=60)

    # PostgreSQL dies under it: it ends, and says so.
    warehouse.engine.dispose()
    postgres = running(office.home / "postgres")
    assert postgres
    kill([psutil.Process(postgres.pid), *psutil.Process(postgres.pid).children()])
    assert up.wait(60) == 1
    assert "PostgreSQL has stopped" in (office.home / "up.txt").read_text()
