"""The schema's tables as the readers in bakery_assets/intake want them described."""

from functools import cache

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Table, UniqueConstraint

from bakery_assets.intake.tables import RECORDED_AT, ColumnSpec, Kind, Reference, TableSpec
from resources.schema.columns import told
from resources.warehouse.connection import sql_type

_KINDS: dict[str, Kind] = {
    "TEXT": "text",
    "DOUBLE PRECISION": "number",
    "INTEGER": "whole",
    "DATE": "date",
    "TIME WITHOUT TIME ZONE": "time",
    "TIMESTAMP WITH TIME ZONE": "instant",
}


@cache
def described(table: Table) -> TableSpec:
    """A table of ``resources.schema.ops``, described for loading."""
    columns = tuple(_described(table, column) for column in told(table))
    order = {column.name: index for index, column in enumerate(columns)}
    references = [_reference(each) for each in table.constraints if isinstance(each, ForeignKeyConstraint)]
    return TableSpec(
        table.name,
        columns,
        key=_key(table),
        references=tuple(sorted(references, key=lambda each: (order[each.columns[-1]], each.columns))),
        exactly_one=tuple(sorted(filter(None, (_alternatives(each) for each in table.constraints)))),
        fact=table.info.get("fact"),
        creates=table.info.get("creates"),
    )


def _described(table: Table, column: Column[object]) -> ColumnSpec:
    info = column.info
    derived = "fact" in table.info and column.name == RECORDED_AT
    default = info.get("default")
    return ColumnSpec(
        column.name,
        _KINDS[sql_type(table, column.name)],
        required=not column.nullable and default is None and not derived,
        default=default,
        choices=tuple(info.get("choices", ())),
        minimum=info.get("minimum"),
        maximum=info.get("maximum"),
        zone=bool(info.get("zone")),
        code=bool(info.get("nonempty")),
        pattern=info.get("pattern"),
    )


def _key(table: Table) -> tuple[str, ...]:
    if table.primary_key.columns:
        return tuple(column.name for column in table.primary_key.columns)
    unique = next(each for each in table.constraints if isinstance(each, UniqueConstraint))
    return tuple(column.name for column in unique.columns)


def _reference(constraint: ForeignKeyConstraint) -> Reference:
    return Reference(
        tuple(constraint.column_keys),
        constraint.referred_table.name,
        tuple(element.column.name for element in constraint.elements),
    )


def _alternatives(constraint: object) -> tuple[str, ...]:
    """The columns of an ``exactly_one`` check."""
    text = str(constraint.sqltext) if isinstance(constraint, CheckConstraint) else ""
    if not text.startswith("num_nonnulls("):
        return ()
    return tuple(name.strip() for name in text[len("num_nonnulls(") : text.index(")")].split(","))
