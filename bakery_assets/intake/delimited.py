"""Reading delimited text (CSV and similar) as row batches, so that one bad line costs that line and no other.

Lines keep their numbers. A quotation mark that is never closed, which would swallow the rest of the
file, costs its own line; bytes that are not in the encoding cost their line, too.
"""

import csv
import gc
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from bakery_assets.intake.faults import BadHeader, Fault, Unreadable, claimed_tenant, faults_frame
from bakery_assets.intake.lines import DEFAULT_ENCODING, TruncatedLine, line_defect, opened
from bakery_assets.intake.row_batches import BATCH_ROWS, RowBatch, check_names, rows_frame
from bakery_assets.intake.text_encoding import file_encoding

DELIMITERS = (",", ";", "\t", "|")
LONGEST_RECORD = 20  # lines that one quoted field may span; beyond it a quotation mark was left open
TRUNCATED = "the file looks truncated: its last line ends in the middle of a row; export or copy the file again"


@dataclass(frozen=True)
class CsvDialect:
    """How a delimited file is written; ``skip`` lines stand before the line of column names."""

    delimiter: str
    encoding: str = DEFAULT_ENCODING
    skip: int = 0


Numbered = tuple[int, str]


def read_delimited(path: Path, dialect: CsvDialect | None = None, batch_rows: int = BATCH_ROWS) -> Iterator[RowBatch]:
    """The rows of a file; without ``dialect``, in the encoding of ``file_encoding`` with the delimiter of its header.

    Raises:
        Unreadable: the file cannot be opened or decompressed, is empty, is no text, or has a reserved column name.
        BadHeader: a column name comes twice.
    """
    dialect = dialect or default_dialect(path, file_encoding(path).name)
    with opened(path, dialect.encoding) as (lines, position):
        deque(islice(lines, dialect.skip), maxlen=0)
        header = next(csv.reader([_header_text(next(lines, ""))], delimiter=dialect.delimiter), [])
        columns = column_names(path, header)
        number = dialect.skip + 2
        pending: deque[Numbered] = deque()
        last = False
        while not last:
            fresh = list(islice(lines, batch_rows))
            pending.extend(enumerate(fresh, number))
            number += len(fresh)
            last = len(fresh) < batch_rows
            with _paused_garbage_collection():
                batch = _batch(columns, pending, dialect, position(), last=last)
            yield batch


def default_dialect(path: Path, encoding: str) -> CsvDialect:
    """The dialect of a file whose first line holds the columns, with the delimiter that it shows.

    Raises:
        Unreadable: as ``read_delimited``.
    """
    lines = first_lines(path, encoding, 1)
    if not lines or not lines[0].strip():
        raise empty_file(path)
    return CsvDialect(sniff_delimiter(lines[0]), encoding)


def first_lines(path: Path, encoding: str, count: int) -> list[str]:
    """The first lines, without their ends.

    Raises:
        Unreadable: as ``read_delimited``.
    """
    with opened(path, encoding) as (lines, _):
        return [_header_text(line).rstrip("\r\n") for line in islice(lines, count)]


def empty_file(path: Path) -> Unreadable:
    """Why a file without a line cannot be used."""
    return Unreadable(f"{path.name} is empty: not even a line of column names stands first; export it again.")


def sniff_delimiter(header: str) -> str:
    """The delimiter that the header has most of; a comma where it has none."""
    bare = "".join(header.split('"')[::2])
    return max(DELIMITERS, key=bare.count)


def column_names(path: Path, header: Sequence[str]) -> list[str]:
    """The columns that a header names; empty ones at its end are left out.

    Raises:
        Unreadable: there is none, or one has a name that the loader keeps for itself.
        BadHeader: a name comes twice.
    """
    columns = [name.strip() for name in header]
    while columns and not columns[-1]:  # spreadsheets leave empty columns at the end
        columns.pop()
    if not columns:
        raise Unreadable(f"{path.name} has no line of column names.")
    columns = [name or f"column {index}" for index, name in enumerate(columns, 1)]
    for name in columns:
        if columns.count(name) > 1:
            raise BadHeader(name, f"column {name} comes twice in the header; remove or rename one", columns)
    check_names(path.name, columns)
    return columns


