"""What a day's plan cannot stand on makes a new version of it, once, and only in time."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.partitions.context import partition_loading_context

from bakery_assets.assets.plans import planning_day
from bakery_assets.assets.waves import planning_wave
from bakery_assets.cells import Cell
from resources.clock import Clock
from resources.warehouse import Warehouse
from sensors.plan_decisions import plan_decisions
from sensors.tenant_registry import register
from tests.bakeries import DAY, PLANNING_INSTANT, bakery, insert, rows
from tests.publishing import plan

PUBLISHED = PLANNING_INSTANT + timedelta(minutes=5)
SEVEN = PLANNING_INSTANT + timedelta(minutes=90)  # 07:00 in Paris; the shop opens at 08:00
FIRST = f"{DAY:%Y%m%d}-001"


def a_published_plan(warehouse: Warehouse) -> None:
    settings = [
        {"tenant_id": "b", "key": key, "value": value, "valid_from": date(2000, 1, 1)}
        for key, value in (("opens", "08:00"), ("closes", "18:00"))
    ]
    insert(warehouse, **bakery("b"), tenant_settings=settings)
    plan(warehouse, Cell("b", DAY), PUBLISHED)


pytestmark = pytest.mark.filled(by=a_published_plan)


class Bakery:
    """A bakery whose plan is out, the sensor's ticks, and the runs that they request."""

    def __init__(self, warehouse: Warehouse, instance: dg.DagsterInstance) -> None:
        self.warehouse, self.instance = warehouse, instance
        register(instance, warehouse)

    def tick(self, now: datetime) -> list[dg.RunRequest]:
        definitions = self.definitions(now)
        context = dg.build_sensor_context(
            instance=self.instance,
            definitions=definitions,
            resources={"warehouse": self.warehouse, "clock": Clock(lambda: now)},
        )
        with partition_loading_context(dynamic_partitions_store=self.instance):
            return list(plan_decisions.evaluate_tick(context).run_requests or [])

    def run(self, request: dg.RunRequest, now: datetime) -> None:
        job = self.definitions(now).resolve_job_def("planning_wave")
        assert job.execute_in_process(
            instance=self.instance, run_config=request.run_config, tags=dict(request.tags)
        ).success

    def definitions(self, now: datetime) -> dg.Definitions:
        return dg.Definitions(
            assets=[planning_day],
            jobs=[planning_wave],
            sensors=[plan_decisions],
            resources={"warehouse": self.warehouse, "clock": Clock(lambda: now)},
            executor=dg.in_process_executor,
        )

    def versions(self) -> list[tuple[Any, ...]]:
        query = "SELECT version, cause, cause_detail, planned_as_of, published_at IS NOT NULL FROM plans.plan_versions"
        return rows(self.warehouse, f"{query} ORDER BY version")[1:]


@pytest.fixture
def house(warehouse: Warehouse) -> Iterator[Bakery]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Bakery(warehouse, instance)


def lose(house: Bakery, at: datetime, number: str = FIRST) -> None:
    event = {"tenant_id": "b", "plan_date": DAY, "batch_number": number, "event": "failed", "happened_at": at,
             "recorded_at": at, "reason": "burnt"}  # fmt: skip
    insert(house.warehouse, batch_events=[event])


def decide(house: Bakery, decision: str, at: datetime, reason: str | None = None, **more: Any) -> None:
    row = {"tenant_id": "b", "decision_id": f"{at}", "plan_date": DAY, "plan": "production_schedules",
           "decision": decision, "who": "Ada", "reason": reason, "recorded_at": at, **more}  # fmt: skip
    insert(house.warehouse, plan_decisions=[row])


def test_a_batch_that_failed_before_opening_is_baked_again(house: Bakery) -> None:
    planned = rows(
        house.warehouse, "SELECT quantity_planned FROM plans.production_batches WHERE schedule_date = plan_date"
    )
    assert house.tick(SEVEN) == []
    lose(house, SEVEN)
    (request,) = house.tick(SEVEN)
    house.run(request, SEVEN + timedelta(minutes=1))
    assert house.versions() == [(2, "fact", f"batch {FIRST} failed: burnt", SEVEN, True)]
    again = rows(
        house.warehouse,
        "SELECT state, quantity_planned FROM plans.production_batches WHERE schedule_date = plan_date ORDER BY 1",
    )
    assert again == [("failed", *planned[0]), ("planned", *planned[0])]
    assert house.tick(SEVEN + timedelta(minutes=2)) == [], "what the version knows asks for no other"


