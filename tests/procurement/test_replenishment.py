"""Time-phased ordering on arrays, on cases that others published."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets.materials.expiry_buckets import NO_EXPIRY
from bakery_assets.procurement.offers import Offers
from bakery_assets.procurement.records import NO_LIMIT, MrpRecords, by_delivery_cycle, order_quantity
from bakery_assets.procurement.replenishment import look_ahead, place_orders


def needs_of(
    gross: dict[int, float],
    days: int = 14,
    on_hand: dict[int, float] | None = None,
    scheduled_receipts: dict[int, float] | None = None,
    safety: float = 0.0,
    shelf_life: int = NO_EXPIRY,
    storage: float = NO_LIMIT,
    up_to: float | None = None,
) -> MrpRecords:
    """One item; on_hand by last usable day (``days``: keeps); scheduled_receipts may come after the last day."""
    receipts_until = max(days, *(day + 1 for day in scheduled_receipts or {0: 0}))
    need, coming, buckets = np.zeros((1, days)), np.zeros((1, receipts_until)), np.zeros((1, days + 1))
    for array, values in ((need, gross), (coming, scheduled_receipts or {}), (buckets, on_hand or {})):
        for day, quantity in values.items():
            array[0, day] = quantity
    none_late = np.zeros_like(coming)
    return MrpRecords(
        need,
        coming,
        buckets,
        np.array([safety]),
        np.array([shelf_life]),
        none_late,
        np.array([storage]),
        np.array([safety if up_to is None else up_to]),
        np.array([up_to is not None]),
    )


def offers_of(*offers: dict[str, Any], span: int = 60, delay: int = 0) -> Offers:
    """Offers for item 0, best first: ``days`` from which deliveries are usable, ``delay`` days after them, ``minimum``,
    ``pack``, and what the plan before proposed."""
    delivers, proposed = np.zeros((len(offers), span), dtype=bool), np.zeros((len(offers), span))
    for row, offer in enumerate(offers):
        delivers[row, list(offer["days"])] = True
        for day, quantity in offer.get("proposed", {}).items():
            proposed[row, day] = quantity
    usual = {"minimum": 0.0, "pack": 0.0, "maximum": np.inf, "price": 1.0, "minimum_value": 0.0,
             "change_threshold": 0.25, "early_days": 2}  # fmt: skip
    values = {name: np.array([offer.get(name, value) for offer in offers]) for name, value in usual.items()}
    return Offers(np.zeros(len(offers), dtype=np.int64), supplier=np.arange(len(offers)), **values, delivers=delivers,
                  delivered=delivered_before(delivers, delay), proposed=proposed)  # fmt: skip


def delivered_before(delivers: np.ndarray[Any, Any], delay: int = 0) -> np.ndarray[Any, Any]:
    return np.where(delivers, np.arange(delivers.shape[1]) - delay, -1).astype(np.int16)


def deliveries(orders: pl.DataFrame) -> list[tuple[int, float]]:
    return orders.select("deliver_day", "quantity").rows()


def test_one_order_of_200_comes_after_the_lead_time_and_ends_with_10() -> None:
    """frePPLe test/supplier: 10 on hand; 100 wanted on 01-01 and 02-01; lead 21 days, minimum 125, multiple 100."""
    needs = needs_of({0: 100, 31: 100}, days=40, on_hand={40: 10})
    orders = place_orders(needs, offers_of({"days": range(21, 60), "minimum": 125.0, "pack": 100.0}))
    assert deliveries(orders) == [(21, 200.0)]
    assert orders["net_requirement"].to_list() == [90.0]
    assert 10 + 200 - 100 - 100 == 10
    with_it = needs_of({0: 100, 31: 100}, days=40, on_hand={40: 10}, scheduled_receipts={21: 200})
    assert look_ahead(with_it).unmet[0, [0, 20, 21, 39]].tolist() == [90, 90, 0, 0]


def test_three_needs_of_20_with_a_minimum_of_100_make_one_order_of_100() -> None:
    """ERPNext #58710: consolidate first, then apply minimum and multiple, once."""
    orders = place_orders(needs_of({2: 20, 3: 20, 4: 20}), offers_of({"days": [1, 8], "minimum": 100.0}))
    assert deliveries(orders) == [(1, 100.0)]


