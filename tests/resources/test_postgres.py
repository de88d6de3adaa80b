"""Where PostgreSQL is, and what is said when it cannot be used."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from bakery_assets.settings import Settings
from resources.embedded import DatabaseUnusable
from resources.postgres import create_database, open_databases


@pytest.mark.parametrize(
    "value", ["foo", "mysql://u:p@h/d", "postgresql://u:p@h", "postgresql://u:p@h/", "postgresql://u:p@h:x/d"]
)
def test_a_url_that_names_no_postgresql_database_is_refused_in_a_sentence(value: str) -> None:
    with pytest.raises(DatabaseUnusable, match="BAKERY_DATABASE_URL must be like postgresql://"):
        open_databases(Settings(database_url=value))


def test_a_home_with_a_space_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnusable, match="BAKERY_HOME"):
        open_databases(Settings(home=tmp_path / "My Bakery", database_url=None))


def test_a_role_that_may_not_create_the_database_learns_what_to_do(server: URL) -> None:
    admin = create_engine(server.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with admin.connect() as connection:
        connection.execute(text("DROP ROLE IF EXISTS modest"))
        connection.execute(text("CREATE ROLE modest LOGIN PASSWORD 'm'"))
    with pytest.raises(DatabaseUnusable, match="may not create it"):
        create_database(server.set(username="modest", password="m", database="wished_for"))


def test_three_commands_that_start_in_a_new_home_at_once_all_work() -> None:
    with tempfile.TemporaryDirectory(prefix="bakery-home-") as home:
        program = (
            "from pathlib import Path; from bakery_assets.settings import Settings;"
            "from resources.postgres import open_databases; from resources.warehouse import Warehouse, migrate;"
            f"migrate(Warehouse(open_databases(Settings(home=Path({home!r}), database_url=None)).warehouse).engine)"
        )
        started = [
            subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True) for _ in range(3)
        ]
        ended = [(process.communicate(timeout=120)[1], process.returncode) for process in started]
        assert [code for _, code in ended] == [0, 0, 0], ended