def test_a_batch_that_is_changed_is_what_the_next_version_bakes(house: Bakery) -> None:
    """Made smaller, nothing is baked to make up for it; taken back while it has not begun, all is as it was."""
    batches = (
        "SELECT batch_number, state, quantity_planned FROM plans.production_batches WHERE schedule_date = plan_date"
        " ORDER BY 1"
    )
    baked = (
        "SELECT receipts FROM plans.inventory_projections WHERE item_id = 'baguette' AND projection_date = plan_date"
    )
    ((number, _, planned),) = rows(house.warehouse, batches)
    at = [SEVEN + timedelta(minutes=minutes) for minutes in range(5)]
    decide(house, "change", at[0], reason="market is off", batch_number=number, quantity=36.0)
    (request,) = house.tick(at[0])
    house.run(request, at[1])
    assert house.versions() == [(2, "decision", f"batch {number} changed by Ada: market is off", at[0], True)]
    assert rows(house.warehouse, batches) == [(number, "confirmed", 36.0)]
    assert rows(house.warehouse, baked) == [(36.0,)]
    assert house.tick(at[1]) == []
    decide(house, "change", at[2], batch_number=number, quantity=planned, version=2)
    (request,) = house.tick(at[2])
    house.run(request, at[3])
    assert rows(house.warehouse, batches) == [(number, "confirmed", planned)]
    assert rows(house.warehouse, baked) == [(planned,)]
    decide(house, "change", at[4], batch_number=number, quantity=10.0, version=2)
    assert house.tick(at[4]) == []
    assert rows(house.warehouse, "SELECT reason FROM ops.quarantine") == [
        (f"Version 2 of the plan of {DAY} is superseded by version 3.",)
    ]


def test_a_batch_recorded_again_with_another_quantity_replans_once(house: Bakery) -> None:
    query = "SELECT quantity_planned FROM plans.production_batches WHERE batch_number = :number"
    ((planned,),) = rows(house.warehouse, query.replace(":number", f"'{FIRST}'"))
    done = {"tenant_id": "b", "plan_date": DAY, "batch_number": FIRST, "event": "finished", "happened_at": SEVEN}
    at = [SEVEN + timedelta(minutes=minutes) for minutes in range(9)]
    insert(house.warehouse, batch_events=[{**done, "quantity": planned * 0.95, "recorded_at": at[0]}])
    assert house.tick(at[1]) == [], "within the threshold of a tenth"
    insert(house.warehouse, batch_events=[{**done, "quantity": planned * 10, "recorded_at": at[2]}])
    [request] = house.tick(at[2])
    house.run(request, at[3])
    assert house.tick(at[4]) == [], "what the version knows asks for no other"
    insert(house.warehouse, batch_events=[{**done, "quantity": planned, "recorded_at": at[5]}])
    [request] = house.tick(at[5])
    house.run(request, at[6])
    said = f"batch {FIRST} finished with"
    assert [detail for _, _, detail, *_ in house.versions()] == [
        f"{said} {planned * 10:g} instead of {planned:g}", f"{said} {planned:g} instead of {planned * 10:g}",
    ]  # fmt: skip
    insert(house.warehouse, batch_events=[{**done, "quantity": planned / 2, "recorded_at": SEVEN + timedelta(hours=2)}])
    assert house.tick(SEVEN + timedelta(hours=2)) == [], "the shop is open"


def test_a_tick_that_comes_twice_or_is_lost_makes_one_version(house: Bakery) -> None:
    lose(house, SEVEN)
    assert len(house.tick(SEVEN)) == len(house.tick(SEVEN + timedelta(seconds=30))) == 1
    assert [version for version, *_ in house.versions()] == [2]


def test_after_opening_nothing_reported_replans(house: Bakery) -> None:
    lose(house, SEVEN + timedelta(hours=2))
    assert house.tick(SEVEN + timedelta(hours=2)) == []
    assert house.versions() == []


def test_what_contradicts_replans_nothing(house: Bakery) -> None:
    lose(house, SEVEN, "20260303-777")
    assert house.tick(SEVEN) == []


def test_a_plan_rejected_for_stale_data_is_made_again_unless_it_was_approved_since(house: Bakery) -> None:
    noon = SEVEN + timedelta(hours=5)
    decide(house, "reject", noon - timedelta(minutes=3), "too much")
    assert house.tick(noon - timedelta(minutes=3)) == [], "that waits for a person"
    decide(house, "reject", noon - timedelta(minutes=2), "stale")
    decide(house, "approve", noon - timedelta(minutes=1))
    assert house.tick(noon) == []
    decide(house, "reject", noon, "Datos desactualizados")
    (request,) = house.tick(noon)
    house.run(request, noon + timedelta(minutes=1))
    assert house.versions() == [(2, "decision", "the production rejected by Ada: Datos desactualizados", noon, True)]
    assert house.tick(noon + timedelta(minutes=2)) == []


