"""The demo's world keeps its own accounts: nothing comes from nowhere, and what is written down is what happened."""

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bakery_assets.demo.days import Row, is_open
from bakery_assets.demo.world.house import Item
from bakery_assets.demo.world.life import World
from bakery_assets.demo.world.work import PlannedBatch, ProposedOrder, steps
from tests.demo.world.plans_by_hand import FIRST, at, batch, madrid, plan, unreliable, world

PRODUCTS = ("barra", "hogaza", "croissant", "magdalenas", "tarta-santiago")
MONDAY = FIRST + timedelta(days=6)


@st.composite
def days_of_work(draw: st.DrawFn) -> list[list[PlannedBatch]]:
    """What is baked on each of some days, the last batches of a day when the shop is open already."""
    days = []
    for offset in range(draw(st.integers(1, 8))):
        day = FIRST + timedelta(days=offset)
        chosen = draw(
            st.lists(st.tuples(st.sampled_from(PRODUCTS), st.integers(1, 400), st.integers(2, 11)), max_size=6)
        )
        days.append([batch(day, number, *each) for number, each in enumerate(chosen, start=1)])
    return days


def lived(work: list[list[PlannedBatch]], seed: int = 7) -> tuple[World, dict[str, list[Row]]]:
    """A world that has lived the days, each planned on the evening before, with all that was written down."""
    made, rows = world(seed=seed), defaultdict[str, list[Row]](list)
    for offset, batches in enumerate(work):
        day = FIRST + timedelta(days=offset)
        if is_open(made.bakery, day):
            order = ProposedOrder("harina-panadera", "harinas-meseta", 75.0, at(day, 14), day + timedelta(days=3))
            made.live_until(plan(day, []).planned_as_of)
            previews = work[offset + 1] if work[offset + 1 :] else []
            made.read_plan(plan(day, [*batches, *previews], [order]))
    made.live_until(at(FIRST + timedelta(days=len(work)), 3))
    for table, known in made.records.known_by(made.now + timedelta(days=2)).items():
        rows[table] += known
    return made, rows


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(days_of_work())
def test_what_came_less_what_went_is_what_is_there_and_what_is_written_down_is_what_went(
    work: list[list[PlannedBatch]],
) -> None:
    made, rows = lived(work)
    moved, sold, thrown, brought = (defaultdict[Item, float](float) for _ in range(4))
    for (item, flow), quantity in made.house.flows.items():
        moved[item] += quantity
        assert quantity >= 0 or flow in ("used", "sold", "thrown", "expired", "lost"), (item, flow)
    stock = made.house.stock()
    for item, quantity in moved.items():
        assert stock.get(item, 0.0) == pytest.approx(quantity, abs=1e-6), item
        assert stock.get(item, 0.0) >= 0
    for row in rows["sales"]:
        sold[Item("product", str(row["product_id"]))] += float(str(row["quantity"]))
    for row in rows["waste"]:
        thrown[Item("product", str(row["product_id"]))] += float(str(row["quantity"]))
    for row in rows["stock_receipts"]:
        brought[Item("ingredient", str(row["ingredient_id"]))] += float(str(row["quantity"]))
    for item in moved:
        if item.kind == "product":
            assert sold[item] == pytest.approx(-made.house.flows[item, "sold"]), item
            assert thrown[item] == pytest.approx(-made.house.flows[item, "thrown"]), item
        else:
            assert brought[item] == pytest.approx(made.house.flows[item, "received"]), item


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(days_of_work())
def test_no_one_sells_more_than_is_asked_for_and_the_same_seed_is_the_same_life(work: list[list[PlannedBatch]]) -> None:
    made, rows = lived(work)
    again, rows_again = lived(work)
    assert rows == rows_again
    assert made.troubles == again.troubles
    for row in rows["sales"]:
        day, product_id = row["sales_date"], str(row["product_id"])
        assert isinstance(day, date)
        asked = max(made.shop.asked[product_id][day], made.shop.reserved[product_id, day])
        assert 0 <= int(str(row["quantity"])) <= asked


def test_nothing_is_written_down_before_it_happens_and_everything_once() -> None:
    made, keys = world(), set[tuple[object, ...]]()
    for offset in range(5):
        day = FIRST + timedelta(days=offset)
        planned = plan(day, [batch(day, 1, "barra", 192), batch(day, 2, "magdalenas", 48)])
        made.live_until(planned.planned_as_of)
        for table, rows in made.records.known_by(made.now).items():
            for row in rows:
                key = (table, *sorted((name, str(value)) for name, value in row.items()))
                assert key not in keys
                keys.add(key)
                assert str(row.get("recorded_at", "")) <= f"{made.now:%Y-%m-%dT%H:%M:%SZ}"
                for happened in ("received_at", "happened_at", "counted_at", "ordered_at"):
                    assert str(row.get(happened) or "") <= str(row.get("recorded_at", "9"))
        made.read_plan(planned)
    assert {key[0] for key in keys} >= {"sales", "waste", "weather", "customer_orders"}


