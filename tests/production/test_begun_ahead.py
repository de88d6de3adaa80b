"""More wanted than there is dough for: what must hold for any bakery, checked by arithmetic that knows no planner."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets.cells import Frames
from bakery_assets.production import plan_production
from tests.scenarios import together

Read = Callable[[str], tuple[pl.DataFrame, Frames]]
MONDAY = date(2026, 1, 5)
TOLERANCE = 1e-4
# Kilograms of each dough that a piece takes. Both doughs take a day; a kilogram of butter dough takes 0.5 kg of sour.
TAKES = {"brioche": {"butter": 0.25}, "bun": {"butter": 0.125}, "rye": {"sour": 0.5}}
SOUR_IN_BUTTER = 0.5
PRICES = {"brioche": 4, "bun": 1, "rye": 5}
MASTER = """
[recipes]
recipe_id product_id yield_unit make_days
brioche   brioche    piece      0
bun       bun        piece      0
rye       rye        piece      0
butter    -          kg         1
sour      -          kg         1
[recipe_lines]
recipe_id line_number component_recipe_id quantity unit
brioche   1           butter              0.25     kg
bun       1           butter              0.125    kg
rye       1           sour                0.5      kg
butter    1           sour                0.5      kg
[shifts]
shift_id weekday starts_at ends_at
sunday   7       04:00     12:00
monday   1       04:00     12:00
tuesday  2       04:00     12:00
wednesday 3      04:00     12:00
"""
SUNDAY_PLAN = """
[plan_versions]
plan_date  version cause         planned_as_of    requested_at     published_at
2026-01-04 1       planning_time 2026-01-04T02:00 2026-01-04T02:00 {published_at}
"""

pieces = st.integers(0, 40)
two_days = st.tuples(pieces, pieces)
bakery = st.fixed_dictionaries(
    {
        "wanted": st.fixed_dictionaries(dict.fromkeys(TAKES, two_days)),
        "begun": st.fixed_dictionaries(dict.fromkeys(TAKES, pieces)),
        "smallest": st.fixed_dictionaries(dict.fromkeys(TAKES, st.integers(1, 8))),
        "left": st.fixed_dictionaries({dough: st.integers(0, 12) for dough in ("butter", "sour")}),
    }
)


def as_text(made: dict[str, Any], published_at: str = "2026-01-04T02:05") -> str:
    """The bakery on Monday at 03:00; of Monday's batches doughs were begun on Sunday."""
    lines = ["[products]", "product_id price shelf_life_days batch_min"]
    lines += [f"{product} {PRICES[product]} 1 {least}" for product, least in made["smallest"].items()]
    lines += ["[demand_forecasts]", "product_id target_date location_id yhat"]
    lines += [
        f"{product} {MONDAY + timedelta(day)} main {units}"
        for product, days in made["wanted"].items()
        for day, units in enumerate(days)
    ]
    lines += [MASTER, SUNDAY_PLAN.format(published_at=published_at), "[published_batches]"]
    lines += [
        "plan_date version schedule_date batch_number product_id recipe_id quantity_planned begins_at start_at end_at"
        " priority planned_since reasoning"
    ]
    lines += [
        f"2026-01-04 1 2026-01-05 20260105-00{number} {product} {product} {units} 2026-01-04T04:30 2026-01-05T04:30"
        f' 2026-01-05T05:00 1 {published_at} {{"begins_on":"2026-01-04"}}'
        for number, (product, units) in enumerate(made["begun"].items(), 1)
        if units
    ]
    lines += ["[stock_balances]", "lot_id item_kind item_id quantity"]
    lines += [f"{dough} intermediate {dough} {amount}" for dough, amount in there(made).items() if amount]
    return "\n".join(lines)


def there(made: dict[str, Any]) -> dict[str, float]:
    """Doughs in the cooler: those of begun batches, and what is left beyond them."""
    amounts = {dough: float(amount) for dough, amount in made["left"].items()}
    for product, units in made["begun"].items():
        for dough, amount in TAKES[product].items():
            amounts[dough] += units * amount
    return amounts


def sunday_doughs(product: str, day: int) -> dict[str, float]:
    """What a piece takes of doughs that had to be begun on Sunday."""
    takes = TAKES[product]
    if day == 0:
        return takes
    return {"sour": takes["butter"] * SOUR_IN_BUTTER} if day == 1 and "butter" in takes else {}


