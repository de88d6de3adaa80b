"""A folder in the load format: which of its files hold which table, in the order in which they are loaded."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bakery_assets.intake.delimited import default_dialect, read_delimited
from bakery_assets.intake.faults import Unreadable
from bakery_assets.intake.lines import require_regular
from bakery_assets.intake.parquet import parquet_rows, read_parquet
from bakery_assets.intake.row_batches import RowBatch, Source
from bakery_assets.intake.spreadsheet import is_spreadsheet, read_spreadsheet, sheet_height
from bakery_assets.intake.text_encoding import file_encoding

SUFFIXES = (".csv", ".csv.gz", ".parquet", ".xlsx")
REQUIRED = ("tenants", "products", "sales")


@dataclass(frozen=True)
class TableFile:
    """A file that holds rows of a table."""

    table: str
    path: Path

    def source(self) -> Source:
        """The file as a stream of row batches.

        Raises:
            Unreadable: it is a link to nothing, or may not be looked at, or is no regular file.
        """
        path, size = self.path, require_regular(self.path)
        folder = str(path.absolute().parent)
        if path.suffix.lower() == ".parquet":
            return Source(path.name, parquet_rows(path), partial(read_parquet, path), folder=folder)
        if is_spreadsheet(path):
            return Source(path.name, sheet_height(path), partial(read_spreadsheet, path), folder=folder)
        encoding = file_encoding(path)
        return Source(path.name, size, partial(_read_text, path, encoding.name), encoding.notes, folder)


def _read_text(path: Path, encoding: str) -> Iterator[RowBatch]:
    return read_delimited(path, default_dialect(path, encoding))


def table_files(folder: Path, tables: Sequence[str]) -> tuple[list[TableFile], list[str]]:
    """The folder's files in the order of ``tables``, and the names of files that are none.

    Raises:
        Unreadable: there is no such folder, or nothing in it is a table.
    """
    if not folder.is_dir():
        what = "is a file; name the folder it is in" if folder.exists() else "does not exist"
        raise Unreadable(f"{folder} {what}.")
    try:
        present = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise Unreadable(f"{folder} cannot be read: {error.strerror}.") from None
    found: dict[str, list[TableFile]] = {}
    ignored: list[str] = []
    for path in present:
        name = path.name.lower()
        suffix = next((each for each in SUFFIXES if name.endswith(each)), None)
        table = name.removesuffix(suffix) if suffix else ""
        if table in tables:
            found.setdefault(table, []).append(TableFile(table, path))
        else:
            ignored.append(path.name)
    if not found:
        raise Unreadable(f"{folder} holds no file to load; it needs {_listed(REQUIRED)} as CSV, Parquet or Excel.")
    return [file for table in tables for file in found.get(table, [])], ignored


def require(folder: Path, present: Collection[str], stored: Collection[str]) -> None:
    """Refuse a folder without a table that every bakery needs, unless the database has its rows already.

    Args:
        present: tables that the folder has files of.
        stored: tables that have rows already.

    Raises:
        Unreadable: a required table is neither in the folder nor in the database.
    """
    missing = [table for table in REQUIRED if table not in present and table not in stored]
    if missing:
        raise Unreadable(
            f"{folder} has no {_listed(missing)}, and the database has no such rows yet; "
            f"add {missing[0]}.csv (or .parquet, .xlsx). Nothing was loaded."
        )


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
