"""Packed tables: rows of plans that are stored as arrays, one stored row for all that a cell has, and read by a view.

The rows of a cell are written and replaced together, some thousand of them with a key, an index entry and a tuple's
header each; their reasoning repeats its keys and sentences from row to row, but a row is too small for PostgreSQL to
compress. As columns of one row they are large enough. ``docs/performance.md`` has what it saves.

The table of a schema stays what others know, as a view. What is stored has its name after ``packed_`` and the same
columns, each an array over the rows in the order of their key; JSON is text in it. Some columns may stay single
values: there is one stored row for each of theirs, where reads choose rows by them. Values are checked in frames before
they are written, references by ``warehouse.foreign_keys``.
"""

from collections.abc import Collection

import polars as pl
from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, MetaData, PrimaryKeyConstraint, Table
from sqlalchemy.dialects.postgresql import ARRAY, TEXT

from resources.schema.columns import metadata

CELL = ("tenant_id", "plan_date")
PREFIX = "packed_"

stored_metadata = MetaData(naming_convention=metadata.naming_convention)


def packed(table: Table, *, by: Collection[str] = ()) -> Table:
    """Have the rows of a table of plans packed; the table itself becomes a view.

    Args:
        by: columns of which each value of a cell has a stored row of its own.
    """
    single = [*CELL, *by]
    lists = [column.name for column in table.columns if column.name not in single]
    made = Table(
        f"{PREFIX}{table.name}",
        stored_metadata,
        *(
            Column(column.name, column.type, nullable=False, comment=column.comment)
            if column.name in single
            else Column(column.name, ARRAY(TEXT() if _is_json(table, column.name) else column.type), nullable=False,
                        comment=column.comment)
            for column in table.columns
        ),
        PrimaryKeyConstraint(*single),
        ForeignKeyConstraint(CELL, [_runs().c[name] for name in CELL], ondelete="CASCADE"),
        CheckConstraint(same_length(lists), name="rows"),
        schema=table.schema,
        comment=f"Rows of {table.fullname}, each column an array in the order of their key.",
    )  # fmt: skip
    table.info["packed"] = made
    return table


def same_length(arrays: Collection[str]) -> str:
    """The condition that no array is shorter than another, which a view would fill up with nulls."""
    first, *others = arrays
    return f"cardinality({first}) = ALL (ARRAY[{', '.join(f'cardinality({name})' for name in others)}])"


def is_packed(table: Table) -> bool:
    """Whether a table is a view of a stored one."""
    return "packed" in table.info


def stored(table: Table) -> Table:
    """What rows of a table are deleted from, or counted in: the table itself unless it is packed."""
    found: Table = table.info.get("packed", table)
    return found


def arrays(table: Table) -> list[str]:
    """The columns of a packed table that are arrays where it is stored, in their order; none of any other table."""
    return [column.name for column in stored(table).columns if isinstance(column.type, ARRAY)]


def pack(table: Table, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of a packed table, whatever their order, as they are stored: each of its arrays that they have as a list."""
    lists = set(arrays(table))
    single = [name for name in rows.columns if name not in lists]
    key = [column.name for column in table.primary_key.columns]
    return rows.sort(key).group_by(single, maintain_order=True).agg(pl.all()).select(rows.columns)


def view_query(table: Table) -> str:
    """What the view of a packed table selects.

    All arrays are read together. JSON is not among them but taken by its place, so that a query without it does not
    decompress what is most of the bytes.
    """
    read = [name for name in arrays(table) if not _is_json(table, name)]
    return _query(table, read, {name: f"(p.{name}[u.place])::jsonb" for name in arrays(table) if name not in read})


def rows_of(table: Table) -> str:
    """The rows of a table as an item of FROM that takes JSON out of arrays once, for reading it of many rows."""
    if not is_packed(table):
        return table.fullname
    json = {name: f"u.{name}::jsonb" for name in arrays(table) if _is_json(table, name)}
    return f"({_query(table, arrays(table), json)})"


def _query(table: Table, read: list[str], otherwise: dict[str, str]) -> str:
    names = [column.name for column in table.columns]
    listed = ", ".join(f"{otherwise.get(name, ('u.' if name in read else 'p.') + name)} AS {name}" for name in names)
    return (
        f"SELECT {listed} FROM {stored(table).fullname} p CROSS JOIN LATERAL"  # noqa: S608
        f" unnest({', '.join(f'p.{name}' for name in read)}) WITH ORDINALITY u ({', '.join(read)}, place)"
    )


def _runs() -> Table:
    return metadata.tables["plans.planning_runs"]


def _is_json(table: Table, name: str) -> bool:
    return "json" in table.columns[name].info
