"""The embedded PostgreSQL: killed and started again, its roles, its port, and copies of what is in it."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from bakery_assets.settings import Settings
from resources.copies import back_up, restore_copies, run_program
from resources.embedded import (
    ANALYST,
    SUPERUSER,
    DatabaseUnusable,
    embedded_url,
    running,
    start_embedded,
)
from resources.postgres import Databases, create_database, open_databases
from resources.warehouse import Warehouse, migrate
from tests.bakeries import insert

OBJECTS_OF_SUPERUSER = """
    SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('ops', 'plans', 'marts', 'public') AND c.relowner = 'postgres'::regrole
"""


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A home of its own; whatever these tests leave running is stopped."""
    made = Path(tempfile.mkdtemp(prefix="bakery-home-"))
    yield made
    server = running(made / "postgres")
    if server:
        psutil.Process(server.pid).terminate()
        psutil.wait_procs([psutil.Process(server.pid)], timeout=30)
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def databases(home: Path) -> Databases:
    """An installation of before there was a role for the application, opened by this version."""
    server = start_embedded(home / "postgres")
    old = embedded_url(server, "bakery", SUPERUSER)
    create_database(old)
    warehouse = Warehouse(old.render_as_string(hide_password=False))
    migrate(warehouse.engine)
    insert(warehouse, tenants=[{"tenant_id": "b", "name": "B", "timezone": "UTC", "country": "FR"}])
    warehouse.engine.dispose()
    return open_databases(Settings(home=home, database_url=None))


def ask(url: str, query: str) -> list[tuple[object, ...]]:
    with create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT").connect() as connection:
        found = connection.execute(text(query))
        return [tuple(row) for row in found] if found.returns_rows else []


def test_the_applications_role_is_no_superuser_and_owns_what_was_there_before(databases: Databases) -> None:
    assert ask(databases.warehouse, "SELECT current_user, current_setting('is_superuser')") == [("bakery", "off")]
    assert ask(databases.warehouse, OBJECTS_OF_SUPERUSER) == []
    migrate(Warehouse(databases.warehouse).engine)
    assert ask(databases.warehouse, "UPDATE ops.tenants SET name = name RETURNING tenant_id") == [("b",)]


def test_an_analyst_reads_the_warehouse_and_changes_nothing(databases: Databases, home: Path) -> None:
    url = embedded_url(start_embedded(home / "postgres"), "bakery", ANALYST)
    analyst = url.render_as_string(hide_password=False)
    assert ask(analyst, "SELECT tenant_id FROM ops.tenants") == [("b",)]
    for change in (
        "UPDATE ops.tenants SET name = 'mine'",
        "SET default_transaction_read_only = off; UPDATE ops.tenants SET name = 'mine'",
        "CREATE TABLE mine ()",
    ):
        with pytest.raises(DBAPIError, match=r"read-only|permission denied"):
            ask(analyst, change)
    with pytest.raises(DBAPIError, match="permission denied for database"):
        ask(url.set(database="bakery_dagster").render_as_string(hide_password=False), "SELECT 1")


@pytest.mark.parametrize("role", ["bakery", ANALYST, SUPERUSER])
def test_no_one_comes_in_without_the_password(databases: Databases, home: Path, role: str) -> None:
    url = embedded_url(start_embedded(home / "postgres"), "bakery", role)
    with pytest.raises(DBAPIError, match="password"):
        ask(url.set(password="guess").render_as_string(hide_password=False), "SELECT 1")
    assert {path.stat().st_mode & 0o777 for path in home.glob("*.password")} == {0o600}


