"""How tills write numbers and dates, and counting which format a file's values show."""

from dataclasses import dataclass
from typing import TypeVar

import polars as pl

Text = TypeVar("Text", pl.Expr, pl.Series)

DAY_FIRST, MONTH_FIRST = "day first", "month first"

_CURRENCY = r"(?i)[€$£¥₣₹]|\b(eur|usd|gbp|chf|cad|aud|jpy|sek|nok|dkk|pln|czk|kr|fr)\b\.?"
_SPACES = r"[\s\u00a0\u2007\u2009\u202f'’]"
_TIME_OF_DAY = r"[T ]+\d{1,2}[:h.]\d{2}([:.]\d{2}(\.\d+)?)?(?i:\s*[ap]m)?"
_CLOCK = r"(?:\d{4}-\d{2}-\d{2}[T ])?(\d{1,2})[:h.](\d{2})(?:[:.]\d{2}(?:\.\d+)?)?(?:\s*([aApP])\.?[mM]\.?)?"
_IN_CLOCK = rf"^{_CLOCK}$"
_WRITTEN_DATE = r"(?:[\d./-]+|\d{1,2}-\p{L}{3}-\d{4})"
_AFTER_DATE = rf"^{_WRITTEN_DATE},?[T ]+(\d{{1,2}})[:h.](\d{{2}})(?:[:.]\d{{2}})?(?:\.\d+)?(?:\s*([aApP])[mM])?"
_OFFSET = r"\s*(Z|[+-]\d{2}:?\d{2})$"
_ISO = r"^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ,]|$)"
_COMPACT = r"^(\d{4})(\d{2})(\d{2})(?:[T ]|$)"
_EUROPEAN = r"^(\d{1,2})([-/.])(\d{1,2})[-/.](\d{4}|\d{2})(?:[T ,]|$)"


@dataclass(frozen=True)
class FormatVotes:
    """How many of a column's values can be read in one format only, for each format."""

    comma: int = 0
    point: int = 0
    day_first: int = 0
    month_first: int = 0
    either_first: int = 0
    either_sign: int = 0

    def __add__(self, other: "FormatVotes") -> "FormatVotes":
        return FormatVotes(*(a + b for a, b in zip(self._values(), other._values(), strict=True)))

    def _values(self) -> tuple[int, ...]:
        return (self.comma, self.point, self.day_first, self.month_first, self.either_first, self.either_sign)


def number_votes(text: pl.Series) -> FormatVotes:
    """Which sign the numbers use for decimals.

    ``1.234,50`` and ``0,90`` say comma, ``1,234.50`` and ``0.90`` say point; ``1.234`` says neither, and may be either.
    """
    bare = _bare(text)
    comma = bare.str.contains(r"^[+-]?\d*,(\d{1,2}|\d{4,})$|^[+-]?0,\d+$|\.\d{3},\d*$|\d\.\d{3}\.\d{3}")
    point = bare.str.contains(r"^[+-]?\d*\.(\d{1,2}|\d{4,})$|^[+-]?0\.\d+$|,\d{3}\.\d*$|\d,\d{3},\d{3}")
    either = bare.str.contains(r"^[+-]?[1-9]\d{0,2}[.,]\d{3}$")
    return FormatVotes(comma=int(comma.sum()), point=int(point.sum()), either_sign=int(either.sum()))


def date_votes(text: pl.Series) -> FormatVotes:
    """Whether dates such as 03/04/2026 have the day or the month first; only values above 12 show it."""
    parts = text.str.extract_groups(_EUROPEAN).struct
    first, second = parts.field("1").cast(pl.Int32, strict=False), parts.field("3").cast(pl.Int32, strict=False)
    slashed = parts.field("2") != "."  # with points the day always comes first
    return FormatVotes(
        day_first=int((slashed & (first > 12)).sum()),
        month_first=int((slashed & (second > 12)).sum()),
        either_first=int((slashed & (first <= 12) & (second <= 12)).sum()),
    )


def to_number(column: str, decimal: str) -> pl.Expr:
    """Numbers with currency signs, thousands separators, and ``decimal`` before the decimals; null where none is."""
    thousands = "." if decimal == "," else ","
    t, d = f"\\{thousands}", f"\\{decimal}"
    text = _bare(pl.col(column))
    fits = text.str.contains(rf"^[+-]?(\d{{1,3}}({t}\d{{3}})+|\d+)({d}\d*)?$|^[+-]?{d}\d+$")
    plain = text.str.replace_all(thousands, "", literal=True).str.replace(decimal, ".", literal=True)
    return pl.when(fits).then(plain).cast(pl.Float64, strict=False) + 0.0


