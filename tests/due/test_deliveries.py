"""What came of orders that a plan counts on: as it counts on them, or less, or on another day."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from bakery_assets.due.deliveries import touched_deliveries
from bakery_assets.materials.scheduled_receipts import OrderFacts
from bakery_assets.schemas import Cells, conform, ops

DAY = date(2026, 3, 3)
PLANNED = datetime(2026, 3, 3, 4, 30, tzinfo=UTC)  # 05:30 in Paris
SEVEN = datetime(2026, 3, 3, 6, tzinfo=UTC)
CELLS = conform(Cells, pl.DataFrame([("b", DAY, "Europe/Paris", PLANNED)], schema=pl.Schema(Cells), orient="row"))
Row = dict[str, Any]


def order(days: int = 0, number: str = "PO-1", **changes: Any) -> Row:
    """50 kg of flour by 07:00, so many days after the plan date; known to the plan."""
    window = SEVEN + timedelta(days=days)
    return {"tenant_id": "b", "order_id": number, "ingredient_id": "flour", "supplier_id": "mill", "quantity": 50.0,
            "expected_from": window - timedelta(hours=1), "expected_to": window,
            "ordered_at": PLANNED - timedelta(days=5), "recorded_at": PLANNED - timedelta(days=5), **changes}  # fmt: skip


def receipt(quantity: float, order_id: str | None = "PO-1", at: datetime = SEVEN, **changes: Any) -> Row:
    return {"tenant_id": "b", "receipt_id": "R-1", "lot_id": "sack", "ingredient_id": "flour", "order_id": order_id,
            "location_id": "main", "quantity": quantity, "rejected_quantity": 0.0, "expires_on": None, "received_at": at, "recorded_at": at,
            "state": "confirmed",
            **changes}  # fmt: skip


BEFORE = receipt(25.0, "PO-0", PLANNED - timedelta(days=10), receipt_id="R-0")  # it does record receipts


def known(orders: list[Row], receipts: list[Row], at: datetime) -> OrderFacts:
    """What was recorded by an instant, each fact in its latest record."""

    def latest(given: list[Row], schema: Any, key: list[str]) -> pl.DataFrame:
        frame = pl.DataFrame(given, schema=pl.Schema(schema)).filter(pl.col("recorded_at") <= at)
        return conform(schema, frame.sort("recorded_at").unique(key, keep="last", maintain_order=True))

    return OrderFacts(
        tenant_settings=pl.DataFrame(schema=pl.Schema(ops.TenantSettings)),
        purchase_orders=latest(orders, ops.PurchaseOrders, ["order_id"]),
        stock_receipts=latest(receipts, ops.StockReceipts, ["receipt_id", "lot_id"]),
    )


def touched(orders: list[Row], receipts: list[Row]) -> list[tuple[Any, ...]]:
    """Order, what the plan counts on, what came of it, and the words."""
    facts = [known(orders, [BEFORE, *receipts], at) for at in (PLANNED, SEVEN + timedelta(days=1))]
    found = touched_deliveries(CELLS, *facts)
    return found.select("order_id", "book", "found", "detail").rows()


def test_what_is_not_reported_is_not_touched() -> None:
    assert touched([order()], []) == []
    assert touched([order()], [receipt(50.0, at=PLANNED - timedelta(hours=1))]) == [], "the plan knows it"


@pytest.mark.parametrize("number", ["PO-1", None], ids=["with its number", "without"])
def test_what_comes_on_its_day_counts(number: str | None) -> None:
    assert touched([order()], [receipt(50.0, number)]) == [("PO-1", 50.0, 50.0, "order PO-1, flour: 50 of 50 received")]
    assert touched([order()], [receipt(30.5, number)]) == [
        ("PO-1", 50.0, 30.5, "order PO-1, flour: 30.5 of 50 received")
    ]


def test_lots_of_a_delivery_count_together_and_more_than_was_ordered_is_no_difference() -> None:
    assert touched([order()], [receipt(30.0), receipt(20.0, lot_id="sack-2")])[0][1:3] == (50.0, 50.0)
    assert touched([order()], [receipt(60.0)])[0][1:3] == (50.0, 50.0)


def test_a_receipt_of_nothing_says_that_nothing_came() -> None:
    assert touched([order()], [receipt(0.0)]) == [("PO-1", 50.0, 0.0, "order PO-1, flour: 0 of 50 received")]


def test_of_two_orders_only_the_one_that_came_is_touched() -> None:
    both = [order(), order(number="PO-2")]
    assert [row[:3] for row in touched(both, [receipt(50.0, "PO-2")])] == [("PO-2", 50.0, 50.0)]


def test_what_was_received_before_the_plan_is_not_counted_on() -> None:
    early = receipt(20.0, at=PLANNED - timedelta(hours=1))
    assert touched([order()], [early, receipt(30.0, receipt_id="R-2")])[0][1:3] == (30.0, 30.0)


def test_orders_that_change_are_judged_by_what_is_still_expected() -> None:
    changed = {"recorded_at": SEVEN}
    expected = [
        (order(quantity=0.0, **changed), 0.0, "0 of 50 still expected"),
        (order(quantity=40.0, **changed), 40.0, "40 of 50 still expected"),
        (order(1, **changed), 0.0, "50 of 50 still expected, on another day"),
        (order(expected_to=SEVEN + timedelta(hours=2), **changed), 50.0, "50 of 50 still expected"),
    ]
    for change, found, words in expected:
        assert touched([order(), change], []) == [("PO-1", 50.0, found, f"order PO-1, flour: {words}")]


def test_a_delivery_on_another_day_brings_nothing_on_its_own() -> None:
    words = "order PO-1, flour: 50 of 50 received, on another day"
    assert touched([order(1)], [receipt(50.0)]) == [("PO-1", 50.0, 0.0, words)]


def test_an_order_of_yesterday_is_expected_today_and_older_ones_are_not() -> None:
    assert touched([order(-1)], [receipt(50.0)])[0][1:3] == (50.0, 50.0)
    late = receipt(50.0, at=PLANNED - timedelta(hours=20), recorded_at=SEVEN)
    assert touched([order(-1)], [late])[0][1:3] == (50.0, 50.0), "written down late, there all the same"
    assert touched([order(-3)], [receipt(50.0)])[0][1:3] == (0.0, 50.0)


def test_what_the_plan_does_not_know_is_no_difference() -> None:
    placed = order(2, recorded_at=SEVEN)
    assert touched([placed], [receipt(5.0), receipt(7.0, None, receipt_id="R-2")]) == []
