"""A demo bakery's days: open or closed, what is special about them, the weather, local clock times in UTC.

Everything depends on the date alone, so a demo written tomorrow has the same yesterday.
"""

import math
import zlib
from collections.abc import Iterator
from datetime import date, time, timedelta
from functools import cache

import holidays
import numpy as np

from bakery_assets.demo.catalogue import Bakery, Product
from bakery_assets.local_time import to_instant

Row = dict[str, object]

EPOCH = date(2022, 1, 1)  # random numbers start on this day, whatever the day of the demo
HISTORY_DAYS = 548
AHEAD_DAYS = 35  # so that the next monthly market always shows
RAIN_FACTOR = 0.93
DRIFT, DRIFT_DAYS = 0.06, 1_100  # a slow swing of trade over three years
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def random_generator(seed: int, *names: str) -> np.random.Generator:
    """A generator of its own for every name, so that one more product or bakery changes no other."""
    return np.random.default_rng([seed, *(zlib.crc32(name.encode()) for name in names)])


def span(first: date, last: date) -> Iterator[date]:
    """Every day from ``first`` to ``last``, both included."""
    return (first + timedelta(days=offset) for offset in range((last - first).days + 1))


def history(plan_date: date, days: int = HISTORY_DAYS) -> list[date]:
    """The ``days`` days before the plan date."""
    return list(span(plan_date - timedelta(days=days), plan_date - timedelta(days=1)))


def at(bakery: Bakery, day: date, clock: time, minutes: int = 0) -> str:
    """A local clock time, and some minutes later, as an instant in UTC."""
    instant = to_instant(day, clock, bakery.tenant.timezone) + timedelta(minutes=minutes)
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


def is_open(bakery: Bakery, day: date) -> bool:
    """Whether the bakery sells that day."""
    return day.isoweekday() != bakery.trade.closed_weekday and _month_day(day) not in bakery.trade.closed_on


def sold_between(product: Product, plan_date: date) -> tuple[date, date]:
    """First and last day before the plan date on which a product is in the shop."""
    first, last = EPOCH, plan_date - timedelta(days=1)
    if product.introduced_days_ago is not None:
        first = plan_date - timedelta(days=product.introduced_days_ago)
    if product.discontinued_days_ago is not None:
        last = plan_date - timedelta(days=product.discontinued_days_ago + 1)
    return first, last


