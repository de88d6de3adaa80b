"""Text to values: each kind of column, vectorised, with a reason that a person can act on where it fails."""

import polars as pl

from bakery_assets.intake.chunks import LONGEST_CODE
from bakery_assets.intake.tables import ColumnSpec

LONGEST_TEXT = 10_000  # characters
LOCAL = "__local"  # suffix of the column with an instant given in the tenant's local time
IDENTITY_RULE = "only letters, digits, . _ and - may be in it, at most 100, with a letter or digit first"
FIRST_YEAR, LAST_YEAR = 1970, 2199

_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?$"
_NOT_FINITE = r"(?i)^[+-]?(nan|inf|infinity)$"
_DATE = r"^\d{4}-\d{2}-\d{2}([T ]00:00(:00(\.0+)?)?)?$"
_TIME = r"^\d{1,2}:\d{2}(:\d{2}(\.\d{1,6})?)?$"
_INSTANT = r"^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2})?(\.\d{1,9})?\s?(?i:(Z)|([+-]\d{2}):?(\d{2})?)?$"


def cleaned(name: str) -> pl.Expr:
    """A column's text without spaces around it; empty is missing."""
    text = pl.col(name).str.strip_chars()
    return pl.when(text != "").then(text)


def parsed(column: ColumnSpec) -> list[pl.Expr]:
    """The column's values from its cleaned text; null where the text is none, the default where it is missing."""
    text = pl.col(column.name)
    value = {
        "text": _choice if column.choices else _text,
        "number": _share if (column.minimum, column.maximum) == (0.0, 1.0) else _number,
        "whole": _whole,
        "date": _date,
        "time": _time,
    }
    if column.kind == "instant":
        return [_instant(text).alias(column.name), _local_instant(text).alias(column.name + LOCAL)]
    made = value[column.kind](text)
    if column.default is not None:
        made = pl.when(text.is_null()).then(_default(column)).otherwise(made)
    return [made.alias(column.name)]


def complaint(column: ColumnSpec, zones: frozenset[str], *, indexed: bool) -> pl.Expr:
    """Why the column's cleaned text (in ``column.name``) cannot be used, given its value; null where it can.

    Args:
        zones: names of time zones that are known.
        indexed: the column is part of a key or a reference, so its length is bounded by the index.
    """
    text = pl.col(column.name)
    shown = pl.format("{} is '{}'", pl.lit(column.name), text.str.slice(0, 60))
    tests: list[tuple[pl.Expr, pl.Expr | str]] = []
    if column.kind == "text":
        longest = LONGEST_CODE if indexed or column.code else LONGEST_TEXT
        tests.append(
            (text.str.len_chars() > longest, f"{column.name} is longer than {longest:,} characters; shorten it")
        )
        tests.append((text.str.contains("\0", literal=True), f"{column.name} holds a NUL character; remove it"))
        if column.pattern:
            tests.append((text.str.contains(column.pattern).not_(), _join(shown, f"; {IDENTITY_RULE}")))
        if column.choices:
            listed = ", ".join(column.choices)
            tests.append((_choice(text).is_in(column.choices).not_(), _join(shown, f"; it must be one of {listed}")))
        if column.zone:
            hint = ", which is no IANA time zone; write it like Europe/Berlin"
            tests.append((text.is_in(list(zones)).not_(), _join(shown, hint)))
    elif column.kind in ("number", "whole"):
        tests += _number_tests(column, text, shown)
    elif column.kind == "date":
        tests.append((_date(text).is_null(), _join(shown, ", which is no date; write it like 2026-03-29")))
        tests.append((_outside(_date(text)), _join(shown, f"; a year from {FIRST_YEAR} to {LAST_YEAR} is expected")))
    elif column.kind == "time":
        tests.append((_time(text).is_null(), _join(shown, ", which is no time of day; write it like 05:30")))
    else:
        either = pl.coalesce(_instant(text).dt.replace_time_zone(None), _local_instant(text))
        hint = ", which is no date with time; write it like 2026-03-29T14:05:00+02:00"
        tests.append((either.is_null(), _join(shown, hint)))
        tests.append((_outside(either), _join(shown, f"; a year from {FIRST_YEAR} to {LAST_YEAR} is expected")))
    reason: pl.Expr = pl.lit(None, pl.String)
    if column.required:
        reason = pl.when(text.is_null()).then(pl.lit(f"{column.name} is empty; every row needs it")).otherwise(reason)
    for failed, why in reversed(tests):
        said = pl.lit(why) if isinstance(why, str) else why
        reason = pl.when(text.is_not_null() & failed).then(said).otherwise(reason)
    return reason


