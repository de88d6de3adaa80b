"""Faults: what is reported of rows and files that cannot be used, and the rows as they were read.

Which rows are at fault is decided by the readers (``delimited``, ``parquet``), ``parsing``, ``references`` and
``records``. The warehouse keeps faults in ``ops.quarantine``; ``resources.folder`` hands them to its caller.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import dataframely as dy
import polars as pl

from bakery_assets.intake.values import LONGEST_CODE
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform

ROW_NUMBER = "__row"  # line in the file, next to the file's own columns; the header is 1
HEADER_ROW = 1
LAST_ROW = 2_000_000_000
_COLUMN, _REASON, _CODE = "__column", "__reason", "__code"
RESERVED = (ROW_NUMBER, _COLUMN, _REASON, _CODE)


class Faults(dy.Schema):
    """Rows that cannot be used."""

    tenant_id = col.text("Tenant that the row names, whether or not it exists", nullable=True)
    row_number = col.integer("Line in the file; the header is 1", minimum=HEADER_ROW, maximum=LAST_ROW)
    code = col.key_text("Kind of fault, by which rows group")
    column_name = col.text("First column at fault; empty: the row as a whole", nullable=True)
    reason = col.text("What is wrong, and what to do")
    content = col.json("The row as it was read")


class RowFaults(dy.Schema):
    """Rows that cannot be used, by their numbers; ``with_content`` adds the rows themselves."""

    row_number = col.integer("Line in the file", minimum=HEADER_ROW, maximum=LAST_ROW, primary_key=True)
    code = col.key_text("Kind of fault, by which rows group")
    column_name = col.text("First column at fault; empty: the row as a whole", nullable=True)
    reason = col.text("What is wrong, and what to do")


class Unreadable(ValueError):
    """A file that cannot be used at all; the message is one line that says why and what to do."""


class BadHeader(ValueError):
    """A file whose columns do not allow its rows to be read; it is skipped with one entry in quarantine."""

    def __init__(self, column: str | None, reason: str, header: Sequence[str]) -> None:
        super().__init__(reason)
        self.column = column
        self.header = tuple(header)

    def fault(self) -> "Fault":
        """The entry in quarantine."""
        return Fault(None, HEADER_ROW, "bad_header", self.column, str(self), {"header": list(self.header)})


class Fault(NamedTuple):
    """One row of ``Faults``; ``content`` maps the file's columns to what the row has in them."""

    tenant_id: str | None
    row_number: int
    code: str
    column_name: str | None
    reason: str
    content: Mapping[str, object]


def faults_frame(faults: Iterable[Fault]) -> dy.DataFrame[Faults]:
    """Faults as a frame, in a form that PostgreSQL can store."""
    rows = [
        (_storable(tenant), number, code, column, _storable(reason), json.dumps(_storable(content), sort_keys=True))
        for tenant, number, code, column, reason, content in faults
    ]
    return conform(Faults, pl.DataFrame(rows, schema=pl.Schema(Faults), orient="row"))


def with_content(rows: pl.DataFrame, found: dy.DataFrame[RowFaults]) -> dy.DataFrame[Faults]:
    """The faults among ``rows``, each with its row's content.

    Args:
        rows: ``ROW_NUMBER`` and the file's columns as text; faults of other rows are left out.
    """
    marked = found.select(
        pl.col("row_number").alias(ROW_NUMBER),
        pl.col("code").alias(_CODE),
        pl.col("column_name").alias(_COLUMN),
        pl.col("reason").alias(_REASON),
    )
    faulty = rows.join(marked, on=ROW_NUMBER, how="inner", maintain_order="left")
    contents = faulty.drop(RESERVED).rows(named=True)
    described = zip(contents, faulty[ROW_NUMBER], faulty[_CODE], faulty[_COLUMN], faulty[_REASON], strict=True)
    return faults_frame(
        Fault(claimed_tenant(content.get("tenant_id")), number, code, column, reason, content)
        for content, number, code, column, reason in described
    )


def without_others(
    faults: dy.DataFrame[Faults], used: Collection[str], columns: Collection[str]
) -> dy.DataFrame[Faults]:
    """The faults without what their rows have in columns that no rule uses, such as a customer's name.

    A line that could not be split into columns is kept where all of the file's ``columns`` are used.
    """
    if set(columns) <= set(used):
        return faults
    kept = {*used, "header"}
    contents = [
        json.dumps({name: value for name, value in json.loads(content).items() if name in kept}, sort_keys=True)
        for content in faults["content"]
    ]
    return conform(Faults, faults.with_columns(content=pl.Series(contents, dtype=pl.String)))


def row_faults(*parts: pl.DataFrame) -> dy.DataFrame[RowFaults]:
    """Row faults from frames with ``ROW_NUMBER``, ``code``, ``column_name`` and ``reason``; none without frames."""
    empty = pl.DataFrame(schema=pl.Schema(RowFaults))
    named = (part.rename({ROW_NUMBER: "row_number"}).select(empty.columns) for part in parts)
    return conform(RowFaults, pl.concat([empty, *named]))


def claimed_tenant(text: str | None) -> str | None:
    """The tenant that a row at fault names, in a length that an index takes."""
    return (text or "").strip()[:LONGEST_CODE] or None


def _storable(value: Any) -> Any:
    """PostgreSQL's text and jsonb cannot hold NUL: write it out."""
    if isinstance(value, str):
        return value.replace("\0", "\\0")
    if isinstance(value, Mapping):
        return {_storable(name): _storable(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_storable(each) for each in value]
    return value