def test_a_delivery_that_is_late_or_short_is_written_down_as_it_came() -> None:
    """Ordered for ten days at the kinds of goods that a supplier brings: half of them a day late, the others short."""
    made = world(bakery=unreliable(madrid()))
    for offset in range(10):
        day = FIRST + timedelta(days=offset)
        if is_open(made.bakery, day):
            made.live_until(plan(day, []).planned_as_of)
            order = ProposedOrder("harina-panadera", "harinas-meseta", 75.0, at(day, 14), day + timedelta(days=2))
            made.read_plan(plan(day, [], [order]))
    made.live_until(at(FIRST + timedelta(days=14), 3))
    rows = made.records.known_by(made.now + timedelta(days=2))
    came: dict[object, list[Row]] = defaultdict(list)
    for row in rows["stock_receipts"]:
        came[row["order_id"]].append(row)
    orders: dict[object, list[Row]] = defaultdict(list)
    for row in rows["purchase_orders"]:
        orders[row["order_id"]].append(row)
    short = late = 0
    for order_id in came.keys() & orders.keys():  # not what was ordered before
        receipts, reported = came[order_id], orders[order_id]
        first, last = reported[0], reported[-1]
        brought = sum(float(str(row["quantity"])) for row in receipts)
        if brought < float(str(first["quantity"])):
            short += 1
            assert len(reported) == 2
        else:
            late += 1
            assert str(receipts[0]["received_at"])[:10] > str(first["expected_to"])[:10]
        assert float(str(last["quantity"])) == pytest.approx(brought), "the order is corrected to what came"
    assert short > 0
    assert late > 0


def test_a_dough_is_begun_the_day_before_and_before_a_closed_day_on_the_last_open_one() -> None:
    """100 barras of 0.31 kg with 2 % loss take 31.63 kg of dough; of 184 parts of it 20 are sourdough, half flour."""
    bakery, tuesday = madrid(), MONDAY + timedelta(days=1)
    taken = steps(bakery, batch(tuesday, 1, "barra", 100))
    assert list(taken) == [at(tuesday - timedelta(days=2), 4), at(tuesday, 4)]
    dough = 100 * 0.31 / 0.98 / 0.98
    parts = sum(bakery.intermediates["masa-pan"].takes.values())
    assert taken[at(tuesday - timedelta(days=2), 4)] == {
        "harina-panadera": pytest.approx(dough * 20 / parts / 0.97 / 2)
    }
    assert taken[at(tuesday, 4)]["harina-panadera"] == pytest.approx(dough * 100 / parts)


def test_work_of_a_night_shift_counts_for_the_day_it_is_done_for() -> None:
    tuesday = MONDAY + timedelta(days=1)
    night = replace(batch(tuesday, 1, "barra", 100), start_at=at(MONDAY, 23, 30), end_at=at(tuesday, 1))
    assert list(steps(madrid(), night)) == [at(MONDAY - timedelta(days=2), 23, 30), at(MONDAY, 23, 30)]


def test_a_batch_that_has_begun_and_becomes_another_is_trouble_and_one_that_has_not_is_none() -> None:
    made, wednesday = world(), FIRST + timedelta(days=1)
    bread, cake = batch(wednesday, 1, "barra", 100), batch(wednesday, 2, "magdalenas", 48)
    made.live_until(plan(FIRST, []).planned_as_of)
    made.read_plan(plan(FIRST, [bread, cake]))  # previews; the dough of the bread is begun on Tuesday at four
    made.live_until(plan(wednesday, []).planned_as_of)
    made.read_plan(plan(wednesday, [replace(bread, quantity=112), replace(cake, quantity=72)]))
    assert [(each.what, each.item_id) for each in made.troubles] == [
        ("restarted", "barra"),
        ("begun_too_late", "barra"),  # the dough of the other one was due before its plan came
    ]


def test_what_comes_out_after_opening_is_trouble() -> None:
    made = world()
    made.live_until(plan(FIRST, []).planned_as_of)
    made.read_plan(plan(FIRST, [batch(FIRST, 1, "magdalenas", 48, hour=7, minutes=31)]))
    made.live_until(at(FIRST, 12))
    (late,) = made.troubles
    assert (late.what, late.item_id) == ("not_ready", "magdalenas")
    assert late.detail == "batch 20261006-001: 48 came 1 minutes after opening"


def test_a_batch_without_ingredients_is_written_down_as_cancelled() -> None:
    made = world()
    made.house.take("used", "main", Item("ingredient", "almendra"), 1e9)
    made.live_until(plan(FIRST, []).planned_as_of)
    made.read_plan(plan(FIRST, [batch(FIRST, 1, "tarta-santiago", 4)]))
    made.live_until(at(FIRST, 12))
    (event,) = made.records.known_by(made.now)["batch_events"]
    assert (event["event"], event["quantity"], event["reason"]) == ("cancelled", 0, "not enough almendra")
    assert [(each.what, each.ingredients) for each in made.troubles] == [("short_of_ingredients", {"almendra"})]


def test_a_count_finds_what_is_there_and_forgets_what_was_lost() -> None:
    made, saturday = world(), FIRST + timedelta(days=4)
    made.live_until(at(saturday, 21))
    assert made.look().lost[Item("ingredient", "harina-panadera")] > 0
    made.live_until(at(saturday, 23))
    assert list(made.look().lost.values()) == pytest.approx([0.0] * len(made.look().lost), abs=1e-9)
    counted = {row["ingredient_id"]: row["quantity"] for row in made.records.known_by(made.now)["stock_lots"]}
    assert counted["sal"] == pytest.approx(made.house.held(Item("ingredient", "sal")))
