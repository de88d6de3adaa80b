"""The columns of a till's export by their roles (article, date, …): from options, a profile, or names and values."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from bakery_assets.intake.faults import Unreadable
from bakery_assets.intake.till_names import plain
from bakery_assets.intake.till_profiles import TillProfile, generic_words, named
from bakery_assets.intake.till_values import is_clock, is_date, is_number

OFF = "none"  # the option's value that says that there is no such column
ROLES = ("article", "date", "time", "quantity", "price", "revenue", "location", "receipt")
_OPTIONS: Mapping[str, str] = {"location": "location_column"}
COLUMN_OPTIONS = tuple(_OPTIONS.get(role, role) for role in ROLES)
_LOOKED_AT = 1_000  # rows whose values tell what a column holds
_SHARE = 0.5  # of a column's values that are numbers or dates, where it is taken for such; the others are at fault
_WIDE = 3  # columns of numbers that no role names, where each may be an article


@dataclass(frozen=True)
class TillOptions:
    """What the user says about an export; None is detected from the file, and ``OFF`` switches a column off."""

    article: str | None = None
    date: str | None = None
    quantity: str | None = None
    price: str | None = None
    revenue: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    date_format: str | None = None
    encoding: str | None = None
    time: str | None = None
    location_column: str | None = None
    receipt: str | None = None
    quantity_each: bool = False
    skip: int | None = None
    till: str | None = None

    def column(self, role: str) -> str | None:
        """What the user says of a role."""
        value: str | None = getattr(self, _OPTIONS.get(role, role))
        return value


@dataclass(frozen=True)
class TillColumns:
    """The export's columns by role.

    Where ``quantity_each``, every line without a quantity is one piece; else, without that column, it is ``revenue``
    over ``price``. Several columns of articles are joined. ``notes``: what was concluded, for the user to see.
    """

    article: tuple[str, ...]
    date: str
    quantity: str | None
    price: str | None
    revenue: str | None
    time: str | None = None
    location: str | None = None
    receipt: str | None = None
    quantity_each: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ColumnValues:
    """What columns hold by their values; a column without any is in none of the sets, but in ``empty``."""

    numbers: frozenset[str]
    dates: frozenset[str]
    clocks: frozenset[str]
    empty: frozenset[str]

    @classmethod
    def of(cls, rows: pl.DataFrame, columns: Sequence[str]) -> "ColumnValues":
        """From the first rows of a file."""
        values = rows.head(_LOOKED_AT).select(pl.col(columns).str.strip_chars().replace("", None))
        tests = (is_number, is_date, is_clock)
        shares = [values.select(test(pl.col(columns)).mean()).row(0, named=True) for test in tests]
        numbers, dates, clocks = (
            frozenset(name for name, share in each.items() if (share or 0) >= _SHARE) for each in shares
        )
        return cls(
            numbers, dates, clocks, frozenset(name for name in columns if values[name].null_count() == values.height)
        )


def find_columns(
    header: Sequence[str], options: TillOptions, profile: TillProfile | None = None, values: ColumnValues | None = None
) -> TillColumns:
    """The columns that the options name, then those of the profile, or without one those with a known name.

    Args:
        values: what the columns hold; a column with a fitting name and other values is not taken.

    Raises:
        Unreadable: a named column is not there, one that is needed is not recognized, or one would have two roles.
    """
    found: dict[str, str | None] = dict(_given(header, options))
    articles = tuple(filter(None, [found.get("article")]))
    if profile is not None:
        usual = _of_profile(header, profile, found)
        articles = articles or usual
    else:
        _detect(header, found, values)
        articles = tuple(filter(None, [found["article"]]))
    each = options.quantity_each or (profile is not None and profile.quantity_each)
    notes: tuple[str, ...] = ()
    if options.quantity_each:
        found["quantity"] = None
    elif profile is None and values is not None and _is_a_piece_a_line(header, found, values):
        each = True
        notes = ("No column holds quantities: every line was read as one piece sold.",)
    missing = [role for role, name in (("article", articles), ("date", found["date"])) if not name]
    if found["quantity"] is None and not each and (found["revenue"] is None or found["price"] is None):
        missing.append("quantity")
    if missing:
        raise Unreadable(_missing(header, missing, found, values))
    _refuse_two_roles(articles, found)
    date = found["date"]
    assert date is not None
    return TillColumns(
        articles,
        date,
        found["quantity"],
        found["price"],
        found["revenue"],
        found["time"],
        found["location"],
        found["receipt"],
        each,
        notes,
    )


def _refuse_two_roles(articles: Sequence[str], found: Mapping[str, str | None]) -> None:
    """Raise Unreadable where one column is read as two things that no column can be at once.

    A date may hold the time, too, and the number of a receipt the time or the shop.
    """
    roles: dict[str, str] = dict.fromkeys(articles, "article")
    for role in ("date", "quantity", "price", "revenue", "location"):
        name = found[role]
        if name is None:
            continue
        if name in roles:
            one, other = (_OPTIONS.get(each, each).replace("_", "-") for each in (roles[name], role))
            raise Unreadable(
                f"Column {name} would be read as both {roles[name]} and {role}; say which column is the one or the"
                f" other, with --{one} NAME or --{other} NAME."
            )
        roles[name] = role


def has_columns(header: Sequence[str], options: TillOptions, profile: TillProfile | None) -> bool:
    """Whether a line may be that of the column names: it has an article and a date."""
    try:
        found = find_columns(header, _without_measures(options), profile)
    except Unreadable:
        return False
    return bool(found.article and found.date)


def _without_measures(options: TillOptions) -> TillOptions:
    return TillOptions(article=options.article, date=options.date, quantity_each=True)


def _given(header: Sequence[str], options: TillOptions) -> Iterator[tuple[str, str | None]]:
    for role in ROLES:
        wanted = options.column(role)
        if wanted is None:
            continue
        match = named(header, wanted)
        if match is None and plain(wanted) != OFF:
            option = _OPTIONS.get(role, role).replace("_", "-")
            raise Unreadable(f"There is no column '{wanted}' for --{option}; the file has: {', '.join(header)}.")
        yield role, match


def _of_profile(header: Sequence[str], profile: TillProfile, found: dict[str, str | None]) -> tuple[str, ...]:
    """The profile's columns of articles; its other columns are added to ``found``."""
    for role in ROLES[1:]:
        if role not in found:
            name = getattr(profile.columns, role)
            found[role] = named(header, name) if name else None
    return tuple(filter(None, (named(header, name) for name in profile.columns.article)))


