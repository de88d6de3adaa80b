"""Bring a warehouse to the newest schema; the migrations themselves are in ``migrations``."""

from functools import cache
from pathlib import Path

from sqlalchemy import Engine, text

SCRIPTS = Path(__file__).resolve().parents[2] / "migrations"
LOCK = 5_517_050  # any fixed number: two processes that start together migrate one after the other
VERSION_TABLE = "schema_version"


def migrate(engine: Engine, revision: str = "head") -> None:
    """Apply the migrations up to ``revision``; nothing happens where they are applied already."""
    # Code locations load this package but never migrate; alembic is a third of a second of their start.
    from alembic import command
    from alembic.config import Config
    from alembic.migration import MigrationContext

    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        present = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        if revision == "head" and present.get_current_revision() == newest_revision():
            return  # what every command finds: alembic itself would read all migrations to see that
        config = Config()
        config.set_main_option("script_location", str(SCRIPTS))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


@cache
def newest_revision() -> str | None:
    """The last of the migrations."""
    from alembic.script import ScriptDirectory

    return ScriptDirectory(str(SCRIPTS)).get_current_head()
