"""Where the table of a till's export stands in its file: encoding, delimiter, and the line of column names."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bakery_assets.intake.delimited import CsvDialect, empty_file, first_lines, read_delimited, sniff_delimiter
from bakery_assets.intake.faults import Unreadable
from bakery_assets.intake.row_batches import RowBatch
from bakery_assets.intake.spreadsheet import first_sheet_rows, is_spreadsheet, read_spreadsheet
from bakery_assets.intake.text_encoding import FileEncoding, file_encoding
from bakery_assets.intake.till_columns import TillOptions, has_columns
from bakery_assets.intake.till_profiles import TillProfile, chosen_till, recognized_till

TITLE_LINES = 30  # lines that may stand before the header


@dataclass(frozen=True)
class TillLayout:
    """How an export's table is read, by which profile; ``delimiter`` is None in a workbook."""

    batches: Callable[[], Iterator[RowBatch]]
    delimiter: str | None
    profile: TillProfile | None
    notes: tuple[str, ...]


def find_layout(path: Path, options: TillOptions) -> TillLayout:
    """The header is the first line that a profile recognizes, or that has columns of an article and a date.

    Where no line has, it is the first one.

    Raises:
        Unreadable: the file cannot be read or is empty, or the profile or an option cannot be used.
    """
    wanted = chosen_till(options.till) if options.till else None
    delimiter = _delimiter(options.delimiter)
    encoding = FileEncoding("")
    notes: tuple[str, ...] = ()
    if is_spreadsheet(path):
        heads: list[tuple[str, list[str]]] = [("", row) for row in first_sheet_rows(path, _count(options))]
    else:
        encoding = FileEncoding(options.encoding) if options.encoding else file_encoding(path)
        lines = first_lines(path, encoding.name, _count(options))
        delimiter = delimiter or _separator_line(lines)
        heads = [_split(line, delimiter) for line in lines]
    if not any("".join(row).strip() for _, row in heads):
        raise empty_file(path)
    skip, profile = _header(heads, options, wanted)
    if skip >= len(heads):
        raise Unreadable(f"{path.name} has no line {skip + 1}, where --skip {skip} looks for the column names.")
    if profile is not None and wanted is None:
        notes = (f"It was read as an export of {profile.title}; choose another with --till.",)
    if skip and options.skip is None:
        notes = (*notes, f"The column names stand in line {skip + 1}; what is above was left out.")
    found, _ = heads[skip]
    if is_spreadsheet(path):
        return TillLayout(partial(read_spreadsheet, path, skip), None, profile, notes)
    dialect = CsvDialect(found, encoding.name, skip)
    return TillLayout(partial(read_delimited, path, dialect), found, profile, (*encoding.notes, *notes))


def _count(options: TillOptions) -> int:
    if options.skip is not None and options.skip < 0:
        raise Unreadable("--skip is a number of lines, 0 or more.")
    return max(TITLE_LINES, (options.skip or 0) + 1)


def _delimiter(option: str | None) -> str | None:
    one = "\t" if option in ("tab", "\\t") else option
    if one is not None and (len(one) != 1 or one in '\r\n"'):
        raise Unreadable(f"A delimiter is one character, or 'tab', not '{one}'.")
    return one


def _separator_line(lines: list[str]) -> str | None:
    """Excel's own first line, ``sep=;``."""
    first = lines[0].strip().strip('"').lower() if lines else ""
    return first[4] if first.startswith("sep=") and len(first) == 5 else None


def _split(line: str, delimiter: str | None) -> tuple[str, list[str]]:
    one = delimiter or sniff_delimiter(line)
    try:
        return one, [cell.strip() for cell in next(csv.reader([line], delimiter=one), [])]
    except csv.Error:
        return one, [line]


def _header(
    heads: list[tuple[str, list[str]]], options: TillOptions, wanted: TillProfile | None
) -> tuple[int, TillProfile | None]:
    if options.skip is not None:
        cells = heads[options.skip][1] if options.skip < len(heads) else []
        return options.skip, wanted or (None if options.till else recognized_till(cells))
    if options.till is None:
        for number, (_, cells) in enumerate(heads):
            profile = recognized_till(cells)
            if profile is not None:
                return number, profile
    for number, (_, cells) in enumerate(heads):
        if has_columns(cells, options, wanted):
            return number, wanted
    return next(number for number, (_, cells) in enumerate(heads) if any(cells)), wanted
