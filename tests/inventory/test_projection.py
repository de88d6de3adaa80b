"""Stock of two weeks, day by day."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from bakery_assets.cells import Frames
from bakery_assets.inventory import project_inventory
from bakery_assets.keys import ITEM

Facts = Callable[..., Frames]
Cells = Callable[..., pl.DataFrame]
Schema = Callable[[str], dict[str, Any]]
Rows = list[dict[str, Any]]
MONDAY = date(2026, 1, 5)
COUNTED = datetime(2026, 1, 4, 18, tzinfo=UTC)


def on(day: int) -> date:
    return MONDAY + timedelta(days=day)


def forecasts(product: str, quantities: dict[int, float], location: str = "main") -> Rows:
    return [
        {"plan_date": MONDAY, "location_id": location, "product_id": product, "target_date": on(day), "yhat": quantity}
        for day, quantity in quantities.items()
    ]


def batches(product: str, quantities: dict[int, float], recipe: str | None = None) -> Rows:
    return [
        {"plan_date": MONDAY, "batch_number": f"{product}{day}", "schedule_date": on(day), "product_id": product,
         "recipe_id": recipe, "quantity_planned": quantity, "priority": 1}
        for day, quantity in quantities.items()
    ]  # fmt: skip


def requirement(ingredient: str, day: int, quantity: float) -> dict[str, Any]:
    return {"plan_date": MONDAY, "ingredient_id": ingredient, "deliver_on": on(day), "planned_order_quantity": quantity}


def days_of(cells: pl.DataFrame, frames: Frames, item: str, *columns: str) -> list[Any]:
    rows = project_inventory(cells, frames)["inventory_projections"].filter(pl.col("item_id") == item)
    assert rows["projection_date"].to_list() == [on(day) for day in range(14)]
    return rows[columns[0]].to_list() if len(columns) == 1 else rows.select(columns).rows()


WEEK = range(7)


def test_bread_of_the_day_is_gone_in_the_evening_and_that_is_no_risk(facts: Facts, cells: Cells) -> None:
    frames = facts(
        products=[{"product_id": "bread", "shelf_life_days": 1}],
        demand_forecasts=forecasts("bread", dict.fromkeys(WEEK, 20.0)) + forecasts("bread", {0: 5.0}, "shop"),
        production_batches=batches("bread", dict.fromkeys(WEEK, 22.0)),
    )
    names = (
        "opening",
        "receipts",
        "planned_receipts",
        "gross_requirement",
        "consumption",
        "unmet",
        "expired",
        "closing",
    )
    days = days_of(cells(), frames, "bread", *names, "stockout_risk")
    monday = (0.0, 22.0, 22.0, 25.0, 22.0, 3.0, 0.0, 0.0, "high")
    other = (0.0, 22.0, 22.0, 20.0, 20.0, 0.0, 2.0, 0.0, "none")
    # The second week has no batches yet; its demand is taken to be baked.
    asked = [(0.0, wanted, wanted, wanted, wanted, 0.0, 0.0, 0.0, "none") for wanted in (25.0, *[20.0] * 6)]
    assert days == [monday, *[other] * 6, *asked]


def test_orders_ahead_use_up_the_forecast_and_count_where_they_exceed_it(facts: Facts, cells: Cells) -> None:
    order = {"product_id": "cake", "ordered_at": COUNTED, "recorded_at": COUNTED}
    frames = facts(
        products=[{"product_id": "cake", "shelf_life_days": 3}],
        demand_forecasts=forecasts("cake", {0: 10.0, 1: 10.0}),
        customer_orders=[
            order | {"order_id": "a", "due_date": on(0), "quantity": 4.0},
            order | {"order_id": "b", "due_date": on(1), "quantity": 9.0},
            order | {"order_id": "c", "due_date": on(1), "quantity": 6.0},
            order | {"order_id": "d", "due_date": on(3), "quantity": 2.0},
        ],
    )
    assert days_of(cells(), frames, "cake", "gross_requirement")[:7] == [10.0, 15.0, 0.0, 2.0, 0.0, 0.0, 0.0]


def test_an_order_of_the_second_week_counts_on_its_day_and_none_is_repeated(facts: Facts, cells: Cells) -> None:
    order = {"product_id": "cake", "ordered_at": COUNTED, "recorded_at": COUNTED}
    frames = facts(
        products=[{"product_id": "cake", "shelf_life_days": 3}],
        demand_forecasts=forecasts("cake", dict.fromkeys(WEEK, 10.0)),
        customer_orders=[
            order | {"order_id": "wedding", "due_date": on(3), "quantity": 300.0},
            order | {"order_id": "fair", "due_date": on(9), "quantity": 500.0},
        ],
        calendar=[{"date": on(12), "kind": "closed"}],
    )
    required, planned = zip(*days_of(cells(), frames, "cake", "gross_requirement", "planned_receipts"), strict=True)
    assert required[:7] == (10.0, 10.0, 10.0, 300.0, 10.0, 10.0, 10.0)
    assert required[7:] == planned[7:] == (10.0, 10.0, 500.0, 10.0, 10.0, 0.0, 10.0)


def flour(**tables: Rows) -> dict[str, Rows]:
    """A kilo of flour for each of 10 loaves a day."""
    return {
        "products": [{"product_id": "bread"}],
        "ingredients": [{"ingredient_id": "flour", "safety_stock": 15.0}],
        "recipes": [{"recipe_id": "loaf", "product_id": "bread"}],
        "recipe_lines": [
            {"recipe_id": "loaf", "line_number": 1, "ingredient_id": "flour", "quantity": 1000.0, "unit": "g"}
        ],
        "production_batches": batches("bread", dict.fromkeys(WEEK, 10.0), "loaf"),
        "demand_forecasts": forecasts("bread", dict.fromkeys(WEEK, 10.0)),
        "stock_balances": [{"lot_id": "L", "ingredient_id": "flour", "quantity": 45.0}],
        **tables,
    }


def test_flour_lasts_until_it_does_not(facts: Facts, cells: Cells) -> None:
    days = days_of(cells(), facts(**flour()), "flour", "closing", "unmet", "days_of_cover", "stockout_risk")
    assert days[:6] == [
        (35.0, 0.0, 3.5, "none"),
        (25.0, 0.0, 2.5, "none"),
        (15.0, 0.0, 1.5, "none"),
        (5.0, 0.0, 0.5, "low"),
        (0.0, 5.0, 0.0, "high"),
        (0.0, 10.0, 0.0, "high"),
    ]


def test_open_orders_and_proposed_ones_both_come_and_only_the_proposed_are_planned(facts: Facts, cells: Cells) -> None:
    when = datetime(2026, 1, 8, 8, tzinfo=UTC)
    frames = facts(
        **flour(
            purchase_orders=[
                {"order_id": "PO", "ingredient_id": "flour", "supplier_id": "mill", "quantity": 30.0,
                 "expected_from": when, "expected_to": when, "ordered_at": COUNTED, "recorded_at": COUNTED}
            ],
            procurement_requirements=[
                requirement("flour", 3, 20.0) | {"requirement_number": "R001"},
                requirement("flour", 6, 50.0) | {"requirement_number": "R002"},
                {"plan_date": MONDAY, "ingredient_id": "flour", "requirement_number": "R003", "planned_order_quantity": 0.0},
            ],
        )
    )  # fmt: skip
    days = days_of(cells(), frames, "flour", "receipts", "planned_receipts", "closing")
    assert days[2:7] == [(0, 0, 15), (50, 20, 55), (0, 0, 45), (0, 0, 35), (50, 50, 75)]


def test_a_delivery_keeps_for_its_shelf_life_and_old_stock_is_used_first(facts: Facts, cells: Cells) -> None:
    lots = [
        {"lot_id": "old", "ingredient_id": "flour", "quantity": 12.0, "expires_on": on(0)},
        {"lot_id": "new", "ingredient_id": "flour", "quantity": 15.0, "expires_on": on(9)},
    ]
    frames = facts(
        **flour(
            ingredients=[{"ingredient_id": "flour", "shelf_life_days": 2}],
            stock_balances=lots,
            procurement_requirements=[requirement("flour", 1, 35.0) | {"requirement_number": "R001"}],
        )
    )
    days = days_of(cells(), frames, "flour", "opening", "receipts", "consumption", "expired", "closing")
    # The delivery of day 1 expires on day 2, before the lot that lasts until day 9.
    assert days[:5] == [
        (27, 0, 10, 2, 15),
        (15, 35, 10, 0, 40),
        (40, 0, 10, 15, 15),
        (15, 0, 10, 0, 5),
        (5, 0, 5, 0, 0),
    ]


def test_only_items_that_matter_have_rows(facts: Facts, cells: Cells, plan_schema: Schema) -> None:
    frames = facts(
        products=[{"product_id": name} for name in ("bread", "forgotten")],
        ingredients=[{"ingredient_id": name} for name in ("salt", "unused")],
        demand_forecasts=forecasts("bread", {0: 1.0}) + forecasts("forgotten", {0: 0.0}),
        stock_balances=[{"lot_id": "L", "ingredient_id": "salt", "quantity": 1.0}],
    )
    rows = project_inventory(cells(), frames)["inventory_projections"]
    assert dict(rows.schema) == plan_schema("inventory_projections")
    assert rows.select("item_kind", "item_id").unique(maintain_order=True).rows() == [
        ("ingredient", "salt"), ("product", "bread")
    ]  # fmt: skip
    salt = rows.filter(pl.col("item_id") == "salt")
    assert salt["days_of_cover"].null_count() == 14
    assert set(salt["stockout_risk"]) == {"none"}
    assert salt["closing"].to_list() == [1.0] * 14


def test_a_bakery_with_nothing_has_no_rows(facts: Facts, cells: Cells, plan_schema: Schema) -> None:
    rows = project_inventory(cells(), facts())["inventory_projections"]
    assert rows.is_empty()
    assert dict(rows.schema) == plan_schema("inventory_projections")


AMOUNT = st.integers(0, 900_000).map(lambda units: units / 9_973)
DAY = st.integers(0, 13).map(on)


@st.composite
def bakeries(draw: st.DrawFn, tenant: str) -> dict[str, Rows]:
    shelf_life = st.none() | st.integers(1, 6)
    tables = flour(
        products=[{"product_id": name, "shelf_life_days": draw(st.integers(1, 4))} for name in ("bread", "bun")],
        ingredients=[
            {"ingredient_id": name, "safety_stock": draw(AMOUNT), "shelf_life_days": draw(shelf_life)}
            for name in ("flour", "salt")
        ],
        demand_forecasts=[
            row for name in ("bread", "bun") for row in forecasts(name, {day: draw(AMOUNT) for day in WEEK})
        ],
        production_batches=[
            row for name in ("bread", "bun") for row in batches(name, {day: draw(AMOUNT) for day in (0, 2, 5)}, "loaf")
        ],
        stock_balances=[
            {"lot_id": f"L{number}", **draw(st.sampled_from(({"product_id": "bread"}, {"ingredient_id": "flour"}))),
             "quantity": draw(AMOUNT), "expires_on": draw(st.none() | DAY)}
            for number in range(draw(st.integers(0, 4)))
        ],
        procurement_requirements=[
            requirement("flour", day, draw(AMOUNT)) | {"requirement_number": f"R{day}"}
            for day in draw(st.sets(st.integers(0, 13)))
        ],
    )  # fmt: skip
    return {name: [{"tenant_id": tenant, **row} for row in rows] for name, rows in tables.items()}


# Several bakeries to an example: projecting five takes hardly longer than projecting one.
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.tuples(*(bakeries(f"b{number}") for number in range(5))), st.randoms(use_true_random=False))
def test_nothing_appears_or_vanishes_and_a_bakery_is_projected_alone_as_among_others(
    facts: Facts, cells: Cells, made: tuple[dict[str, Rows], ...], shuffler: Random
) -> None:
    together = {name: [row for each in made for row in each[name]] for name in made[0]}
    for rows in together.values():
        shuffler.shuffle(rows)
    names = [f"b{number}" for number in range(len(made))]
    among = project_inventory(cells(*reversed(names)), facts(**together))["inventory_projections"]
    for tenants in (names[:1], names[1:]):
        own = {name: [row for row in rows if row["tenant_id"] in tenants] for name, rows in together.items()}
        apart = project_inventory(cells(*tenants), facts(**own))["inventory_projections"]
        assert_frame_equal(apart, among.filter(pl.col("tenant_id").is_in(tenants)), check_exact=True)
    balance = pl.col("opening") + pl.col("receipts") - pl.col("consumption") - pl.col("expired")
    demand = pl.col("consumption") + pl.col("unmet")
    before = pl.col("closing").shift().over(ITEM)
    checks = among.select(
        balance=(balance.round(6) == pl.col("closing")).all(),
        demand=(demand.round(6) == pl.col("gross_requirement")).all(),
        carried=(before.is_null() | (before == pl.col("opening"))).all(),
        planned=(pl.col("planned_receipts") <= pl.col("receipts")).all(),
        sign=pl.all_horizontal(pl.col(pl.Float64).fill_null(0.0) >= 0).all(),
    )
    assert checks.row(0) == (True,) * 5


@pytest.mark.parametrize("zero", ["production_batches", "recipe_lines", "stock_balances"])
def test_any_table_may_be_empty(zero: str, facts: Facts, cells: Cells) -> None:
    rows = project_inventory(cells(), facts(**flour(**{zero: []})))["inventory_projections"]
    assert rows.height in (14, 28)