@pytest.mark.parametrize(("stock", "ordered"), [(10.0, 30.0), (8.0, 36.0)])
def test_filling_up_to_40_in_sixes(stock: float, ordered: float) -> None:
    """Odoo's documentation: maximum 40, multiple 6."""
    assert order_quantity(np.array([40.0 - stock]), np.zeros(1), np.array([6.0])).tolist() == [ordered]


@pytest.mark.parametrize(("stock", "ordered"), [(10.0, 30.0), (8.0, 36.0), (11.0, None)])
def test_at_ten_it_is_ordered_up_to_forty(stock: float, ordered: float | None) -> None:
    """Odoo's documentation: minimum 10, maximum 40, multiple 6."""
    needs = needs_of({}, on_hand={14: stock}, safety=10.0, up_to=40.0)
    orders = place_orders(needs, offers_of({"days": range(1, 40), "pack": 6.0}))
    assert orders["quantity"].to_list() == ([] if ordered is None else [ordered])


def test_a_store_that_is_full_takes_what_fits_and_the_next_delivery_the_rest() -> None:
    needs = needs_of(dict.fromkeys(range(14), 10.0), on_hand={14: 15.0}, storage=40.0)
    orders = place_orders(needs, offers_of({"days": [1, 8]}, {"days": [1, 4]}))
    # On day 1 five are there, and 35 fit. They leave 10 for day 4, when the other can bring 30.
    assert orders.select("offer", "deliver_day", "quantity").rows()[:2] == [(0, 1, 35.0), (1, 4, 30.0)]


def test_what_the_best_supplier_cannot_deliver_comes_from_the_next() -> None:
    needs = needs_of({2: 50.0})
    orders = place_orders(needs, offers_of({"days": [1], "maximum": 30.0}, {"days": [2], "price": 2.0}))
    assert sorted(orders.select("offer", "deliver_day", "quantity").rows()) == [(0, 1, 30.0), (1, 2, 20.0)]


def test_a_smallest_order_larger_than_the_store_comes_only_where_something_would_run_out() -> None:
    offer = offers_of({"days": range(1, 40), "minimum": 100.0})
    safe = place_orders(needs_of({2: 5.0}, on_hand={14: 10.0}, safety=8.0, storage=50.0), offer)
    assert safe.is_empty()
    (order,) = place_orders(needs_of({2: 15.0}, on_hand={14: 10.0}, storage=50.0), offer).to_dicts()
    assert (order["quantity"], order["over_storage"]) == (100.0, 60.0)


def test_floating_noise_orders_no_pack_more() -> None:
    assert order_quantity(np.array([0.1 * 3]), np.zeros(1), np.array([0.1])).tolist() == [0.3]


def test_an_order_covers_every_need_until_the_next_delivery() -> None:
    needs = needs_of(dict.fromkeys(range(14), 10.0), on_hand={14: 25.0}, safety=5.0)
    orders = place_orders(needs, offers_of({"days": [1, 4, 8, 11]}))
    # Day 2 would leave -5: order for day 1 through 3: 20 wanted, 5 left, 5 to keep. Then 40, 30, 30.
    assert orders["needed_day"].to_list() == [2, 4, 8, 11]
    assert deliveries(orders) == [(1, 20.0), (4, 40.0), (8, 30.0), (11, 30.0)]
    assert (
        orders["gross_requirement"] + 5 - orders["on_hand"] - orders["scheduled_receipts"] - orders["net_requirement"]
    ).abs().max() == 0


def test_what_a_pack_leaves_over_reduces_the_next_order() -> None:
    orders = place_orders(needs_of({1: 10, 5: 10, 9: 10}), offers_of({"days": [1, 5, 9], "pack": 25.0}))
    assert deliveries(orders) == [(1, 25.0), (9, 25.0)]
    assert orders["on_hand"].to_list() == [0.0, 5.0]


