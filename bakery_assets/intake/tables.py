"""What a reader has to know of a table: its columns, its key, and what its rows refer to.

The warehouse makes these descriptions from its schema, so a column is still said once.
"""

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["text", "number", "whole", "date", "time", "instant"]

RECORDED_AT = "recorded_at"
AT_LOAD = "load"  # the fact rule of tables whose rows are known from the moment of loading on


@dataclass(frozen=True)
class ColumnSpec:
    """One column, and what a value must be to be stored in it.

    ``required``: a row without a value cannot be stored. ``default`` stands in for an empty value.
    ``pattern``: the regular expression of an identity, which also names partitions and files.
    """

    name: str
    kind: Kind
    required: bool = False
    default: str | float | None = None
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    zone: bool = False
    code: bool = False
    pattern: str | None = None


@dataclass(frozen=True)
class Reference:
    """``columns`` of a row name a row of ``table`` by its ``targets``; ``tenant_id`` is the first of both."""

    columns: tuple[str, ...]
    table: str
    targets: tuple[str, ...]


@dataclass(frozen=True)
class TableSpec:
    """One table.

    ``key`` identifies a row. ``fact`` is None for master data; else the column from which ``recorded_at``
    follows where the file gives none, or ``AT_LOAD``. ``creates`` names a table to which missing rows are added.
    """

    name: str
    columns: tuple[ColumnSpec, ...]
    key: tuple[str, ...]
    references: tuple[Reference, ...] = ()
    exactly_one: tuple[tuple[str, ...], ...] = ()
    fact: str | None = None
    creates: str | None = None
    by_name: dict[str, ColumnSpec] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {column.name: column for column in self.columns})

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in the table's order."""
        return tuple(self.by_name)

    @property
    def content(self) -> tuple[str, ...]:
        """Columns that are neither key nor ``recorded_at``."""
        return tuple(name for name in self.names if name not in self.key and name != RECORDED_AT)

    @property
    def subject(self) -> tuple[str, ...]:
        """The key without ``recorded_at``: what a row is about, whenever it was learned."""
        return tuple(name for name in self.key if name != RECORDED_AT)


def dependents(tables: tuple[TableSpec, ...], unread: set[str]) -> set[str]:
    """Tables whose rows refer, directly or through others, to a table in ``unread``."""
    found: set[str] = set()
    while True:
        wider = {
            table.name
            for table in tables
            if any(
                reference.table in unread | found and reference.table != table.name for reference in table.references
            )
        } - unread
        if wider == found:
            return found
        found = wider
