"""The schema's tables as the readers in bakery_assets/intake want them described."""

from functools import cache

import dataframely as dy
from sqlalchemy import ForeignKeyConstraint, Table, UniqueConstraint

from bakery_assets.intake.tables import RECORDED_AT, ColumnSpec, Kind, Reference, TableSpec
from bakery_assets.schemas.rules import ExactlyOne, rules_of

_KINDS: dict[type[dy.Column], Kind] = {
    dy.String: "text",
    dy.Float64: "number",
    dy.Int32: "whole",
    dy.Date: "date",
    dy.Time: "time",
    dy.Datetime: "instant",
}


@cache
def described(table: Table) -> TableSpec:
    """A table of ``resources.schema.ops``, described for loading."""
    schema: type[dy.Schema] = table.info["schema"]
    columns = tuple(_described(name, column, "fact" in table.info) for name, column in schema.columns().items())
    order = {column.name: index for index, column in enumerate(columns)}
    references = [_reference(each) for each in table.constraints if isinstance(each, ForeignKeyConstraint)]
    return TableSpec(
        table.name,
        columns,
        key=_key(table),
        references=tuple(sorted(references, key=lambda each: (order[each.columns[-1]], each.columns))),
        exactly_one=tuple(sorted(rule.columns for rule in rules_of(schema, ExactlyOne))),
        fact=table.info.get("fact"),
        creates=table.info.get("creates"),
    )


def _described(name: str, column: dy.Column, is_fact: bool) -> ColumnSpec:
    extra = column.metadata or {}
    default = extra.get("default")
    return ColumnSpec(
        name,
        _KINDS[type(column)],
        required=not column.nullable and default is None and not (is_fact and name == RECORDED_AT),
        default=default,
        choices=extra.get("choices", ()),
        minimum=column.min if isinstance(column, dy.Float64 | dy.Int32) else None,
        maximum=column.max if isinstance(column, dy.Float64 | dy.Int32) else None,
        zone="zone" in extra,
        code=isinstance(column, dy.String) and column.min_length is not None,
        pattern=column.regex if isinstance(column, dy.String) else None,
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
