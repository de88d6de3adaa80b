"""On which days suppliers can deliver, and until when orders count for today."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bakery_assets.cells import Frames
from bakery_assets.procurement.offers import Offers, order_days, supplier_offers

Facts = Callable[..., Frames]
Cells = Callable[..., pl.DataFrame]


def days_of(cells: pl.DataFrame, frames: Frames) -> list[int]:
    """Days from the plan date on which the one offer can come."""
    return np.flatnonzero(order_days(supplier_offers(cells, frames), cells, frames)[0] >= 0).tolist()


def mill(**supplier: Any) -> dict[str, list[dict[str, Any]]]:
    return {
        "suppliers": [{"supplier_id": "mill", "name": "Mill", **supplier}],
        "supplier_items": [{"supplier_id": "mill", "ingredient_id": "flour", "price": 1.0}],
    }


def test_ordered_on_monday_with_ten_days_lead_it_comes_on_the_monday_after(facts: Facts, cells: Cells) -> None:
    """Tryton stock_supply_day: ordered 2011-11-21, lead 10 days, Mondays: 2011-12-05."""
    monday = cells(on=date(2011, 11, 21))
    days = days_of(monday, facts(**mill(lead_time_days=10, delivery_weekdays="mon")))
    assert days[0] == (date(2011, 12, 5) - date(2011, 11, 21)).days


def test_after_the_cutoff_an_order_counts_for_tomorrow(facts: Facts, cells: Cells) -> None:
    early = facts(**mill(lead_time_days=1, order_cutoff_time=time(5, 0)))
    on_time = facts(**mill(lead_time_days=1, order_cutoff_time=time(5, 30)))
    # Planned at 05:30 in Berlin.
    assert days_of(cells(), early)[0] == 2
    assert days_of(cells(), on_time)[0] == 1


def orders_of(cells: pl.DataFrame, frames: Frames) -> dict[int, int]:
    """Day of the delivery, and of its order, of the one offer."""
    days = order_days(supplier_offers(cells, frames), cells, frames)[0]
    return {day: int(days[day]) for day in np.flatnonzero(days >= 0)}


def test_the_day_before_is_closed_so_the_order_is_placed_on_the_last_day_before(facts: Facts, cells: Cells) -> None:
    """cases/planning d29: lead one day, delivery on Mondays, the bakery closed on Sunday the 11th."""
    frames = facts(
        **mill(lead_time_days=1, delivery_weekdays="mon"), calendar=[{"date": date(2026, 1, 11), "kind": "closed"}]
    )
    assert orders_of(cells(), frames) == {7: 5, 14: 13}


def test_working_days_do_not_count_the_suppliers_weekend_and_holidays(facts: Facts, cells: Cells) -> None:
    supplier = {"lead_time_days": 3, "lead_time_unit": "working_days", "working_weekdays": "mon,tue,wed,thu,fri"}
    # Monday 5 January, and Wednesday the 7th a holiday: Monday's order comes on Friday, Tuesday's on Monday.
    frames = facts(**mill(**supplier), calendar=[{"date": date(2026, 1, 7), "kind": "holiday"}])
    assert list(orders_of(cells(), frames).items())[:4] == [(4, 0), (7, 1), (8, 3), (9, 4)]
    # Delivered on Thursdays: of the orders that reach it the last one.
    frames = facts(**mill(**supplier, delivery_weekdays="thu"))
    assert orders_of(cells(), frames) == {3: 0, 10: 7}


def test_a_supplier_that_counts_working_days_works_from_monday_to_friday_and_when_it_delivers(
    facts: Facts, cells: Cells
) -> None:
    supplier = {"lead_time_days": 1, "lead_time_unit": "working_days"}
    assert list(orders_of(cells(), facts(**mill(**supplier))))[:6] == [1, 2, 3, 4, 7, 8]
    saturdays = orders_of(cells(), facts(**mill(**supplier, delivery_weekdays="sat")))
    assert saturdays == {5: 4, 12: 11}


def test_no_order_is_placed_on_a_day_on_which_the_supplier_does_not_work(facts: Facts, cells: Cells) -> None:
    frames = facts(**mill(lead_time_days=1, delivery_weekdays="mon,tue", working_weekdays="mon,tue,wed"))
    # Monday's delivery is ordered on Wednesday, in calendar days.
    assert orders_of(cells(), frames) == {1: 0, 7: 2, 8: 7, 14: 9}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lead=st.integers(0, 6), unit=st.sampled_from(["calendar_days", "working_days"]),
    works=st.sets(st.integers(0, 6), min_size=1), delivers=st.sets(st.integers(0, 6), min_size=1),
    closed=st.sets(st.integers(0, 30), max_size=8), holidays=st.sets(st.integers(0, 30), max_size=4),
    hour=st.sampled_from([5, 18]),
)  # fmt: skip
def test_orders_and_deliveries_are_on_days_on_which_both_work(
    facts: Facts, cells: Cells, lead: int, unit: str, works: set[int], delivers: set[int], closed: set[int],
    holidays: set[int], hour: int,
) -> None:  # fmt: skip
    """A small calendar in plain Python: walk back from the delivery to the last order that reaches it."""
    monday, names = date(2026, 1, 5), ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    calendar = [
        {"date": monday + timedelta(days=day), "kind": kind}
        for kind, days in (("closed", closed), ("holiday", holidays)) for day in days
    ]  # fmt: skip
    supplier = {
        "lead_time_days": lead, "lead_time_unit": unit, "order_cutoff_time": time(hour),
        "working_weekdays": ",".join(names[day] for day in works),
        "delivery_weekdays": ",".join(names[day] for day in delivers),
    }  # fmt: skip
    found = orders_of(cells(), facts(**mill(**supplier), calendar=calendar))

    def at_work(day: int) -> bool:
        return day % 7 in works and day not in holidays

    def arrives(ordered: int) -> int:
        if unit == "calendar_days":
            return ordered + lead
        day = ordered
        for _ in range(lead):
            day = next(later for later in range(day + 1, 400) if at_work(later))
        return day

    first = 1 if hour == 5 else 0  # planned at 05:30
    orders = [day for day in range(first, 40) if at_work(day) and day not in closed]
    wanted = {}
    for day in range(30):
        last = max((order for order in orders if order <= day and arrives(order) <= day), default=-1)
        if day % 7 in delivers and at_work(day) and day not in closed and 0 <= last < 14:
            wanted[day] = last
    assert {day: order for day, order in found.items() if day < 30} == wanted


def test_an_items_own_lead_time_holds(facts: Facts, cells: Cells) -> None:
    frames = facts(**mill(lead_time_days=1))
    own = {**frames, "supplier_items": frames["supplier_items"].with_columns(lead_time_days=pl.lit(4, pl.Int32))}
    assert days_of(cells(), own)[0] == 4


def test_nothing_is_delivered_on_a_closed_day_or_a_holiday(facts: Facts, cells: Cells) -> None:
    closed = {"date": date(2026, 1, 8), "kind": "closed"}
    frames = facts(
        **mill(lead_time_days=1, delivery_weekdays="thu fri"),
        calendar=[closed, {"date": date(2026, 1, 9), "kind": "holiday"}],
    )
    # Monday 5 January: Thursday the 8th is closed, Friday the 9th a holiday.
    assert days_of(cells(), frames) == [10, 11]


@pytest.mark.parametrize(("calendar", "first"), [([], 10), ([{"kind": "event", "opens": time(8)}], 2)])
def test_nothing_is_delivered_at_christmas_unless_the_bakery_says_it_opens(
    calendar: list[dict[str, Any]], first: int, facts: Facts, cells: Cells
) -> None:
    wednesday = cells(on=date(2026, 12, 23))
    tenant = {"name": "Bakery", "timezone": "Europe/Berlin", "country": "DE", "currency": "EUR"}
    days = [row | {"date": date(2026, 12, 25)} for row in calendar]
    frames = facts(**mill(lead_time_days=1, delivery_weekdays="fri sat"), tenants=[tenant], calendar=days)
    # Friday 25 and Saturday 26 December are holidays in Germany, and so is Friday 1 January.
    assert days_of(wednesday, frames)[0] == first


@pytest.mark.parametrize("text", ["mon,thu", "Monday; Thursday", " MON / thurs ", "mon.,thu."])
def test_weekdays_are_read_as_people_write_them(text: str, facts: Facts, cells: Cells) -> None:
    assert days_of(cells(), facts(**mill(lead_time_days=1, delivery_weekdays=text)))[:3] == [3, 7, 10]


@pytest.mark.parametrize("text", [None, "", " "])
def test_no_weekdays_means_every_day(text: str | None, facts: Facts, cells: Cells) -> None:
    assert days_of(cells(), facts(**mill(lead_time_days=1, delivery_weekdays=text)))[:3] == [1, 2, 3]


def test_a_supplier_on_an_unknown_weekday_offers_nothing(facts: Facts, cells: Cells) -> None:
    assert supplier_offers(cells(), facts(**mill(delivery_weekdays="mon,lundi"))).is_empty()


def test_a_supplier_takes_orders_only_on_its_order_weekdays(facts: Facts, cells: Cells) -> None:
    # Planned on Monday: orders on Tuesdays and Fridays, a day ahead; what comes on Monday was ordered on Friday.
    frames = facts(**mill(lead_time_days=1, order_weekdays="tue,fri"))
    found = orders_of(cells(), frames)
    assert {day: found[day] for day in (2, 4, 5, 7)} == {2: 1, 4: 1, 5: 4, 7: 4}
    assert 1 not in found


def test_a_supplier_of_another_region_keeps_the_holidays_there(facts: Facts, cells: Cells) -> None:
    # Tuesday 2026-01-06 is Epiphany in Bavaria, and a day like any other in Berlin.
    berlin = {"timezone": "Europe/Berlin", "country": "DE", "region": "BE", "currency": "EUR"}
    at_home = facts(tenants=[berlin], **mill(lead_time_days=1))
    bavarian = facts(tenants=[berlin], **mill(lead_time_days=1, country="DE", region="BY"))
    assert days_of(cells(), at_home)[:2] == [1, 2]
    assert days_of(cells(), bavarian)[:2] == [2, 3]


def test_a_penny_more_for_one_who_comes_is_the_better_offer(facts: Facts, cells: Cells) -> None:
    """cases/planning d19: 1.00 with a reliability of 0.1, 1.01 with 1.0."""
    frames = facts(
        suppliers=[{"supplier_id": "bad", "reliability": 0.1}, {"supplier_id": "good", "reliability": 1.0}],
        supplier_items=[
            {"supplier_id": name, "ingredient_id": "flour", "price": price}
            for name, price in (("bad", 1.0), ("good", 1.01))
        ],
    )
    offers = supplier_offers(cells(), frames)
    # (0.7 * 1.00 / 1.01 + 0.3 * 1 + 0.2) / 1.2, and (0.7 + 0.3 * 0.1 + 0.2) / 1.2: of neither is there a complaint.
    assert offers.select("supplier_id", "score").rows() == [("good", 0.994224), ("bad", 0.775)]


def test_only_the_price_counts_where_a_bakery_says_so(facts: Facts, cells: Cells) -> None:
    settings = [
        {"key": "supplier_weight_reliability", "value": "0", "valid_from": date(2026, 1, 1)},
    ]
    frames = facts(
        tenant_settings=settings,
        suppliers=[{"supplier_id": "bad", "reliability": 0.1}, {"supplier_id": "good", "reliability": 1.0}],
        supplier_items=[
            {"supplier_id": name, "ingredient_id": "flour", "price": price}
            for name, price in (("bad", 1.0), ("good", 1.01))
        ],
    )
    assert supplier_offers(cells(), frames)["supplier_id"].to_list() == ["bad", "good"]


def test_reliability_is_measured_on_what_came_and_shrunk_while_that_is_little(facts: Facts, cells: Cells) -> None:
    """Five lines: one in its window, one four hours late, one short, one a day late, one that never came."""
    due = datetime(2026, 1, 2, 10, tzinfo=UTC)
    line = {"ingredient_id": "flour", "recorded_at": due}
    orders = [
        {**line, "order_id": str(number), "supplier_id": "mill", "quantity": 10.0, "expected_from": due,
         "expected_to": due, "ordered_at": due - timedelta(days=2)}
        for number in range(5)
    ]  # fmt: skip
    came = [("0", 10.0, -1), ("1", 10.0, 4), ("2", 6.0, 0), ("3", 10.0, 24)]
    receipts = [
        {**line, "receipt_id": order, "lot_id": order, "order_id": order, "quantity": quantity,
         "received_at": due + timedelta(hours=hours)}
        for order, quantity, hours in came
    ]  # fmt: skip
    frames = facts(**mill(reliability=0.8), purchase_orders=orders, stock_receipts=receipts)
    (offer,) = supplier_offers(cells(), frames).to_dicts()
    assert (offer["reliability"], offer["lines_measured"]) == (round((2 + 10 * 0.8) / 15, 6), 5)


def test_quality_is_the_share_of_delivered_lines_without_complaint_shrunk_while_they_are_few(
    facts: Facts, cells: Cells
) -> None:
    """Of six lines one was rejected in part and came again, one was wet but accepted, one went back later with a reason
    and one without; the last has not come."""
    due = datetime(2026, 1, 2, 10, tzinfo=UTC)
    line = {"ingredient_id": "flour", "recorded_at": due}
    orders = [
        {**line, "order_id": str(number), "supplier_id": "mill", "quantity": 10.0, "expected_from": due,
         "expected_to": due, "ordered_at": due - timedelta(days=2)}
        for number in range(6)
    ]  # fmt: skip
    reported: list[dict[str, Any]] = [{"rejected_quantity": 2.0}, {"complaint": "wet"}, {}, {}, {}]
    receipts = [
        {**line, "receipt_id": str(order), "lot_id": str(order), "order_id": str(order), "quantity": 10.0,
         "received_at": due, **row}
        for order, row in enumerate(reported)
    ]  # fmt: skip
    again = {**receipts[0], "receipt_id": "rest", "lot_id": "rest", "quantity": 2.0, "rejected_quantity": 0.0}
    unnamed = {**receipts[0], "receipt_id": "gift", "lot_id": "gift", "order_id": None, "complaint": "whose?"}
    returned = [
        {**line, "return_id": order, "lot_id": order, "order_id": order, "quantity": quantity, "reason": reason,
         "returned_at": due}
        for order, quantity, reason in (("2", 4.0, "moths"), ("3", 4.0, None), ("4", 0.0, "no moths after all"))
    ]  # fmt: skip
    came = [*receipts, again, unnamed]
    frames = facts(**mill(), purchase_orders=orders, stock_receipts=came, supplier_returns=returned)
    (offer,) = supplier_offers(cells(), frames).to_dicts()
    assert (offer["quality"], offer["lines_delivered"]) == (round((2 + 10) / 15, 6), 5)


@pytest.mark.parametrize(
    ("rate", "order", "score"),
    [
        (3.0, ["mill", "kuwait"], 1.0),  # 0.90 KWD are 2.70 EUR
        (0.5, ["kuwait", "mill"], 1.0),  # 0.45 EUR
        (None, ["mill", "kuwait"], 1.0),  # each the best of what it is compared with
    ],
)
def test_prices_in_two_currencies_are_compared_by_their_rate(
    rate: float | None, order: list[str], score: float, facts: Facts, cells: Cells
) -> None:
    """cases/bugs/12: Mill 1.00 EUR, Kuwait mill 0.90 KWD; without a rate the dinars come last, whatever they cost."""
    rates = [
        {"currency": "KWD", "date": date(2026, 1, 1), "rate": rate, "recorded_at": datetime(2026, 1, 1, tzinfo=UTC)}
    ]
    frames = facts(
        tenants=[{"timezone": "Europe/Berlin", "country": "XX", "currency": "EUR"}],
        exchange_rates=rates if rate else [],
        suppliers=[{"supplier_id": "kuwait", "currency": "KWD"}, {"supplier_id": "mill", "currency": "EUR"}],
        supplier_items=[
            {"supplier_id": name, "ingredient_id": "flour", "price": price}
            for name, price in (("kuwait", 0.9), ("mill", 1.0))
        ],
    )
    offers = supplier_offers(cells(), frames)
    assert offers["supplier_id"].to_list() == order
    assert offers["score"][0] == score
    assert dict(offers.select("supplier_id", "exchange_rate").iter_rows()) == {"mill": 1.0, "kuwait": rate}


def test_equal_prices_go_by_supplier(facts: Facts, cells: Cells) -> None:
    item = {"ingredient_id": "flour", "price": 2.0}
    frames = facts(
        suppliers=[{"supplier_id": name} for name in ("c", "a", "b")],
        supplier_items=[item | {"supplier_id": name} for name in ("c", "a")]
        + [item | {"supplier_id": "b", "price": 1.5}],
    )
    assert supplier_offers(cells(), frames)["supplier_id"].to_list() == ["b", "a", "c"]


def test_the_delivery_before_and_after_a_day() -> None:
    delivers = np.array([[False, True, False, False, True]])
    none = np.zeros(1)
    first = np.zeros(1, dtype=np.int64)
    offers = Offers(first, none, none, maximum=none, supplier=first, price=none, minimum_value=none, delivers=delivers,
                    delivered=np.zeros((1, 5), dtype=np.int16), proposed=np.zeros((1, 5)), change_threshold=none, early_days=first)  # fmt: skip
    assert offers.latest_delivery.tolist() == [[-1, 1, 1, 1, 4]]
    assert offers.next_delivery.tolist() == [[1, 4, 4, 4, 5]]