def planned(read_facts: Read, made: tuple[dict[str, Any], ...], **how: str) -> list[tuple[dict[str, Any], Frames]]:
    """Each bakery with its plan, all made in one call."""
    names = [f"b{number}" for number in range(len(made))]
    facts = together({name: read_facts(as_text(each, **how)) for name, each in zip(names, made, strict=True)})
    tables = plan_production(*facts)
    own = [{table: rows.filter(tenant_id=name) for table, rows in tables.items()} for name in names]
    return list(zip(made, own, strict=True))


@settings(max_examples=6, deadline=None)
@given(made=st.tuples(*[bakery] * 6))
def test_new_batches_take_no_more_dough_than_was_begun_and_only_what_does_not_fit_is_left_out(
    read_facts: Read, made: tuple[dict[str, Any], ...]
) -> None:
    for each, tables in planned(read_facts, made):
        dough_is_enough(each, tables)


def dough_is_enough(made: dict[str, Any], tables: Frames) -> None:
    left = {dough: float(amount) for dough, amount in made["left"].items()}
    baked: dict[tuple[str, int], float] = {}
    for batch in tables["production_batches"].filter(~pl.col("is_carried_over")).to_dicts():
        product, day = batch["product_id"], (batch["schedule_date"] - MONDAY).days
        baked[product, day] = baked.get((product, day), 0.0) + batch["quantity_planned"]
        for dough, amount in sunday_doughs(product, day).items():
            left[dough] -= amount * batch["quantity_planned"]
    assert min(left.values()) >= -TOLERANCE
    for schedule in tables["production_schedules"].to_dicts():
        day, terms = (schedule["schedule_date"] - MONDAY).days, json.loads(schedule["reasoning"])
        reported = {each["product_id"]: each for each in terms["without_dough"] or []}
        for product, wanted in made["wanted"].items():
            need = wanted[day] if day < 2 else 0
            missing = need - baked.get((product, day), 0.0) - (made["begun"][product] if day == 0 else 0)
            assert reported.get(product, {"not_begun": 0})["not_begun"] == pytest.approx(max(missing, 0), abs=TOLERANCE)
            if product in reported:
                assert reported[product]["begin_by"] == "2026-01-04"
                more = 1 if baked.get((product, day)) else made["smallest"][product]
                takes = sunday_doughs(product, day)
                assert any(left[dough] < more * amount - TOLERANCE for dough, amount in takes.items())


@settings(max_examples=3, deadline=None)
@given(made=st.tuples(*[bakery] * 5))
def test_where_no_plan_was_there_in_time_it_is_not_known_what_was_begun(
    read_facts: Read, made: tuple[dict[str, Any], ...]
) -> None:
    """Sunday's plan came when Sunday's work had begun, so that the hour of the doughs was over: all that is wanted is planned."""
    for _, tables in planned(read_facts, made, published_at="2026-01-04T04:45"):
        for schedule in tables["production_schedules"].to_dicts():
            terms = json.loads(schedule["reasoning"])
            assert (terms["not_begun"], terms["without_dough"]) == (0, None)
            assert terms["net_requirement"] + terms["stock_used"] == terms["target"]


def test_dough_that_was_begun_for_tomorrow_is_not_free_for_today(read_facts: Read) -> None:
    """On Monday night sour for Tuesday's 20 ryes was begun, by Sunday's plan; Monday wants 20 that no dough is there for."""
    lines = [
        "[products]", "product_id price shelf_life_days batch_min", "rye 5 1 1",
        "[demand_forecasts]", "product_id target_date location_id yhat",
        "rye 2026-01-05 main 20", "rye 2026-01-06 main 20",
        MASTER, SUNDAY_PLAN.format(published_at="2026-01-04T02:05"), "[published_batches]",
        "plan_date version schedule_date batch_number product_id recipe_id quantity_planned begins_at start_at end_at"
        " priority planned_since reasoning",
        "2026-01-04 1 2026-01-06 20260106-001 rye rye 20 2026-01-05T01:00 2026-01-06T04:30 2026-01-06T05:00 1"
        ' 2026-01-04T02:05 {"begins_on":"2026-01-05"}',
        "[stock_balances]", "lot_id item_kind item_id quantity", "tuesday intermediate sour 10",
    ]  # fmt: skip
    tables = plan_production(*read_facts("\n".join(lines)))
    batches = tables["production_batches"].select("schedule_date", "quantity_planned", "is_carried_over").rows()
    assert batches == [(date(2026, 1, 6), 20.0, True)]
    monday = json.loads(tables["production_schedules"].filter(schedule_date=MONDAY)["reasoning"].item())
    assert monday["without_dough"][0]["not_begun"] == 20
