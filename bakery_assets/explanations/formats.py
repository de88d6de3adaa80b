"""How figures are written for people and programs: quantities, counts, money, days and times as text; JSON of terms.

Polars expressions only. The sentences made of them stand in the modules next to this one and in ``briefing``.
"""

import polars as pl

COUNTED_UNITS = ("piece", "g", "ml")  # written in whole numbers; kilograms and liters to two decimals


def quantity(value: str | pl.Expr, unit: str | pl.Expr = "unit", *, up: bool = False) -> pl.Expr:
    """``12 pieces``, ``1 piece``, ``350 g`` or ``2.5 kg``.

    Args:
        up: round up, for what is missing: a shortage is never shown as 0.
    """
    value = pl.col(value) if isinstance(value, str) else value
    unit = pl.col(unit) if isinstance(unit, str) else unit
    # The small term keeps 0.1 + 0.2 from being rounded up to 0.31.
    whole = (value - 1e-6).ceil() if up else value.round(0, mode="half_away_from_zero")
    fine = ((value * 100 - 1e-6).ceil() / 100) if up else value.round(2)
    is_whole = unit.is_in(COUNTED_UNITS)
    number = pl.when(is_whole).then(_integer(whole)).otherwise(_trimmed(fine))
    named = pl.when(unit != "piece").then(unit).when(whole == 1).then(pl.lit("piece")).otherwise(pl.lit("pieces"))
    return pl.concat_str(number, pl.lit(" "), named)


def counted(count: str | pl.Expr, one: str, many: str) -> pl.Expr:
    """``1 batch`` or ``31 batches``."""
    count = pl.col(count) if isinstance(count, str) else count
    noun = pl.when(count == 1).then(pl.lit(one)).otherwise(pl.lit(many))
    return pl.concat_str(_integer(count), pl.lit(" "), noun)


def listed(names: str | pl.Expr, most: int) -> pl.Expr:
    """``Flour, Butter, Eggs and 4 more``: of a group the first ``most`` names."""
    names = pl.col(names) if isinstance(names, str) else names
    more = names.len().cast(pl.Int64) - most
    first = names.head(most).str.join(", ")
    return pl.when(more > 0).then(pl.format("{} and {} more", first, more)).otherwise(first)


def money(value: str | pl.Expr, currency: str = "currency") -> pl.Expr:
    """``245.00 EUR``."""
    value = pl.col(value) if isinstance(value, str) else value
    cents = (value * 100).round(0, mode="half_away_from_zero").cast(pl.Int64)
    return pl.concat_str(
        _integer(cents // 100), pl.lit("."), (cents % 100).cast(pl.String).str.zfill(2), pl.lit(" "), pl.col(currency)
    )


def percent(fraction: str | pl.Expr, *, decimals: int = 0) -> pl.Expr:
    """A fraction as ``35%``, or with up to ``decimals`` as ``35.21%`` and ``35.0%``."""
    fraction = pl.col(fraction) if isinstance(fraction, str) else fraction
    if decimals:
        return pl.format("{}%", (fraction * 100).round(decimals))
    return pl.concat_str(_integer((fraction * 100).round(0)), pl.lit("%"))


def weekday(day: str | pl.Expr, today: str | pl.Expr = "plan_date") -> pl.Expr:
    """``today``, ``tomorrow`` or ``Tue 24 Nov``."""
    day = pl.col(day) if isinstance(day, str) else day
    today = pl.col(today) if isinstance(today, str) else today
    ahead = (day - today).dt.total_days()
    return (
        pl.when(ahead == 0)
        .then(pl.lit("today"))
        .when(ahead == 1)
        .then(pl.lit("tomorrow"))
        .otherwise(day.dt.strftime("%a %-d %b"))
    )


def on_weekday(day: str | pl.Expr, today: str | pl.Expr = "plan_date") -> pl.Expr:
    """``today``, ``tomorrow`` or ``on Tue 24 Nov``."""
    text = weekday(day, today)
    return pl.when(text.is_in(["today", "tomorrow"])).then(text).otherwise(pl.concat_str(pl.lit("on "), text))


def clock(instant: str | pl.Expr) -> pl.Expr:
    """``05:30`` of a local time."""
    instant = pl.col(instant) if isinstance(instant, str) else instant
    return instant.dt.strftime("%H:%M")


def plain_number(column: str) -> pl.Expr:
    """A quantity without a trailing ".0": ``24``, ``2.5``."""
    return pl.col(column).cast(pl.String).str.strip_suffix(".0")


def iso_date(column: str) -> pl.Expr:
    """A date with its weekday: ``Mon 2026-03-02``."""
    return pl.col(column).dt.to_string("%a %Y-%m-%d")


def iso_instant(column: str) -> pl.Expr:
    """An instant as JSON writes it: ``2026-01-05T04:30:00Z``."""
    return pl.col(column).dt.strftime("%Y-%m-%dT%H:%M:%SZ")


def as_json(**terms: str | pl.Expr) -> pl.Expr:
    """The terms as one JSON object in text, keys sorted so that equal facts give equal bytes."""
    return as_struct(**terms).struct.json_encode()


def as_struct(**terms: str | pl.Expr) -> pl.Expr:
    """A struct of the terms, fields sorted by name."""
    named = {name: pl.col(term) if isinstance(term, str) else term for name, term in terms.items()}
    return pl.struct(named[name].alias(name) for name in sorted(named))


def _integer(value: pl.Expr) -> pl.Expr:
    """A whole number with its thousands apart: ``12,400``."""
    digits = value.cast(pl.Int64).cast(pl.String).str.reverse()
    return digits.str.replace_all(r"(\d{3})", "$1,").str.reverse().str.replace(r"^(-?),", "$1")


def _trimmed(value: pl.Expr) -> pl.Expr:
    hundredths = (value * 100).round(0).cast(pl.Int64)
    decimals = (hundredths.abs() % 100).cast(pl.String).str.zfill(2)
    return pl.concat_str(_integer(hundredths // 100), pl.lit("."), decimals).str.replace(r"\.?0+$", "")
