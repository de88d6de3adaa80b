"""What people have reported: it is what is there, except what was not seen or written down."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, assume, given, settings

from bakery_assets.demo.world.house import Item
from bakery_assets.demo.world.life import World
from bakery_assets.demo.world.work import PlannedBatch, steps
from tests.demo.world.plans_by_hand import FIRST, at, batch, madrid, plan, world
from tests.demo.world.test_life import days_of_work, lived

FLOUR, CAKE = Item("ingredient", "harina-floja"), Item("product", "magdalenas")


@pytest.fixture
def nothing_is_lost_unseen() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bakery_assets.demo.world.storeroom.SPILLED", 0.0)
        patch.setattr("bakery_assets.demo.world.shop.STOLEN", 0.0)
        patch.setattr("bakery_assets.demo.world.kitchen.GIVES_MORE", 0.0)
        patch.setattr("bakery_assets.demo.world.kitchen.WRITES_SHORT_DOWN", 1.0)
        yield


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)
@given(days_of_work())
def test_where_nothing_is_lost_unseen_what_is_reported_is_what_is_there(
    nothing_is_lost_unseen: None, work: list[list[PlannedBatch]]
) -> None:
    made, _ = lived(work)
    assume(not any(each.what == "short_of_ingredients" for each in made.troubles))
    lost = made.look().lost
    assert list(lost.values()) == pytest.approx([0.0] * len(lost), abs=1e-6)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(days_of_work())
def test_what_is_not_reported_of_an_ingredient_is_no_more_than_was_spilled_and_what_unseen_pieces_and_shortages_took(
    work: list[list[PlannedBatch]],
) -> None:
    """A piece that is not written down is worth its ingredients, and so is each piece of a batch that fell short."""
    made, _ = lived(work)
    batches = [each for of_day in work for each in of_day]
    for item, lost in made.look().lost.items():
        if item.kind == "ingredient":
            pieces = 0.0
            for each in batches:
                is_short = any(
                    t.what == "short_of_ingredients" and each.batch_number in t.detail for t in made.troubles
                )
                unseen = each.quantity if is_short else 4 + each.quantity / 30
                pieces += unseen * made.bakery.ingredients_per_piece(each.product_id).get(item.item_id, 0.0)
            assert abs(lost) <= -made.house.flows[item, "lost"] + pieces + 1e-6, item


def _short(of: Item, leave: float) -> World:
    made = world()
    made.house.take("used", "main", of, made.house.held(of) - leave)
    made.premises.reported.count({of: leave}, made.now)
    made.live_until(plan(FIRST, []).planned_as_of)
    return made


@pytest.mark.usefixtures("nothing_is_lost_unseen")
def test_a_batch_that_falls_short_is_reported_as_planned_until_it_is_finished_and_then_as_it_was() -> None:
    """Of 48 magdalenas 12 can be made. It is not reported until they come out; until then reported are all the other ingredients."""
    needs = next(iter(_needs("magdalenas", 48).values()))
    made = _short(FLOUR, needs["harina-floja"] / 4)
    made.read_plan(plan(FIRST, [batch(FIRST, 1, "magdalenas", 48, hour=4)]))
    eggs = Item("ingredient", "huevos")
    made.live_until(at(FIRST, 4, 30))
    assert made.look().lost[eggs] == pytest.approx(-needs["huevos"] * 3 / 4)
    made.live_until(at(FIRST, 5, 9))
    assert made.look().lost[CAKE] == pytest.approx(36)
    made.live_until(at(FIRST, 5, 11))
    assert [made.look().lost[each] for each in (eggs, FLOUR, CAKE)] == pytest.approx([0, 0, 0], abs=1e-6)


@pytest.mark.usefixtures("nothing_is_lost_unseen")
def test_a_batch_of_which_nothing_can_be_made_is_cancelled_at_once_and_its_dough_of_yesterday_is_waste() -> None:
    """The sourdough of Wednesday's bread is begun on Tuesday; on Wednesday there is no flour for the rest."""
    made, wednesday = world(), FIRST + timedelta(days=1)
    bread = batch(wednesday, 1, "barra", 100)
    flour = Item("ingredient", "harina-panadera")
    made.live_until(plan(FIRST, []).planned_as_of)
    made.read_plan(plan(FIRST, [bread]))
    made.live_until(plan(wednesday, []).planned_as_of)
    made.records.known_by(made.now)
    sourdough = next(iter(_needs("barra", 100, wednesday).values()))["harina-panadera"]
    made.house.take("lost", "main", flour, 1e9)
    made.read_plan(plan(wednesday, [bread]))
    made.live_until(at(wednesday, 4, 15))
    rows = made.records.known_by(made.now)
    (event,), waste = rows["batch_events"], rows["waste"]
    assert (event["event"], event["happened_at"]) == ("cancelled", f"{at(wednesday, 4):%Y-%m-%dT%H:%M:%SZ}")
    assert [(row["ingredient_id"], row["quantity"]) for row in waste] == [
        ("harina-panadera", pytest.approx(sourdough, abs=1e-6))
    ]
    assert made.kitchen.batches_made == 0


@pytest.mark.usefixtures("nothing_is_lost_unseen")
def test_what_is_sold_beyond_what_is_reported_was_baked_unless_all_batches_are_written_down() -> None:
    made = world()
    reported, day = made.premises.reported, FIRST
    flour, per_piece = reported.house().held(FLOUR), made.bakery.ingredients_per_piece("magdalenas")["harina-floja"]
    reported.sell("magdalenas", day, 500, at(day, 20))
    missing = 500 + reported.house().flows[CAKE, "sold"]
    assert missing > 0
    assert reported.house().held(FLOUR) == pytest.approx(flour - missing * per_piece)
    baked = batch(day, 1, "magdalenas", 6)
    reported.begin(baked, {}, at(day, 4))
    reported.come_out(baked, at(day, 5))
    reported.write(baked, 6, 0)
    assert reported.house().held(FLOUR) == pytest.approx(flour)


def _needs(product_id: str, quantity: float, day: date = FIRST) -> dict[datetime, dict[str, float]]:
    return steps(madrid(), batch(day, 1, product_id, quantity))
