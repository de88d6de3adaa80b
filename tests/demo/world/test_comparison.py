"""The verdict on a bakery's days: what breaks a promise, and what does not."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from bakery_assets.demo.world.comparison import book_of, differences, verdict
from bakery_assets.demo.world.house import Item
from bakery_assets.demo.world.life import Look
from bakery_assets.demo.world.premises import Trouble

DAY = date(2026, 10, 7)
FLOUR, ROLL = Item("ingredient", "flour"), Item("product", "roll")


def look(flour: float, rolls: float, *, lost: float = 0.0, is_sold_reported: bool = True) -> Look:
    return Look(
        datetime(2026, 10, 6, 21, tzinfo=UTC), {FLOUR: flour, ROLL: rolls}, {FLOUR: lost}, {FLOUR: 0.5, ROLL: 2.0},
        is_sold_reported,
    )  # fmt: skip


def test_the_book_is_what_a_plan_kept_and_what_has_moved_since() -> None:
    balances = pl.DataFrame({"lots": ['{"kind":[2,2,0],"item":["flour","flour","roll"],"quantity":[10.0,5.0,3.0]}']})
    movements = pl.DataFrame(
        {"item_kind": ["ingredient", "product", "ingredient"], "item_id": ["flour", "roll", "salt"],
         "quantity": [-4.0, -3.0, 2.0]}
    )  # fmt: skip
    assert book_of(balances, movements) == {FLOUR: 11.0, ROLL: 0.0, Item("ingredient", "salt"): 2.0}


def test_what_was_lost_unseen_is_no_error_of_the_book() -> None:
    """A kilogram and a half is three days' loss; 0.4 kg of it is the book's own error, 0.8 days' loss."""
    flour, roll = differences(DAY, {FLOUR: 21.5, ROLL: 4.0}, look(20.0, 4.0, lost=1.1))
    assert (flour.days_of_loss, flour.error_days) == (pytest.approx(3.0), pytest.approx(0.8))
    assert roll.error == 0
    assert verdict("b", 1, 0, [flour, roll], [], {}).broken == ()


def test_an_error_of_a_days_loss_breaks_the_promise_and_names_bakery_day_and_item() -> None:
    (flour,) = differences(DAY, {FLOUR: 20.6}, look(20.0, 0.0, is_sold_reported=False))
    (line,) = verdict("b", 1, 0, [flour, flour], [], {}).broken
    assert line.startswith("b 2026-10-07 flour: the book has 20.600, the house 20.000")


@pytest.mark.parametrize(
    ("trouble", "alerts", "breaks"),
    [
        (Trouble("not_ready", DAY, "roll", "late"), {}, True),
        (Trouble("not_ready", DAY, "roll", "late"), {DAY: {("not_ready", "roll")}}, False),
        (Trouble("not_ready", DAY, "roll", "late"), {DAY: {("not_ready", "bun")}}, True),
        (Trouble("short_of_ingredients", DAY, "roll", "no flour", frozenset({"flour"})), {}, True),
        (
            Trouble("short_of_ingredients", DAY, "roll", "no flour", frozenset({"flour"})),
            {date(2026, 10, 6): {("shortage", "flour")}},
            False,
        ),
        (Trouble("restarted", DAY, "roll", "became None"), {DAY: {("not_ready", "roll")}}, True),
        (Trouble("begun_too_late", DAY, "roll", "dough"), {}, False),
    ],
)
def test_what_no_alert_tells_of_breaks_the_promise(
    trouble: Trouble, alerts: dict[date, set[tuple[str, str]]], breaks: bool
) -> None:
    assert bool(verdict("b", 1, 1, [], [trouble], alerts).broken) is breaks