def test_stock_that_expires_before_it_is_used_does_not_count() -> None:
    orders = place_orders(needs_of({0: 5, 6: 20}, on_hand={3: 30}), offers_of({"days": range(1, 14)}))
    # Of 30, 5 are used and 25 expire on day 3.
    assert deliveries(orders) == [(6, 20.0)]
    assert orders["expired_before"].to_list() == [25.0]


def test_a_delivery_that_would_spoil_is_not_ordered_for_later_days() -> None:
    orders = place_orders(needs_of({1: 4, 2: 4, 3: 4}, shelf_life=2), offers_of({"days": [1, 8]}))
    # What comes on day 1 keeps through day 2; for day 3 nothing can come in time.
    assert orders.select("deliver_day", "needed_day", "quantity").rows()[0] == (1, 1, 8.0)
    assert orders.select("deliver_day", "needed_day").rows()[1] == (8, 3)


def test_the_cheapest_that_can_come_in_time_is_taken() -> None:
    offers = offers_of({"days": [5, 12]}, {"days": range(1, 14)})
    orders = place_orders(needs_of({3: 10, 7: 10}), offers)
    assert orders.select("offer", "deliver_day").rows() == [(1, 3), (0, 5)]


def test_of_those_that_come_too_late_the_first_to_come_is_taken_and_of_two_the_better_offer() -> None:
    orders = place_orders(needs_of({0: 4}), offers_of({"days": [4]}, {"days": [3]}))
    assert orders.select("offer", "deliver_day").rows() == [(1, 3)]
    orders = place_orders(needs_of({0: 4}), offers_of({"days": [3]}, {"days": [3]}, {"days": [3]}))
    assert orders.select("offer", "deliver_day").rows() == [(0, 3)]


def test_while_a_late_order_is_awaited_nothing_more_is_ordered() -> None:
    orders = place_orders(needs_of({0: 4, 1: 4, 2: 4, 3: 4, 4: 4}), offers_of({"days": [3, 5]}))
    assert orders.select("needed_day", "deliver_day", "quantity").rows() == [(0, 3, 20.0)]


def test_an_open_order_that_comes_in_time_makes_another_needless() -> None:
    assert place_orders(needs_of({3: 10}, scheduled_receipts={2: 10}), offers_of({"days": range(1, 14)})).is_empty()


def test_without_an_offer_nothing_is_ordered_and_the_day_it_runs_out_is_known() -> None:
    needs = needs_of(dict.fromkeys(range(14), 3.0), on_hand={14: 10.0})
    assert place_orders(needs, offers_of()).is_empty()
    assert look_ahead(needs).stockout_day.tolist() == [3]


DAYS = st.sets(st.integers(0, 20), max_size=8)
AMOUNTS = st.lists(st.integers(0, 400).map(lambda tenths: tenths / 10), min_size=14, max_size=14)


@settings(max_examples=80, deadline=None)
@given(
    AMOUNTS,
    AMOUNTS,
    st.lists(st.integers(0, 300), min_size=15, max_size=15),
    st.integers(0, 40),
    st.integers(1, 9) | st.just(NO_EXPIRY),
    DAYS,
    DAYS,
    st.sampled_from((0.0, 2.5, 25.0)),
    st.integers(0, 60),
)
def test_after_an_order_is_there_nothing_is_short_until_the_day_it_covers(
    gross: list[float], scheduled_receipts: list[float], stock_levels: list[int], safety: int, shelf_life: int, first: set[int],
    second: set[int], pack: float, minimum: int,
) -> None:  # fmt: skip
    coming = {day: amount for day, amount in enumerate(scheduled_receipts) if day % 5 == 4}
    stock = {day: float(amount) for day, amount in enumerate(stock_levels) if day % 7 == 0}
    needs = needs_of(
        dict(enumerate(gross)), on_hand=stock, scheduled_receipts=coming, safety=float(safety), shelf_life=shelf_life
    )
    offers = offers_of({"days": first, "pack": pack, "minimum": float(minimum)}, {"days": second})
    orders = place_orders(needs, offers)
    assert orders.equals(place_orders(needs, offers))
    assert orders.select("deliver_day", "offer").is_unique().all()
    assert (orders["quantity"] >= orders["net_requirement"] - 1e-9).all()
    residue = (
        orders["gross_requirement"]
        + safety
        - orders["on_hand"]
        - orders["scheduled_receipts"]
        - orders["net_requirement"]
    )
    assert (residue.abs() < 1e-6).all()
    before = (
        sum(stock.values()) + orders["scheduled_receipts_before"] + orders["ordered_before"] - orders["used_before"]
        - orders["expired_before"] - orders["expires_unused"]
    )  # fmt: skip
    assert ((orders["on_hand"] - before.clip(0)).abs() < 1e-6).all()
    # With all orders received, no covered day is short.
    planned = {day: coming.get(day, 0.0) for day in range(14)}
    for day, quantity in deliveries(orders):
        if day < 14:
            planned[day] += quantity
    after = look_ahead(
        needs_of(
            dict(enumerate(gross)),
            on_hand=stock,
            scheduled_receipts=planned,
            safety=float(safety),
            shelf_life=shelf_life,
        )
    )
    for row in orders.iter_rows(named=True):
        if row["deliver_day"] < 14:
            covered = slice(max(row["needed_day"], row["deliver_day"]), row["last_day_covered"] + 1)
            assert after.shortage[0, covered].max() < 1e-6


