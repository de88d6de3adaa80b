"""Table specs: a table's schema, key, references and kind, as far as loading needs them.

Columns and row rules are those of the schema in ``bakery_assets.schemas.ops``. ``resources.warehouse.intake_tables``
makes the specs from the SQL tables, where keys and references are declared.
"""

from dataclasses import dataclass
from functools import cached_property

import dataframely as dy

from bakery_assets.schemas import table_name
from bakery_assets.schemas.rules import ExactlyOne, rules_of

RECORDED_AT = "recorded_at"
AT_LOAD = "load"  # the fact rule of tables whose rows are known from the moment of loading on


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
    follows where the file gives none, or ``AT_LOAD``. ``is_revised``: they are forecast and change until their day,
    as forecasts do, so they are known by the moment of loading, and what differs is the later record. ``creates`` names
    a table to which missing rows are added.
    """

    schema: type[dy.Schema]
    key: tuple[str, ...]
    references: tuple[Reference, ...] = ()
    fact: str | None = None
    is_revised: bool = False
    creates: str | None = None

    @cached_property
    def name(self) -> str:
        """The table's name, which its files have too."""
        return table_name(self.schema)

    @cached_property
    def columns(self) -> dict[str, dy.Column]:
        """Columns by name, in the table's order."""
        return dict(self.schema.columns())

    @cached_property
    def required(self) -> tuple[str, ...]:
        """Columns that a file cannot leave out: every row needs a value, and nothing stands in for it."""
        return tuple(
            name
            for name, column in self.columns.items()
            if not column.nullable
            and "default" not in (column.metadata or {})
            and not (self.fact is not None and name == RECORDED_AT)
        )

    @cached_property
    def instants(self) -> tuple[str, ...]:
        """Columns with points in time."""
        return tuple(name for name, column in self.columns.items() if isinstance(column, dy.Datetime))

    @cached_property
    def indexed(self) -> frozenset[str]:
        """Columns of the key or of a reference."""
        return frozenset({*self.key, *(name for reference in self.references for name in reference.columns)})

    @property
    def content(self) -> tuple[str, ...]:
        """Columns that are neither key nor ``recorded_at``."""
        return tuple(name for name in self.columns if name not in self.key and name != RECORDED_AT)

    @property
    def subject(self) -> tuple[str, ...]:
        """The key without ``recorded_at``: what a row is about, whenever it was learned."""
        return tuple(name for name in self.key if name != RECORDED_AT)

    @property
    def is_versioned(self) -> bool:
        """Whether several records of one subject are kept."""
        return RECORDED_AT in self.key

    def given(self, columns: list[str]) -> tuple[str, ...]:
        """Columns of the table that a file with ``columns`` gives; the others stay as they are stored.

        A fact is always whole, and a key never has a gap. Of columns of which exactly one has a value, giving one makes
        the others empty.
        """
        if self.fact is not None:
            return tuple(self.columns)
        named = {*self.key, *columns}
        for rule in rules_of(self.schema, ExactlyOne):
            if not named.isdisjoint(rule.columns):
                named.update(rule.columns)
        return tuple(name for name in self.columns if name in named)


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