def is_number(text: pl.Expr) -> pl.Expr:
    """Whether a text is an amount with whatever signs; null where there is no text."""
    return _bare(text).str.contains(r"^[+-]?(\d{1,3}([.,]\d{3})+|\d+)?([.,]\d*)?$") & text.str.contains(r"\d")


def is_date(text: pl.Expr) -> pl.Expr:
    """Whether a text begins with a date in any order; null where there is no text."""
    return text.str.contains(_ISO) | text.str.contains(_COMPACT) | text.str.contains(_EUROPEAN)


def is_clock(text: pl.Expr) -> pl.Expr:
    """Whether a text is a time of day; null where there is no text."""
    return text.str.contains(rf"^{_CLOCK}$")


def to_local(
    date: pl.Expr, clock: pl.Expr | None, *, order: str, date_format: str | None, zone: str
) -> tuple[pl.Expr, pl.Expr]:
    """The local day of a date or date-time, and its minute of the day; null where there is none.

    Args:
        clock: text with the time of day, where it is not in ``date``.
        order: ``DAY_FIRST`` or ``MONTH_FIRST``, for dates with slashes or dashes and the year last.
        date_format: strptime format of the whole value; None: any format above, or ISO.
        zone: the tenant's time zone, for values that say their offset from UTC.
    """
    parts = (clock if clock is not None else date).str.extract_groups(_IN_CLOCK if clock is not None else _AFTER_DATE)
    hour, minute = (parts.struct.field(each).cast(pl.Int32, strict=False) for each in ("1", "2"))
    half = parts.struct.field("3").str.to_lowercase().fill_null("")
    hour = pl.when(half == "p").then(hour % 12 + 12).when(half == "a").then(hour % 12).otherwise(hour)
    minutes = pl.when((hour < 24) & (minute < 60)).then(hour * 60 + minute)
    if date_format is not None:
        return date.str.to_date(date_format, strict=False), minutes
    shifted = _shifted(date, zone)
    moved = shifted.dt.hour().cast(pl.Int32) * 60 + shifted.dt.minute().cast(pl.Int32)
    return _day(date, order, shifted.dt.date()), pl.coalesce(moved, minutes)


def _day(text: pl.Expr, order: str, shifted: pl.Expr) -> pl.Expr:
    iso, compact, european = (text.str.extract_groups(form).struct for form in (_ISO, _COMPACT, _EUROPEAN))
    year = european.field("4")
    year = pl.when(year.str.len_chars() == 2).then("20" + year).otherwise(year)
    month_leads = (european.field("2") != ".") & pl.lit(order == MONTH_FIRST)
    day = pl.when(month_leads).then(european.field("3")).otherwise(european.field("1"))
    month = pl.when(month_leads).then(european.field("1")).otherwise(european.field("3"))
    written = pl.coalesce(
        _joined(iso.field("1"), iso.field("2"), iso.field("3")),
        _joined(compact.field("1"), compact.field("2"), compact.field("3")),
        _joined(year, month, day),
    ).str.to_date("%Y-%m-%d", strict=False)
    tail = text.str.extract(r"^[\d./-]+(.*)$", 1).fill_null("")
    sensible = (tail == "") | tail.str.contains(rf"^,?{_TIME_OF_DAY}(\s*(Z|[+-]\d{{2}}:?\d{{2}}))?$")
    return pl.when(sensible).then(pl.coalesce(shifted, written))


def _shifted(text: pl.Expr, zone: str) -> pl.Expr:
    """The local time of ISO instants that say their offset from UTC."""
    offset = text.str.extract(_OFFSET, 1).str.replace("Z", "+0000").str.replace(":", "", literal=True)
    clock = text.str.extract(r"[T ](\d{2}:\d{2})", 1)
    stamped = pl.concat_str(text.str.slice(0, 10), pl.lit("T"), clock, pl.lit(":00"), offset)
    instant = stamped.str.to_datetime("%Y-%m-%dT%H:%M:%S%z", strict=False, time_unit="us", time_zone="UTC")
    known = offset.is_not_null() & clock.is_not_null()
    return pl.when(known).then(instant.dt.convert_time_zone(zone).dt.replace_time_zone(None))


def _joined(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    return pl.concat_str(year, pl.lit("-"), month.str.zfill(2), pl.lit("-"), day.str.zfill(2))


def _bare(text: Text) -> Text:
    """Without currency and spaces; a minus that stands last, as in 1,10-, comes first."""
    bare = text.str.replace_all(_CURRENCY, "").str.replace_all(_SPACES, "").str.replace("−", "-", literal=True)
    return bare.str.replace(r"^([^-]+)-$", "-$1")
