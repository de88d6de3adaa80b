"""One embedded PostgreSQL for the whole test run, a fresh migrated database for each test that asks."""

import os
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from filelock import FileLock
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool

from resources.postgres import create_database, embedded_url, start_embedded
from resources.warehouse import Warehouse, migrate

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
TEMPLATE = "template_bakery"
_numbers = count()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real bakery data beside the project."""
    if not DATA.is_dir():
        pytest.skip(f"the real bakery data is not at {DATA}")
    return DATA


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[URL]:
    """URL of a migrated template database on a server that all test workers share."""
    run = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        run = run.parent
    with FileLock(run / "postgres.lock"):
        embedded = start_embedded(run / "postgres")
        url = embedded_url(embedded, TEMPLATE)
        if not (run / "migrated").exists():
            fast = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
            with fast.connect() as connection:
                # The tests' data need not survive a power cut.
                connection.execute(text("ALTER SYSTEM SET fsync = off"))
                connection.execute(text("SELECT pg_reload_conf()"))
            create_database(url)
            engine = create_engine(url, poolclass=NullPool)
            migrate(engine)
            (run / "migrated").touch()
    yield url
    embedded.cleanup()


@pytest.fixture
def database_url(server: URL) -> Iterator[str]:
    """URL of an empty, migrated database."""
    name = f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{next(_numbers)}"
    url = server.set(database=name)
    with FileLock(Path(str(server.query["host"])).parent / "template.lock"):
        create_database(url, template=TEMPLATE)
    yield url.render_as_string(hide_password=False)
    admin = create_engine(server.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def warehouse(database_url: str) -> Iterator[Warehouse]:
    """An empty warehouse."""
    made = Warehouse(database_url)
    yield made
    made.engine.dispose()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A folder that goes with the test."""
    yield tmp_path
    shutil.rmtree(tmp_path, ignore_errors=True)


def dagster_url(warehouse_url: str) -> str:
    """Where Dagster's own storage of a test goes."""
    url = make_url(warehouse_url)
    return url.set(database=f"{url.database}_dagster").render_as_string(hide_password=False)
