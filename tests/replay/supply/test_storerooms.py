"""A week of a storeroom by hand, and random weeks against a list of lots in plain Python."""

from datetime import date, time, timedelta
from typing import Any, cast

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets.materials.expiry_buckets import NO_EXPIRY, receive
from bakery_assets.replay.supply.deliveries import DeliveryChances, delivery_chances
from bakery_assets.replay.supply.storerooms import Flow, OrderLines, Storerooms
from bakery_assets.schemas import conform, ops
from tests.scenarios import filled

MONDAY = date(2026, 1, 5)
FLOW = ("opening", "received", "used", "unmet", "expired", "closing")


def day(number: int) -> date:
    return MONDAY + timedelta(days=number)


def chances(**of_day: tuple[int, float]) -> Any:
    """How the mill's deliveries come, by day of the month: days late, and the share brought."""
    rows = [
        {"tenant_id": "system/a", "supplier_id": "mill", "ingredient_id": "milk", "days_late": late,
         "deliver_on": date(2026, 1, int(name[1:])), "brought_share": share}
        for name, (late, share) in of_day.items()
    ]  # fmt: skip
    return conform(DeliveryChances, pl.DataFrame(rows, schema=pl.Schema(DeliveryChances)))


def storeroom(
    days: int, *, keeps: int = NO_EXPIRY, delay: int = 0, opening: float = 0.0, comes: Any = None
) -> Storerooms:
    items = pl.DataFrame(
        {
            "tenant_id": ["system/a"],
            "ingredient_id": ["milk"],
            "row": [0],
            "delay": [delay],
            "timezone": ["Europe/Berlin"],
        },
        schema_overrides={"row": pl.UInt32},
    )
    made = Storerooms(
        items, np.array([keeps]), np.zeros((1, days + 1)), chances() if comes is None else comes, Flow.of(1, days)
    )
    receive(made.buckets, np.array([opening]), np.array([keeps - 2]))
    return made


def order(room: Storerooms, on: int, deliver: int, quantity: float, *, pack: float = 0.0) -> None:
    line = {"tenant_id": "system/a", "supplier_id": "mill", "ingredient_id": "milk", "deliver_on": day(deliver),
            "quantity": quantity, "price": 2.0, "pack_size": pack}  # fmt: skip
    room.order(conform(OrderLines, pl.DataFrame([line])), pl.lit(day(on)))


def lived(room: Storerooms, *required: float) -> list[tuple[float, ...]]:
    """Opening, received, used, unmet, expired and closing of days whose orders are placed already."""
    for number, quantity in enumerate(required):
        room.live(number, pl.lit(day(number)), np.array([quantity]))
    return [tuple(float(getattr(room.flow, name)[0, number]) for name in FLOW) for number in range(len(required))]


def test_a_week_with_a_late_and_a_short_delivery() -> None:
    """Milk keeps three days. Tuesday's 20 come on Wednesday; of Thursday's 12 in packs of 5 come half, that is one pack."""
    room = storeroom(5, keeps=3, opening=10.0, comes=chances(d6=(1, 1.0), d8=(0, 0.5)))
    order(room, 0, 1, 20.0)
    order(room, 0, 3, 12.0, pack=5.0)
    assert room.on_order(pl.lit(MONDAY)).tolist() == [32.0]
    assert lived(room, 6.0, 6.0, 6.0, 6.0, 6.0) == [
        # opening, received, used, unmet, expired, closing
        (10.0, 0.0, 6.0, 0.0, 0.0, 4.0),
        (4.0, 0.0, 4.0, 2.0, 0.0, 0.0),
        (0.0, 20.0, 6.0, 0.0, 0.0, 14.0),
        (14.0, 5.0, 6.0, 0.0, 0.0, 13.0),
        # Of Wednesday's 20 two are left on Friday evening, their last; Thursday's 5 keep until Saturday.
        (13.0, 0.0, 6.0, 0.0, 2.0, 5.0),
    ]
    assert room.flow.paid.tolist() == [[0.0, 0.0, 40.0, 10.0, 0.0]]


def test_what_comes_when_baking_has_begun_is_used_the_next_day() -> None:
    room = storeroom(2, delay=1)
    order(room, 0, 0, 8.0)
    assert lived(room, 5.0, 5.0) == [(0.0, 8.0, 0.0, 5.0, 0.0, 8.0), (8.0, 0.0, 5.0, 0.0, 0.0, 3.0)]


