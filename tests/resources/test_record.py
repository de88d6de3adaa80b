"""The plan of record: versions are appended when a plan is published, kept as they were, and known from then on."""

import json
from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from bakery_assets.cells import Cell
from resources.warehouse import Warehouse
from resources.warehouse.record import request_versions
from tests.bakeries import DAY, PLANNING_INSTANT, bakery, insert, rows
from tests.publishing import plan

TODAY = Cell("b", DAY)
TOMORROW = Cell("b", DAY + timedelta(days=1))


@pytest.fixture
def planned(warehouse: Warehouse) -> Warehouse:
    """A bakery whose ovens are known, with today's plan published five minutes after the planning instant."""
    facts = bakery("b")
    facts["production_steps"] = [
        {"tenant_id": "b", "recipe_id": "baguette", "step_number": 1, "name": "Bake", "equipment_kind": "oven",
         "duration_minutes": 30.0}
    ]  # fmt: skip
    facts["equipment"] = [{"tenant_id": "b", "equipment_id": "oven", "name": "Oven", "kind": "oven", "capacity": 24.0}]
    facts["products"] = [{**facts["products"][0], "batch_max": 24.0}]
    insert(warehouse, **facts)
    plan(warehouse, TODAY, PLANNING_INSTANT + timedelta(minutes=5))
    return warehouse


