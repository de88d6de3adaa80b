"""Text to values: how each type of column is written in a file, and why a text is no value of it.

What a value may be (limits, choices, patterns) is a rule of the table's schema, which ``row_rules`` applies. Here are
only the forms of writing, and what PostgreSQL can neither store nor index.
"""

from collections.abc import Collection

import dataframely as dy
import polars as pl

LONGEST_CODE = 200  # characters; PostgreSQL indexes nothing beyond 2,700 bytes
LONGEST_TEXT = 10_000  # characters
LOCAL = "__local"  # suffix of the column with an instant given in the tenant's local time
SLUG_RULE = "only letters, digits, . _ and - may be in it, at most 100, with a letter or digit first"
FIRST_YEAR, LAST_YEAR = 1970, 2199
NOT_FINITE_HINT = ", which is not a finite number; correct it"

_LARGEST_WHOLE = 2**31 - 1
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?$"
_NOT_FINITE = r"(?i)^[+-]?(nan|inf|infinity)$"
_DATE = r"^\d{4}-\d{2}-\d{2}([T ]00:00(:00(\.0+)?)?)?$"
_TIME = r"^\d{1,2}:\d{2}(:\d{2}(\.\d{1,6})?)?$"
_INSTANT = r"^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2})?(\.\d{1,9})?\s?(?i:(Z)|([+-]\d{2}):?(\d{2})?)?$"


def cleaned(name: str) -> pl.Expr:
    """A column's text without spaces around it; empty is missing."""
    text = pl.col(name).str.strip_chars()
    return pl.when(text != "").then(text)


def values(name: str, column: dy.Column, zone_names: Collection[str], *, is_indexed: bool) -> list[pl.Expr]:
    """The column's values from its cleaned text; null where the text is none, the default where it is missing.

    An instant is followed by the same in local time, for texts that name no offset; one of the two is null.

    Args:
        zone_names: the time zones that are known.
        is_indexed: the column is part of a key or a reference, so its length is limited by the index.
    """
    text = pl.col(name)
    if isinstance(column, dy.Datetime):
        return [_within_years(_instant(text)).alias(name), _within_years(_local_instant(text)).alias(name + LOCAL)]
    value = _value(text, column, zone_names, is_indexed=is_indexed)
    default = (column.metadata or {}).get("default")
    if default is not None:
        written = _value(pl.lit(str(default)), column, zone_names, is_indexed=is_indexed)
        value = pl.when(text.is_null()).then(written).otherwise(value)
    return [value.cast(column.dtype).alias(name)]


def unreadable_reason(name: str, text: pl.Expr, column: dy.Column, *, is_indexed: bool) -> pl.Expr:
    """Why a text gives no value of its column, and what to do."""
    shown = shown_text(name, text)
    match column:
        case dy.Float64() | dy.Int32():
            number = _number(text)
            return (
                pl.when(text.str.contains(_NOT_FINITE) | number.is_infinite())
                .then(shown + NOT_FINITE_HINT)
                .when(number.is_null())
                .then(shown + ", which is no number; write it like 1234.5, with a decimal point")
                .otherwise(shown + "; a whole number is expected")
            )
        case dy.Date():
            hint, readable = ", which is no date; write it like 2026-03-29", _date(text)
        case dy.Datetime():
            hint = ", which is no date with time; write it like 2026-03-29T14:05:00+02:00"
            readable = pl.coalesce(_instant(text).dt.replace_time_zone(None), _local_instant(text))
        case dy.Time():
            return shown + ", which is no time of day; write it like 05:30"
        case dy.Bool():
            return shown + "; true or false is expected"
        case _:
            longest = _longest(column, is_indexed=is_indexed)
            return (
                pl.when(text.str.len_chars() > longest)
                .then(pl.lit(f"{name} is longer than {longest:,} characters; shorten it"))
                .when(text.str.contains("\0", literal=True))
                .then(pl.lit(f"{name} holds a NUL character; remove it"))
                .otherwise(shown + ", which is no IANA time zone; write it like Europe/Berlin")
            )
    years = f"; a year from {FIRST_YEAR} to {LAST_YEAR} is expected"
    return pl.when(readable.is_null()).then(shown + hint).otherwise(shown + years)


def shown_text(name: str, text: pl.Expr) -> pl.Expr:
    """A column's name with the beginning of its text."""
    return pl.format("{} is '{}'", pl.lit(name), text.str.slice(0, 60))


def _value(text: pl.Expr, column: dy.Column, zone_names: Collection[str], *, is_indexed: bool) -> pl.Expr:
    match column:
        case dy.Float64(min=0.0, max=1.0):
            return _share(text)
        case dy.Float64():
            return _number(text)
        case dy.Int32():
            return _whole(text)
        case dy.Date():
            return _within_years(_date(text))
        case dy.Time():
            return _time(text)
        case dy.Bool():
            return _yes_or_no(text)
        case dy.String():
            return _text(text, column, zone_names, is_indexed=is_indexed)
    raise TypeError(f"Files cannot have columns of type {type(column).__name__}.")


def _text(text: pl.Expr, column: dy.Column, zone_names: Collection[str], *, is_indexed: bool) -> pl.Expr:
    metadata = column.metadata or {}
    is_storable = (text.str.len_chars() <= _longest(column, is_indexed=is_indexed)) & ~text.str.contains(
        "\0", literal=True
    )
    if "zone" in metadata:
        is_storable &= text.is_in(list(zone_names))
    return pl.when(is_storable).then(text.str.to_lowercase() if "choices" in metadata else text)


def _longest(column: dy.Column, *, is_indexed: bool) -> int:
    is_code = is_indexed or (isinstance(column, dy.String) and column.min_length is not None)
    return LONGEST_CODE if is_code else LONGEST_TEXT


def _number(text: pl.Expr) -> pl.Expr:
    # Adding 0.0 turns minus zero, which prints and compares in surprising ways, into zero.
    return pl.when(text.str.contains(_NUMBER)).then(text).cast(pl.Float64, strict=False) + 0.0


def _share(text: pl.Expr) -> pl.Expr:
    """A share of 0 to 1 may also be written as true or false."""
    word = text.str.to_lowercase()
    return pl.when(word == "true").then(1.0).when(word == "false").then(0.0).otherwise(_number(text))


def _yes_or_no(text: pl.Expr) -> pl.Expr:
    """A truth value, as programs and spreadsheets write it."""
    word = text.str.to_lowercase()
    is_yes, is_no = word.is_in(["true", "t", "yes", "1", "1.0"]), word.is_in(["false", "f", "no", "0", "0.0"])
    return pl.when(is_yes).then(pl.lit(value=True)).when(is_no).then(pl.lit(value=False))


def _whole(text: pl.Expr) -> pl.Expr:
    """Whole numbers; one beyond 32 bits becomes the nearest that fits, which no column's limits allow."""
    number = _number(text)
    is_whole = (number == number.floor()) & number.is_finite()
    return pl.when(is_whole).then(number.clip(-_LARGEST_WHOLE, _LARGEST_WHOLE)).cast(pl.Int32)


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


def _within_years(value: pl.Expr) -> pl.Expr:
    return pl.when(value.dt.year().is_between(FIRST_YEAR, LAST_YEAR)).then(value)
