"""Parsing: a batch of text rows into a table's typed rows, and the rows that cannot be used, each with its first fault.

What is decided here is decided by one row alone; ``references`` and ``records`` look at several.
"""

from collections.abc import Collection
from dataclasses import dataclass

import dataframely as dy
import polars as pl

from bakery_assets.intake.faults import ROW_NUMBER, BadHeader, Faults, with_content
from bakery_assets.intake.row_batches import RowBatch
from bakery_assets.intake.row_rules import UNREADABLE, broken_rules, first_faults
from bakery_assets.intake.tables import TableSpec
from bakery_assets.intake.timestamps import Clocks, resolve_timestamps
from bakery_assets.intake.values import LOCAL, cleaned, values
from bakery_assets.schemas import conform


@dataclass(frozen=True)
class Parsed:
    """Rows that can be stored as far as each of them alone can tell, and the others.

    ``rows`` are those of ``row_rules.row_schema``: every column of the table, whether or not the file has it.
    """

    rows: pl.DataFrame
    faults: dy.DataFrame[Faults]


def check_header(spec: TableSpec, columns: Collection[str]) -> list[str]:
    """The file's columns that the table does not have, in the file's order.

    Raises:
        BadHeader: a column that every row needs is missing.
    """
    for name in spec.required:
        if name not in columns:
            reason = (
                f"the file has no column {name}, which every row of {spec.name} needs; add it, then load the file again"
            )
            raise BadHeader(name, reason, list(columns))
    return [name for name in columns if name not in spec.columns]


def parse(spec: TableSpec, batch: RowBatch, clocks: Clocks) -> Parsed:
    """Type a batch's rows and apply the row rules of the table's schema; columns the file leaves out are empty."""
    read = set(batch.columns)
    text = batch.rows.select(
        ROW_NUMBER,
        *(cleaned(name) if name in read else pl.lit(None, pl.String).alias(name) for name in spec.columns),
    )
    typed = text.select(
        ROW_NUMBER,
        *(
            value
            for name, column in spec.columns.items()
            for value in values(name, column, clocks.zone_names, is_indexed=name in spec.indexed)
        ),
    )
    unreadable = _unreadable(spec, text, typed)
    rows, broken = broken_rules(spec, resolve_timestamps(spec, typed, clocks))
    if not unreadable.columns and broken.is_empty():
        return Parsed(rows, batch.faults)
    is_faulty = text[ROW_NUMBER].is_in(broken[ROW_NUMBER].implode())
    for name in unreadable.columns:
        is_faulty |= unreadable[name]
    checked = pl.concat([text.select(ROW_NUMBER), unreadable], how="horizontal").filter(is_faulty)
    found = first_faults(
        spec, text.filter(is_faulty), checked.join(broken, on=ROW_NUMBER, how="left", maintain_order="left")
    )
    good = rows.join(checked, on=ROW_NUMBER, how="anti", maintain_order="left")
    return Parsed(good, conform(Faults, pl.concat([batch.faults, with_content(batch.rows, found)])))


def _unreadable(spec: TableSpec, text: pl.DataFrame, typed: pl.DataFrame) -> pl.DataFrame:
    """For each column with such texts, whether a row's text gives no value."""
    found = []
    for name in spec.columns:
        value = typed[name].is_not_null()
        if name in spec.instants:
            value |= typed[name + LOCAL].is_not_null()
        is_unreadable = text[name].is_not_null() & ~value
        if is_unreadable.any():
            found.append(is_unreadable.alias(f"{name}|{UNREADABLE}"))
    return pl.DataFrame(found)
