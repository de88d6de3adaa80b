"""Row batches: what passes from a file's reader to its parser, a limited number of rows as text at a time.

``delimited``, ``parquet`` and ``till`` produce batches, ``parsing`` gives their values types.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import dataframely as dy
import polars as pl

from bakery_assets.intake.faults import RESERVED, ROW_NUMBER, Faults, Unreadable

BATCH_ROWS = 50_000
VALUE = "__value_"  # before the name of what was read from a column


@dataclass(frozen=True)
class RowBatch:
    """Some rows of a file.

    Attributes:
        rows: ``ROW_NUMBER`` (the header is row 1) and every column of the file as text.
        faults: rows that could not even be split into columns.
        position: bytes (or another measure of ``Source.size``) read so far.
    """

    rows: pl.DataFrame
    faults: dy.DataFrame[Faults]
    position: int

    @property
    def columns(self) -> list[str]:
        """The file's columns."""
        return [name for name in self.rows.columns if name != ROW_NUMBER]


@dataclass(frozen=True)
class Source:
    """A file as a stream of batches that can be read more than once.

    Attributes:
        name: name under which its bad rows are reported, with the ``folder`` that it is in.
        size: the last batch's ``position``, for progress.
        batches: reads it from the start; raises ``Unreadable`` or ``BadHeader``.
        notes: what was concluded of how it is written, for the user to see.
        is_trimmed: its rows at fault hold only what rules use, whatever their columns are called.
    """

    name: str
    size: int
    batches: Callable[[], Iterator[RowBatch]]
    notes: tuple[str, ...] = ()
    folder: str = ""
    is_trimmed: bool = False


def check_names(file: str, columns: Sequence[str]) -> None:
    """Refuse a column that is named like one of the loader's own, so that the two never meet in a frame.

    Raises:
        Unreadable: a column has such a name.
    """
    for name in columns:
        if name in RESERVED or name.startswith(VALUE):
            raise Unreadable(f"{file} has a column {name}, a name that the loader keeps for itself; rename it.")


def rows_frame(columns: Sequence[str], numbers: Sequence[int], rows: Sequence[Sequence[str | None]]) -> pl.DataFrame:
    """Split rows as a batch's ``rows``."""
    values = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    return pl.DataFrame(
        [
            pl.Series(ROW_NUMBER, numbers, pl.Int32),
            *(pl.Series(n, v, pl.String) for n, v in zip(columns, values, strict=True)),
        ]
    )