def versions(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return rows(
        warehouse,
        "SELECT version, cause, planned_as_of, published_at FROM plans.plan_versions ORDER BY plan_date, version",
    )


def test_publishing_a_plan_appends_its_first_version(planned: Warehouse) -> None:
    assert versions(planned) == [(1, "planning_time", PLANNING_INSTANT, PLANNING_INSTANT + timedelta(minutes=5))]
    record = rows(
        planned,
        "SELECT batch_number, quantity_planned, start_at, end_at FROM plans.published_batches WHERE schedule_date = plan_date ORDER BY 1",
    )
    assert record == rows(
        planned,
        "SELECT batch_number, quantity_planned, start_at, end_at FROM plans.production_batches WHERE schedule_date = plan_date ORDER BY 1",
    )
    assert len(record) > 3


def test_a_retry_or_backfill_repeats_its_version_and_changes_nothing_of_the_record(planned: Warehouse) -> None:
    def everything() -> list[list[tuple[Any, ...]]]:
        return [
            rows(planned, f"SELECT * FROM plans.{table} ORDER BY 1, 2, 3, 4")
            for table in ("plan_versions", "published_batches", "published_orders", "production_batches")
        ]

    before = everything()
    plan(planned, TODAY, PLANNING_INSTANT + timedelta(days=3))
    assert everything() == before


def test_a_version_asked_for_by_a_person_keeps_what_has_begun(planned: Warehouse) -> None:
    first = rows(
        planned,
        "SELECT batch_number, start_at FROM plans.published_batches WHERE schedule_date = plan_date ORDER BY start_at",
    )
    now = first[2][1]  # the third batch is just begun; the first was to begin before the plan was published
    ordered = "SELECT requirement_number, reasoning->>'net_requirement' FROM plans.{} WHERE {} ORDER BY 1"
    reasons = rows(planned, ordered.format("procurement_requirements", "planned_order_quantity > 0"))
    baked = "SELECT batch_number, reasoning FROM plans.{} WHERE {} AND schedule_date = plan_date ORDER BY 1"
    terms = rows(planned, baked.format("production_batches", "true"))
    asked = request_versions(planned, [TODAY], now, "person", "the mixer stood still", now)
    assert asked == {TODAY}
    again = plan(planned, TODAY, now + timedelta(minutes=1))["production_batches"]
    assert reasons == rows(planned, ordered.format("published_orders", "version = 1")) != []
    assert {reason for _, reason in rows(planned, ordered.format("published_orders", "version = 2"))} == {None}
    assert terms == rows(planned, baked.format("published_batches", "version = 1")) != []
    assert [
        reported for _, reported in rows(planned, baked.format("published_batches", "version = 2")) if reported
    ] == []
    assert [version[:3] for version in versions(planned)] == [
        (1, "planning_time", PLANNING_INSTANT),
        (2, "person", now),
    ]
    today = again.filter(pl.col("schedule_date") == DAY)
    kept = today.filter("is_carried_over")
    assert kept["batch_number"].to_list() == [first[1][0], first[2][0]]
    assert kept["start_at"].to_list() == [first[1][1], first[2][1]]
    assert [json.loads(reported) for reported in kept["reasoning"]] == [
        dict(terms)[number] for number in kept["batch_number"]
    ]
    new = today.filter(~pl.col("is_carried_over"))
    assert set(new["batch_number"]).isdisjoint(number for number, _ in first)
    assert new["start_at"].min() >= now


def test_what_is_not_published_cannot_be_replanned(planned: Warehouse) -> None:
    now = PLANNING_INSTANT + timedelta(hours=1)
    assert request_versions(planned, [TOMORROW], now, "person", "never planned", now) == set()
    assert request_versions(planned, [TODAY], now, "person", "first", now) == {TODAY}
    assert request_versions(planned, [TODAY], now, "person", "not published yet", now) == set()


def test_a_version_is_never_as_of_before_the_one_before_it_was_published(planned: Warehouse) -> None:
    early = PLANNING_INSTANT - timedelta(hours=1)
    request_versions(planned, [TODAY], early, "fact", None, early)
    assert versions(planned)[1][2] == PLANNING_INSTANT + timedelta(minutes=5)


def test_planned_since_is_kept_while_a_batch_stays_as_it_is(planned: Warehouse) -> None:
    now = PLANNING_INSTANT + timedelta(minutes=40)
    request_versions(planned, [TODAY], now, "person", "again", now)
    plan(planned, TODAY, now + timedelta(minutes=1))
    since = dict(
        rows(
            planned,
            "SELECT batch_number, planned_since FROM plans.published_batches WHERE version = 2 AND schedule_date = plan_date",
        )
    )
    kept = dict(
        rows(
            planned,
            "SELECT batch_number, planned_since FROM plans.published_batches WHERE version = 1 AND schedule_date = plan_date",
        )
    )
    assert {number: since[number] for number in since if number in kept} == {
        number: kept[number] for number in kept if number in since
    }
    assert any(number not in kept for number in since)


def test_replanned_while_it_sells_nothing_is_baked_or_supplied_twice(planned: Warehouse) -> None:
    noon = PLANNING_INSTANT + timedelta(hours=7)
    sold = {"tenant_id": "b", "product_id": "baguette", "location_id": "main", "sales_date": DAY, "quantity": 40.0}
    insert(planned, sales=[{**sold, "recorded_at": noon - timedelta(minutes=1)}])
    first = dict(rows(planned, "SELECT batch_number, quantity_planned FROM plans.published_batches"))
    request_versions(planned, [TODAY], noon, "person", "a coach has come", noon)
    again = plan(planned, TODAY, noon + timedelta(minutes=1))["production_batches"].filter(
        pl.col("schedule_date") == DAY
    )
    kept, new = again.filter("is_carried_over"), again.filter(~pl.col("is_carried_over"))
    assert {number: first[number] for number in kept["batch_number"]} == dict(
        kept.select("batch_number", "quantity_planned").iter_rows()
    )
    assert set(kept["state"]) == {"completed"}
    assert set(new["batch_number"]).isdisjoint(first)
    ((stock,),) = rows(planned, "SELECT sum(quantity) FROM plans.stock_balances WHERE item_id = 'baguette'")
    assert stock == kept["quantity_planned"].sum() - 40.0
    ((forecast,),) = rows(planned, f"SELECT yhat FROM plans.demand_forecasts WHERE target_date = '{DAY}'")
    left = forecast - 40.0  # of what the day is expected to sell
    assert left <= stock + new["quantity_planned"].sum() < left + 12.0, "what is left is covered, by one batch at most"


def test_planning_an_older_date_again_changes_neither_record_nor_alerts_of_another_day(planned: Warehouse) -> None:
    def everything() -> list[list[tuple[Any, ...]]]:
        return [
            sorted(rows(planned, f"SELECT * FROM plans.{table}"), key=str)
            for table in ("plan_versions", "published_batches", "published_orders", "findings", "alerts")
        ]

    tomorrow = PLANNING_INSTANT + timedelta(days=1, minutes=5)
    plan(planned, TOMORROW, tomorrow)
    before = everything()
    assert before[4], "the bakery has an alert"
    plan(planned, TODAY, tomorrow + timedelta(hours=3))
    assert everything() == before
    # Nor does a day that was missed then and is planned only now.
    missed = Cell("b", DAY - timedelta(days=1))
    plan(planned, missed, tomorrow + timedelta(hours=4))
    others = [[row for row in table if missed.plan_date not in row] for table in everything()]
    assert others == before