def test_what_is_usable_the_day_after_its_delivery_is_delivered_a_day_earlier() -> None:
    """Offers are in days from which they are usable: delivered on days 1 and 2, for the baking of days 2 and 3."""
    orders = place_orders(needs_of({2: 20, 3: 30}, shelf_life=2), offers_of({"days": [2, 3]}, delay=1))
    assert orders.select("deliver_day", "usable_day", "needed_day", "quantity").rows() == [
        (1, 2, 2, 20.0), (2, 3, 3, 30.0),
    ]  # fmt: skip


def test_a_late_receipt_keeps_from_its_delivery_on_and_not_from_when_it_is_usable() -> None:
    needs = needs_of({3: 10}, scheduled_receipts={2: 10}, shelf_life=2)
    needs.late_receipts[0, 2] = 10
    # Delivered on day 1, it keeps for days 1 and 2.
    assert look_ahead(needs).unmet[0, 3] == 10
    needs.late_receipts[0, 2] = 0
    assert look_ahead(needs).unmet[0, 3] == 0


def test_a_delivery_that_comes_too_late_for_its_need_keeps_from_when_it_is_delivered() -> None:
    """Needed on day 0, delivered on day 1 and usable on day 2 only: 15 of 20 are left, and expire that day."""
    offers = offers_of({"days": [2, 3], "minimum": 20.0}, delay=1)
    orders = place_orders(needs_of({0: 5, 3: 5}, shelf_life=2), offers)
    assert orders.select("deliver_day", "usable_day", "needed_day", "quantity").rows() == [
        (1, 2, 0, 20.0), (2, 3, 3, 20.0),
    ]  # fmt: skip


def test_what_was_delivered_too_early_to_keep_until_its_need_is_not_ordered() -> None:
    """Delivered on day 1 and usable on day 2, it is good until then; nothing else comes for day 3."""
    assert deliveries(place_orders(needs_of({3: 5}, shelf_life=2), offers_of({"days": [2]}, delay=1))) == []


def test_where_what_could_come_in_time_does_not_keep_the_next_delivery_is_late() -> None:
    """Usable on day 2 it is gone on day 3; the next is delivered on day 4 and usable on day 5."""
    orders = place_orders(needs_of({3: 5}, shelf_life=2), offers_of({"days": [2, 5]}, delay=1))
    assert orders.select("needed_day", "deliver_day", "usable_day", "quantity").rows() == [(3, 4, 5, 5.0)]


def test_what_can_come_today_is_ordered_for_tomorrow_where_nothing_comes_later() -> None:
    assert deliveries(place_orders(needs_of({1: 5}), offers_of({"days": [0]}))) == [(0, 5.0)]


