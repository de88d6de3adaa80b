"""What a purchase order says, and how its words, figures and days are written in the language of a country."""

from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any

import yaml

TEXTS = Path(__file__).with_name("texts.yml")
DEFAULT = "en"
WHOLE_DAY = (time(0), time(23, 59))


@dataclass(frozen=True)
class OrderLine:
    """One ingredient of an order; the price, per unit and in the order's currency, may be unknown."""

    item_number: str
    item: str
    quantity: float
    unit: str
    unit_price: float | None

    @property
    def cost(self) -> float | None:
        """Quantity times price, in cents."""
        return None if self.unit_price is None else round(self.quantity * self.unit_price, 2)


@dataclass(frozen=True)
class OrderDocument:
    """An order to one supplier; times are the bakery's own.

    Attributes:
        country: ISO 3166 code of the bakery, which decides on the language.
    """

    order_id: str
    bakery: str
    country: str
    supplier: str
    ordered_on: date
    expected_from: datetime
    expected_to: datetime
    currency: str
    lines: tuple[OrderLine, ...]

    @property
    def total(self) -> float | None:
        """The sum of the lines; None: the price of one is not known."""
        costs = [line.cost for line in self.lines]
        known = [cost for cost in costs if cost is not None]
        return round(sum(known), 2) if len(known) == len(costs) else None

    @property
    def has_hours(self) -> bool:
        """Whether the delivery window is narrower than its day."""
        window = (self.expected_from.time(), self.expected_to.time())
        return window != WHOLE_DAY or self.expected_from.date() != self.expected_to.date()


@dataclass(frozen=True)
class Writing:
    """A language's words, and how it writes figures and days."""

    locale: str
    words: dict[str, Any]

    @property
    def language(self) -> str:
        """Its code, as HTML has it."""
        return self.locale.partition("_")[0]

    def number(self, value: float) -> str:
        """A quantity with up to three decimals."""
        from babel.numbers import format_decimal

        return format_decimal(value, format="#,##0.###", locale=self.locale)

    def money(self, value: float | None, currency: str) -> str:
        """An amount with its currency; nothing where it is not known."""
        from babel.numbers import format_currency

        return "" if value is None else format_currency(value, currency, locale=self.locale)

    def price(self, value: float | None) -> str:
        """A price per unit with the two to four decimals that it has, or its amounts could not be worked out again."""
        from babel.numbers import format_decimal

        return "" if value is None else format_decimal(value, format="#,##0.00##", locale=self.locale)

    def day(self, value: date) -> str:
        """A day with its weekday."""
        from babel.dates import format_date

        return format_date(value, format="full", locale=self.locale)

    def hour(self, value: datetime) -> str:
        """A time of day."""
        from babel.dates import format_time

        return format_time(value.time(), format="short", locale=self.locale)

    def unit(self, unit: str) -> str:
        """A unit's short name."""
        return str(self.words["units"][unit])

    def delivery(self, order: OrderDocument) -> str:
        """When it is to come: the day, and the hours where they are known."""
        day = self.day(order.expected_to.date())
        if not order.has_hours:
            return day
        hours = str(self.words["deliver_between"]).format(
            start=self.hour(order.expected_from), end=self.hour(order.expected_to)
        )
        return f"{day}, {hours}"


@cache
def writing_of(country: str) -> Writing:
    """The first official language of a country that has texts, else English."""
    from babel import Locale, UnknownLocaleError
    from babel.languages import get_official_languages

    texts = yaml.safe_load(TEXTS.read_text(encoding="utf-8"))
    spoken = [language.partition("_")[0] for language in get_official_languages(country, de_facto=True)]
    language = next((each for each in spoken if each in texts), DEFAULT)
    locale = f"{language}_{country}"
    try:
        Locale.parse(locale)
    except (UnknownLocaleError, ValueError):
        locale = language
    return Writing(locale, texts[language])
