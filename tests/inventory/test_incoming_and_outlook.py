"""What is still to come from suppliers, and the second week of the outlook."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from bakery_assets.frames import Frames
from bakery_assets.inventory.incoming import open_orders
from bakery_assets.inventory.outlook import repeat_week

Facts = Callable[..., Frames]
Cells = Callable[..., pl.DataFrame]


def order(number: str, quantity: float, begins: datetime, ends: datetime) -> dict[str, Any]:
    return {"order_id": number, "ingredient_id": "flour", "supplier_id": "mill", "quantity": quantity,
            "expected_from": begins, "expected_to": ends, "ordered_at": begins, "recorded_at": begins}  # fmt: skip


def test_an_order_comes_on_the_local_date_its_window_begins(facts: Facts, cells: Cells) -> None:
    begins = datetime(2026, 1, 6, 15, 30, tzinfo=UTC)
    frames = facts(purchase_orders=[order("PO1", 5.0, begins, begins)])
    # 15:30 UTC on Tuesday is Wednesday half past midnight in Tokyo.
    assert open_orders(cells(zone="Asia/Tokyo"), frames)["day"].to_list() == [2]
    assert open_orders(cells(zone="Europe/Berlin"), frames)["day"].to_list() == [1]


def test_what_was_received_and_what_was_cancelled_is_no_longer_open(facts: Facts, cells: Cells) -> None:
    then = datetime(2026, 1, 7, 8, tzinfo=UTC)
    receipt = {"lot_id": "L", "ingredient_id": "flour", "received_at": then, "recorded_at": then}
    frames = facts(
        purchase_orders=[
            order(number, quantity, then, then) for number, quantity in (("A", 5.0), ("B", 0.0), ("C", 4.0))
        ],
        stock_receipts=[
            receipt | {"receipt_id": "1", "order_id": "A", "quantity": 2.0},
            receipt | {"receipt_id": "2", "order_id": "A", "quantity": 1.0},
            receipt | {"receipt_id": "3", "order_id": "C", "quantity": 9.0},
            receipt | {"receipt_id": "4", "quantity": 7.0},
        ],
    )
    assert open_orders(cells(), frames).rows() == [("bakery", "flour", 2, 2.0, 0.0)]


def test_an_order_due_yesterday_comes_today_and_an_older_one_is_not_relied_on(facts: Facts, cells: Cells) -> None:
    frames = facts(
        purchase_orders=[
            order("yesterday", 3.0, datetime(2026, 1, 3, 8, tzinfo=UTC), datetime(2026, 1, 4, 8, tzinfo=UTC)),
            order("older", 4.0, datetime(2026, 1, 3, 8, tzinfo=UTC), datetime(2026, 1, 3, 9, tzinfo=UTC)),
        ]
    )
    assert open_orders(cells(), frames).rows() == [("bakery", "flour", 0, 3.0, 4.0)]


def test_the_second_week_repeats_the_weekdays_of_the_first(cells: Cells) -> None:
    rows = pl.DataFrame(
        {
            "tenant_id": ["bakery"] * 4,
            "on": [date(2026, 1, 4), date(2026, 1, 5), date(2026, 1, 11), date(2026, 1, 12)],
            "quantity": [1.0, 2.0, 3.0, 4.0],
        }
    )
    repeated = repeat_week(rows, cells(), "on").sort("on")
    assert repeated.select("on", "quantity", "day").rows() == [
        (date(2026, 1, 5), 2.0, 0),
        (date(2026, 1, 11), 3.0, 6),
        (date(2026, 1, 12), 2.0, 7),
        (date(2026, 1, 18), 3.0, 13),
    ]