def test_less_than_a_unit_is_ordered_as_exactly_as_a_hundred() -> None:
    """Yeast: 0.3 kg on day 5, of which 0.1 kg are there; what is missing is ordered on the day it is missing."""
    orders = place_orders(needs_of({5: 0.3}, on_hand={14: 0.1}), offers_of({"days": range(14)}))
    assert orders.select("needed_day", "deliver_day", "net_requirement").rows() == [(5, 5, 0.2)]
    again = place_orders(needs_of({5: 0.3, 6: 0.4}), offers_of({"days": [5, 6]}))
    assert deliveries(again) == [(5, 0.3), (6, 0.4)]
    late = place_orders(needs_of({0: 0.3}), offers_of({"days": [2]}))
    assert late.select("deliver_day", "net_requirement", "unmet_before").rows() == [(2, 0.3, 0.0)]


def test_what_was_left_unmet_by_less_than_a_unit_is_still_required_later() -> None:
    """Nothing comes before day 5; what was missing on day 0 is still wanted then, and gone on day 6."""
    orders = place_orders(needs_of({0: 0.3, 5: 0.2, 6: 0.4}), offers_of({"days": [5, 6]}))
    assert orders.select("needed_day", "deliver_day", "quantity").rows() == [(0, 5, 0.5), (6, 6, 0.4)]


def test_an_order_may_come_on_the_first_day_after_those_that_are_planned() -> None:
    orders = place_orders(needs_of({13: 7}), offers_of({"days": [14]}))
    assert orders.select("needed_day", "deliver_day", "last_day_covered", "quantity").rows() == [(13, 14, 13, 7.0)]


def test_an_order_without_a_next_delivery_covers_what_is_left_of_the_days() -> None:
    orders = place_orders(needs_of({3: 7, 13: 2}), offers_of({"days": [3]}))
    assert orders.select("deliver_day", "last_day_covered", "quantity").rows() == [(3, 13, 9.0)]


def test_a_late_order_leaves_out_what_an_open_order_brings_before_it() -> None:
    """10 are short on day 12; the open order of day 13 brings them before anything new can come."""
    needs = needs_of({12: 10}, scheduled_receipts={13: 10})
    assert place_orders(needs, offers_of({"days": [14, 15]})).is_empty()


@pytest.mark.parametrize(("due", "ordered"), [(15, [(12, 16, 6.0, 4.0)]), (16, [(12, 16, 6.0, 4.0)]), (17, [(12, 16, 10.0, 0.0)])])  # fmt: skip
def test_a_late_order_is_reduced_by_open_orders_due_no_later_than_it(
    due: int, ordered: list[tuple[int, int, float, float]]
) -> None:
    orders = place_orders(needs_of({12: 10}, scheduled_receipts={due: 4, 18: 9}), offers_of({"days": [16]}))
    assert orders.select("needed_day", "deliver_day", "quantity", "scheduled_receipts_later").rows() == ordered


def test_what_a_delivery_leaves_over_keeps_from_its_delivery_and_not_from_when_it_is_usable() -> None:
    """10 are delivered on day 0 for day 1 and keep through day 2: the 5 that are left are gone on day 3."""
    offers = offers_of({"days": [1, 3], "pack": 10.0}, delay=1)
    orders = place_orders(needs_of({1: 5, 3: 5}, shelf_life=3), offers)
    assert orders.select("deliver_day", "quantity", "expired_before").rows() == [(0, 10.0, 0.0), (2, 10.0, 5.0)]


def test_what_expires_between_the_shortage_and_the_day_it_is_largest_is_in_neither_stock_nor_receipts() -> None:
    """30 in stock and 8 to come on day 1 keep through day 2; day 1 takes 20, day 4 has to be bought.

    Of 38 there, 20 are used and 18 expire: the safety stock of 25 is missed from day 1 on, by all 25 from day 3 on.
    """
    needs = needs_of({1: 20, 4: 10}, on_hand={2: 30}, scheduled_receipts={1: 8}, safety=25, shelf_life=2)
    first = place_orders(needs, offers_of({"days": [1, 9]})).row(0, named=True)
    assert (first["needed_day"], first["last_day_covered"], first["max_shortage_day"]) == (1, 2, 1)
    assert (first["on_hand"], first["scheduled_receipts"], first["net_requirement"]) == (30, 8, 7)
    lasting = needs_of({1: 20, 4: 10}, on_hand={2: 30}, scheduled_receipts={1: 8, 3: 1}, safety=25)
    order = place_orders(lasting, offers_of({"days": [1, 9]})).row(0, named=True)
    # By day 4: 20 + 10 wanted and 25 kept, of 30 in stock 10 have expired, 8 + 1 came.
    assert (order["max_shortage_day"], order["gross_requirement"], order["expires_unused"]) == (4, 30, 10)
    assert (order["on_hand"], order["scheduled_receipts"], order["net_requirement"]) == (20, 9, 26)


