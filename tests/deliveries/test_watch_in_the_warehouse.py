"""The watch in the warehouse: what the sensor's tick opens, keeps and ends, and that a plan tells the same."""

from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest

from resources.clock import Clock
from resources.warehouse import Warehouse
from resources.warehouse.deliveries import watch_deliveries
from sensors.delivery_windows import delivery_windows
from tests.bakeries import bakery, insert, rows

TUESDAY = datetime(2026, 3, 3, tzinfo=UTC)
ALERTS = (
    "SELECT kind, to_char(opened_at AT TIME ZONE 'UTC', 'DD HH24:MI'), status, resolution FROM plans.alerts"
    " WHERE tenant_id = 'b' ORDER BY opened_at, alert_id"
)
SOON = "delivery_arriving_soon"


class At(Clock):
    """A clock that shows the time it is set to."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now


def at(hour: int, minute: int = 0) -> datetime:
    return TUESDAY + timedelta(hours=hour, minutes=minute)


def order(
    quantity: float = 75.0, recorded_at: datetime | None = None, number: str = "P1", late: int = 0
) -> dict[str, object]:
    """Flour between 08:00 and 10:00 UTC, so many days before Tuesday."""
    window = at(8) - timedelta(days=late)
    return {"tenant_id": "b", "order_id": number, "ingredient_id": "flour", "supplier_id": "mill", "quantity": quantity,
            "expected_from": window, "expected_to": window + timedelta(hours=2), "ordered_at": window - timedelta(days=3),
            "recorded_at": recorded_at or window - timedelta(days=3)}  # fmt: skip


def receipt(quantity: float, received_at: datetime, state: str = "confirmed", **row: object) -> dict[str, object]:
    return {"tenant_id": "b", "receipt_id": "r1", "lot_id": "sack", "ingredient_id": "flour", "order_id": "P1",
            "location_id": "main", "quantity": quantity, "received_at": received_at, "recorded_at": received_at,
            "state": state, **row}  # fmt: skip


@pytest.fixture
def watched(warehouse: Warehouse) -> Warehouse:
    """A bakery that records receipts, and whose order P1 comes on Tuesday."""
    own = bakery("b")
    earlier = receipt(5.0, at(8) - timedelta(days=2), receipt_id="r0", order_id="P0")
    insert(warehouse, **{**own, "purchase_orders": [order()], "stock_receipts": [earlier]})
    return warehouse


def test_ticks_open_once_keep_and_end_alerts_by_the_thresholds_whenever_they_come(watched: Warehouse) -> None:
    assert watch_deliveries(watched, at(5, 59)) == 0
    assert watch_deliveries(watched, at(6, 7)) == 1
    assert watch_deliveries(watched, at(6, 8)) == 0
    assert rows(watched, ALERTS) == [(SOON, "03 06:00", "open", None)]
    assert watch_deliveries(watched, at(10, 44)) == 2
    assert [each[:3] for each in rows(watched, ALERTS)] == [
        (SOON, "03 06:00", "resolved"), ("delivery_overdue", "03 10:30", "open"),
    ]  # fmt: skip
    insert(watched, stock_receipts=[receipt(75.0, at(11), "draft")])
    watch_deliveries(watched, at(11, 1))
    assert rows(watched, ALERTS)[-1][2:] == ("resolved", "It has come: its receipt is begun and has to be finished.")
    watch_deliveries(watched, at(12, 5))
    assert rows(watched, ALERTS)[-1][:3] == ("stock_receipt_incomplete", "03 12:00", "open")
    insert(watched, stock_receipts=[receipt(75.0, at(11), recorded_at=at(12, 10))])
    watch_deliveries(watched, at(12, 11))
    assert rows(watched, ALERTS)[-1] == (
        "stock_receipt_incomplete", "03 12:00", "resolved", "It was received today at 12:00."
    )  # fmt: skip
    assert watch_deliveries(watched, at(12, 12)) == 0


def test_the_sensor_watches_by_its_clock(watched: Warehouse) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance=instance)
        skipped = delivery_windows(context, warehouse=watched, clock=At(at(10, 31)))
    assert isinstance(skipped, dg.SkipReason)
    assert [each[:2] for each in rows(watched, ALERTS)] == [("delivery_overdue", "03 10:30")]


def test_states_of_orders_are_reported_as_of_any_instant(watched: Warehouse) -> None:
    insert(
        watched,
        order_events=[
            {"tenant_id": "b", "order_id": "P1", "event": "sent", "happened_at": at(0), "recorded_at": at(0)}
        ],
        stock_receipts=[receipt(40.0, at(9))],
        purchase_orders=[order(40.0, at(12))],
    )
    states = "SELECT state FROM plans.order_states_as_of('{}')"
    found = [rows(watched, states.format(each))[0][0] for each in (at(-1), at(1), at(10), at(13))]
    assert found == ["ordered", "sent", "partly_received", "short"]
    assert rows(watched, "SELECT state FROM plans.order_states") == [("short",)]


@pytest.mark.parametrize("late", [4, 60])
def test_a_plan_alone_tells_of_an_order_that_is_late(late: int, warehouse: Warehouse) -> None:
    """cases/bugs/10: the alert names order, supplier, quantity and days late, and that both may come."""
    from tests.cases.test_planning_cases import plan_all

    own = bakery("b")
    loaf = {"tenant_id": "b", "receipt_id": "r0", "lot_id": "s", "ingredient_id": "salt", "location_id": "main",
            "quantity": 1.0, "received_at": at(0) - timedelta(days=late + 1), "recorded_at": at(0) - timedelta(days=late)}  # fmt: skip
    insert(warehouse, **{**own, "purchase_orders": [order(1000.0, late=late)], "stock_receipts": [loaf]})
    plan_all(warehouse, date(2026, 3, 3))
    ((kind, message),) = rows(
        warehouse, "SELECT kind, message FROM plans.alerts WHERE subject = 'P1' AND status = 'open'"
    )
    assert kind == "delivery_overdue"
    for words in ("Order P1 from Mill was due by", f"{late} days ago", "1,000 kg", "Plans no longer count on it"):
        assert words in message
    assert message.endswith(
        "Flour are ordered again: both may come. If it has come, its receipt should be recorded by now."
    )
    (consequence,) = rows(
        warehouse,
        "SELECT consequence FROM plans.procurement_requirements WHERE ingredient_id = 'flour'"
        " AND planned_order_quantity > 0 ORDER BY requirement_number LIMIT 1",
    )
    assert f"This may come twice: 1,000 kg of earlier orders are overdue and no longer counted, but may still come: order P1 from Mill (1,000 kg, {late} days late)" in consequence[0]  # fmt: skip
