"""States of orders: by hand for each way an order can go, and in SQL the same over random facts."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from bakery_assets.deliveries.states import OrderHistory, OrderStates, order_states
from bakery_assets.schemas import conform, ops
from resources.warehouse import Warehouse
from tests.bakeries import insert, rows
from tests.scenarios import filled

Row = dict[str, Any]


def hour(number: int) -> datetime:
    return datetime(2026, 1, 5, tzinfo=UTC) + timedelta(hours=number)


def order(recorded: int, quantity: float = 10.0, window: int = 20, item: str = "flour", number: str = "P1") -> Row:
    return {"tenant_id": "b", "order_id": number, "ingredient_id": item, "supplier_id": "mill", "quantity": quantity,
            "expected_from": hour(window), "expected_to": hour(window + 2), "ordered_at": hour(0),
            "recorded_at": hour(recorded)}  # fmt: skip


def event(recorded: int, what: str, number: str = "P1") -> Row:
    return {
        "tenant_id": "b",
        "order_id": number,
        "event": what,
        "happened_at": hour(recorded),
        "recorded_at": hour(recorded),
    }


def receipt(
    received: int, quantity: float, state: str = "confirmed", item: str = "flour", number: str | None = "P1",
    recorded: int | None = None, name: str = "r",
) -> Row:  # fmt: skip
    return {"tenant_id": "b", "receipt_id": name, "lot_id": item, "ingredient_id": item, "order_id": number,
            "location_id": "main", "quantity": quantity, "received_at": hour(received),
            "recorded_at": hour(received if recorded is None else recorded), "state": state}  # fmt: skip


def states(orders: list[Row], events: list[Row], receipts: list[Row], at: int) -> pl.DataFrame:
    def known(schema: Any, given: list[Row]) -> pl.DataFrame:
        return filled(schema, given).filter(pl.col("recorded_at") <= hour(at))

    latest = known(ops.StockReceipts, receipts).sort("recorded_at").unique(["receipt_id", "lot_id"], keep="last")
    return order_states(
        OrderHistory(
            purchase_orders=conform(ops.PurchaseOrders, known(ops.PurchaseOrders, orders)),
            order_events=conform(ops.OrderEvents, known(ops.OrderEvents, events)),
            stock_receipts=conform(ops.StockReceipts, latest),
        )
    )


WAYS = {
    "ordered": ([order(0)], [], []),
    "sent": ([order(0)], [event(1, "sent")], []),
    "confirmed": ([order(0)], [event(1, "sent"), event(2, "confirmed")], []),
    "changed": ([order(0), order(3, window=30)], [event(1, "sent"), event(2, "confirmed")], []),
    "partly_received": ([order(0), order(0, item="salt")], [event(1, "sent")], [receipt(20, 10.0)]),
    "received": ([order(0)], [event(1, "sent")], [receipt(20, 10.0)]),
    "short": ([order(0), order(25, 6.0)], [event(1, "sent")], [receipt(20, 6.0)]),
    "cancelled": ([order(0), order(3, 0.0)], [event(1, "sent")], []),
}


@pytest.mark.parametrize("state", WAYS)
def test_the_state_of_an_order_follows_from_its_facts(state: str) -> None:
    assert states(*WAYS[state], at=50)["state"].to_list() == [state]


def test_a_draft_brings_nothing_and_a_change_that_is_confirmed_is_confirmed() -> None:
    drafted = states([order(0)], [], [receipt(20, 10.0, "draft")], at=50)
    assert drafted["state"].to_list() == ["ordered"]
    changed = [order(0), order(3, window=30)]
    assert states(changed, [event(1, "sent"), event(4, "confirmed")], [], at=50)["state"].to_list() == ["confirmed"]
    assert states(changed, [event(1, "sent")], [], at=2)["state"].to_list() == ["sent"], "as it was known then"


@pytest.fixture
def bakeries(warehouse: Warehouse) -> Warehouse:
    insert(
        warehouse,
        tenants=[{"tenant_id": "b", "name": "b", "timezone": "UTC", "country": "XX"}],
        locations=[{"tenant_id": "b", "location_id": "main"}],
        suppliers=[{"tenant_id": "b", "supplier_id": "mill", "name": "Mill"}],
        ingredients=[{"tenant_id": "b", "ingredient_id": item, "name": item} for item in ("flour", "salt")],
    )
    return warehouse


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False), st.integers(0, 40))
def test_states_in_sql_are_those_of_the_domain(bakeries: Warehouse, chance: Random, at: int) -> None:
    numbers = [f"P{number}" for number in range(25)]
    orders = {
        (number, item, when): order(when, chance.choice((0.0, 4.0, 10.0)), chance.choice((20, 30)), item, number)
        for number in numbers for item in ("flour", "salt") for when in chance.sample(range(35), chance.randrange(1, 4))
        if item == "flour" or chance.random() < 0.5
    }  # fmt: skip
    events = {
        (number, what, when): event(when, what, number)
        for number in numbers for what in ("sent", "confirmed") for when in chance.sample(range(35), chance.randrange(3))
    }  # fmt: skip
    receipts = [
        receipt(chance.randrange(35), chance.choice((4.0, 6.0, 10.0)), chance.choice(("confirmed", "confirmed", "draft")),
                chance.choice(("flour", "salt")), chance.choice([*numbers, None]), chance.randrange(35), f"r{count // 2}")
        for count in range(60)
    ]  # fmt: skip
    unique = {(row["receipt_id"], row["lot_id"], row["recorded_at"]): row for row in receipts}
    facts = (list(orders.values()), list(events.values()), list(unique.values()))
    with bakeries.bulk() as bulk:
        bulk.run("TRUNCATE ops.purchase_orders, ops.order_events, ops.stock_receipts")
    insert(bakeries, purchase_orders=facts[0], order_events=facts[1], stock_receipts=facts[2])
    with bakeries.bulk() as bulk:
        read = bulk.read(f"SELECT * FROM plans.order_states_as_of(TIMESTAMPTZ '{hour(at).isoformat()}')")
    assert_frame_equal(states(*facts, at=at), conform(OrderStates, read.sort("tenant_id", "order_id")))
    assert rows(bakeries, "SELECT count(*) FROM plans.order_states") == [(25,)]
