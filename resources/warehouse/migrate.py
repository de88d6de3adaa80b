"""Bring a warehouse to the newest schema; the migrations themselves are in ``migrations``."""

from functools import cache
from pathlib import Path

from sqlalchemy import Engine, text

from resources.warehouse.input_changes import watch_inputs

SCRIPTS = Path(__file__).resolve().parents[2] / "migrations"
LOCK = 5_517_050  # any fixed number: two processes that start together migrate one after the other
VERSION_TABLE = "schema_version"


def migrate(engine: Engine, revision: str = "head") -> None:
    """Apply the migrations up to ``revision``, and at the newest watch what plans are made from.

    Nothing happens where both is done already.
    """
    # Code locations load this package but never migrate; alembic is a third of a second of their start.
    from alembic import command
    from alembic.config import Config
    from alembic.migration import MigrationContext

    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        present = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        # What every command finds is the newest: alembic itself would read all migrations to see that.
        if revision != "head" or present.get_current_revision() != newest_revision():
            config = Config()
            config.set_main_option("script_location", str(SCRIPTS))
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
        if revision == "head":
            watch_inputs(connection)


@cache
def newest_revision() -> str | None:
    """The last of the migrations."""
    from alembic.script import ScriptDirectory

    return ScriptDirectory(str(SCRIPTS)).get_current_head()
