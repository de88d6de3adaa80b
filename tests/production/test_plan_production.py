"""The stage as a whole: demand, netting, closed days, late batches, and what must hold for every bakery."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets.cells import HORIZON_DAYS, Frames
from bakery_assets.production import plan_production
from tests.scenarios import together

Plan = Callable[[str], Frames]
MONDAY = date(2026, 1, 5)
FORECAST = "[demand_forecasts]\nproduct_id target_date location_id yhat\n"
OVEN = """
[recipes]
recipe_id product_id
roll      roll
[production_steps]
recipe_id step_number name equipment_kind duration_minutes
roll      1           bake oven           30
[equipment]
equipment_id kind capacity
oven         oven 10
"""


def quantities(tables: Frames) -> dict[int, float]:
    """Quantity by day after Monday."""
    by_day = tables["production_schedules"].select("schedule_date", "total_quantity").iter_rows()
    return {(day - MONDAY).days: quantity for day, quantity in by_day if quantity}


def reasons(tables: Frames, table: str, row: int = 0) -> dict[str, Any]:
    found = json.loads(tables[table]["reasoning"][row])
    assert isinstance(found, dict)
    return found


def test_frepple_forecast_netting_orders_consume_the_forecast(plan: Plan) -> None:
    """frePPLe doc forecast-netting: forecast 350 with orders of 130, 100, 80 leaves 220, 250, 270 to sell freely."""
    tables = plan(
        "[products]\nproduct_id\nroll\n"
        + FORECAST
        + "".join(f"roll 2026-01-{day:02} main 350\n" for day in (5, 6, 7, 8))
        + """[customer_orders]
order_id product_id due_date   quantity
a        roll       2026-01-05 130
b        roll       2026-01-06 100
c        roll       2026-01-07 80
d        roll       2026-01-08 300
e        roll       2026-01-08 150
"""
    )
    assert quantities(tables) == {0: 350, 1: 350, 2: 350, 3: 450}
    why = [reasons(tables, "production_batches", row) for row in range(4)]
    assert [term["demand"] - term["orders"] for term in why] == [220, 250, 270, 0]
    assert [term["target"] for term in why] == [350, 350, 350, 450]
    assert why[0]["net_rule"] == (
        "net_requirement = target - stock_used - not_begun, planned_quantity = net_requirement + surplus"
    )


def test_stock_is_used_first_expired_first_out_and_what_expires_does_not_count(plan: Plan) -> None:
    """Odoo #228543. Monday takes the 24 that end that day and 6 of the 21 good until Tuesday. Tuesday takes the other
    15 of its 17: net 2. For Wednesday's 8 nothing is left; Sunday's 9 never counted."""
    tables = plan(
        "[products]\nproduct_id shelf_life_days\ncake 2\n"
        + FORECAST
        + "cake 2026-01-05 main 30\ncake 2026-01-06 main 17\ncake 2026-01-07 main 8\n"
        + """[stock_balances]
lot_id item_kind item_id quantity expires_on
sunday product   cake    9        2026-01-04
monday product   cake    24       2026-01-05
later  product   cake    21       2026-01-06
"""
    )
    assert quantities(tables) == {1: 2, 2: 8}
    why = reasons(tables, "production_batches")
    assert (why["stock_usable"], why["stock_used"], why["net_requirement"]) == (15, 15, 2)


@pytest.mark.parametrize(("shelf_life", "baked"), [(1, {0: 24, 1: 24, 2: 24}), (2, {0: 24, 2: 24}), (3, {0: 24})])
def test_what_a_lot_makes_too_much_is_sold_as_long_as_it_keeps(
    plan: Plan, shelf_life: int, baked: dict[int, float]
) -> None:
    """8 a day in lots of 24: with a shelf life of one day the surplus is gone in the evening."""
    days = "".join(f"roll 2026-01-{day:02} main 8\n" for day in (5, 6, 7))
    tables = plan(f"[products]\nproduct_id batch_multiple shelf_life_days\nroll 24 {shelf_life}\n{FORECAST}{days}")
    assert quantities(tables) == baked


def test_nothing_is_baked_on_closed_days_and_orders_for_them_reach_a_person(plan: Plan) -> None:
    tables = plan(
        "[products]\nproduct_id\nroll\ncake\n"
        + FORECAST
        + "roll 2026-01-05 main 40\nroll 2026-01-06 main 40\ncake 2026-01-06 main 5\n"
        + """[calendar]
