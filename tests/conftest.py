"""One embedded PostgreSQL for the whole test run, a fresh migrated database for each test that requests one.

The database's libraries are imported where they are used: tests of domain packages need none of them, nor Dagster.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock
from hypothesis import Phase, settings

from bakery_assets.schemas.conform import VALIDATE_FRAMES

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Connection, Engine

    from resources.warehouse import Warehouse

    Fill = Callable[[Warehouse], None]

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
TEMPLATE = "template_bakery"
_numbers = count()
# For mutants one example that fails is enough: to look for the smallest would take most of the time.
settings.register_profile("mutation", phases=[Phase.explicit, Phase.generate], derandomize=True, database=None)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real bakery data next to the project."""
    if not DATA.is_dir():
        pytest.skip(f"the real bakery data is not at {DATA}")
    return DATA


def pytest_configure(config: pytest.Config) -> None:
    """Decide where this run's server is, and have every frame checked against its schema; workers inherit both."""
    os.environ[VALIDATE_FRAMES] = "1"
    config.addinivalue_line(
        "markers", "filled(by): the test's database is a copy of one that a function has filled once"
    )
    # Not in pytest's own folder: a later pytest run closes that to other users, and run as root the server
    # is another user.
    if "BAKERY_TEST_SERVER" not in os.environ:
        os.environ["BAKERY_TEST_SERVER"] = tempfile.mkdtemp(prefix="bakery-tests-")
        config.add_cleanup(lambda: shutil.rmtree(os.environ.pop("BAKERY_TEST_SERVER"), ignore_errors=True))


@pytest.fixture(scope="session")
def server() -> "Iterator[URL]":
    """URL of a migrated template database on a server that all test workers share."""
    yield from migrated_server(Path(os.environ["BAKERY_TEST_SERVER"]))


@pytest.fixture(scope="session")
def own_server() -> "Iterator[URL]":
    """The same on a server that no other test worker uses.

    A transaction that is open in any database of a server holds back which rows a cursor over transactions may
    read; what others do must not decide what such a test sees.
    """
    run = Path(tempfile.mkdtemp(prefix="bakery-tests-own-"))
    yield from migrated_server(run)
    shutil.rmtree(run, ignore_errors=True)


def migrated_server(run: Path) -> "Iterator[URL]":
    """Start the server in ``run``, or join it, and migrate its template database once."""
    from sqlalchemy import text

    from resources.embedded import SUPERUSER, embedded_url, start_embedded
    from resources.postgres import create_database
    from resources.warehouse import migrate

    with FileLock(run / "setup.lock"):
        # Each database that is made or dropped has the server look through all of its buffers: with those for a machine
        # of 24 GiB that takes four times as long as with these.
        embedded = start_embedded(run / "postgres", memory_bytes=2**30)
        url = embedded_url(embedded, TEMPLATE, SUPERUSER)
        if not (run / "migrated").exists():
            with engine_of(url.set(database="postgres")).connect() as connection:
                # The tests' data need not survive a power cut.
                for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                    connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
                connection.execute(text("SELECT pg_reload_conf()"))
            create_database(url)
            migrate(engine_of(url, isolation="READ COMMITTED"))
            (run / "migrated").touch()
    yield url
    embedded.cleanup()


@pytest.fixture(scope="module")
def filled_database(server: "URL") -> "Iterator[Callable[[Fill], str]]":
    """Names of databases that a function has filled, which it does once for all tests of a module that ask for it."""
    from resources.warehouse import Warehouse

    made: dict[Fill, str] = {}

    def name_of(fill: "Fill") -> str:
        if fill not in made:
            made[fill] = copy_of(server, TEMPLATE)
            warehouse = Warehouse(server.set(database=made[fill]).render_as_string(hide_password=False))
            fill(warehouse)
            warehouse.engine.dispose()
        return made[fill]

    yield name_of
    for name in made.values():
        drop(server, name)


@pytest.fixture
def database_url(server: "URL", request: pytest.FixtureRequest) -> Iterator[str]:
    """URL of a migrated database of the test's own: empty, or as the function in its mark ``filled`` fills it."""
    mark = request.node.get_closest_marker("filled")
    name = copy_of(server, request.getfixturevalue("filled_database")(mark.kwargs["by"]) if mark else TEMPLATE)
    yield server.set(database=name).render_as_string(hide_password=False)
    drop(server, name)


def copy_of(server: "URL", template: str) -> str:
    """The name of a new database like another of the server, to which no one is connected."""
    from sqlalchemy import text

    name = f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{next(_numbers)}"
    with FileLock(Path(str(server.query["host"])).parent / "template.lock"), maintenance(server) as connection:
        # Its files as they are cost less than half of its pages one by one through the log.
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"))
    return name


def drop(server: "URL", name: str) -> None:
    """Drop a database, whoever is connected to it."""
    from sqlalchemy import text

    with maintenance(server) as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def maintenance(server: "URL") -> "Connection":
    """A connection to the server that may create and drop databases."""
    return engine_of(server.set(database="postgres")).connect()


@pytest.fixture
def warehouse(database_url: str) -> "Iterator[Warehouse]":
    """An empty warehouse."""
    from resources.warehouse import Warehouse

    made = Warehouse(database_url)
    yield made
    made.engine.dispose()


def engine_of(url: "URL", *, isolation: str = "AUTOCOMMIT") -> "Engine":
    """An engine that keeps no connection."""
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    return create_engine(url, isolation_level=isolation, poolclass=NullPool)


@pytest.fixture
def program_as_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program's files count as those that this process has loaded, though they are edited while tests run."""
    monkeypatch.setattr("resources.code_version._began_at", lambda: float("inf"))
