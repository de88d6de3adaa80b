"""Table specs for the readers in bakery_assets/intake, made from the SQL tables' keys and foreign keys."""

from functools import cache

import dataframely as dy
from sqlalchemy import ForeignKeyConstraint, Table, UniqueConstraint

from bakery_assets.intake.tables import Reference, TableSpec


@cache
def table_spec(table: Table) -> TableSpec:
    """The spec of a table of ``resources.schema.ops``."""
    schema: type[dy.Schema] = table.info["schema"]
    order = schema.column_names()
    references = [_reference(each) for each in table.constraints if isinstance(each, ForeignKeyConstraint)]
    return TableSpec(
        schema,
        key=_key(table),
        references=tuple(sorted(references, key=lambda each: (order.index(each.columns[-1]), each.columns))),
        fact=table.info.get("fact"),
        is_revised=table.info.get("is_revised", False),
        creates=table.info.get("creates"),
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
