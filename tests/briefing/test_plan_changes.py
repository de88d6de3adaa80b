"""What a new version of a day's plan changes, and the figure behind it."""

import json
from datetime import UTC, date, datetime
from typing import Any

import polars as pl

from bakery_assets.briefing.plan_changes import plan_changes
from bakery_assets.schemas import Cells, plans
from tests.scenarios import filled

DAY = date(2026, 1, 5)
CELL = {"tenant_id": "t", "plan_date": DAY}


def at(clock: str) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 1, 5, hour, minute, tzinfo=UTC)


def batch(number: str, quantity: float, start: str, product: str = "rye", **terms: float) -> dict[str, Any]:
    return {
        **CELL,
        "schedule_date": DAY,
        "batch_number": number,
        "product_id": product,
        "quantity_planned": quantity,
        "start_at": at(start),
        "end_at": at(start),
        "priority": 1,
        "reasoning": json.dumps(terms),
    }


def order(ingredient: str, quantity: float, **terms: float) -> dict[str, Any]:
    return {
        **CELL,
        "requirement_number": f"R-{ingredient}",
        "ingredient_id": ingredient,
        "supplier_id": "mill",
        "planned_order_quantity": quantity,
        "order_by": at("17:00"),
        "deliver_on": date(2026, 1, 7),
        "reasoning": json.dumps(terms),
    }


def changes(
    before: list[dict[str, Any]],
    after: list[dict[str, Any]],
    orders_before: list[dict[str, Any]] | None = None,
    orders_after: list[dict[str, Any]] | None = None,
    versions: int = 2,
) -> list[dict[str, Any]]:
    cells = filled(Cells, [{**CELL, "timezone": "UTC", "planned_as_of": at(f"0{versions}:00")}])
    known = [
        {**CELL, "version": number, "planned_as_of": at(f"0{number}:00"), "requested_at": at("00:30"),
         "cause": "planning_time" if number == 1 else "late_sales", "published_at": at("03:00") if number < versions else None}
        for number in range(1, versions + 1)
    ]  # fmt: skip
    earlier = {"version": versions - 1, "planned_since": at("01:00")}
    state = {"state": "planned", "is_carried_over": False, "is_preview": False}
    found = plan_changes(
        cells,
        {
            "plan_versions": filled(plans.PlanVersions, known),
            "published_batches": filled(
                plans.PublishedBatches, [{**row, **earlier} for row in before] if versions > 1 else []
            ),
            "published_orders": filled(
                plans.PublishedOrders, [{**row, "version": versions - 1} for row in orders_before or []]
            ),
            "production_batches": filled(plans.ProductionBatches, [{**row, **state} for row in after]),
            "procurement_requirements": filled(
                plans.ProcurementRequirements,
                [
                    {
                        **row,
                        "net_requirement": row["planned_order_quantity"],
                        "gross_requirement": row["planned_order_quantity"],
                    }
                    for row in orders_after or []
                ],
            ),
        },
    )
    return found.drop("tenant_id", "plan_date").rows(named=True)


def test_the_first_version_changes_nothing() -> None:
    assert changes([], [batch("1", 10, "04:00")], versions=1) == []


def test_a_version_that_comes_out_the_same_changes_nothing() -> None:
    same = [batch("1", 10, "04:00", forecast=10), batch("2", 20, "05:00")]
    assert changes(same, same, [order("flour", 25)], [order("flour", 25)]) == []


def test_a_larger_batch_names_the_forecast_behind_it() -> None:
    (change,) = changes(
        [batch("1", 10, "04:00", orders=2, forecast=10)], [batch("1", 14, "04:00", orders=2, forecast=14)]
    )
    assert change | {
        "change": "changed", "subject": "batch", "subject_id": "1", "item_id": "rye", "cause": "late_sales", "version": 2,
        "quantity_before": 10.0, "quantity_after": 14.0, "term": "forecast", "term_before": 10.0, "term_after": 14.0,
    } == change  # fmt: skip


def test_a_batch_that_only_moves_has_no_term_behind_it() -> None:
    (change,) = changes([batch("1", 10, "04:00", forecast=10)], [batch("1", 10, "04:30", forecast=10)])
    assert (change["change"], change["term"], change["start_before"], change["start_after"]) == (
        "changed", None, at("04:00"), at("04:30"),
    )  # fmt: skip


def test_a_batch_given_up_and_a_new_one_are_two_changes_with_the_same_cause() -> None:
    found = changes(
        [batch("1", 10, "04:00", carried_over=0, forecast=10)],
        [batch("2", 4, "04:00", carried_over=6, forecast=10)],
    )
    assert [(each["change"], each["subject_id"], each["term"]) for each in found] == [
        ("removed", "1", "carried_over"),
        ("added", "2", "carried_over"),
    ]


def test_an_order_names_the_stock_behind_it() -> None:
    found = changes(
        [], [], [order("flour", 25, stock_today=40), order("salt", 1)], [order("flour", 50, stock_today=15)]
    )
    assert [
        (each["change_number"], each["change"], each["item_id"], each["term"], each["term_after"]) for each in found
    ] == [
        ("C001", "changed", "flour", "stock_today", 15.0),
        ("C002", "removed", "salt", None, None),
    ]


def test_it_is_compared_with_the_version_just_before() -> None:
    assert changes([batch("1", 10, "04:00")], [batch("1", 10, "04:00")], versions=3) == []
    assert pl.Series([each["version"] for each in changes([], [batch("1", 10, "04:00")], versions=3)]).to_list() == [3]
