"""A kitchen and two shops live five days, record nothing but sales, and every morning the book of each place is what is there.

The world is plain Python: it bakes and sends what the plan says, and sells at each place what is asked for and there.
"""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from bakery_assets.cells import Cell
from resources.warehouse import Warehouse
from tests.bakeries import bakery, insert, rows
from tests.publishing import plan

FIRST = date(2026, 3, 3)  # a Tuesday in Paris, one hour ahead of UTC
DAYS = 5
USUAL = {"main": 40.0, "north": 25.0, "south": 12.0}
LIFE = 2  # days that a baguette may be sold

Stock = dict[tuple[str, date], float]  # by place and the day it was baked


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def asked(place: str, day: date) -> float:
    """What is asked for: at times more, at times less than usual."""
    return USUAL[place] + {"main": 9, "north": -7, "south": 5}[place] * ((day.day + len(place)) % 3 - 1)


def take(stock: Stock, place: str, wanted: float) -> list[tuple[date, float]]:
    """Take up to a quantity from a place, the oldest first."""
    taken = []
    for baked in sorted(baked for where, baked in stock if where == place):
        part = min(wanted, stock[place, baked])
        stock[place, baked] -= part
        wanted -= part
        taken.append((baked, part))
    return taken


def move(stock: Stock, source: str, to: str, quantity: float) -> None:
    for baked, part in take(stock, source, quantity):
        stock[to, baked] = stock.get((to, baked), 0.0) + part


def settle_in(warehouse: Warehouse) -> None:
    """Weeks of sales as usual, and what each place sold so far."""
    facts = bakery("b", day=FIRST)
    way = {"main": None, "north": 30, "south": 10}
    facts["locations"] = [
        {"tenant_id": "b", "location_id": place, "minutes_from_kitchen": minutes} for place, minutes in way.items()
    ]
    facts["products"] = [{**facts["products"][0], "shelf_life_days": LIFE}]
    facts["sales"] = [
        row | {"location_id": place, "quantity": usual} for row in facts["sales"] for place, usual in USUAL.items()
    ]
    insert(warehouse, **facts)


def test_every_mornings_book_of_each_place_is_what_is_there(warehouse: Warehouse) -> None:
    settle_in(warehouse)
    stock: Stock = {}
    left_over = 0
    for day in (FIRST + timedelta(days=number) for number in range(DAYS)):
        tables = plan(warehouse, Cell("b", day), at(day, 4, 35))
        book = rows(
            warehouse,
            "SELECT location_id, expires_on, quantity FROM plans.stock_balances"
            f" WHERE item_id = 'baguette' AND quantity > 0 AND plan_date = '{day}'",
        )
        there = {(place, baked + timedelta(days=LIFE - 1)): left for (place, baked), left in stock.items() if left > 0}
        if day > FIRST:
            assert {(place, expires): quantity for place, expires, quantity in book} == pytest.approx(there), day
        left_over += any(place != "main" for place, _ in there)
        batches = tables["production_batches"].filter(pl.col("schedule_date") == day)
        stock["main", day] = stock.get(("main", day), 0.0) + batches["quantity_planned"].sum()
        for trip in tables["distribution_plans"].sort("arrives_at", "quantity").iter_rows(named=True):
            move(stock, "main", trip["location_id"], trip["quantity"])
        for place in USUAL:
            sold = sum(part for _, part in take(stock, place, asked(place, day)))
            sale = {"tenant_id": "b", "product_id": "baguette", "sales_date": day, "location_id": place}
            insert(warehouse, sales=[sale | {"quantity": sold, "recorded_at": at(day, 20)}])
        stock = {key: left for key, left in stock.items() if key[1] + timedelta(days=LIFE - 1) > day}
    assert left_over >= 2, "shops had something left over, so that their stock counted"
