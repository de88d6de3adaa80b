"""What a plan sends to shops goes on record when it is published, and is taken as brought from then on."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bakery_assets.briefing.terminal import render_day
from bakery_assets.cells import Cell
from resources.warehouse import Warehouse
from resources.warehouse.briefing import read_day_briefing
from resources.warehouse.record import request_versions
from tests.bakeries import DAY, PLANNING_INSTANT, bakery, insert, rows
from tests.briefing.test_terminal import shown
from tests.publishing import plan

TODAY, TOMORROW = Cell("b", DAY), Cell("b", DAY + timedelta(days=1))
PUBLISHED = PLANNING_INSTANT + timedelta(minutes=5)


@pytest.fixture
def planned(warehouse: Warehouse) -> Warehouse:
    """A bakery whose kitchen bakes for the shop north, 30 minutes away, with today's plan published at 05:35."""
    facts = bakery("b")
    facts["locations"] = [
        {"tenant_id": "b", "location_id": "main"},
        {"tenant_id": "b", "location_id": "north", "name": "North", "minutes_from_kitchen": 30},
    ]
    facts["sales"] = [*facts["sales"], *(row | {"location_id": "north", "quantity": 30.0} for row in facts["sales"])]
    insert(warehouse, **facts)
    plan(warehouse, TODAY, PUBLISHED)
    return warehouse


def distributed(warehouse: Warehouse, table: str) -> list[tuple[Any, ...]]:
    return rows(
        warehouse,
        f"SELECT plan_date, location_id, product_id, trip, kitchen_id, quantity, leaves_at, arrives_at FROM plans.{table} ORDER BY 1, 2, 3, 4",
    )


def transfers(warehouse: Warehouse, cell: Cell) -> list[tuple[Any, ...]]:
    return rows(
        warehouse,
        "SELECT location_id, quantity, happened_at, source, is_assumed FROM plans.stock_movements"
        f" WHERE kind = 'transfer' AND plan_date = '{cell.plan_date}' AND item_id = 'baguette' ORDER BY movement_number",
    )


def report_sales(warehouse: Warehouse, north: float) -> None:
    sold = {"tenant_id": "b", "product_id": "baguette", "sales_date": DAY}
    evening = datetime(2026, 3, 3, 20, tzinfo=UTC)
    insert(
        warehouse,
        sales=[
            sold | {"location_id": place, "quantity": quantity, "recorded_at": evening}
            for place, quantity in (("main", 100.0), ("north", north))
        ],
    )


def test_what_is_published_is_taken_as_brought_by_the_next_plan(planned: Warehouse) -> None:
    record = distributed(planned, "published_distributions")
    assert record == distributed(planned, "distribution_plans")
    [(_, shop, _, trip, kitchen, quantity, leaves_at, arrives_at)] = record
    assert (shop, trip, kitchen, quantity) == ("north", 1, "main", 30.0)
    assert leaves_at > PUBLISHED
    assert arrives_at == leaves_at + timedelta(minutes=30)
    report_sales(planned, north=30.0)
    plan(planned, TOMORROW, PUBLISHED + timedelta(days=1))
    assert transfers(planned, TOMORROW) == [
        ("main", -30.0, arrives_at, f"distribution {DAY}", True),
        ("north", 30.0, arrives_at, f"distribution {DAY}", True),
    ]


def test_a_recorded_transfer_takes_the_place_of_the_plans(planned: Warehouse) -> None:
    brought_at = datetime(2026, 3, 3, 7, tzinfo=UTC)
    reported = {"tenant_id": "b", "transfer_id": "t1", "from_location_id": "main", "to_location_id": "north"}
    insert(
        planned,
        transfers=[
            reported
            | {"product_id": "baguette", "quantity": 24.0, "transferred_at": brought_at, "recorded_at": brought_at}
        ],
    )
    report_sales(planned, north=24.0)
    plan(planned, TOMORROW, PUBLISHED + timedelta(days=1))
    assert transfers(planned, TOMORROW) == [
        ("main", -24.0, brought_at, "transfer t1", False),
        ("north", 24.0, brought_at, "transfer t1", False),
    ]


def test_a_retry_changes_nothing_and_a_new_version_keeps_what_has_left(planned: Warehouse) -> None:
    first = distributed(planned, "published_distributions")
    plan(planned, TODAY, PUBLISHED + timedelta(days=3))
    assert distributed(planned, "published_distributions") == distributed(planned, "distribution_plans") == first
    later = PUBLISHED + timedelta(hours=6)
    request_versions(planned, [TODAY], later, "person", "again", later)
    plan(planned, TODAY, later + timedelta(minutes=1))
    kept = rows(planned, "SELECT quantity, leaves_at FROM plans.distribution_plans WHERE is_carried_over")
    assert kept == [(first[0][5], first[0][6])]
    assert distributed(planned, "published_distributions")[0] == first[0]
    report_sales(planned, north=30.0)
    plan(planned, TOMORROW, PUBLISHED + timedelta(days=1))
    assert [row[:2] for row in transfers(planned, TOMORROW)] == [("main", -30.0), ("north", 30.0)]


def test_the_driver_sees_it_in_the_days_briefing(planned: Warehouse) -> None:
    morning = read_day_briefing(planned, "b", DAY)
    assert morning is not None
    text = shown(render_day(morning, 80))
    assert "North, there at 07:00" in text
