"""The PostgreSQL server: the one that BAKERY_DATABASE_URL names, else the embedded one, which is started here.

The schema is brought up to date by ``warehouse.migrate``; how the embedded server runs is in ``embedded``.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.pool import NullPool

from bakery_assets.settings import Settings
from resources.embedded import APPLICATION, DatabaseUnusable, embedded_url, hand_over, start_embedded

OLDEST = 15
LOCK = int.from_bytes(b"homes")  # of commands that set up the embedded server's databases
WAREHOUSE = "bakery"  # the warehouse's database on the embedded server


@dataclass(frozen=True)
class Databases:
    """URLs of the warehouse and of Dagster's storage."""

    warehouse: str
    dagster: str


def open_databases(settings: Settings) -> Databases:
    """The two databases, created where missing.

    Raises:
        DatabaseUnusable: the server is older than PostgreSQL 15 or does not start; a URL or the home is unusable.
        sqlalchemy.exc.OperationalError: it cannot be reached.
    """
    embedded = None
    if settings.database_url:
        warehouse = _url("BAKERY_DATABASE_URL", settings.database_url)
    else:
        embedded = start_embedded(settings.home / "postgres", settings.postgres_port)
        warehouse = embedded_url(embedded, WAREHOUSE)
    dagster = (
        _url("BAKERY_DAGSTER_DATABASE_URL", settings.dagster_database_url)
        if settings.dagster_database_url
        else warehouse.set(database=f"{warehouse.database}_dagster")
    )
    with _one_at_a_time(embedded_url(embedded, "postgres")) if embedded else nullcontext():
        for url in (warehouse, dagster):
            create_database(url)
            # What an earlier version made belongs to the superuser.
            if embedded and url.username == APPLICATION and _owner(url) != APPLICATION:
                hand_over(embedded, str(url.database))
        if embedded and not settings.dagster_database_url:
            _close_to_others(dagster)
    return Databases(_plain(warehouse), _plain(dagster))


@contextmanager
def _one_at_a_time(maintenance: URL) -> Iterator[None]:
    """Commands that start together make databases one after the other; two that change one's rights fail."""
    with create_engine(maintenance, poolclass=NullPool).begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        yield


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
    except (ArgumentError, ValueError):  # the latter where the port is no number
        url = None
    if url is None or url.get_backend_name() != "postgresql" or not url.database:
        raise DatabaseUnusable(f"{variable} must be like postgresql://user:password@host:5432/bakery.")
    return url


def _owner(url: URL) -> str:
    query = text("SELECT pg_get_userbyid(datdba)::text FROM pg_database WHERE datname = current_database()")
    with create_engine(url, poolclass=NullPool).connect() as connection:
        return str(connection.execute(query).scalar_one())


def _close_to_others(url: URL) -> None:
    """Let only its owner into a database: analysts read the warehouse, not runs and their configuration."""
    with create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool).connect() as connection:
        quoted = connection.dialect.identifier_preparer.quote(url.database or "")
        connection.execute(text(f"REVOKE CONNECT ON DATABASE {quoted} FROM PUBLIC"))


def _plain(url: URL) -> str:
    """The form every consumer takes: SQLAlchemy, libpq, ADBC and dagster-postgres."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
