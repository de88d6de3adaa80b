"""Reading Excel workbooks (.xlsx, .xlsm, .xls, .xlsb, .ods) as row batches with the text that a CSV file would have.

The first visible sheet counts. Numbers have a decimal point and dates the form 2026-03-29, whatever the cells show.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from bakery_assets.intake.delimited import column_names, empty_file
from bakery_assets.intake.faults import Fault, Unreadable, claimed_tenant, faults_frame
from bakery_assets.intake.lines import require_regular
from bakery_assets.intake.row_batches import BATCH_ROWS, RowBatch, rows_frame

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

SUFFIXES = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
LARGEST_FILE = 100_000_000  # bytes; a workbook is read into memory as a whole
MAX_UNPACKED = 2_000_000_000  # bytes of a workbook's parts, which are compressed a thousandfold at most

Cell = float | str | bool | time | date | datetime | timedelta


def is_spreadsheet(path: Path) -> bool:
    """Whether a file's name says that it is a workbook."""
    return path.suffix.lower() in SUFFIXES


def first_sheet_rows(path: Path, count: int) -> list[list[str]]:
    """The first rows of the sheet as text.

    Raises:
        Unreadable: the file is no workbook, is protected by a password, or has no sheet.
    """
    return [[_text(cell) for cell in row] for row in islice(_rows(path), count)]


def read_spreadsheet(path: Path, skip: int = 0, batch_rows: int = BATCH_ROWS) -> Iterator[RowBatch]:
    """The rows below the header, which is the first row after ``skip``, under their numbers in the sheet.

    Raises:
        Unreadable: as ``first_sheet_rows``, or the sheet is empty, or a column has a reserved name.
        BadHeader: a column name comes twice.
    """
    rows = enumerate(_rows(path), 1)
    header = next(islice(rows, skip, None), None)
    if header is None:
        raise empty_file(path)
    columns = column_names(path, [_text(cell) for cell in header[1]])
    last = False
    while not last:
        numbers: list[int] = []
        texts: list[Sequence[str]] = []
        faults: list[Fault] = []
        fresh = list(islice(rows, batch_rows))
        for number, cells in fresh:
            row = [_text(cell) for cell in cells]
            row += [""] * (len(columns) - len(row))
            if not any(row):
                continue
            if any(row[len(columns) :]):
                reason = f"the row has a value beyond the {len(columns)} columns that the header names; name its column"
                content = dict(zip(columns, row, strict=False))
                faults.append(
                    Fault(claimed_tenant(content.get("tenant_id")), number, "field_count", None, reason, content)
                )
                continue
            numbers.append(number)
            texts.append(row[: len(columns)])
        last = len(fresh) < batch_rows
        yield RowBatch(rows_frame(columns, numbers, texts), faults_frame(faults), fresh[-1][0] if fresh else 0)


def sheet_height(path: Path) -> int:
    """Number of rows of the sheet.

    Raises:
        Unreadable: as ``first_sheet_rows``.
    """
    end = _sheet(path).end
    return 0 if end is None else int(end[0]) + 1


def _rows(path: Path) -> Iterator[list[Cell]]:
    """All rows from the sheet's first on; columns that are empty throughout before the first value are left out."""
    yield from _sheet(path).iter_rows()


def _sheet(path: Path) -> "CalamineSheet":
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum

    if require_regular(path) > LARGEST_FILE:
        raise Unreadable(f"{path.name} has over {LARGEST_FILE // 1_000_000} MB; save it as CSV.")
    _check_unpacked(path)
    try:
        book = CalamineWorkbook.from_path(path)
        shown = [each.name for each in book.sheets_metadata if each.visible == SheetVisibleEnum.Visible]
        if shown:
            return book.get_sheet_by_name(shown[0])
    except PasswordError:
        raise Unreadable(f"{path.name} is protected by a password; save it without.") from None
    except (CalamineError, OSError, ValueError) as error:
        raise Unreadable(f"{path.name} is damaged or no workbook ({' '.join(str(error).split())}).") from None
    raise Unreadable(f"{path.name} has no sheet.")


def _check_unpacked(path: Path) -> None:
    """A small file that unpacks to more than memory holds is refused before it is unpacked."""
    import zipfile

    try:
        with zipfile.ZipFile(path) as parts:
            size = sum(part.file_size for part in parts.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return  # an old .xls is no archive; what is damaged is found by the reader
    if size > MAX_UNPACKED:
        raise Unreadable(f"{path.name} unpacks to over {MAX_UNPACKED // 1_000_000_000} GB; save it as CSV.")


def _text(cell: Cell) -> str:
    match cell:
        case bool():
            return "true" if cell else "false"
        case float():
            return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
        case datetime():
            is_day = cell.time() == time(0)
            return cell.date().isoformat() if is_day else cell.isoformat(" ", "seconds")
        case date():
            return cell.isoformat()
        case time():
            return cell.isoformat("seconds")
        case timedelta():
            seconds = int(cell.total_seconds())
            return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
        case _:
            return str(cell)