def _detect(header: Sequence[str], found: dict[str, str | None], values: ColumnValues | None) -> None:
    names = generic_words().names
    for role in ROLES:
        if role in found:
            continue
        free = [name for name in header if name not in found.values()]
        if role in names:
            whole_only = role in ("time", "receipt")
            found[role] = _fitting(role, list(_recognized(free, names[role], whole_only=whole_only)), values)
        else:
            found[role] = None


def _fitting(role: str, candidates: Sequence[str], values: ColumnValues | None) -> str | None:
    """The first candidate whose values fit the role."""
    if values is None or role == "receipt":
        return next(iter(candidates), None)
    if role == "article":  # codes are numbers, too, where there is nothing else
        return next((name for name in candidates if name not in values.numbers), next(iter(candidates), None))
    wanted = {"date": values.dates, "time": values.clocks}.get(role, values.numbers)
    # A time that no line has is none; another column may be empty in the lines that were looked at.
    fitting = wanted if role == "time" else wanted | values.empty
    return next((name for name in candidates if name in fitting), None)


def _recognized(header: Sequence[str], names: Sequence[str], *, whole_only: bool) -> Iterator[str]:
    for name in names:
        yield from (column for column in header if plain(column) == name)
    if not whole_only:
        for name in names:
            yield from (column for column in header if len(name) > 2 and name in plain(column).split("_"))


def _is_a_piece_a_line(header: Sequence[str], found: Mapping[str, str | None], values: ColumnValues) -> bool:
    """Whether no column of numbers is left that could be a quantity, a price or takings."""
    if not found["article"] or not found["date"] or found["price"] or found["revenue"] or found["quantity"]:
        return False
    used = set(found.values())
    return not any(name in values.numbers and name not in used for name in header)


def _missing(
    header: Sequence[str], missing: Sequence[str], found: Mapping[str, str | None], values: ColumnValues | None
) -> str:
    holds_numbers = values.numbers | values.empty if values else frozenset()
    unnamed = [name for name in header if name in holds_numbers and name not in found.values()]
    unnamed.sort(key=lambda name: values is not None and name not in values.numbers)
    if "article" in missing and found["date"] and len(unnamed) >= _WIDE and not holds_numbers.isdisjoint(unnamed):
        return (
            f"It seems to have a column for each article ({', '.join(unnamed[:3])}, …). Make one line of each article"
            " with its name and quantity, for example with Excel's 'unpivot', and import that."
        )
    options = ", ".join(f"--{role} NAME" for role in missing)
    each = " If every line is one piece sold, give --quantity-each." if missing == ["quantity"] else ""
    return (
        f"No column is recognized as {' or '.join(missing)}; the file has: {', '.join(header)}."
        f" Say which with {options}.{each}"
    )