def test_a_person_can_ask_for_a_new_plan_and_what_does_not_hold_asks_for_none(house: Bakery) -> None:
    decide(house, "reject", SEVEN, "stale", version=7)
    assert house.tick(SEVEN) == []
    query = "SELECT tenant_id, file, code, reason, content->>'who' FROM ops.quarantine"
    refused = ("b", "plan_decisions", "refused_decision", f"The plan of {DAY} has no version 7.", "Ada")
    assert rows(house.warehouse, query) == [refused]
    decide(house, "regenerate", SEVEN + timedelta(minutes=1), plan="procurement_plans")
    assert len(house.tick(SEVEN + timedelta(minutes=1))) == 1
    assert house.versions()[0][1:3] == ("decision", "the orders to be made again by Ada")
    assert rows(house.warehouse, query) == [refused], "what was judged is not judged again"


def test_a_count_that_finds_less_replans_before_the_shop_opens(house: Bakery) -> None:
    count = {"tenant_id": "b", "ingredient_id": "flour", "location_id": "main", "recorded_at": SEVEN}
    book = rows(house.warehouse, "SELECT sum(quantity) FROM plans.stock_balances WHERE item_id = 'flour'")[0][0]
    insert(house.warehouse, stock_lots=[{**count, "quantity": book * 0.95}])
    assert house.tick(SEVEN) == [], "within the threshold of a tenth"
    insert(house.warehouse, stock_lots=[{**count, "quantity": book / 2, "recorded_at": SEVEN + timedelta(minutes=1)}])
    assert len(house.tick(SEVEN + timedelta(minutes=1))) == 1
    assert house.versions()[0][1:3] == ("fact", "flour counted")


def order(quantity: float = 50.0, recorded_at: datetime = PLANNING_INSTANT) -> dict[str, Any]:
    """Flour to come in the hour before 07:00."""
    return {"tenant_id": "b", "order_id": "PO-1", "ingredient_id": "flour", "supplier_id": "mill",
            "quantity": quantity, "expected_from": SEVEN - timedelta(hours=1), "expected_to": SEVEN,
            "ordered_at": PLANNING_INSTANT - timedelta(days=2), "recorded_at": recorded_at}  # fmt: skip


def receipt(quantity: float, at: datetime = SEVEN, number: str = "R-1") -> dict[str, Any]:
    return {"tenant_id": "b", "receipt_id": number, "lot_id": "sack-2", "ingredient_id": "flour", "order_id": "PO-1",
            "location_id": "main", "quantity": quantity, "received_at": at, "recorded_at": at}  # fmt: skip


def test_a_delivery_that_brings_less_replans_once(house: Bakery) -> None:
    insert(house.warehouse, purchase_orders=[order()], stock_receipts=[receipt(30.0)])
    [request] = house.tick(SEVEN)
    assert house.versions()[0][1:4] == ("fact", "order PO-1, flour: 30 of 50 received", SEVEN)
    house.run(request, SEVEN + timedelta(minutes=1))
    assert house.tick(SEVEN + timedelta(minutes=2)) == []
    insert(house.warehouse, stock_receipts=[receipt(20.0, SEVEN + timedelta(minutes=3), "R-2")])
    assert house.tick(SEVEN + timedelta(minutes=4)) == [], "what the new version still counts on has come"


def test_a_delivery_as_ordered_asks_for_nothing_and_once_work_has_begun_none_does(house: Bakery) -> None:
    insert(house.warehouse, purchase_orders=[order()], stock_receipts=[receipt(50.0)])
    assert house.tick(SEVEN) == []
    insert(house.warehouse, purchase_orders=[order(quantity=0.0, recorded_at=SEVEN + timedelta(minutes=59))])
    assert house.tick(SEVEN + timedelta(hours=1)) == []


def test_an_order_that_is_canceled_replans(house: Bakery) -> None:
    insert(house.warehouse, purchase_orders=[order(), order(quantity=0.0, recorded_at=SEVEN)])
    assert len(house.tick(SEVEN)) == 1
    assert house.versions()[0][1:3] == ("fact", "order PO-1, flour: 0 of 50 still expected")
