"""A chunk of text rows into a table's typed rows, and the rows that cannot be used, each with its first fault."""

from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

from bakery_assets.intake.chunks import FAULT_COLUMN, FAULT_REASON, FAULTS, ROW_NUMBER, BadHeader, Chunk, as_faults
from bakery_assets.intake.tables import RECORDED_AT, ColumnSpec, TableSpec
from bakery_assets.intake.values import LOCAL, cleaned, complaint, parsed

_KINDS = {
    "text": pl.String(),
    "number": pl.Float64(),
    "whole": pl.Int32(),
    "date": pl.Date(),
    "time": pl.Time(),
}


@dataclass(frozen=True)
class Parsed:
    """Rows that can be stored as far as the file alone can tell, and faults (the columns of ``FAULTS``)."""

    rows: pl.DataFrame
    faults: pl.DataFrame


def check_header(table: TableSpec, columns: Collection[str]) -> list[str]:
    """The file's columns that the table does not have, in the file's order.

    Raises:
        BadHeader: a column that every row needs is missing.
    """
    for column in table.columns:
        if column.required and column.name not in columns:
            reason = (
                f"the file has no column {column.name}, which every row of {table.name} needs;"
                " add it, then load the file again"
            )
            raise BadHeader(column.name, reason, list(columns))
    return [name for name in columns if name not in table.by_name]


def stored_columns(table: TableSpec, columns: Collection[str]) -> list[ColumnSpec]:
    """Columns that the file says something about. Facts are always whole; a key never has a gap."""
    return [
        column
        for column in table.columns
        if column.name in columns or table.fact is not None or column.name in table.key
    ]


def staged_schema(table: TableSpec, columns: Collection[str]) -> dict[str, pl.DataType]:
    """Columns of ``Parsed.rows``; an instant is followed by the same in local time, for rows that give that."""
    schema: dict[str, pl.DataType] = {ROW_NUMBER: pl.Int32()}
    for column in stored_columns(table, columns):
        if column.kind == "instant":
            schema[column.name] = pl.Datetime("us", "UTC")
            schema[column.name + LOCAL] = pl.Datetime("us")
        else:
            schema[column.name] = _KINDS[column.kind]
    return schema


def parse(table: TableSpec, chunk: Chunk, zones: frozenset[str]) -> Parsed:
    """Type a chunk's rows. Values are tested column by column in the table's order; the first fault counts."""
    read = [name for name in chunk.rows.columns if name != ROW_NUMBER]
    columns = stored_columns(table, read)
    text = chunk.rows.select(
        ROW_NUMBER,
        *(
            cleaned(column.name) if column.name in read else pl.lit(None, pl.String).alias(column.name)
            for column in columns
        ),
    )
    indexed = {*table.key, *(name for reference in table.references for name in reference.columns)}
    reasons = text.select(
        complaint(column, zones, indexed=column.name in indexed).alias(column.name)
        for column in columns
        if not (column.name == RECORDED_AT and column.name not in read)
    )
    reasons = reasons.with_columns(
        _not_one_of(text, group).alias(f"one of {index}") for index, group in enumerate(table.exactly_one)
    )
    first = reasons.select(
        pl.coalesce(pl.all()).alias(FAULT_REASON),
        pl.coalesce(
            pl.when(pl.col(name).is_not_null()).then(pl.lit(name if name in table.by_name else None, pl.String))
            for name in reasons.columns
        ).alias(FAULT_COLUMN),
    )
    typed = text.select(ROW_NUMBER, *(value for column in columns for value in parsed(column)))
    good = first[FAULT_REASON].is_null()
    rows = typed.filter(good).cast(pl.Schema(staged_schema(table, read)))
    if good.all():
        return Parsed(rows, chunk.faults)
    bad = pl.concat([chunk.rows, first], how="horizontal").filter(~good)
    return Parsed(rows, pl.concat([chunk.faults, as_faults(bad, read)]).cast(pl.Schema(FAULTS)))


def _not_one_of(text: pl.DataFrame, group: tuple[str, ...]) -> pl.Series:
    listed = ", ".join(group)
    filled = pl.sum_horizontal(pl.col(name).is_not_null() for name in group)
    why = pl.format(f"exactly one of {listed} must be filled, here {{}} are", filled)
    return text.select(pl.when(filled != 1).then(why).otherwise(pl.lit(None, pl.String)).alias("x"))["x"]
