"""How tills write numbers and dates, and counting which format a file's values show."""

from dataclasses import dataclass
from typing import TypeVar

import polars as pl

Text = TypeVar("Text", pl.Expr, pl.Series)

DAY_FIRST, MONTH_FIRST = "day first", "month first"

_CURRENCY = r"(?i)[€$£¥₣₹]|\b(eur|usd|gbp|chf|cad|aud|jpy|sek|nok|dkk|pln|czk|kr|fr)\b\.?"
_SPACES = r"[\s\u00a0\u2007\u2009\u202f'’]"
_TIME_OF_DAY = r"[T ]+\d{1,2}[:h.]\d{2}([:.]\d{2}(\.\d+)?)?(?i:\s*[ap]m)?"
_OFFSET = r"\s*(Z|[+-]\d{2}:?\d{2})$"
_ISO = r"^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]|$)"
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

    def __add__(self, other: "FormatVotes") -> "FormatVotes":
        return FormatVotes(*(a + b for a, b in zip(self._values(), other._values(), strict=True)))

    def _values(self) -> tuple[int, ...]:
        return (self.comma, self.point, self.day_first, self.month_first, self.either_first)


def number_votes(text: pl.Series) -> FormatVotes:
    """Which sign the numbers use for decimals.

    ``1.234,50`` and ``0,90`` say comma, ``1,234.50`` and ``0.90`` say point; ``1.234`` says neither.
    """
    bare = _bare(text)
    comma = bare.str.contains(r"^[+-]?\d*,(\d{1,2}|\d{4,})$|^[+-]?0,\d+$|\.\d{3},\d*$|\d\.\d{3}\.\d{3}")
    point = bare.str.contains(r"^[+-]?\d*\.(\d{1,2}|\d{4,})$|^[+-]?0\.\d+$|,\d{3}\.\d*$|\d,\d{3},\d{3}")
    return FormatVotes(comma=int(comma.sum()), point=int(point.sum()))


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


def to_day(column: str, *, order: str, date_format: str | None, zone: str) -> pl.Expr:
    """The local day of a date or date-time; null where there is none.

    Args:
        order: ``DAY_FIRST`` or ``MONTH_FIRST``, for dates with slashes or dashes and the year last.
        date_format: strptime format of the whole value; None: any format above, or ISO.
        zone: the tenant's time zone, for values that say their offset from UTC.
    """
    text = pl.col(column)
    if date_format is not None:
        return text.str.to_date(date_format, strict=False)
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
    return pl.when(sensible).then(pl.coalesce(_shifted(text, zone), written))


def _shifted(text: pl.Expr, zone: str) -> pl.Expr:
    """The local day of ISO instants that say their offset from UTC."""
    offset = text.str.extract(_OFFSET, 1).str.replace("Z", "+0000").str.replace(":", "", literal=True)
    clock = text.str.extract(r"[T ](\d{2}:\d{2})", 1)
    stamped = pl.concat_str(text.str.slice(0, 10), pl.lit("T"), clock, pl.lit(":00"), offset)
    instant = stamped.str.to_datetime("%Y-%m-%dT%H:%M:%S%z", strict=False, time_unit="us", time_zone="UTC")
    return pl.when(offset.is_not_null() & clock.is_not_null()).then(instant.dt.convert_time_zone(zone).dt.date())


def _joined(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    return pl.concat_str(year, pl.lit("-"), month.str.zfill(2), pl.lit("-"), day.str.zfill(2))


def _bare(text: Text) -> Text:
    """Without currency and spaces; a minus that stands last, as in 1,10-, comes first."""
    bare = text.str.replace_all(_CURRENCY, "").str.replace_all(_SPACES, "").str.replace("−", "-", literal=True)
    return bare.str.replace(r"^([^-]+)-$", "-$1")
