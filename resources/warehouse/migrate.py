"""Bring a warehouse to the newest schema; the migrations themselves are in ``migrations``."""

from pathlib import Path

from sqlalchemy import Engine, text

SCRIPTS = Path(__file__).resolve().parents[2] / "migrations"
LOCK = 5_517_050  # any fixed number: two processes that start together migrate one after the other


def migrate(engine: Engine, revision: str = "head") -> None:
    """Apply the migrations up to ``revision``; nothing happens where they are applied already."""
    # Code locations load this package but never migrate; alembic is a third of a second of their start.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
