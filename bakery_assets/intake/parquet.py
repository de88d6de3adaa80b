"""Reading Parquet as row batches with the same text that a CSV file has, so that one parser serves both."""

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import polars as pl

from bakery_assets.intake.faults import ROW_NUMBER, BadHeader, Unreadable, faults_frame
from bakery_assets.intake.lines import require_regular
from bakery_assets.intake.row_batches import BATCH_ROWS, RowBatch, check_names

LARGEST_EXACT = 2**53  # beyond it two whole numbers may be one float


def read_parquet(path: Path, batch_rows: int = BATCH_ROWS) -> Iterator[RowBatch]:
    """The rows of a file; the first has number 2, as below a header. ``position`` counts rows.

    Raises:
        Unreadable: the file cannot be opened, is cut short or is no Parquet, or a column name comes twice or is
            reserved.
        BadHeader: a column holds lists or records.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    require_regular(path)
    number = 2
    try:
        with pq.ParquetFile(path) as file:
            _check_header(path, file.schema_arrow.names)
            empty = file.schema_arrow.empty_table().to_batches() or [pa.RecordBatch.from_pylist([], file.schema_arrow)]
            for batch in chain(file.iter_batches(batch_size=batch_rows), empty):
                frame = pl.DataFrame(pa.Table.from_batches([batch]))
                rows = _as_text(frame).with_row_index(ROW_NUMBER, number).cast({ROW_NUMBER: pl.Int32})
                number += frame.height
                yield RowBatch(rows, faults_frame([]), number - 2)
    except (pa.ArrowException, pl.exceptions.PolarsError) as error:
        raise Unreadable(
            f"{path.name} is damaged or no Parquet file ({_first_line(error)}); export it again."
        ) from None
    except OSError as error:
        raise Unreadable(f"{path.name} cannot be read: {error.strerror or _first_line(error)}.") from None


def parquet_rows(path: Path) -> int:
    """Number of rows, from the file's metadata; 0 where it cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return int(pq.read_metadata(path).num_rows)
    except (pa.ArrowException, OSError):
        return 0


def _check_header(path: Path, columns: Sequence[str]) -> None:
    for name in columns:
        if columns.count(name) > 1:
            raise Unreadable(f"{path.name} has two columns {name}; remove or rename one.")
    check_names(path.name, columns)


def _as_text(frame: pl.DataFrame) -> pl.DataFrame:
    for name, kind in frame.schema.items():
        if kind.is_nested() or isinstance(kind, pl.Duration):
            reason = f"column {name} holds {kind}; write it as text, a number, a date or a time"
            raise BadHeader(name, reason, frame.columns)
    return frame.select(_column_as_text(name, kind) for name, kind in frame.schema.items())


def _column_as_text(name: str, kind: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if isinstance(kind, pl.Datetime):
        if kind.time_zone is None:
            return column.dt.strftime("%Y-%m-%dT%H:%M:%S%.6f")
        return column.dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
    text = column.cast(pl.String, strict=False)
    if kind.is_float():
        # Codes that are numbers become floats in pandas where one is missing: product 42 is not product 42.0.
        is_whole = (column == column.floor()) & (column.abs() < LARGEST_EXACT)
        return pl.when(is_whole).then(column.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(text)
    return text


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