def promoted(bakery: Bakery, day: date) -> str | None:
    """The product on offer that day: the list is gone through week by week."""
    offer = bakery.trade.promotion
    if day.isoweekday() not in offer.weekdays or not is_open(bakery, day):
        return None
    return offer.products[(day.toordinal() - 1) // 7 % len(offer.products)]


@cache
def public_holidays(country: str, region: str | None, year: int) -> frozenset[date]:
    """Public holidays of a year."""
    return frozenset(holidays.country_holidays(country, subdiv=region, years=[year]))


def expected_demand_factor(bakery: Bakery, day: date) -> float:
    """The factor on the whole bakery's demand that is predictable on the evening before."""
    trade = bakery.trade
    phase = zlib.crc32(bakery.tenant.tenant_id.encode()) % DRIFT_DAYS
    factor = 1 + DRIFT * math.sin(2 * math.pi * (day.toordinal() + phase) / DRIFT_DAYS)
    if _is_holiday(bakery, day):
        factor *= trade.holiday_factor
    elif _is_holiday(bakery, day + timedelta(days=1)):
        factor *= trade.eve_factor
    if _month_day(day) in trade.events:
        factor *= trade.events[_month_day(day)].factor
    if _market(bakery, day):
        factor *= trade.market.factor if trade.market else 1.0
    return factor * (trade.school_factor if _school_holiday(bakery, day) else 1.0)


def season(bakery: Bakery, day: date) -> float:
    """Where in the year a day lies: 1 on the warmest day, -1 half a year later, a cosine between."""
    return math.cos(2 * math.pi * (day.timetuple().tm_yday - bakery.trade.climate.warmest_day) / 365.25)


def week(bakery: Bakery, product: Product) -> list[float]:
    """A product's factors of Monday to Sunday; the mean over the open weekdays is 1."""
    profile = bakery.trade.weeks[product.week]
    opened = [share for weekday, share in enumerate(profile, start=1) if weekday != bakery.trade.closed_weekday]
    return [share * len(opened) / sum(opened) for share in profile]


def weather(bakery: Bakery, last: date, seed: int) -> dict[date, tuple[float, float]]:
    """Mean temperature (Celsius) and rain (mm) of every day from ``EPOCH`` to ``last``."""
    days = list(span(EPOCH, last))
    climate, own = bakery.trade.climate, (bakery.tenant.tenant_id, "weather")
    swing = random_generator(seed, *own, "warmth").standard_normal(len(days)) * 2.5
    wet = random_generator(seed, *own, "wet").random(len(days)) < climate.rainy_share
    fall = random_generator(seed, *own, "fall").standard_exponential(len(days)) * 6.0 + 1.0
    made = {}
    for day, noise, rains, rain in zip(days, swing, wet, fall, strict=True):
        mean = climate.mean_c + climate.swing_c * season(bakery, day) + noise
        made[day] = (round(float(mean), 1), round(float(rain), 1) if rains else 0.0)
    return made


def calendar_rows(bakery: Bakery, plan_date: date) -> Iterator[Row]:
    """The tenant's own calendar, from the start of the history to five weeks ahead."""
    trade = bakery.trade
    for day in span(plan_date - timedelta(days=HISTORY_DAYS), plan_date + timedelta(days=AHEAD_DAYS)):
        if not is_open(bakery, day):
            yield _calendar_row(bakery, day, "closed", "Closed")
        if _school_holiday(bakery, day):
            yield _calendar_row(bakery, day, "school_holiday", "School holidays")
        if _month_day(day) in trade.own_holidays:
            yield _calendar_row(bakery, day, "holiday", trade.own_holidays[_month_day(day)])
        event = trade.events.get(_month_day(day)) or (trade.market if _market(bakery, day) else None)
        if event and is_open(bakery, day):
            yield _calendar_row(bakery, day, "event", event.name)
        product = promoted(bakery, day)
        if product:
            yield _calendar_row(bakery, day, "promotion", trade.promotion.name, product)


def weather_rows(bakery: Bakery, plan_date: date, seed: int) -> Iterator[Row]:
    """The weather of the history's days."""
    known = weather(bakery, plan_date - timedelta(days=1), seed)
    for day in history(plan_date):
        warm, rain = known[day]
        yield {"tenant_id": bakery.tenant.tenant_id, "date": day, "temperature_c": warm, "rain_mm": rain}


def _calendar_row(bakery: Bakery, day: date, kind: str, name: str, product_id: str | None = None) -> Row:
    return {
        "tenant_id": bakery.tenant.tenant_id,
        "date": day,
        "kind": kind,
        "product_id": product_id,
        "name": name,
        "opens": None if kind == "closed" else bakery.trade.opens,
        "closes": None if kind == "closed" else bakery.trade.closes,
    }


def _month_day(day: date) -> str:
    return f"{day:%m-%d}"


def _is_holiday(bakery: Bakery, day: date) -> bool:
    tenant = bakery.tenant
    return _month_day(day) in bakery.trade.own_holidays or day in public_holidays(
        tenant.country, tenant.region, day.year
    )


def _market(bakery: Bakery, day: date) -> bool:
    market = bakery.trade.market
    return market is not None and day.day <= 7 and day.isoweekday() == market.weekday


def _school_holiday(bakery: Bakery, day: date) -> bool:
    own = _month_day(day)
    return any(
        first <= own <= last if first <= last else own >= first or own <= last
        for first, last in bakery.trade.school_holidays
    )
