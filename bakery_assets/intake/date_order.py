"""Whether the day or the month comes first in dates that can all be read both ways, such as 03/04/2026.

In this order: no sale lies in the future; earlier exports of the till; days that follow each other in the file; days
that continue the sales that are known; what is usual in the country. Where the last two contradict, the user is asked.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import polars as pl

from bakery_assets.intake.faults import Unreadable
from bakery_assets.intake.row_batches import RowBatch
from bakery_assets.intake.till_values import DAY_FIRST, MONTH_FIRST, to_local

ORDERS = (DAY_FIRST, MONTH_FIRST)
GAP = timedelta(days=7)  # after the last sale that is known, within which a file continues it
FEWEST_DAYS = 3  # from which days of a file tell whether they follow each other
NEAR, FAR = 3, 10  # days that a file of one day covers, in the right order and in the wrong one
_FORMS = {DAY_FIRST: "day/month/year", MONTH_FIRST: "month/day/year"}
_OPTIONS = {DAY_FIRST: "%d/%m/%Y", MONTH_FIRST: "%m/%d/%Y"}


@dataclass(frozen=True)
class KnownOfTenant:
    """What the order is judged by besides the file.

    Attributes:
        today: the day of reading; None: the file may be of any time.
        country: ISO 3166 code; None, or one that is not known: the day comes first.
        last_sale: the last day with sales; None: none are known.
    """

    today: date | None = None
    country: str | None = None
    last_sale: date | None = None


@dataclass(frozen=True)
class _Read:
    first: date
    last: date
    days: int

    @property
    def spread(self) -> float:
        """Days that a day of the file covers."""
        return ((self.last - self.first).days + 1) / self.days

    def continues(self, last_sale: date | None) -> bool:
        return last_sale is not None and self.first <= last_sale + GAP and self.last > last_sale


def likely_order(
    batches: Callable[[], Iterator[RowBatch]], column: str, known: KnownOfTenant, remembered: str | None
) -> tuple[str, tuple[str, ...]]:
    """The order, and what the user should know of it.

    Args:
        remembered: the order of earlier exports of the till, if one has shown it.

    Raises:
        Unreadable: the country and the sales that are known contradict each other.
    """
    read = {order: _dates(batches, column, order) for order in ORDERS}
    usual = MONTH_FIRST if is_month_first(known.country) else DAY_FIRST
    past = [order for order in ORDERS if known.today is not None and read[order].last <= known.today]
    if len(past) == 1 and past[0] != (remembered or usual):
        return past[0], _note(column, past[0], ", as no sale lies in the future")
    if remembered:
        return remembered, (f"Dates in {column} were read with the {remembered}, as in earlier exports.",)
    near = [order for order in ORDERS if read[order].days >= FEWEST_DAYS and read[order].spread <= NEAR]
    if len(near) == 1 and read[_other(near[0])].spread >= FAR:
        return near[0], _note(column, near[0], ", as its days then follow each other")
    going_on = [order for order in ORDERS if read[order].continues(known.last_sale)]
    if len(going_on) == 1 and going_on[0] != usual:
        ways = " or ".join(f"{read[order].first} (--date-format {_OPTIONS[order]})" for order in (usual, _other(usual)))
        raise Unreadable(
            f"The first date in {column} may be {ways}: the first is usual in {known.country or 'most countries'}, the"
            f" second continues the sales, which are known until {known.last_sale}. Say which with the option."
        )
    return usual, _note(column, usual, "")


def _dates(batches: Callable[[], Iterator[RowBatch]], column: str, order: str) -> _Read:
    day, _ = to_local(pl.col(column).str.strip_chars(), None, order=order, date_format=None, zone="UTC")
    days = pl.concat([batch.rows.select(day.unique().alias("day")) for batch in batches()])["day"].drop_nulls().unique()
    if days.is_empty():
        return _Read(date.min, date.min, 1)
    first, last = days.min(), days.max()
    assert isinstance(first, date)
    assert isinstance(last, date)
    return _Read(first, last, len(days))


def _note(column: str, order: str, why: str) -> tuple[str, ...]:
    first = "month" if order == DAY_FIRST else "day"
    return (
        f"Dates in {column} were read as {_FORMS[order]}{why}; if the {first} comes first, give --date-format"
        f" {_OPTIONS[_other(order)]}.",
    )


def _other(order: str) -> str:
    return MONTH_FIRST if order == DAY_FIRST else DAY_FIRST


@cache
def is_month_first(country: str | None) -> bool:
    """Whether dates in numbers have the month first in a country's most spoken language."""
    from babel import Locale, UnknownLocaleError

    if country is None or country == "ZZ":  # babel takes an unknown one for the United States
        return False
    try:
        pattern = str(Locale.parse(f"und_{country}").date_formats["short"].pattern)
    except (UnknownLocaleError, ValueError, TypeError):
        return False
    year, month, day = (pattern.lower().find(letter) for letter in "ymd")
    return month < day < year
