"""Detecting the dialect of a till's export: delimiter, encoding, columns, decimal signs and the order of dates.

Options of the user come first; the rest is detected in a first pass over the whole file, so that no row is read
differently from another. How single values are written is in ``till_values``, names of columns in ``till_columns``.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from bakery_assets.intake.delimited import DEFAULT_ENCODING, CsvDialect, header_line, read_delimited, sniff_delimiter
from bakery_assets.intake.faults import Unreadable
from bakery_assets.intake.till_columns import TillColumns, TillOptions, find_columns
from bakery_assets.intake.till_values import DAY_FIRST, MONTH_FIRST, FormatVotes, date_votes, number_votes


@dataclass(frozen=True)
class TillDialect:
    """How an export is to be read.

    Attributes:
        csv: delimiter and encoding.
        decimals: the decimal sign of each column of numbers.
        order: whether 03/04/2026 is in April (``DAY_FIRST``) or in March.
        notes: what was assumed, for the user to see.
    """

    path: Path
    csv: CsvDialect
    columns: TillColumns
    decimals: dict[str, str]
    order: str
    date_format: str | None
    notes: tuple[str, ...]


def detect_dialect(path: Path, options: TillOptions) -> TillDialect:
    """Detect how an export is written.

    Dates such as 03/04/2026 have the day first unless a value of the file says otherwise: tills that put the
    month first are found in few countries, and ``date_format`` is for them.

    Raises:
        Unreadable: it cannot be read, or a column or its format cannot be detected.
    """
    encoding = options.encoding or DEFAULT_ENCODING
    dialect = CsvDialect(_delimiter(options.delimiter) or sniff_delimiter(header_line(path, encoding)), encoding)
    if options.decimal not in (None, ",", "."):
        raise Unreadable(f"The decimal sign is ',' or '.', not '{options.decimal}'.")
    columns: TillColumns | None = None
    dates = FormatVotes()
    numbers: dict[str, FormatVotes] = {}
    for batch in read_delimited(path, dialect):
        if columns is None:
            columns = find_columns(batch.columns, options)
            numbers = {name: FormatVotes() for name in _measures(columns)}
        dates += date_votes(batch.rows[columns.date].str.strip_chars())
        for name in numbers:
            numbers[name] += number_votes(batch.rows[name])
    assert columns is not None
    decimals = {
        name: options.decimal or _decimal(path, name, found, dialect.delimiter, numbers)
        for name, found in numbers.items()
    }
    order, notes = _order(path, dates, columns.date) if options.date_format is None else (DAY_FIRST, ())
    return TillDialect(path, dialect, columns, decimals, order, options.date_format, notes)


def _delimiter(option: str | None) -> str | None:
    one = "\t" if option in ("tab", "\\t") else option
    if one is not None and len(one) != 1:
        raise Unreadable(f"A delimiter is one character, or 'tab', not '{one}'.")
    return one


def _measures(columns: TillColumns) -> list[str]:
    return list(dict.fromkeys(name for name in (columns.quantity, columns.price, columns.revenue) if name))


def _decimal(path: Path, column: str, found: FormatVotes, delimiter: str, others: dict[str, FormatVotes]) -> str:
    """The decimal sign of a column; where its values do not show it, that of the other columns."""
    if found.comma and found.point:
        raise Unreadable(
            f"{path.name}: column {column} has both decimal commas and decimal points; say which with --decimal."
        )
    if not found.comma and not found.point:
        found = sum(others.values(), FormatVotes())
    if found.comma != found.point:
        return "," if found.comma > found.point else "."
    return "," if delimiter == ";" else "."


def _order(path: Path, dates: FormatVotes, column: str) -> tuple[str, tuple[str, ...]]:
    if dates.day_first and dates.month_first:
        raise Unreadable(
            f"{path.name}: some dates in {column} have the day first and some the month; say which with --date-format."
        )
    if dates.month_first:
        return MONTH_FIRST, (f"Dates in {column} were read as month/day/year, as values above 12 show.",)
    if dates.either_first and not dates.day_first:
        note = f"Dates in {column} were read as day/month/year; if the month comes first, give --date-format %m/%d/%Y."
        return DAY_FIRST, (note,)
    return DAY_FIRST, ()


def with_mapping(options: TillOptions, mapping: dict[str, object]) -> TillOptions:
    """Options, where they are not given, from a mapping file's keys.

    Raises:
        Unreadable: the mapping has a key that is no option.
    """
    known = TillOptions.__dataclass_fields__
    keys = {str(key).replace("-", "_"): value for key, value in mapping.items()}
    unknown = sorted(set(keys) - set(known))
    if unknown:
        raise Unreadable(f"The mapping has {', '.join(unknown)}; it may have {', '.join(known)}.")
    return replace(
        options,
        **{key: str(value) for key, value in keys.items() if getattr(options, key) is None and value is not None},
    )
