"""Load reports: how many rows of each file were new, changed, known or quarantined, and which files were not used."""

from collections.abc import Callable
from dataclasses import dataclass, field

from bakery_assets.quantities import counted

MOST_GROUPS = 8  # kinds of faults of a file that are shown
ReportProgress = Callable[[str, int, int], None]
"""Called with a file's name, and how much of how much of it is read."""


def no_progress(file: str, done: int, total: int) -> None:
    """Progress that is not shown."""


@dataclass(frozen=True)
class FaultGroup:
    """Rows of a file that are at fault in the same way, with the first of them."""

    code: str
    column: str | None
    rows: int
    first_row: int
    reason: str


@dataclass(frozen=True)
class FileReport:
    """What became of one file's rows: read = new + changed + known + repeated + quarantined.

    Attributes:
        known: rows that the database had already, as they are.
        repeated: rows that the file itself gives more than once, alike.
        quarantined: rows that could not be used.
        unknown_columns: columns that no table has; they were ignored.
        faults: the quarantined rows by kind and column, the most frequent first.
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
    faults: tuple[FaultGroup, ...] = ()
    problem: str | None = None
    is_refused: bool = False

    @property
    def is_barren(self) -> bool:
        """Whether it gave no row that is loaded or was known, although it has some."""
        used = self.new + self.changed + self.known + self.repeated
        return self.is_refused or (used == 0 and self.read + self.quarantined > 0)


@dataclass(frozen=True)
class LoadReport:
    """What became of a folder or a till's export.

    Attributes:
        notes: what was concluded of how files are written, or what planning will trip over.
        is_check: nothing was stored.
        import_id: the import that a till's export became, unless none of its rows could be used.
    """

    files: tuple[FileReport, ...]
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())
    is_check: bool = False
    import_id: int | None = None

    def status(self, *, max_refused_share: float, strict: bool = False) -> int:
        """The command's exit status.

        2: no file could be read. 1: a file gave no row, or a larger share of the rows was refused, or any where
        ``strict``. 0: all went well.
        """
        if self.files and all(file.is_refused for file in self.files):
            return 2
        rows = self.rows_read or 1
        failed = any(file.is_barren for file in self.files) or self.quarantined / rows > max_refused_share
        return 1 if failed or (strict and (self.quarantined or self.problems)) else 0

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
    def import_line(self) -> str | None:
        """Which import it is, and how to take it back."""
        if self.import_id is None or self.is_check:
            return None
        return f"It is import {self.import_id}; to take it back: bakery undo-import {self.import_id}"

    @property
    def fault_lines(self) -> list[str]:
        """Why rows were refused, by file and kind of fault, the most frequent first."""
        lines: list[str] = []
        for file in self.files:
            for group in file.faults[:MOST_GROUPS]:
                first = f"first line {group.first_row}: {group.reason}."
                lines.append(f"{file.file}: {group.rows:,} refused ({group.code}), {first}")
            if len(file.faults) > MOST_GROUPS:
                lines.append(f"{file.file}: {len(file.faults) - MOST_GROUPS:,} more kinds of faults")
        return lines

    @property
    def text_lines(self) -> list[str]:
        """The report as text; its last line is the load in one."""
        known = [self.import_line] if self.import_line else []
        return [*self.notes, *self.problems, *self.fault_lines, *known, self.closing_line]

    @property
    def closing_line(self) -> str:
        """The load in one line."""
        changed = f"{self.changed:,} changed, " if self.changed else ""
        verb = "Checked" if self.is_check else "Loaded"
        known = f"{self.new:,} new, {changed}{self.known:,} already known"
        line = f"{verb} {counted(self.rows_read, 'row', 'rows')} ({known})"
        if self.is_check:
            return f"{line}, {self.quarantined:,} refused. Nothing was stored."
        return f"{line}, {self.quarantined:,} quarantined" + (": see bakery quarantine." if self.quarantined else ".")
