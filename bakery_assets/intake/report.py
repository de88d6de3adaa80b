"""Load reports: how many rows of each file were new, changed, known or quarantined, and which files were not used."""

from collections.abc import Callable
from dataclasses import dataclass, field

ReportProgress = Callable[[str, int, int], None]
"""Called with a file's name, and how much of how much of it is read."""


def no_progress(file: str, done: int, total: int) -> None:
    """Progress that is not shown."""


@dataclass(frozen=True)
class FileReport:
    """What became of one file's rows: read = new + changed + known + repeated + quarantined.

    Attributes:
        known: rows that the database had already, as they are.
        repeated: rows that the file itself gives more than once, alike.
        quarantined: rows that could not be used.
        unknown_columns: columns that no table has; they were ignored.
        problem: why the file was not used at all.
        is_refused: it could not be read, or what it depends on could not.
    """

    file: str
    table: str
    read: int = 0
    new: int = 0
    changed: int = 0
    known: int = 0
    repeated: int = 0
    quarantined: int = 0
    unknown_columns: tuple[str, ...] = ()
    problem: str | None = None
    is_refused: bool = False


@dataclass(frozen=True)
class LoadReport:
    """What became of a folder or a till's export."""

    files: tuple[FileReport, ...]
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def rows_read(self) -> int:
        """Rows in all files."""
        return sum(file.read for file in self.files)

    @property
    def new(self) -> int:
        """Rows the database did not have."""
        return sum(file.new for file in self.files)

    @property
    def changed(self) -> int:
        """Master data rows that differ from what the database had."""
        return sum(file.changed for file in self.files)

    @property
    def known(self) -> int:
        """Rows the database had, or that a file repeats."""
        return sum(file.known + file.repeated for file in self.files)

    @property
    def quarantined(self) -> int:
        """Rows that could not be used."""
        return sum(file.quarantined for file in self.files)

    @property
    def refused(self) -> tuple[FileReport, ...]:
        """Files that could not be used at all."""
        return tuple(file for file in self.files if file.is_refused)

    @property
    def problems(self) -> tuple[str, ...]:
        """One line for each file that was not used."""
        return tuple(file.problem for file in self.files if file.problem)

    @property
    def closing_line(self) -> str:
        """The load in one line."""
        changed = f"{self.changed:,} changed, " if self.changed else ""
        line = f"Loaded {self.rows_read:,} rows ({self.new:,} new, {changed}{self.known:,} already known)"
        return f"{line}, {self.quarantined:,} quarantined" + (": see ops.quarantine." if self.quarantined else ".")
