"""How a column is said once: its type, its check in the database, what the loader tests, and the docs.

A column's ``info`` carries what a loader needs to refuse a bad value with a clear reason; the check
constraint made beside it lets the database refuse the same value from anybody else.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    MetaData,
    Table,
    UniqueConstraint,
)
from sqlalchemy import (
    text as sql,
)
from sqlalchemy.dialects.postgresql import DATE, DOUBLE_PRECISION, INTEGER, JSONB, TEXT, TIME, TIMESTAMP
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import UserDefinedType

IDENTITY = "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
LARGEST = 1e9  # more than any bakery sells, weighs or pays in one row; also what keeps infinity out

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    }
)


class XID8(UserDefinedType[int]):
    """PostgreSQL's transaction number that never comes round again."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The type's name in PostgreSQL."""
        return "xid8"


def code(name: str, comment: str, **kwargs: Any) -> Column[Any]:
    """An identifier: text that is never empty."""
    return Column(name, TEXT, comment=comment, nullable=False, info={"nonempty": True}, **kwargs)


def identity(name: str, comment: str, **kwargs: Any) -> Column[Any]:
    """An identifier that also names a Dagster partition and part of a file name."""
    return Column(name, TEXT, comment=comment, nullable=False, info={"pattern": IDENTITY}, **kwargs)


def words(name: str, comment: str, *, optional: bool = False, default: str | None = None) -> Column[Any]:
    """Free text."""
    return Column(
        name, TEXT, comment=comment, nullable=optional, server_default=_literal(default), info={"default": default}
    )


def choice(name: str, comment: str, choices: Iterable[str], *, default: str | None = None) -> Column[Any]:
    """Text that is one of ``choices``; the comment lists them."""
    allowed = tuple(choices)
    return Column(
        name,
        TEXT,
        comment=f"{comment}: {', '.join(allowed)}",
        nullable=False,
        server_default=_literal(default),
        info={"choices": allowed, "default": default},
    )


def number(
    name: str,
    comment: str,
    *,
    minimum: float | None = 0.0,
    maximum: float = LARGEST,
    optional: bool = False,
    default: float | None = None,
) -> Column[Any]:
    """A finite number between ``minimum`` (None: minus ``maximum``) and ``maximum``, both allowed."""
    return Column(
        name,
        DOUBLE_PRECISION,
        comment=comment,
        nullable=optional,
        server_default=None if default is None else sql(repr(default)),
        info={"minimum": -maximum if minimum is None else minimum, "maximum": maximum, "default": default},
    )


def measure(name: str, comment: str, *, optional: bool = True) -> Column[Any]:
    """A computed figure without bounds of its own, still finite."""
    return number(name, comment, minimum=None, maximum=1e15, optional=optional)


def whole(
    name: str,
    comment: str,
    *,
    minimum: int = 0,
    maximum: int = 1_000_000,
    optional: bool = False,
    default: int | None = None,
) -> Column[Any]:
    """A whole number between ``minimum`` and ``maximum``, both allowed."""
    return Column(
        name,
        INTEGER,
        comment=comment,
        nullable=optional,
        server_default=None if default is None else sql(str(default)),
        info={"minimum": minimum, "maximum": maximum, "default": default},
    )


def day(name: str, comment: str, *, optional: bool = False) -> Column[Any]:
    """A tenant-local date."""
    return Column(name, DATE, comment=comment, nullable=optional)


def clock_time(name: str, comment: str, *, optional: bool = False, default: str | None = None) -> Column[Any]:
    """A tenant-local time of day."""
    return Column(
        name, TIME, comment=comment, nullable=optional, server_default=_literal(default), info={"default": default}
    )


def instant(name: str, comment: str, *, optional: bool = False) -> Column[Any]:
    """A point in time, stored in UTC."""
    return Column(name, TIMESTAMP(timezone=True), comment=comment, nullable=optional)


def transaction(name: str, comment: str, *, optional: bool = False) -> Column[Any]:
    """A transaction's number, by which the warehouse tells what was read from what was not; the one that writes
    the row where it is not optional. Internal: no file, frame or page of the documentation has it.
    """
    default = None if optional else sql("pg_current_xact_id()")
    return Column(name, XID8, comment=comment, nullable=optional, server_default=default, info={"internal": True})


def told(table: Table) -> list[Column[Any]]:
    """The columns of a table that others know: all but the internal ones."""
    return [column for column in table.columns if not column.info.get("internal")]


def structure(name: str, comment: str, *, optional: bool = False) -> Column[Any]:
    """A JSON object or array that people and programs both read."""
    return Column(name, JSONB, comment=comment, nullable=optional)


def refers(columns: str, table: str, target: str | None = None, *, cascade: bool = False) -> ForeignKeyConstraint:
    """A foreign key inside one tenant: ``refers("supplier_id", "ops.suppliers")``."""
    own = ["tenant_id", *columns.split()]
    theirs = ["tenant_id", *(target or columns).split()]
    return ForeignKeyConstraint(
        own, [f"{table}.{column}" for column in theirs], ondelete="CASCADE" if cascade else None
    )


def belongs_to_tenant() -> ForeignKeyConstraint:
    """Every row belongs to a known tenant."""
    return ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"])


def exactly_one(*columns: str) -> CheckConstraint:
    """Exactly one of ``columns`` is given."""
    return CheckConstraint(f"num_nonnulls({', '.join(columns)}) = 1", name=f"one_of_{'_'.join(columns)}")


def key_with_gaps(*columns: str) -> UniqueConstraint:
    """A key some of whose columns may be empty; two empties are the same."""
    return UniqueConstraint(*columns, postgresql_nulls_not_distinct=True)


def table(name: str, schema: str, comment: str, *items: SchemaItem, **info: Any) -> Table:
    """Declare a table, and the checks that its columns' ``info`` asks for."""
    made = Table(name, metadata, *items, schema=schema, comment=comment, info=info)
    for column in made.columns:
        rule = _check(column)
        if rule:
            made.append_constraint(CheckConstraint(rule, name=column.name))
    return made


def _check(column: Column[Any]) -> str | None:
    info = column.info
    if "choices" in info:
        listed = ", ".join(f"'{value}'" for value in info["choices"])
        return f"{column.name} IN ({listed})"
    if "minimum" in info:
        return f"{column.name} BETWEEN {info['minimum']!r} AND {info['maximum']!r}"
    if "pattern" in info:
        return f"{column.name} ~ '{info['pattern']}'"
    if info.get("nonempty"):
        return f"{column.name} <> ''"
    return None


def _literal(value: str | None) -> Any:
    return None if value is None else sql(f"'{value}'")
