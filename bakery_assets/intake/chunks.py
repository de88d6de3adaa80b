"""What passes from a file's reader to its parser: chunks of rows as they were read, and rows at fault."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import polars as pl

CHUNK_ROWS = 50_000
ROW_NUMBER = "__row"
FAULT_COLUMN, FAULT_REASON = "__column", "__reason"
VALUE = "__value_"  # before the name of what was read from a column
HEADER_ROW = 1
LONGEST_CODE = 200  # characters; PostgreSQL indexes nothing beyond 2,700 bytes

FAULTS: dict[str, pl.DataType] = {
    "tenant_id": pl.String(),
    "row_number": pl.Int32(),
    "column_name": pl.String(),
    "reason": pl.String(),
    "content": pl.String(),
}


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
        return Fault(None, HEADER_ROW, self.column, str(self), {"header": list(self.header)})


class Fault(NamedTuple):
    """A row that cannot be used: where it stands, the first column at fault, why, and the row as it was read."""

    tenant_id: str | None
    row_number: int
    column_name: str | None
    reason: str
    content: Mapping[str, object]


@dataclass(frozen=True)
class Chunk:
    """Some rows of a file.

    Attributes:
        rows: ``ROW_NUMBER`` (the header is row 1) and every column of the file as text.
        faults: the columns of ``FAULTS``; rows that could not even be split into columns.
        position: bytes (or another measure of ``Source.size``) read so far.
    """

    rows: pl.DataFrame
    faults: pl.DataFrame
    position: int


@dataclass(frozen=True)
class Source:
    """A file as a stream of chunks that can be read more than once.

    Attributes:
        name: name under which its bad rows are reported.
        size: the last chunk's ``position``, for progress.
        chunks: reads it from the start; raises ``Unreadable`` or ``BadHeader``.
    """

    name: str
    size: int
    chunks: Callable[[], Iterator[Chunk]]


def check_names(file: str, columns: Sequence[str]) -> None:
    """Let pass what no column of our own is called, so that the two never meet in a frame.

    Raises:
        Unreadable: a column has a name of ours.
    """
    for name in columns:
        if name in (ROW_NUMBER, FAULT_COLUMN, FAULT_REASON) or name.startswith(VALUE):
            raise Unreadable(f"{file} has a column {name}, a name that the loader keeps for itself; rename it.")


def faults_frame(faults: Iterable[Fault]) -> pl.DataFrame:
    """Faults as a frame of ``FAULTS``."""
    return pl.DataFrame(
        [
            (_storable(tenant), number, column, _storable(reason), json.dumps(_storable(content), sort_keys=True))
            for tenant, number, column, reason, content in faults
        ],
        schema=FAULTS,
        orient="row",
    )


def rows_frame(columns: Sequence[str], numbers: Sequence[int], rows: Sequence[Sequence[str | None]]) -> pl.DataFrame:
    """Split rows as a chunk's ``rows``."""
    values = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    return pl.DataFrame(
        [
            pl.Series(ROW_NUMBER, numbers, pl.Int32),
            *(pl.Series(n, v, pl.String) for n, v in zip(columns, values, strict=True)),
        ]
    )


def as_read(source: Source, found: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Rows that were found to be at fault later, with their ``content`` read again from the file.

    Args:
        found: ``ROW_NUMBER, FAULT_COLUMN, FAULT_REASON``.
    """
    for chunk in source.chunks():
        bad = chunk.rows.join(found, on=ROW_NUMBER, how="inner", maintain_order="left")
        if bad.height:
            columns = [name for name in chunk.rows.columns if name != ROW_NUMBER]
            yield as_faults(bad, columns)


def as_faults(bad: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """``FAULTS`` of rows as read, with ``FAULT_COLUMN`` and ``FAULT_REASON`` beside the file's own ``columns``."""
    contents = bad.select(columns).rows(named=True)
    named = (
        (row.get("tenant_id"), number, column, reason, row)
        for row, number, column, reason in zip(
            contents, bad[ROW_NUMBER], bad[FAULT_COLUMN], bad[FAULT_REASON], strict=True
        )
    )
    return faults_frame(Fault(named_tenant(tenant), *rest) for tenant, *rest in named)


def named_tenant(text: str | None) -> str | None:
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
