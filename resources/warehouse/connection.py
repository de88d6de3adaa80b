"""Connections to the warehouse: SQLAlchemy for a few rows of state, ADBC for frames. No table is named here.

ADBC moves Arrow through PostgreSQL's binary COPY. A *bulk* transaction stages frames in temporary
tables and works on them with set-based SQL.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, cast

import polars as pl
from sqlalchemy import Engine, Table, create_engine
from sqlalchemy.dialects import postgresql

from bakery_assets.settings import settings
from resources.schema.columns import public_columns

if TYPE_CHECKING:
    from adbc_driver_manager import AdbcDatabase
    from adbc_driver_manager.dbapi import Cursor

# Of a solid-state disk or of memory. PostgreSQL assumes a disk that turns, 4, and then reads a year of everybody's
# sales rather than look up those of 125 bakeries.
RANDOM_PAGE_COST = 1.1
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


class Warehouse:
    """The warehouse's address and connections. Nothing is opened before it is used: definitions load without it."""

    def __init__(self, url: str | None = None) -> None:
        self._url = url

    @cached_property
    def url(self) -> str:
        """libpq URL; where none was given, the settings' database is opened."""
        if self._url:
            return self._url
        from resources.postgres import open_databases

        return open_databases(settings()).warehouse

    @cached_property
    def engine(self) -> Engine:
        """For statements that move a few rows."""
        return create_engine(self.url, pool_pre_ping=True)

    @cached_property
    def _database(self) -> "AdbcDatabase":
        """What ADBC knows of the server: no connection, but its types, which take ten times as long as to connect."""
        from adbc_driver_postgresql import connect

        database: AdbcDatabase = connect(self.url)
        return database

    @contextmanager
    def bulk(self, *, isolation: str = "READ COMMITTED", commit: bool = True) -> Iterator["Bulk"]:
        """One transaction that moves frames; committed when the block ends without an error, else rolled back.

        Args:
            commit: False: it is rolled back in any case.
        """
        # Its import imports pandas, two seconds that loading a code location does not need.
        from adbc_driver_manager import AdbcConnection, dbapi

        kept, opened = cast("AdbcDatabase", _Kept()), AdbcConnection(self._database)
        with dbapi.Connection(kept, opened) as connection, connection.cursor() as cursor:
            cursor.execute(f"SET TRANSACTION ISOLATION LEVEL {isolation}")
            cursor.execute(f"SET LOCAL random_page_cost = {RANDOM_PAGE_COST}")
            yield Bulk(cursor)
            if commit:
                connection.commit()
            else:
                connection.rollback()


class _Kept:
    """Stands for the database in a connection, which closes what it is given; the warehouse keeps its own."""

    def close(self) -> None:
        """The next connection needs it."""


class Bulk:
    """A transaction over frames."""

    def __init__(self, cursor: "Cursor") -> None:
        self._cursor = cursor

    def put(self, name: str, frame: pl.DataFrame, *, analyzed: bool = True) -> None:
        """Stage ``frame`` as the temporary table ``name``; it is dropped when the connection closes.

        Args:
            analyzed: PostgreSQL counts its rows. It else takes any such table for some thousand rows and reads the
                large table that is joined to it from end to end, for a single cell too. False where all rows of the
                frame are only copied.
        """
        self._cursor.adbc_ingest(name, frame.to_arrow(), mode="create_append", temporary=True)
        if analyzed:
            self._cursor.execute(f"ANALYZE {name}")

    def run(self, sql: str) -> int:
        """Execute a statement; the number of rows it touched."""
        self._cursor.execute(sql)
        return int(self._cursor.rowcount)

    def read(self, sql: str) -> pl.DataFrame:
        """The rows of a query."""
        self._cursor.execute(sql)
        frame = pl.from_arrow(self._cursor.fetch_arrow_table())
        assert isinstance(frame, pl.DataFrame)
        return frame


def instant(value: datetime) -> str:
    """An instant as it stands in a statement."""
    return f"TIMESTAMPTZ '{value.isoformat()}'"


def between(column: str, first: date, last: date) -> str:
    """The condition that a date is one of those from ``first`` to ``last``."""
    return f"{column} BETWEEN DATE '{first}' AND DATE '{last}'"


def sql_type(table: Table, column: str) -> str:
    """The name of a column's type in PostgreSQL."""
    return str(table.columns[column].type.compile(dialect=_DIALECT))


def frame_schema(table: Table) -> pl.Schema:
    """Column names and polars types of a table's frame; JSON travels as text, internal columns do not."""
    return pl.Schema(table.info["schema"])


def selected(table: Table, alias: str = "t") -> str:
    """Select list that gives ``frame_schema``."""
    return ", ".join(
        f"{alias}.{column.name}::text" if kind == pl.String else f"{alias}.{column.name}"
        for column, kind in zip(public_columns(table), frame_schema(table).values(), strict=True)
    )


def insert_from(staged: str, table: Table, columns: list[str]) -> str:
    """INSERT of a staged frame's ``columns`` into ``table``, each cast to its own type."""
    casts = ", ".join(f"{column}::{sql_type(table, column)}" for column in columns)
    return f"INSERT INTO {table.fullname} ({', '.join(columns)}) SELECT {casts} FROM {staged}"  # noqa: S608
