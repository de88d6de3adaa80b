"""What is still to come from suppliers."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import polars as pl

from bakery_assets.cells import Frames
from bakery_assets.materials.assumed_receipts import assumed_receipts
from bakery_assets.materials.scheduled_receipts import scheduled_receipts

Facts = Callable[..., Frames]
Cells = Callable[..., pl.DataFrame]


def order(number: str, quantity: float, begins: datetime, ends: datetime) -> dict[str, Any]:
    return {"order_id": number, "ingredient_id": "flour", "supplier_id": "mill", "quantity": quantity,
            "expected_from": begins, "expected_to": ends, "ordered_at": begins, "recorded_at": begins}  # fmt: skip


def test_an_order_comes_on_the_local_date_its_window_ends(facts: Facts, cells: Cells) -> None:
    begins = datetime(2026, 1, 6, 15, 30, tzinfo=UTC)
    frames = facts(purchase_orders=[order("PO1", 5.0, begins, begins)])
    # 15:30 UTC on Tuesday is Wednesday half past midnight in Tokyo.
    assert scheduled_receipts(cells(zone="Asia/Tokyo"), frames)["day"].to_list() == [2]
    assert scheduled_receipts(cells(zone="Europe/Berlin"), frames)["day"].to_list() == [1]


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
            receipt | {"receipt_id": "4", "ingredient_id": "salt", "quantity": 7.0},
        ],
    )
    assert scheduled_receipts(cells(), frames).rows() == [("bakery", "flour", 2, 2.0, 0.0, 0.0)]


def goods(number: str, quantity: float, day: int, hour: int = 8) -> dict[str, Any]:
    came = datetime(2026, 1, day, hour, tzinfo=UTC)
    return {"receipt_id": number, "lot_id": number, "ingredient_id": "flour", "quantity": quantity, "received_at": came,
            "recorded_at": came}  # fmt: skip


def test_an_order_due_yesterday_comes_today_and_an_older_one_is_not_relied_on(facts: Facts, cells: Cells) -> None:
    frames = facts(
        purchase_orders=[
            order("yesterday", 3.0, datetime(2026, 1, 3, 8, tzinfo=UTC), datetime(2026, 1, 4, 8, tzinfo=UTC)),
            order("older", 4.0, datetime(2026, 1, 3, 8, tzinfo=UTC), datetime(2026, 1, 3, 9, tzinfo=UTC)),
        ],
        stock_receipts=[goods("1", 2.0, 2) | {"ingredient_id": "salt"}],
    )
    assert scheduled_receipts(cells(), frames).rows() == [("bakery", "flour", 0, 3.0, 0.0, 4.0)]


def test_a_bakery_that_records_no_receipts_has_received_what_was_due(facts: Facts, cells: Cells) -> None:
    orders = [
        order("due", 3.0, datetime(2026, 1, 4, 8, tzinfo=UTC), datetime(2026, 1, 4, 9, tzinfo=UTC)),
        order("to come", 4.0, datetime(2026, 1, 6, 8, tzinfo=UTC), datetime(2026, 1, 6, 9, tzinfo=UTC)),
    ]
    assert scheduled_receipts(cells(), facts(purchase_orders=orders)).rows() == [("bakery", "flour", 1, 4.0, 0.0, 0.0)]
    a_month_ago = goods("1", 2.0, 1) | {"received_at": datetime(2025, 12, 7, 8, tzinfo=UTC)}
    frames = facts(purchase_orders=orders, stock_receipts=[a_month_ago])
    assert assumed_receipts(cells(), frames["purchase_orders"], frames["stock_receipts"])["order_id"].to_list() == [
        "due"
    ]
    frames = facts(purchase_orders=orders, stock_receipts=[goods("1", 2.0, 3) | {"ingredient_id": "salt"}])
    assert assumed_receipts(cells(), frames["purchase_orders"], frames["stock_receipts"]).is_empty()


def due(number: str, quantity: float, day: int, placed: int = 1) -> dict[str, Any]:
    then = datetime(2026, 1, day, 8, tzinfo=UTC)
    return order(number, quantity, then, then) | {"ordered_at": datetime(2026, 1, placed, 9, tzinfo=UTC)}


def test_goods_that_name_no_order_answer_the_oldest_orders_first(facts: Facts, cells: Cells) -> None:
    frames = facts(
        purchase_orders=[due("B", 50.0, 5), due("A", 100.0, 4), due("C", 30.0, 6)],
        stock_receipts=[goods("1", 120.0, 4)],
    )
    # 100 are A, 20 of them B; C was not due the day after.
    assert scheduled_receipts(cells(), frames).select("day", "quantity").rows() == [(0, 30.0), (1, 30.0)]


def test_goods_that_came_before_the_order_or_long_before_its_day_are_not_its_own(facts: Facts, cells: Cells) -> None:
    frames = facts(purchase_orders=[due("A", 40.0, 5, placed=4)], stock_receipts=[goods("1", 15.0, 4, hour=8)])
    assert scheduled_receipts(cells(), frames)["quantity"].to_list() == [40.0]
    frames = facts(purchase_orders=[due("A", 40.0, 6)], stock_receipts=[goods("1", 15.0, 4)])
    assert scheduled_receipts(cells(), frames)["quantity"].to_list() == [40.0]


def test_goods_beyond_all_orders_are_not_kept_for_later_ones(facts: Facts, cells: Cells) -> None:
    frames = facts(
        purchase_orders=[due("A", 40.0, 2), due("B", 40.0, 5)],
        stock_receipts=[goods("1", 90.0, 2), goods("2", 25.0, 4), goods("3", 5.0, 5, hour=3)],
    )
    # 50 of the first fulfill no order; B has had 25 and 5.
    assert scheduled_receipts(cells(), frames).rows() == [("bakery", "flour", 0, 10.0, 0.0, 0.0)]


def shift(weekday: int, starts: int, ends: int) -> dict[str, Any]:
    return {"shift_id": f"{weekday}-{starts}", "weekday": weekday, "starts_at": time(starts), "ends_at": time(ends)}


def expected(facts: Facts, cells: pl.DataFrame, ends: datetime, shifts: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    # Salt has come, so the bakery records its receipts, and what is due has not come unseen.
    came = [goods("1", 2.0, 2) | {"ingredient_id": "salt"}]
    frames = facts(
        purchase_orders=[order("A", 5.0, ends - timedelta(hours=2), ends)], shifts=shifts, stock_receipts=came
    )
    return scheduled_receipts(cells, frames).select("day", "quantity", "after_baking").rows()


def test_what_comes_when_baking_has_begun_is_not_for_that_day(facts: Facts, cells: Cells) -> None:
    """Baking starts at 04:00 in Berlin, 03:00 UTC, with the first of two shifts; no one works on Wednesday."""
    shifts = [shift(2, 4, 12), shift(2, 8, 16), shift(4, 4, 12)]
    tuesday = datetime(2026, 1, 6, 3, tzinfo=UTC)
    assert expected(facts, cells(), tuesday, shifts) == [(1, 5.0, 0.0)]
    assert expected(facts, cells(), tuesday + timedelta(seconds=1), shifts) == [(1, 0.0, 5.0)]
    assert expected(facts, cells(), tuesday + timedelta(days=1), shifts) == [(2, 0.0, 5.0)]
    assert expected(facts, cells(), tuesday + timedelta(hours=5), []) == [(1, 5.0, 0.0)]


def test_a_night_shift_begins_the_baking_of_the_day_on_which_it_ends(facts: Facts, cells: Cells) -> None:
    """From 22:00 on Monday the bakery works for Tuesday: what comes on Monday at 23:00 is for Wednesday."""
    nights = [shift(weekday, 22, 6) for weekday in range(1, 8)]
    monday = datetime(2026, 1, 5, 21, tzinfo=UTC)
    assert expected(facts, cells(), monday, nights) == [(0, 0.0, 5.0)]
    assert expected(facts, cells(), monday + timedelta(hours=1), nights) == [(1, 0.0, 5.0)]
    assert expected(facts, cells(), monday + timedelta(hours=12), nights) == [(1, 0.0, 5.0)]


def test_an_order_that_is_overdue_comes_today_at_an_unknown_hour(facts: Facts, cells: Cells) -> None:
    early = [shift(1, 6, 12)]
    # Planned at 05:30 in Berlin, before the first shift.
    assert expected(facts, cells(), datetime(2026, 1, 4, 15, tzinfo=UTC), early) == [(0, 0.0, 5.0)]
    assert expected(facts, cells(), datetime(2026, 1, 5, 4, 40, tzinfo=UTC), early) == [(0, 5.0, 0.0)]
