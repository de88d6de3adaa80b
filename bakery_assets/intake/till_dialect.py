"""Detecting the dialect of a till's export: its columns, decimal signs and the order of its dates.

Options of the user come first, then the profile; the rest is detected in a first pass over the whole file, so that no
row is read differently from another. How single values are written is in ``till_values``, where the table stands in
``till_layout``, and which column is which in ``till_columns``.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from bakery_assets.intake.date_order import KnownOfTenant, likely_order
from bakery_assets.intake.faults import Unreadable
from bakery_assets.intake.row_batches import RowBatch
from bakery_assets.intake.till_columns import COLUMN_OPTIONS, OFF, ColumnValues, TillColumns, TillOptions, find_columns
from bakery_assets.intake.till_layout import TillLayout, find_layout
from bakery_assets.intake.till_names import plain
from bakery_assets.intake.till_profiles import TillProfile
from bakery_assets.intake.till_values import (
    DAY_FIRST,
    MONTH_FIRST,
    FormatVotes,
    date_votes,
    number_votes,
    to_number,
)

ROUNDING = 0.02  # how far a product of rounded amounts may be off, in currency
_ALIKE = 0.9  # share of lines that show whether a price is that of one unit or of the line


@dataclass(frozen=True)
class TillForm:
    """How exports of one source were written before, or how this one shows that it is; None: nothing showed it."""

    decimal: str | None = None
    order: str | None = None


UNKNOWN_FORM = TillForm()
NOTHING_KNOWN = KnownOfTenant()


@dataclass(frozen=True)
class TillDialect:
    """How an export is to be read.

    Attributes:
        batches: reads it from the start.
        decimals: the decimal sign of each column of numbers.
        order: whether 03/04/2026 is in April (``DAY_FIRST``) or in March.
        notes: what was assumed, for the user to see.
    """

    path: Path
    batches: Callable[[], Iterator[RowBatch]]
    columns: TillColumns
    decimals: dict[str, str]
    order: str
    date_format: str | None
    notes: tuple[str, ...]
    profile: TillProfile | None = None
    header: tuple[str, ...] = ()
    shown: TillForm = UNKNOWN_FORM

    @property
    def source(self) -> str:
        """What exports of the same till have in common: its profile, or the names of the columns."""
        return self.profile.name if self.profile else source_of(self.header)


def detect_dialect(
    path: Path,
    options: TillOptions,
    *,
    tenant: KnownOfTenant = NOTHING_KNOWN,
    remembered: Callable[[str], TillForm] = lambda source: UNKNOWN_FORM,
) -> TillDialect:
    """Detect how an export is written.

    Dates such as 03/04/2026 are read as values of the file say that can be read in one way only, else as ``date_order``
    finds. Decimal signs that nothing in the file shows are those of earlier exports.

    Args:
        tenant: what is known of the tenant, which decides the order of dates.
        remembered: how earlier exports of a ``TillDialect.source`` were written.

    Raises:
        Unreadable: it cannot be read, or a column or its format cannot be detected.
    """
    if options.decimal not in (None, ",", "."):
        raise Unreadable(f"The decimal sign is ',' or '.', not '{options.decimal}'.")
    layout = find_layout(path, options)
    profile = layout.profile
    columns: TillColumns | None = None
    header: tuple[str, ...] = ()
    sample = pl.DataFrame()
    dates = FormatVotes()
    numbers: dict[str, FormatVotes] = {}
    for batch in layout.batches():
        if columns is None:
            header, sample = tuple(batch.columns), batch.rows
            columns = find_columns(header, options, profile, ColumnValues.of(sample, header))
            numbers = {name: FormatVotes() for name in _measures(columns)}
        dates += date_votes(batch.rows[columns.date].str.strip_chars())
        for name in numbers:
            numbers[name] += number_votes(batch.rows[name])
    assert columns is not None
    before = remembered(profile.name if profile else source_of(header))
    known = options.decimal or (profile.decimal if profile else None)
    decimals = {name: known or _decimal(path, name, found, layout, numbers, before) for name, found in numbers.items()}
    date_format = options.date_format or (profile.date_format if profile else None)
    order: str = (profile.order if profile else None) or DAY_FIRST
    order_notes: tuple[str, ...] = ()
    if date_format is None and not (profile and profile.order):
        order, order_notes = _order(path, dates, columns.date)
        if dates.either_first and not dates.day_first and not dates.month_first:
            order, order_notes = likely_order(layout.batches, columns.date, tenant, before.order)
    notes = (*layout.notes, *columns.notes, *order_notes)
    if options.price is None and profile is None and _is_line_total(sample, columns, decimals):
        notes = (
            *notes,
            f"Column {columns.price} holds the price of the whole line, so it was not used as that of one unit.",
        )
        columns = replace(columns, price=None)
    shown = TillForm(options.decimal or _shown_sign(numbers), _shown_order(dates))
    return TillDialect(path, layout.batches, columns, decimals, order, date_format, notes, profile, header, shown)


def source_of(header: Sequence[str]) -> str:
    """What exports with these columns have in common where no profile knows the till."""
    return "columns: " + ", ".join(sorted(map(plain, header)))[:150]


def _shown_sign(numbers: dict[str, FormatVotes]) -> str | None:
    votes = sum(numbers.values(), FormatVotes())
    if bool(votes.comma) == bool(votes.point):
        return None
    return "," if votes.comma else "."


def _shown_order(dates: FormatVotes) -> str | None:
    if bool(dates.day_first) == bool(dates.month_first):
        return None
    return DAY_FIRST if dates.day_first else MONTH_FIRST


def _measures(columns: TillColumns) -> list[str]:
    return list(dict.fromkeys(name for name in (columns.quantity, columns.price, columns.revenue) if name))


def _decimal(
    path: Path,
    column: str,
    found: FormatVotes,
    layout: TillLayout,
    others: dict[str, FormatVotes],
    before: TillForm,
) -> str:
    """The decimal sign of a column; where its values do not show it, that of the other columns or earlier exports."""
    if found.comma and found.point:
        raise Unreadable(
            f"{path.name}: column {column} has both decimal commas and decimal points; say which with --decimal."
        )
    shown = found if found.comma or found.point else sum(others.values(), FormatVotes())
    if shown.comma != shown.point:
        return "," if shown.comma > shown.point else "."
    if before.decimal:
        return before.decimal
    if found.either_sign:
        raise Unreadable(
            f"{path.name}: nothing shows whether 1.234 in column {column} is a little more than one or over a thousand;"
            " say which sign stands before the decimals with --decimal , or --decimal ."
        )
    return "," if layout.delimiter == ";" else "."


def _is_line_total(rows: pl.DataFrame, columns: TillColumns, decimals: dict[str, str]) -> bool:
    """Whether the prices of lines with several pieces are their takings."""
    roles = {"quantity": columns.quantity, "price": columns.price, "revenue": columns.revenue}
    if not all(roles.values()):
        return False
    read = rows.select(to_number(name, decimals[name]).abs().alias(role) for role, name in roles.items() if name)
    several = read.drop_nulls().filter((pl.col("quantity") != 1) & (pl.col("quantity") > 0) & (pl.col("revenue") > 0))
    if several.is_empty():
        return False
    share = several.select(
        total=((pl.col("price") - pl.col("revenue")).abs() <= ROUNDING).mean(),
        unit=((pl.col("price") * pl.col("quantity") - pl.col("revenue")).abs() <= ROUNDING).mean(),
    ).row(0)
    return float(share[0]) >= _ALIKE and float(share[1]) < 1 - _ALIKE


def _order(path: Path, dates: FormatVotes, column: str) -> tuple[str, tuple[str, ...]]:
    if dates.day_first and dates.month_first:
        raise Unreadable(
            f"{path.name}: some dates in {column} have the day first and some the month; say which with --date-format."
        )
    if dates.month_first:
        return MONTH_FIRST, (f"Dates in {column} were read as month/day/year, as values above 12 show.",)
    return DAY_FIRST, ()


def with_mapping(options: TillOptions, mapping: dict[str, object]) -> TillOptions:
    """Options, where they are not given, from a mapping file's keys; ``null`` switches a column off.

    Raises:
        Unreadable: the mapping has a key that is no option, or a value that is none.
    """
    known = TillOptions.__dataclass_fields__
    keys = {str(key).replace("-", "_"): value for key, value in mapping.items()}
    unknown = sorted(set(keys) - set(known))
    if unknown:
        raise Unreadable(f"The mapping has {', '.join(unknown)}; it may have {', '.join(known)}.")
    given: dict[str, object] = {}
    for key, value in keys.items():
        if getattr(options, key) not in (None, False):
            continue
        if key == "skip" and not (isinstance(value, int) and not isinstance(value, bool)):
            raise Unreadable("The mapping's skip is a number of lines, 0 or more.")
        if key == "quantity_each" and not isinstance(value, bool):
            raise Unreadable("The mapping's quantity-each is true or false.")
        if value is None and key not in COLUMN_OPTIONS:
            continue
        given[key] = value if isinstance(value, int) else OFF if value is None else str(value)
    return replace(options, **given)  # type: ignore[arg-type]