@contextmanager
def _paused_garbage_collection() -> Iterator[None]:
    """A batch is many lists at once without a cycle, through which the collector would go again and again: a million
    rows of sales took 5.6 s of CPU with it, and 2.2 s without.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _batch(
    columns: Sequence[str], pending: deque[Numbered], dialect: CsvDialect, position: int, *, last: bool
) -> RowBatch:
    """Split the pending lines; all but the last batch leave some lines that a quoted field may still need."""
    faults: list[Fault] = []
    final, text = pending[-1] if pending else (0, "\n")
    cut_off = final if last and not text.endswith(("\n", "\r")) else None
    records = _split_at_once(pending, dialect.delimiter)
    if records is None:
        spare = 0 if last else LONGEST_RECORD
        records = list(_split_with_care(pending, columns, dialect, faults, spare=spare, cut_off=cut_off))
    numbers: list[int] = []
    rows: list[Sequence[str]] = []
    width = len(columns)
    for number, row in records:
        if len(row) == width or (len(row) > width and not "".join(row[width:]).strip()):
            if row[0] or any(row):
                numbers.append(number)
                rows.append(row[:width] if len(row) > width else row)
        elif any(row):
            few = len(row) < width
            reason = (
                TRUNCATED
                if few and number == cut_off
                else f"too {'few' if few else 'many'} fields: {len(row)}, where the header names {width}; "
                "write one for each column, and put text that holds the delimiter in quotation marks"
            )
            faults.append(_ragged(columns, number, reason, row))
    faults.sort(key=lambda fault: fault.row_number)
    return RowBatch(rows_frame(columns, numbers, rows), faults_frame(faults), position)


def _split_at_once(pending: deque[Numbered], delimiter: str) -> list[tuple[int, list[str]]] | None:
    """Records of lines that are one whole record each, as nearly all are; else None, and nothing is taken."""
    text = "".join(line for _, line in pending)
    if not _encodable(text) or "\0" in text or any(isinstance(line, TruncatedLine) for _, line in pending):
        return None
    try:
        rows = list(csv.reader((line for _, line in pending), delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    if len(rows) != len(pending):
        return None
    records = list(zip((number for number, _ in pending), rows, strict=True))
    pending.clear()
    return records


def _split_with_care(
    pending: deque[Numbered],
    columns: Sequence[str],
    dialect: CsvDialect,
    faults: list[Fault],
    *,
    spare: int,
    cut_off: int | None,
) -> Iterator[tuple[int, list[str]]]:
    """Records one by one; lines that are none are added to ``faults``."""
    while len(pending) > spare:
        number = pending[0][0]
        row, taken, problem = _record(pending, dialect.delimiter)
        text = "".join(pending.popleft()[1] for _ in range(taken))
        if not _encodable(text):
            problem = (
                f"the row is not {_plain_name(dialect.encoding)}; save the file as UTF-8, or name the encoding "
                "of a till's export, for example --encoding cp1252"
            )
        if problem:
            line = _shown(text).rstrip("\r\n")
            tenant = dict(zip(columns, line.split(dialect.delimiter), strict=False)).get("tenant_id")
            reason = TRUNCATED if number == cut_off else problem
            code = "truncated_file" if number == cut_off else "broken_line"
            faults.append(Fault(claimed_tenant(tenant), number, code, None, reason, {"line": line}))
        else:
            yield number, row


def _record(pending: deque[Numbered], delimiter: str) -> tuple[list[str], int, str | None]:
    """The first record, how many lines it takes, and what is wrong with it."""
    alone = line_defect(pending[0][1])
    if alone:
        return [], 1, alone
    reader = csv.reader((line for _, line in islice(pending, LONGEST_RECORD)), delimiter=delimiter, strict=True)
    try:
        row = next(reader)
    except csv.Error:
        if pending[0][1].count('"') % 2 == 0:
            return [], 1, "a quotation mark stands inside quoted text; write it twice"
        return [], 1, "a quotation mark is opened and not closed; close it, or remove it"
    taken = reader.line_num
    further = [pending[index][1] for index in range(1, taken)]
    if any(line.count(delimiter) >= len(row) - 1 for line in further):
        # The quoted text took in what is a whole row by itself.
        return [], 1, "a quotation mark is opened and not closed in its row; close it, or remove it"
    return row, taken, next(filter(None, map(line_defect, further)), None)


def _ragged(columns: Sequence[str], number: int, reason: str, row: Sequence[str]) -> Fault:
    content: dict[str, object] = dict(zip(columns, row, strict=False))
    tenant = content.get("tenant_id")
    if len(row) > len(columns):
        content["further fields"] = list(row[len(columns) :])
    code = "truncated_file" if reason == TRUNCATED else "field_count"
    return Fault(claimed_tenant(str(tenant) if tenant else None), number, code, None, reason, content)


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(text: str) -> str:
    """Text with undecodable bytes written out, as in caf\\xe9."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _header_text(line: str) -> str:
    """The header must be understood even where the encoding is wrong, to say what is wrong with the rows."""
    return line if _encodable(line) else line.encode("utf-8", "surrogateescape").decode("cp1252", "replace")


def _plain_name(encoding: str) -> str:
    return "UTF-8" if encoding == DEFAULT_ENCODING else encoding