date       kind   product_id
2026-01-05 closed -
2026-01-06 closed cake
[customer_orders]
order_id product_id due_date   quantity
a        roll       2026-01-05 12
[stock_balances]
lot_id item_kind item_id quantity expires_on
x      product   roll    2        -
"""
    )
    schedules = tables["production_schedules"]
    assert schedules["status"].to_list() == ["closed", "planned", *["nothing_to_bake"] * 5]
    assert quantities(tables) == {1: 40}
    assert tables["production_batches"]["product_id"].to_list() == ["roll"]
    assert schedules["consequence"][0].startswith("customer orders for 10 units of 1 product are due on a day")
    assert schedules["consequence"][1] is None


def test_discontinued_products_are_baked_for_orders_only(plan: Plan) -> None:
    tables = plan(
        "[products]\nproduct_id discontinued_on\nroll 2026-01-06\n"
        + FORECAST
        + "roll 2026-01-05 main 9\nroll 2026-01-06 main 9\nroll 2026-01-07 main 9\n"
        + "[customer_orders]\norder_id product_id due_date quantity\na roll 2026-01-07 4\n"
    )
    assert quantities(tables) == {0: 9, 2: 4}


def test_batches_that_end_after_the_shift_say_so(plan: Plan) -> None:
    """Six loads of half an hour from 11:30 on; the shift ends at 14:00, the sixth at 14:30, the fifth at 14:00."""
    shift = "[shifts]\nshift_id weekday starts_at ends_at\na 1 11:30 14:00\n"
    rolls = "[products]\nproduct_id batch_max\nroll 10\n"
    tables = plan(f"{rolls}{FORECAST}roll 2026-01-05 main 60\nroll 2026-01-06 main 10\n{OVEN}{shift}")
    monday, tuesday = tables["production_schedules"].head(2).to_dicts()
    assert monday["status"] == "over_capacity"
    assert monday["consequence"] == "1 batch ends after the shift at 14:00, at 14:30"
    assert monday["utilization"] == 1.2  # 180 minutes of 150
    assert tuesday["status"] == "over_capacity"
    assert tuesday["consequence"] == "no shift works on this day, but 1 batch is planned"
    eight = plan(f"{rolls}{FORECAST}roll 2026-01-05 main 80\n{OVEN}{shift}")["production_schedules"]
    assert eight["consequence"][0] == "3 batches end after the shift at 14:00; the last at 15:30"


def test_on_the_plan_date_nothing_starts_before_the_planning_instant(plan: Plan) -> None:
    """The shift begins at 04:00, the plan is made at 05:30; without any shift, that is when every day begins."""
    text = f"[products]\nproduct_id\nroll\n{FORECAST}roll 2026-01-05 main 9\nroll 2026-01-06 main 9\n{OVEN}" + (
        "[cells]\ntenant_id timezone plan_date planned_as_of\nbakery America/New_York 2026-01-05 2026-01-05T05:30\n"
    )
    shifts = "[shifts]\nshift_id weekday starts_at ends_at\na 1 04:00 12:00\na 2 04:00 12:00\n"

    def starts(tables: Frames) -> list[str]:
        column = tables["production_batches"]["start_at"].dt.convert_time_zone("America/New_York")
        return column.dt.strftime("%a %H:%M").to_list()

    assert starts(plan(text + shifts)) == ["Mon 05:30", "Tue 04:00"]
    assert starts(plan(text)) == ["Mon 05:30", "Tue 05:30"]
    assert plan(text)["production_schedules"]["utilization"].null_count() == HORIZON_DAYS


def test_products_without_stock_come_first_then_those_with_more_revenue_at_risk(plan: Plan) -> None:
    """cake has stock; tart 3 x 20 = 60, roll 100 x 0.5 = 50, bun and bap have no price and go by name."""
    demand = {"cake": 9, "roll": 100, "tart": 3, "bun": 7, "bap": 7}
    tables = plan(
        "[products]\nproduct_id price\ncake 50\nroll 0.5\ntart 20\nbun -\nbap -\n"
        + FORECAST
        + "".join(f"{name} 2026-01-05 main {n}\n" for name, n in demand.items())
        + "[stock_balances]\nlot_id item_kind item_id quantity expires_on\nx product cake 1 -\n"
    )
    batches = tables["production_batches"].sort("priority")
    assert batches["product_id"].to_list() == ["tart", "roll", "bap", "bun", "cake"]
    assert batches["priority"].to_list() == [1, 2, 3, 4, 5]
    assert batches["batch_number"].to_list() == [f"20260105-00{n}" for n in range(1, 6)]


def test_contradictory_batch_sizes_reach_a_person(plan: Plan) -> None:
    tables = plan(f"[products]\nproduct_id batch_min batch_max\nroll 20 10\n{FORECAST}roll 2026-01-05 main 5\n")
    assert tables["production_schedules"]["consequence"][0] == (
        "roll is planned in batches of 20 though its batch_max is 10: correct its batch sizes"
    )


def test_a_bakery_without_any_facts_has_seven_days_with_nothing_to_bake(
    plan: Plan, written: dict[str, dict[str, Any]]
) -> None:
    tables = plan("")
    assert tables["production_schedules"]["status"].to_list() == ["nothing_to_bake"] * 7
    assert tables["production_batches"].is_empty()
    assert {name: dict(table.schema) for name, table in tables.items()} == written


days = st.integers(0, HORIZON_DAYS - 1)
amount = st.integers(0, 900).map(lambda tenths: tenths / 10)
product = st.fixed_dictionaries(
    {
        "price": st.one_of(st.none(), amount),
        "unit": st.sampled_from(["piece", "kg"]),
        "shelf_life_days": st.integers(1, 4),
        "batch_min": st.one_of(st.none(), amount),
        "batch_max": st.one_of(st.none(), st.integers(4, 60).map(float)),
        "batch_multiple": st.one_of(st.none(), st.integers(0, 12).map(float)),
        "yhat": st.lists(amount, min_size=HORIZON_DAYS, max_size=HORIZON_DAYS),
        "order": st.one_of(st.none(), st.tuples(days, amount)),
        "lot": st.one_of(st.none(), st.tuples(amount, st.one_of(st.none(), st.integers(-2, 8)))),
    }
)
bakery = st.fixed_dictionaries(
    {
        "products": st.lists(product, min_size=1, max_size=3),
        "closed": st.sets(days, max_size=2),
        "ovens": st.lists(st.one_of(st.just("-"), st.integers(5, 40).map(str)), max_size=2),
        "shifts": st.sets(st.tuples(st.integers(1, 7), st.sampled_from(["04:00 10:00", "22:00 06:00"])), max_size=6),
        "zone": st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
    }
)


def as_text(tenant: str, made: dict[str, Any]) -> str:
    """A drawn bakery in the form of a scenario."""
    lines: dict[str, list[str]] = {
        "cells": ["tenant_id timezone plan_date planned_as_of", f"{tenant} {made['zone']} {MONDAY} {MONDAY}T03:00"],
        "products": ["tenant_id product_id price unit shelf_life_days batch_min batch_max batch_multiple"],
        "demand_forecasts": ["tenant_id product_id target_date location_id yhat"],
        "customer_orders": ["tenant_id order_id product_id due_date quantity"],
        "stock_balances": ["tenant_id lot_id item_kind item_id quantity expires_on"],
        "calendar": ["tenant_id date kind", *(f"{tenant} {MONDAY + timedelta(day)} closed" for day in made["closed"])],
        "recipes": ["tenant_id recipe_id product_id"],
        "production_steps": ["tenant_id recipe_id step_number name equipment_kind duration_minutes"],
        "equipment": ["tenant_id equipment_id kind capacity"],
        "shifts": ["tenant_id shift_id weekday starts_at ends_at"],
    }
    for number, traits in enumerate(made["products"]):
        name = f"p{number}"
        words = " ".join("-" if traits[key] is None else str(traits[key]) for key in lines["products"][0].split()[2:])
        lines["products"].append(f"{tenant} {name} {words}")
        for day, yhat in enumerate(traits["yhat"]):
            for shop, share in (("main", 0.7), ("station", 0.3)):
                lines["demand_forecasts"].append(f"{tenant} {name} {MONDAY + timedelta(day)} {shop} {yhat * share}")
        if traits["order"]:
            day, quantity = traits["order"]
            lines["customer_orders"].append(f"{tenant} o{number} {name} {MONDAY + timedelta(day)} {quantity}")
        if traits["lot"]:
            quantity, keeps = traits["lot"]
            expires = "-" if keeps is None else MONDAY + timedelta(keeps)
            lines["stock_balances"].append(f"{tenant} l{number} product {name} {quantity} {expires}")
        lines["recipes"].append(f"{tenant} r{number} {name}")
        lines["production_steps"] += [f"{tenant} r{number} 1 mix mixer 7.5", f"{tenant} r{number} 2 bake oven 25"]
    for number, capacity in enumerate(made["ovens"]):
        lines["equipment"].append(f"{tenant} oven-{number} oven {capacity}")
    for number, (weekday, times) in enumerate(sorted(made["shifts"])):
        lines["shifts"].append(f"{tenant} s{number} {weekday} {times}")
    return "\n".join(f"[{name}]\n" + "\n".join(rows) for name, rows in lines.items())


Read = Callable[[str], tuple[pl.DataFrame, Frames]]


# Several bakeries to an example: planning six takes hardly longer than planning one.
@settings(max_examples=10, deadline=None)
@given(made=st.tuples(*[bakery] * 5), seed=st.integers(0, 1_000))
def test_a_bakery_is_planned_alike_alone_or_among_others_in_any_order(
    read_facts: Read, made: tuple[dict[str, Any], ...], seed: int
) -> None:
    parts = [read_facts(as_text(f"b{number}", each)) for number, each in enumerate(made)]
    cells = pl.concat([part[0] for part in parts])
    all_facts = {name: pl.concat([part[1][name] for part in parts]).sample(fraction=1, shuffle=True, seed=seed)
                 for name in parts[0][1]}  # fmt: skip
    planned = plan_production(cells.reverse(), all_facts)
    number = seed % len(parts)
    is_one = pl.col("tenant_id") == f"b{number}"
    alone = plan_production(*parts[number])
    others = plan_production(cells.filter(~is_one), {name: frame.filter(~is_one) for name, frame in all_facts.items()})
    for name, table in planned.items():
        assert table.filter(is_one).equals(alone[name]), name
        assert table.filter(~is_one).equals(others[name]), name


@settings(max_examples=7, deadline=None)
@given(made=st.tuples(*[bakery] * 6))
def test_what_must_hold_for_every_bakery(
    read_facts: Read, written: dict[str, dict[str, Any]], made: tuple[dict[str, Any], ...]
) -> None:
    bakeries = {f"b{number}": each for number, each in enumerate(made)}
    tables = plan_production(*together({name: read_facts(as_text(name, each)) for name, each in bakeries.items()}))
    assert {name: dict(table.schema) for name, table in tables.items()} == written
    for name, each in bakeries.items():
        promises_hold({table: rows.filter(tenant_id=name) for table, rows in tables.items()}, each)


def promises_hold(tables: Frames, made: dict[str, Any]) -> None:
    schedules, batches = tables["production_schedules"], tables["production_batches"]
    assert schedules["schedule_date"].to_list() == [MONDAY + timedelta(day) for day in range(HORIZON_DAYS)]
    assert batches["batch_number"].is_unique().all()
    assert batches["batch_number"].is_sorted()
    assert (batches["quantity_planned"] > 0).all()
    assert (batches["end_at"] >= batches["start_at"]).all()
    for day, schedule in enumerate(schedules.to_dicts()):
        own = batches.filter(pl.col("schedule_date") == schedule["schedule_date"])
        terms = json.loads(schedule["reasoning"])
        assert (schedule["status"] == "closed") == (day in made["closed"])
        assert schedule["total_batches"] == own.height
        assert schedule["total_quantity"] == pytest.approx(own["quantity_planned"].sum(), abs=1e-4)
        assert (schedule["starts_at"], schedule["ends_at"]) == (own["start_at"].min(), own["end_at"].max())
        assert terms["target"] == pytest.approx(
            terms["stock_used"] + terms["net_requirement"] + terms["unmet"], abs=1e-4
        )
        assert terms["planned_quantity"] >= terms["net_requirement"] - 1e-4
        assert sorted(own["priority"].to_list()) == list(range(1, own.height + 1))
    for number, traits in enumerate(made["products"]):
        stock = traits["lot"][0] if traits["lot"] else 0.0
        lots = batches.filter(pl.col("product_id") == f"p{number}")
        why = [json.loads(text) for text in lots["reasoning"]]
        used = sum(term["stock_used"] for term in why if term["batch"] == 1)
        assert used <= stock + lots["quantity_planned"].sum() + 1e-4
        assert all(list(term) == sorted(term) for term in why)