def _number_tests(column: ColumnSpec, text: pl.Expr, shown: pl.Expr) -> list[tuple[pl.Expr, pl.Expr | str]]:
    value = _share(text) if (column.minimum, column.maximum) == (0.0, 1.0) else _number(text)
    finite = value.is_finite()
    tests: list[tuple[pl.Expr, pl.Expr | str]] = [
        (text.str.contains(_NOT_FINITE) | finite.not_(), _join(shown, ", which is not a finite number; correct it")),
        (value.is_null(), _join(shown, ", which is no number; write it like 1234.5, with a decimal point")),
    ]
    if column.kind == "whole":
        tests.append((value != value.floor(), _join(shown, "; a whole number is expected")))
    if column.minimum is not None:
        word = "is negative" if column.minimum == 0 else "is too small"
        hint = f"; {column.name} {word}, at least {column.minimum:,g} is expected"
        tests.append((value < column.minimum, _join(shown, hint)))
    if column.maximum is not None:
        hint = f"; {column.name} is too large, at most {column.maximum:,g} is expected"
        tests.append((value > column.maximum, _join(shown, hint)))
    return tests


def _join(shown: pl.Expr, hint: str) -> pl.Expr:
    return pl.concat_str(shown, pl.lit(hint))


def _text(text: pl.Expr) -> pl.Expr:
    return text


def _choice(text: pl.Expr) -> pl.Expr:
    return text.str.to_lowercase()


def _number(text: pl.Expr) -> pl.Expr:
    # Adding 0.0 turns minus zero, which prints and compares in surprising ways, into zero.
    return pl.when(text.str.contains(_NUMBER)).then(text).cast(pl.Float64, strict=False) + 0.0


def _share(text: pl.Expr) -> pl.Expr:
    """A share of 0 to 1 may also be said as true or false."""
    word = text.str.to_lowercase()
    return pl.when(word == "true").then(1.0).when(word == "false").then(0.0).otherwise(_number(text))


def _whole(text: pl.Expr) -> pl.Expr:
    return _number(text).cast(pl.Int32, strict=False)


def _date(text: pl.Expr) -> pl.Expr:
    return pl.when(text.str.contains(_DATE)).then(text.str.slice(0, 10)).str.to_date("%Y-%m-%d", strict=False)


def _time(text: pl.Expr) -> pl.Expr:
    padded = pl.when(text.str.contains(_TIME)).then(text).str.replace(r"^(\d):", "0$1:")
    seconds = pl.when(padded.str.len_chars() == 5).then(padded + ":00").otherwise(padded)
    return seconds.str.to_time("%H:%M:%S%.f", strict=False)


def _wall_time(text: pl.Expr) -> pl.Expr:
    part = text.str.extract_groups(_INSTANT).struct
    joined = pl.concat_str(
        part.field("1"), pl.lit("T"), part.field("2"), part.field("3").fill_null(":00"), part.field("4").fill_null(".0")
    )
    return joined.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False)


def _has_offset(text: pl.Expr) -> pl.Expr:
    part = text.str.extract_groups(_INSTANT).struct
    return part.field("5").is_not_null() | part.field("6").is_not_null()


def _instant(text: pl.Expr) -> pl.Expr:
    """Instants that say their offset from UTC."""
    part = text.str.extract_groups(_INSTANT).struct
    hours = part.field("6").cast(pl.Int32).fill_null(0)
    minutes = part.field("7").cast(pl.Int32).fill_null(0)
    offset = hours * 60 + pl.when(part.field("6").str.starts_with("-")).then(-minutes).otherwise(minutes)
    possible = (hours.abs() <= 15) & (minutes < 60)
    instant = (_wall_time(text) - pl.duration(minutes=offset)).dt.replace_time_zone("UTC")
    return pl.when(_has_offset(text) & possible).then(instant)


def _local_instant(text: pl.Expr) -> pl.Expr:
    """Instants that do not: the tenant's local time is meant."""
    return pl.when(_has_offset(text).not_()).then(_wall_time(text))


def _outside(value: pl.Expr) -> pl.Expr:
    return value.dt.year().is_between(FIRST_YEAR, LAST_YEAR).not_()


def _default(column: ColumnSpec) -> pl.Expr:
    if column.kind == "time":
        return _time(pl.lit(str(column.default)))
    if column.kind == "whole":
        return pl.lit(int(column.default or 0), pl.Int32)
    return pl.lit(column.default)
