"""A demo bakery to live in, and plans that someone could have written by hand."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import cache

from bakery_assets.demo.catalogue import Bakery, demo_bakeries
from bakery_assets.demo.days import Row
from bakery_assets.demo.folder import demo_rows
from bakery_assets.demo.world.life import World
from bakery_assets.demo.world.work import Plan, PlannedBatch, ProposedOrder
from bakery_assets.local_time import to_instant

FIRST = date(2026, 10, 6)  # a Tuesday; Madrid is closed on Mondays


def madrid() -> Bakery:
    return next(each for each in demo_bakeries() if each.tenant.tenant_id == "madrid-horno-sol")


def unreliable(bakery: Bakery) -> Bakery:
    """The bakery with suppliers that never deliver in full and in time."""
    suppliers = {name: replace(each, reliability=0.0) for name, each in bakery.suppliers.items()}
    return replace(bakery, suppliers=suppliers)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """An instant by the clocks of Madrid."""
    return to_instant(day, time(hour, minute), "Europe/Madrid")


def batch(day: date, number: int, product_id: str, quantity: float, hour: int = 4, minutes: int = 60) -> PlannedBatch:
    start = at(day, hour)
    return PlannedBatch(
        f"{day:%Y%m%d}-{number:03}", day, product_id, quantity, start, start + timedelta(minutes=minutes)
    )


def plan(day: date, batches: Iterable[PlannedBatch], orders: Iterable[ProposedOrder] = ()) -> Plan:
    """A plan of a quarter past eleven on the evening before."""
    planned = at(day - timedelta(days=1), 23, 15)
    return Plan(day, planned, planned + timedelta(minutes=5), tuple(batches), tuple(orders))


@cache
def _known(seed: int) -> dict[str, list[Row]]:
    return demo_rows(madrid(), FIRST, seed)


def world(days: int = 14, seed: int = 7, bakery: Bakery | None = None) -> World:
    bakery = bakery or madrid()
    rows = _known(seed)
    made = World(bakery, FIRST, FIRST + timedelta(days=days), seed)
    made.begin_with(rows["stock_lots"], rows["purchase_orders"], rows["customer_orders"])
    return made