def test_what_expires_of_an_open_order_of_the_day_is_taken_from_the_receipts() -> None:
    """2 in stock and 8 that come today keep through day 1; 1 is used and 9 expire, 7 of them from what came."""
    needs = needs_of({0: 1, 2: 6}, on_hand={1: 2}, scheduled_receipts={0: 8}, safety=20, shelf_life=2)
    order = place_orders(needs, offers_of({"days": [1, 9]})).row(0, named=True)
    assert (order["needed_day"], order["max_shortage_day"], order["expires_unused"]) == (0, 2, 9)
    # 1 + 6 wanted and 20 kept.
    assert (order["on_hand"], order["scheduled_receipts"], order["net_requirement"]) == (0, 1, 26)


def two_items(gross: dict[tuple[int, int], float], scheduled_receipts: dict[tuple[int, int], float]) -> MrpRecords:
    """Of 14 days, by item and day; receipts may come until day 19."""
    need, coming = np.zeros((2, 14)), np.zeros((2, 20))
    for array, values in ((need, gross), (coming, scheduled_receipts)):
        for place, quantity in values.items():
            array[place] = quantity
    keeps = np.full(2, NO_EXPIRY)
    zero, anywhere = np.zeros(2), np.full(2, NO_LIMIT)
    levels = {"safety_stock": zero, "target_stock": zero, "reorders": zero > 0, "storage_limit": anywhere}
    on_hand, late = np.zeros((2, 15)), np.zeros_like(coming)
    return MrpRecords(need, coming, on_hand, shelf_life=keeps, late_receipts=late, **levels)


def an_offer_each(first: list[int], second: list[int]) -> Offers:
    delivers = np.zeros((2, 30), dtype=bool)
    delivers[0, first] = True
    delivers[1, second] = True
    none = np.zeros(2)
    return Offers(np.array([0, 1]), none, none, np.full(2, NO_LIMIT), np.array([0, 1]), none, none, delivers=delivers,
                  delivered=delivered_before(delivers), proposed=np.zeros((2, 30)), change_threshold=none, early_days=np.zeros(2, dtype=np.int64))  # fmt: skip


def test_items_are_ordered_each_for_itself_and_listed_by_item_and_day() -> None:
    """Item 1 is short from day 0 on, item 0 on days 2 and 9; what comes after the last day reduces its own item's."""
    records = two_items({(0, 2): 5, (0, 9): 4, (1, 0): 1, (1, 13): 30}, {(1, 15): 10})
    orders = place_orders(records, an_offer_each([2, 9], [0, 16]))
    columns = ("item", "needed_day", "deliver_day", "max_shortage_day", "quantity", "scheduled_receipts_later")
    assert orders.select(columns).rows() == [(0, 2, 2, 2, 5.0, 0.0), (0, 9, 9, 9, 4.0, 0.0), (1, 0, 0, 13, 31.0, 0.0)]


def test_two_items_short_on_one_day_each_look_at_their_own_days() -> None:
    """Item 0 lacks 9 by day 9, item 1 lacks 31 by day 13, of which an open order after the last day brings 10 in time."""
    records = two_items({(0, 0): 5, (0, 9): 4, (1, 0): 1, (1, 13): 30}, {(0, 19): 3, (1, 15): 10})
    columns = ("item", "needed_day", "deliver_day", "max_shortage_day", "quantity", "scheduled_receipts_later")
    in_time = place_orders(records, an_offer_each([0], [0]))
    assert in_time.select(columns).rows() == [(0, 0, 0, 9, 9.0, 0.0), (1, 0, 0, 13, 31.0, 0.0)]
    late = place_orders(records, an_offer_each([16], [16]))
    assert late.select(columns).rows() == [(0, 0, 16, 13, 9.0, 0.0), (1, 0, 16, 13, 21.0, 10.0)]


