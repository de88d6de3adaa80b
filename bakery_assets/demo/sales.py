"""What a demo bakery sold: demand by chance, capped by what was baked, and what was left over.

Demand is Poisson with a gamma-distributed mean (a negative binomial), the usual model of counts that
scatter more than Poisson. The baker bakes the foreseeable mean and a margin, in whole trays.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache

import numpy as np

from bakery_assets.demo.catalogue import Bakery, Product
from bakery_assets.demo.days import (
    EPOCH,
    HISTORY_DAYS,
    RAIN_FACTOR,
    Row,
    at,
    expected_demand_factor,
    history,
    is_open,
    promoted,
    random_generator,
    season,
    sold_between,
    span,
    weather,
    week,
)

SCATTER = 40.0  # shape of the gamma: the mean scatters by 1 / sqrt(40) = 16 %
DAY_SCATTER = 0.05  # of the whole bakery's trade, log-normal
MARGIN, ROOT_MARGIN = 1.15, 0.6  # baked: 1.15 mean + 0.6 sqrt(mean)
MORNING_RUSH = 0.7  # share sold after the share t of the day: t to this power
RECORDED_AFTER = 30  # minutes after closing, when the till is cashed up
WASTE_DAYS = 14


@dataclass(frozen=True)
class SoldDay:
    """One product's one day, in pieces."""

    day: date
    demand: int
    baked: int

    @property
    def sold(self) -> int:
        """What went over the counter."""
        return min(self.demand, self.baked)


Sold = dict[str, list[SoldDay]]


@dataclass(frozen=True)
class Demand:
    """What customers ask of one product on each day from ``EPOCH`` on, open or closed, in pieces.

    ``expected`` is the mean that is foreseeable on the evening before.
    """

    asked: Mapping[date, int]
    expected: Mapping[date, float]


def demand(bakery: Bakery, last_day: date, seed: int) -> dict[str, Demand]:
    """Demand of every product up to a day; that of a day is the same whatever the last one is."""
    days = list(span(EPOCH, last_day))
    known = np.array([expected_demand_factor(bakery, day) for day in days])
    rain = weather(bakery, days[-1], seed)
    shock = np.exp(DAY_SCATTER * random_generator(seed, bakery.tenant.tenant_id, "trade").standard_normal(len(days)))
    surprise = shock * np.array([RAIN_FACTOR if rain[day][1] > 0 else 1.0 for day in days])
    weekdays = np.array([day.weekday() for day in days])
    warm = np.array([season(bakery, day) for day in days])
    offers = [promoted(bakery, day) for day in days]
    made = {}
    for product_id, product in bakery.products.items():
        offer = np.array([bakery.trade.promotion.factor if offer == product_id else 1.0 for offer in offers])
        usual = np.array(week(bakery, product))[weekdays] * (1 + product.season * warm)
        expected = product.sells * known * usual * offer
        scatter = random_generator(seed, bakery.tenant.tenant_id, product_id, "scatter").gamma(
            SCATTER, 1 / SCATTER, len(days)
        )
        asked = random_generator(seed, bakery.tenant.tenant_id, product_id, "demand").poisson(
            expected * surprise * scatter
        )
        made[product_id] = Demand(
            {day: int(pieces) for day, pieces in zip(days, asked, strict=True)},
            {day: float(mean) for day, mean in zip(days, expected, strict=True)},
        )
    return made


def trade(bakery: Bakery, plan_date: date, seed: int) -> Sold:
    """Every product's open days of the history, in order of the date."""
    opened = list(_open_days(bakery, plan_date))
    made: Sold = {}
    for product_id, wanted in demand(bakery, plan_date - timedelta(days=1), seed).items():
        product = bakery.products[product_id]
        first, last = sold_between(product, plan_date)
        made[product_id] = [
            SoldDay(day, asked, asked if product.to_order else _baked(product, wanted.expected[day]))
            for day in opened
            if first <= day <= last
            for asked in [wanted.asked[day]]
        ]
    return made


def sales_rows(bakery: Bakery, sold: Sold) -> Iterator[Row]:
    """One row per product and open day, zeros included; known half an hour after closing."""
    known_at = {}
    for product_id, days in sold.items():
        price = bakery.products[product_id].price
        for one in days:
            if one.day not in known_at:
                known_at[one.day] = at(bakery, one.day, bakery.trade.closes, RECORDED_AFTER)
            yield {
                "tenant_id": bakery.tenant.tenant_id,
                "product_id": product_id,
                "sales_date": one.day,
                "quantity": one.sold,
                "revenue": round(one.sold * price, 2),
                "sold_out_at": _sold_out_at(bakery, one),
                "recorded_at": known_at[one.day],
            }


def waste_rows(bakery: Bakery, sold: Sold, plan_date: date) -> Iterator[Row]:
    """What was left of the day's bread and pastry in the last two weeks."""
    for product_id, days in sold.items():
        if bakery.products[product_id].life > 1:
            continue
        for one in days:
            if one.baked > one.sold and (plan_date - one.day).days <= WASTE_DAYS:
                yield {
                    "tenant_id": bakery.tenant.tenant_id,
                    "waste_id": f"{one.day:%Y%m%d}-{product_id}",
                    "product_id": product_id,
                    "ingredient_id": None,
                    "waste_date": one.day,
                    "quantity": one.baked - one.sold,
                    "reason": "unsold",
                    "recorded_at": at(bakery, one.day, bakery.trade.closes, RECORDED_AFTER),
                }


def _open_days(bakery: Bakery, plan_date: date) -> Iterator[date]:
    return (day for day in history(plan_date, HISTORY_DAYS) if is_open(bakery, day))


def _baked(product: Product, mean: float) -> int:
    wanted = MARGIN * mean + ROOT_MARGIN * math.sqrt(mean)
    return math.ceil(wanted / product.batch.multiple) * product.batch.multiple


@cache
def _minute(clock: time) -> int:
    return clock.hour * 60 + clock.minute


def _sold_out_at(bakery: Bakery, one: SoldDay) -> time | None:
    if one.demand <= one.baked:
        return None
    opens, closes = _minute(bakery.trade.opens), _minute(bakery.trade.closes)
    gone = opens + int((closes - opens) * (one.baked / one.demand) ** (1 / MORNING_RUSH))
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=gone)).time()