def test_a_plan_knows_the_order_in_full_until_it_has_come_and_then_what_came(cells: Any, facts: Any) -> None:
    room = storeroom(3, comes=chances(d6=(0, 0.5)))
    order(room, 0, 1, 20.0)
    known = facts(tenants=[{"tenant_id": "system/a", "country": "XX", "timezone": "Europe/Berlin"}])
    of_tuesday, of_wednesday = (room.orders_and_receipts(cells("system/a", on=day(number)), known) for number in (1, 2))
    assert of_tuesday[0]["quantity"].to_list() == [20.0]
    assert of_tuesday[1].is_empty()
    assert of_wednesday[0]["quantity"].to_list() == [10.0]
    assert of_wednesday[1]["quantity"].to_list() == [10.0]


def test_lots_are_those_of_the_shelf_with_their_last_days(cells: Any) -> None:
    room = storeroom(9, keeps=3, opening=10.0)
    order(room, 0, 0, 7.0)
    lived(room, 4.0)
    lots = room.lots(cells("system/a", on=day(1)), 1)
    assert lots.select("item_id", "quantity", "expires_on").rows() == [("milk", 6.0, day(1)), ("milk", 7.0, day(2))]


def notebook(keeps: int, deliveries: list[float], required: list[float]) -> list[tuple[float, ...]]:
    """The same days with a list of lots."""
    shelf: list[list[float]] = []
    noted = []
    for number, (comes, wanted) in enumerate(zip(deliveries, required, strict=True)):
        opening = sum(quantity for _, quantity in shelf)
        shelf.append([number + keeps - 1, comes])
        missing = wanted
        for lot in sorted(shelf):
            taken = min(lot[1], missing)
            lot[1] -= taken
            missing -= taken
        expired = sum(quantity for last, quantity in shelf if last == number)
        shelf = [lot for lot in shelf if lot[0] > number]
        noted.append((opening, comes, wanted - missing, missing, expired, sum(quantity for _, quantity in shelf)))
    return noted


amounts = st.lists(st.integers(0, 30).map(float), min_size=6, max_size=6)


@settings(max_examples=30, deadline=None)
@given(keeps=st.integers(1, 7), deliveries=amounts, required=amounts)
def test_stock_balances_every_day_and_is_never_negative(
    keeps: int, deliveries: list[float], required: list[float]
) -> None:
    room = storeroom(6, keeps=keeps)
    for number, quantity in enumerate(deliveries):
        if quantity:
            order(room, 0, number, quantity)
    found = lived(room, *required)
    assert found == [pytest.approx(row) for row in notebook(keeps, deliveries, required)]
    for (opening, received, used, unmet, expired, closing), wanted in zip(found, required, strict=True):
        assert opening + received - used - expired == pytest.approx(closing)
        assert used + unmet == pytest.approx(wanted)
        assert min(opening, received, used, unmet, expired, closing) >= 0


def test_suppliers_fail_as_often_as_they_say_and_the_same_for_the_same_seed() -> None:
    suppliers = conform(ops.Suppliers, filled(ops.Suppliers, [
        {"tenant_id": "a", "supplier_id": name, "reliability": share, "lead_time_unit": "calendar_days",
         "order_cutoff_time": time(18)}
        for name, share in (("never", 1.0), ("often", 0.6))
    ]))  # fmt: skip
    sold = conform(ops.SupplierItems, filled(ops.SupplierItems, [
        {"tenant_id": "a", "supplier_id": name, "ingredient_id": "milk"} for name in ("never", "often")
    ]))  # fmt: skip
    drawn = [delivery_chances(suppliers, sold, MONDAY, day(1999), seed) for seed in (1, 1, 2)]
    assert drawn[0].equals(drawn[1])
    assert not drawn[0].equals(drawn[2])
    by_supplier = {str(name): rows for (name,), rows in drawn[0].group_by("supplier_id")}
    assert by_supplier["never"].filter((pl.col("days_late") > 0) | (pl.col("brought_share") < 1)).is_empty()
    often = cast(pl.DataFrame, by_supplier["often"])
    assert often.select((pl.col("days_late") > 0).mean()).item() == pytest.approx(0.2, abs=0.03)
    assert often.select((pl.col("brought_share") < 1).mean()).item() == pytest.approx(0.2, abs=0.03)