def test_packs_may_be_smaller_than_a_unit() -> None:
    assert order_quantity(np.array([1.2, 1.5]), np.zeros(2), np.array([0.5, 0.5])).tolist() == [1.5, 1.5]


UNKNOWN, KNOWN = np.array([True]), np.array([False])


def test_of_unknown_stock_nothing_is_required_until_a_delivery_is_usable_that_still_keeps() -> None:
    """Usable on days 0 and 4. What keeps two days and was delivered the day before is good on the day of use alone."""
    every_day = dict.fromkeys(range(8), 1.0)
    fresh = by_delivery_cycle(needs_of(every_day, days=8, shelf_life=2), offers_of({"days": [0, 4]}), UNKNOWN)
    assert np.flatnonzero(fresh.gross_requirement[0]).tolist() == [0, 1, 4, 5]
    waited = by_delivery_cycle(needs_of(every_day, days=8, shelf_life=2), offers_of({"days": [0, 4]}, delay=1), UNKNOWN)
    assert np.flatnonzero(waited.gross_requirement[0]).tolist() == [0, 4]


@settings(max_examples=200, deadline=None)
@given(
    gross=st.lists(st.integers(0, 9), min_size=14, max_size=14),
    deliveries_on=st.sets(st.integers(1, 16)),
    life=st.sampled_from((1, 2, 4, NO_EXPIRY)),
    pack=st.sampled_from((0.0, 1.0)),
)
def test_of_unknown_stock_each_delivery_brings_what_is_needed_until_the_next(
    gross: list[int], deliveries_on: set[int], life: int, pack: float
) -> None:
    """By hand: each delivery covers its day and those after it, until the next or until it has expired."""
    expected = []
    for day in sorted(deliveries_on):
        later = min((other for other in deliveries_on if other > day), default=14)
        needed = sum(gross[day : min(later, day + life, 14)])
        if needed:
            expected.append((day, float(needed)))
    needs = needs_of({day: float(quantity) for day, quantity in enumerate(gross)}, shelf_life=life)
    offers = offers_of({"days": sorted(deliveries_on), "pack": pack})
    orders = place_orders(by_delivery_cycle(needs, offers, UNKNOWN), offers)
    assert deliveries(orders) == expected
    assert (orders["usable_day"] <= orders["needed_day"]).all(), "nothing is late, for nothing is said to be missing"
    same = by_delivery_cycle(needs, offers, KNOWN)
    assert (same.gross_requirement == needs.gross_requirement).all(), "what is known is planned as ever"


def test_a_proposal_that_is_enough_stays_where_less_is_wanted_by_less_than_a_quarter() -> None:
    needs = needs_of({2: 30, 6: 30})
    orders = place_orders(needs, offers_of({"days": [1, 5], "proposed": {1: 39.0, 5: 50.0}}))
    # 30 are wanted on day 1, 9 of 39 less. Of day 6 these leave 21: the 50 are more than twice that.
    assert orders.select("deliver_day", "net_requirement", "quantity", "kept_quantity").rows() == [
        (1, 30.0, 39.0, 39.0),
        (5, 21.0, 21.0, None),
    ]


@pytest.mark.parametrize(
    ("before", "why"), [(29.0, "too little"), (40.0, "a quarter too much"), (38.0, "no whole packs")]
)
def test_a_proposal_changes_that_is(before: float, why: str) -> None:
    pack = 5.0 if why == "no whole packs" else 0.0
    orders = place_orders(needs_of({2: 30}), offers_of({"days": [1], "pack": pack, "proposed": {1: before}}))
    assert deliveries(orders) == [(1, 30.0)]