def test_a_copy_brings_back_what_was_there_and_a_broken_one_changes_nothing(databases: Databases, home: Path) -> None:
    copy = home / "copy"
    back_up(databases, copy)
    assert copy.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in copy.iterdir()} == {0o600}
    ask(databases.warehouse, "UPDATE ops.tenants SET name = 'Changed'")
    broken = home / "broken"
    shutil.copytree(copy, broken)
    (broken / "dagster.dump").write_bytes(b"no copy")
    with pytest.raises(DatabaseUnusable, match="copy of dagster cannot be restored"):
        restore_copies(databases, broken)
    assert ask(databases.warehouse, "SELECT name FROM ops.tenants") == [("Changed",)]
    restore_copies(databases, copy)
    assert ask(databases.warehouse, "SELECT name FROM ops.tenants") == [("B",)]
    assert ask(databases.warehouse, "SELECT datname FROM pg_database WHERE datname LIKE '%restored'") == []
    with pytest.raises(DatabaseUnusable, match="exists already"):
        back_up(databases, copy)


def test_no_password_is_on_a_command_line(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []
    real = subprocess.run

    def seen(command: list[str], **how: object) -> object:
        commands.append(command)
        return real(command, **{**how, "stdout": subprocess.DEVNULL})  # type: ignore[call-overload]

    monkeypatch.setattr("resources.copies.subprocess.run", seen)
    assert run_program("psql", databases.warehouse, "--command=SELECT 1") == 0
    [command] = commands
    assert not any(str(Warehouse(databases.warehouse).engine.url.password) in part for part in command)


def test_a_server_that_was_killed_recovers_and_its_dead_users_are_forgotten(databases: Databases, home: Path) -> None:
    user = subprocess.Popen(
        [sys.executable, "-c", f"from pathlib import Path; from resources.embedded import start_embedded; start_embedded(Path({str(home / 'postgres')!r})); print('up', flush=True); input()"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert user.stdout
    assert user.stdout.readline() == "up\n"
    server = running(home / "postgres")
    assert server
    user.kill()
    killed = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
    for process in killed:
        process.kill()
    psutil.wait_procs(killed, timeout=30)
    user.wait()
    assert running(home / "postgres") is None, "its file is still there"
    file = home / "postgres" / "postmaster.pid"
    _, _, rest = file.read_text().partition("\n")
    file.write_text(f"{os.getpid()}\n{rest}")  # after a power cut another program may have its number
    opened = open_databases(Settings(home=home, database_url=None))
    assert ask(opened.warehouse, "SELECT name FROM ops.tenants") == [("B",)]
    holders = json.loads((home / "postgres" / ".handle_pids.json").read_text())
    assert holders == [os.getpid()]


def test_a_file_that_names_another_program_is_no_running_server(home: Path, tmp_path: Path) -> None:
    data = tmp_path / "postgres"
    data.mkdir()
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n{2**33}\n5432\n{data}\n\n\nready\n")
    assert running(data) is None


def test_a_server_that_cannot_start_says_why_in_a_sentence(databases: Databases, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        home = Path(tempfile.mkdtemp(prefix="bakery-home-"))
        with pytest.raises(DatabaseUnusable, match=r"PostgreSQL does not start: .*could not create any TCP/IP sockets"):
            start_embedded(home / "postgres", taken.getsockname()[1])
    # The port is free now, and programs that need one reach the server.
    port = taken_port()
    server = start_embedded(home / "postgres", port)
    url = embedded_url(server, "postgres", ANALYST)
    assert (url.host, url.port) == ("127.0.0.1", port)
    assert ask(url.render_as_string(hide_password=False), "SELECT 1") == [(1,)]
    server.cleanup()
    shutil.rmtree(home, ignore_errors=True)


def taken_port() -> int:
    """A port that is free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_server_runs_on_after_start_and_until_stop() -> None:
    home = Path(tempfile.mkdtemp(prefix="bakery-home-"))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BAKERY_DATABASE")}
    environment["BAKERY_HOME"] = str(home)

    def bakery(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).parent / "bakery"), "db", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert bakery("status").returncode == 1
    assert bakery("start").returncode == 0
    assert "No process of this project uses it" in bakery("status").stdout
    url = bakery("url", "--role", "analyst").stdout.strip()
    assert ask(url, "SELECT count(*) FROM ops.tenants") == [(0,)]
    assert running(home / "postgres"), "it outlives the commands that used it"
    assert bakery("stop").returncode == 0
    assert running(home / "postgres") is None
    shutil.rmtree(home, ignore_errors=True)
