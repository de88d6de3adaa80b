"""What the two textbook policies order on a Monday, worked out by hand.

The mill delivers on Tuesdays and Fridays what is ordered the day before. Flour is used 10 kg a day with a variance of
4: until Friday's delivery can be used, four days, 40 kg and 1.6449 x sqrt(4 x 4) = 6.58 kg of safety stock.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, cast

import dataframely as dy
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bakery_assets.cells import Frames
from bakery_assets.procurement.plan import ProcurementInputs
from bakery_assets.replay.supply.textbook import ORDER_UP_TO, REORDER_POINT, StockPositions, textbook_orders
from bakery_assets.schemas import conform

MONDAY = date(2026, 1, 5)
TUESDAY = date(2026, 1, 6)
Facts = Callable[..., Frames]
Cells = Callable[..., pl.DataFrame]


def mill(minimum_order_value: float = 0.0, **item: Any) -> dict[str, list[dict[str, Any]]]:
    both = [{"tenant_id": policy} for policy in (REORDER_POINT, ORDER_UP_TO)]
    supplier = {"supplier_id": "mill", "name": "Mill", "lead_time_days": 1, "delivery_weekdays": "tue,fri",
                "minimum_order_value": minimum_order_value}  # fmt: skip
    offer = {"supplier_id": "mill", "ingredient_id": "flour", "price": 1.0, "pack_size": 5.0, **item}
    return {
        "tenants": [{**each, "country": "XX", "timezone": "Europe/Berlin"} for each in both],
        "suppliers": [{**each, **supplier} for each in both],
        "supplier_items": [{**each, **offer} for each in both],
    }


def ordered(
    facts: Facts, cells: Cells, tables: dict[str, list[dict[str, Any]]], *, on: date = MONDAY, **item: Any
) -> dict[str, float]:
    """Quantities by policy of what comes next; everything has to come on that day."""
    flour = {"ingredient_id": "flour", "position": 30.0, "daily_use": 10.0, "daily_use_variance": 4.0, "level": 0.95,
             "shelf_life": 100, "delay": 0, **item}  # fmt: skip
    rows = [{"tenant_id": policy, "policy": policy, **flour} for policy in (REORDER_POINT, ORDER_UP_TO)]
    lines = textbook_orders(
        cast(Any, cells(REORDER_POINT, ORDER_UP_TO, on=on)),
        cast(ProcurementInputs, facts(**tables)),
        conform(StockPositions, pl.DataFrame(rows)),
    )
    assert set(lines["deliver_on"]) <= {on + timedelta(days=1)}
    return dict(lines.select("tenant_id", "quantity").iter_rows())


def test_stock_is_ordered_up_to_the_level_or_in_multiples_of_a_cycle(facts: Facts, cells: Cells) -> None:
    # 46.58 - 30 = 16.58 kg, in sacks of 5; from delivery to delivery three days use 30.
    assert ordered(facts, cells, mill()) == {ORDER_UP_TO: 20.0, REORDER_POINT: 30.0}


def test_above_the_level_nothing_is_ordered(facts: Facts, cells: Cells) -> None:
    assert ordered(facts, cells, mill(), position=46.6) == {}


def test_far_below_the_reorder_point_several_lots_are_ordered(facts: Facts, cells: Cells) -> None:
    assert ordered(facts, cells, mill(), position=10.0) == {ORDER_UP_TO: 40.0, REORDER_POINT: 60.0}


def test_a_day_before_which_no_order_has_to_leave_waits(facts: Facts, cells: Cells) -> None:
    assert ordered(facts, cells, mill(), on=TUESDAY, position=0.0) == {}


def test_what_is_usable_only_the_day_after_has_to_last_a_day_longer(facts: Facts, cells: Cells) -> None:
    # 50 kg and 1.6449 x sqrt(5 x 4) = 7.36 kg, less 30.
    assert ordered(facts, cells, mill(), delay=1) == {ORDER_UP_TO: 30.0, REORDER_POINT: 30.0}


def test_nothing_is_bought_that_mean_use_would_let_expire(facts: Facts, cells: Cells) -> None:
    # Tuesday's delivery keeps until Thursday: four days from Monday on use 40 kg, of which 30 are there.
    assert ordered(facts, cells, mill(), shelf_life=3) == {ORDER_UP_TO: 10.0, REORDER_POINT: 10.0}


def test_a_minimum_order_value_is_met_by_whole_days_of_use(facts: Facts, cells: Cells) -> None:
    # 16.58 and two days more are 36.58 kg, 40 in sacks; one lot of 30 and the next is 60.
    assert ordered(facts, cells, mill(minimum_order_value=38.0)) == {ORDER_UP_TO: 40.0, REORDER_POINT: 60.0}


def test_no_delivery_is_larger_than_the_supplier_brings(facts: Facts, cells: Cells) -> None:
    assert ordered(facts, cells, mill(maximum_quantity=12.0)) == {ORDER_UP_TO: 10.0, REORDER_POINT: 10.0}


quantities = st.floats(0.0, 200.0).map(lambda each: round(each, 2))


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    position=quantities, daily_use=quantities, variance=quantities, minimum=quantities, shelf_life=st.integers(1, 30)
)
def test_orders_are_whole_packs_and_an_order_up_to_never_stays_below_its_level(
    facts: Facts, cells: Cells, position: float, daily_use: float, variance: float, minimum: float, shelf_life: int
) -> None:
    found = ordered(facts, cells, mill(minimum_order_value=minimum), position=position, daily_use=daily_use,
                    daily_use_variance=variance, shelf_life=shelf_life)  # fmt: skip
    level = min(4 * daily_use + 1.6449 * (4 * variance) ** 0.5, daily_use * (1 + shelf_life))
    for quantity in found.values():
        assert quantity > 0
        assert quantity % 5 == pytest.approx(0.0, abs=1e-6)
    if daily_use > 0:
        assert position + found.get(ORDER_UP_TO, 0.0) >= level - 0.01
    else:
        assert not found


def test_lines_are_ordered_by_tenant(facts: Facts, cells: Cells) -> None:
    lines = textbook_orders(
        cast(Any, cells(REORDER_POINT, ORDER_UP_TO)),
        cast(ProcurementInputs, facts(**mill())),
        cast(dy.DataFrame[StockPositions], StockPositions.create_empty()),
    )
    assert lines.is_empty(), "items of which nothing is known are not ordered"