def test_each_need_takes_the_next_proposal_of_at_most_two_days_before() -> None:
    """Needs came on days 2, 4 and 6, and have moved to 3, 5 and 9: the proposal for day 6 is three days early."""
    needs = needs_of({3: 5, 5: 5, 9: 5})
    orders = place_orders(needs, offers_of({"days": range(14), "proposed": {2: 5.0, 4: 5.0, 6: 5.0}}))
    assert orders.select("deliver_day", "needed_day", "latest_deliver_day").rows() == [
        (2, 3, 3),
        (4, 5, 5),
        (9, 9, None),
    ]


def test_what_is_needed_sooner_comes_sooner_and_the_proposals_after_it_stay() -> None:
    needs = needs_of({1: 5, 4: 5, 6: 5})
    orders = place_orders(needs, offers_of({"days": range(14), "proposed": {2: 5.0, 4: 5.0, 6: 5.0}}))
    assert orders["deliver_day"].to_list() == [1, 2, 4]


def test_a_proposal_that_would_expire_changes() -> None:
    """What comes on day 1 keeps through day 3: the 6 that 30 leave of 36 would be thrown away."""
    offer = {"days": [1, 5], "proposed": {1: 36.0}}
    assert deliveries(place_orders(needs_of({2: 10, 3: 20, 5: 9}, shelf_life=3), offers_of(offer)))[0] == (1, 30.0)
    # One more day, and day 4 uses them.
    assert deliveries(place_orders(needs_of({2: 10, 3: 20, 4: 9}, shelf_life=4), offers_of({"days": [1, 4], "proposed": {1: 36.0}})))[0] == (1, 36.0)  # fmt: skip


def lived(needs: MrpRecords, orders: pl.DataFrame) -> tuple[float, float]:
    """What expires and what is missing of the safety stock, over all days, when these orders come: the oldest first."""
    lots = [(day, quantity) for day, quantity in enumerate(needs.on_hand[0].tolist()) if quantity]
    expired = missing = 0.0
    for day, required in enumerate(needs.gross_requirement[0].tolist()):
        came = orders.filter(pl.col("usable_day") == day)["quantity"].to_list()
        lots = sorted([*lots, *((day + int(needs.shelf_life[0]) - 1, quantity) for quantity in came)])
        left, wanted = [], required
        for last, quantity in lots:
            taken = min(quantity, wanted)
            wanted -= taken
            left.append((last, quantity - taken))
        missing += max(needs.safety_stock[0] - sum(quantity for _, quantity in left), 0.0) + wanted
        expired += sum(quantity for last, quantity in left if last <= day)
        lots = [(last, quantity) for last, quantity in left if last > day and quantity > 0]
    return expired, missing


@settings(max_examples=60, deadline=None)
@given(
    use=st.lists(st.integers(0, 9), min_size=14, max_size=14),
    stock=st.dictionaries(st.integers(0, 14), st.integers(1, 20), max_size=3),
    shelf_life=st.sampled_from([2, 4, 7, NO_EXPIRY]),
    safety=st.integers(0, 6),
    days=st.sets(st.integers(0, 20), min_size=2),
    pack=st.sampled_from([0.0, 5.0]),
    before=st.dictionaries(st.integers(0, 13), st.integers(1, 40), max_size=8),
)
def test_what_stays_of_the_plan_before_lets_nothing_run_short(
    use: list[int],
    stock: dict[int, int],
    shelf_life: int,
    safety: int,
    days: set[int],
    pack: float,
    before: dict[int, int],
) -> None:
    needs = needs_of(dict(enumerate(map(float, use))), on_hand=stock, safety=float(safety), shelf_life=shelf_life)  # type: ignore[arg-type]
    with_before = place_orders(needs, offers_of({"days": days, "pack": pack, "proposed": before}))
    without = place_orders(needs, offers_of({"days": days, "pack": pack}))
    assert lived(needs, with_before)[1] <= lived(needs, without)[1] + 1e-6
    if pack == 0.0:  # what a pack leaves over may be another quantity when deliveries are others
        assert lived(needs, with_before)[0] <= lived(needs, without)[0] + 1e-6
