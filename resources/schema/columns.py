"""How a schema becomes a SQL table: types, comments, defaults, checks and most foreign keys follow from its columns.

What a column means and may hold is in ``bakery_assets.schemas``; other foreign keys, indexes and what only the database
has are in ``ops`` and ``plans``.
"""

from collections.abc import Collection
from typing import Any

import dataframely as dy
from sqlalchemy import (
    CheckConstraint,
    Column,
    DefaultClause,
    ForeignKeyConstraint,
    MetaData,
    Table,
    UniqueConstraint,
)
from sqlalchemy import (
    text as sql,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION, JSONB, TEXT
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import UserDefinedType

from bakery_assets.schemas import table_name
from bakery_assets.schemas.plans import PlanRow
from bakery_assets.schemas.rules import ExactlyOne, UniqueTogether, rules_of
from bakery_assets.schemas.setting_keys import ValueFitsKey

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    }
)
LONGEST_NAME = 63  # characters that PostgreSQL keeps of a name
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]

# Where a column of this name refers to, in every table but that one: inside the tenant, and of plans inside the cell.
REFERENCES = {
    "product_id": "ops.products",
    "location_id": "ops.locations",
    "ingredient_id": "ops.ingredients",
    "supplier_id": "ops.suppliers",
}
CELL_REFERENCES = {
    "schedule_date": "plans.production_schedules",
    "validation_date": "plans.validation_runs",
}


class XID8(UserDefinedType[int]):
    """PostgreSQL's transaction number that never wraps around."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The type's name in PostgreSQL."""
        return "xid8"


class Snapshot(UserDefinedType[str]):
    """Which transactions a transaction of PostgreSQL sees."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The type's name in PostgreSQL."""
        return "pg_snapshot"


def table(schema: type[dy.Schema], *items: SchemaItem, unchecked: Collection[str] = (), **info: Any) -> Table:
    """The table of a schema, in the SQL schema that is named like its module.

    A row of a plan belongs to its cell and goes with it; any other row belongs to a known tenant. Columns refer to
    other tables by their names, see ``REFERENCES``.

    Args:
        items: further foreign keys, indexes, columns that only the database has; a primary key only where its index
            needs another order than the columns.
        unchecked: columns that get no foreign key, although their name would.
    """
    sql_schema = schema.__module__.rpartition(".")[2]
    made = Table(
        table_name(schema),
        metadata,
        *(_column(name, column) for name, column in schema.columns().items()),
        *_owner(schema),
        *_references(schema, f"{sql_schema}.{table_name(schema)}", unchecked),
        *items,
        schema=sql_schema,
        comment=(schema.__doc__ or "").partition("\n")[0],
        info={**info, "schema": schema},
    )
    for name, column in schema.columns().items():
        rule = _check(name, column)
        if rule:
            made.append_constraint(CheckConstraint(rule, name=name))
    for one in rules_of(schema, ExactlyOne):
        counted = f"num_nonnulls({', '.join(one.columns)}) = 1"
        made.append_constraint(CheckConstraint(counted, name=f"one_of_{'_'.join(one.columns)}"))
    for fits in rules_of(schema, ValueFitsKey):
        made.append_constraint(CheckConstraint(fits.sql(), name="value_fits_key"))
    for key in rules_of(schema, UniqueTogether):
        name = f"{table_name(schema)}_{'_'.join(key.columns)}_key"
        short = f"{table_name(schema)}_key" if len(name) > LONGEST_NAME else None
        made.append_constraint(UniqueConstraint(*key.columns, name=short, postgresql_nulls_not_distinct=True))
    return made


def transaction(name: str, comment: str, *, nullable: bool = False) -> Column[Any]:
    """A transaction's number, by which the warehouse tells what was read from what was not; the one that writes
    the row where it is not nullable. Internal: no file, frame or page of the documentation has it.
    """
    default = None if nullable else sql("pg_current_xact_id()")
    return Column(name, XID8, comment=comment, nullable=nullable, server_default=default, info={"internal": True})


def public_columns(table: Table) -> list[Column[Any]]:
    """The columns of a table that others know: all but the internal ones."""
    return [column for column in table.columns if not column.info.get("internal")]


def tenant_fk(columns: str, table: str, target: str | None = None, *, cascade: bool = False) -> ForeignKeyConstraint:
    """A foreign key inside one tenant: ``tenant_fk("supplier_id", "ops.suppliers")``."""
    own = ["tenant_id", *columns.split()]
    theirs = ["tenant_id", *(target or columns).split()]
    return ForeignKeyConstraint(
        own, [f"{table}.{column}" for column in theirs], ondelete="CASCADE" if cascade else None
    )


def _owner(schema: type[dy.Schema]) -> list[ForeignKeyConstraint]:
    if issubclass(schema, PlanRow):
        return [tenant_fk("plan_date", "plans.planning_runs", cascade=True)]
    if "tenant_id" not in schema.columns() or schema.primary_key() == ["tenant_id"]:
        return []
    return [ForeignKeyConstraint(["tenant_id"], ["ops.tenants.tenant_id"])]


def _references(schema: type[dy.Schema], fullname: str, unchecked: Collection[str]) -> list[ForeignKeyConstraint]:
    wanted = [(name, REFERENCES[name], name) for name in schema.columns() if name in REFERENCES]
    if issubclass(schema, PlanRow):
        cell = [name for name in schema.columns() if name in CELL_REFERENCES]
        wanted += [(name, CELL_REFERENCES[name], f"plan_date {name}") for name in cell]
    return [tenant_fk(own, target) for name, target, own in wanted if target != fullname and name not in unchecked]


def _column(name: str, column: dy.Column) -> Column[Any]:
    made: Column[Any] = column.sqlalchemy_column(name, _DIALECT)
    extra = column.metadata or {}
    # dataframely would have VARCHAR and FLOAT, and knows no JSON.
    if isinstance(column, dy.String):
        made.type = JSONB() if "json" in extra else TEXT()
    elif isinstance(column, dy.Float64):
        made.type = DOUBLE_PRECISION()
    if "default" in extra:
        default = extra["default"]
        made.server_default = DefaultClause(sql(f"'{default}'" if isinstance(default, str) else repr(default)))
    made.comment = column.description
    made.info.update(extra)
    return made


def _check(name: str, column: dy.Column) -> str | None:
    extra = column.metadata or {}
    if "choices" in extra:
        listed = ", ".join(f"'{value}'" for value in extra["choices"])
        return f"{name} IN ({listed})"
    if isinstance(column, dy.Float64 | dy.Int32):
        return f"{name} BETWEEN {column.min!r} AND {column.max!r}"
    if isinstance(column, dy.String) and column.regex:
        return f"{name} ~ '{column.regex}'"
    if isinstance(column, dy.String) and column.min_length:
        return f"{name} <> ''"
    return None
