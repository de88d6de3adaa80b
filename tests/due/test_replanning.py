"""Late sales replan a day only before work for it begins, and only when they change much."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from bakery_assets.cells import Cell
from bakery_assets.due.replanning import AskingFacts, ReplanCandidates, cells_to_replan, versions_asked_for
from bakery_assets.schemas import conform

DAY = date(2026, 3, 3)
TEN_AT_NIGHT = datetime(2026, 3, 2, 21, tzinfo=UTC)  # in Paris; the night shift begins
CELL = Cell("b", DAY)


def replanned(now: datetime = TEN_AT_NIGHT - timedelta(hours=1), **changes: Any) -> bool:
    """Whether the day is replanned whose yesterday was taken as 100 units."""
    row = {
        "tenant_id": "b", "plan_date": DAY, "sales_date": DAY - timedelta(days=1), "work_begins_at": TEN_AT_NIGHT,
        "threshold": 0.1, "taken": 100.0, "known": 100.0, **changes,
    }  # fmt: skip
    candidates = pl.DataFrame([row], schema=pl.Schema(ReplanCandidates), orient="row")
    return cells_to_replan(candidates, now) == {CELL}


@pytest.mark.parametrize(
    ("known", "is_much"), [(100.0, False), (110.0, False), (90.0, False), (111.0, True), (80.0, True)]
)
def test_only_a_change_above_the_threshold_replans(known: float, is_much: bool) -> None:
    assert replanned(known=known) == is_much


def test_nothing_is_replanned_once_work_has_begun() -> None:
    assert replanned(known=200.0)
    assert not replanned(TEN_AT_NIGHT, known=200.0)
    assert not replanned(TEN_AT_NIGHT + timedelta(hours=9), known=200.0)


def test_the_threshold_is_the_tenants_own() -> None:
    assert not replanned(known=140.0, threshold=0.5)
    assert replanned(known=101.0, threshold=0.0)
    assert not replanned(threshold=0.0), "no change is none"


def test_the_first_sales_of_a_day_of_which_nothing_was_taken_are_a_change() -> None:
    assert replanned(taken=0.0, known=5.0)


SIX, SEVEN, SIX_PM = (datetime(2026, 3, 3, hour, tzinfo=UTC) for hour in (6, 7, 18))
FOUR = datetime(2026, 3, 3, 4, tzinfo=UTC)


def asked(now: datetime, *facts: dict[str, Any]) -> list[tuple[str, datetime, str]]:
    """Cause, instant and detail of the versions asked for of a day with work from 06:00, open from 07:00 to 18:00."""
    given = [
        {"tenant_id": "b", "plan_date": DAY, "recorded_at": FOUR, "detail": "so it is", "work_begins_at": SIX,
         "opens_at": SEVEN, "closes_at": SIX_PM, "sold_until": SIX_PM - timedelta(days=1), "threshold": 0.1,
         "book": None, "found": None, "product_counted_at": None, **fact}
        for fact in facts
    ]  # fmt: skip
    frame = pl.DataFrame(given, schema=pl.Schema(AskingFacts), orient="row")
    return versions_asked_for(conform(AskingFacts, frame), now).select("cause", "planned_as_of", "detail").rows()


def test_a_plan_that_is_wanted_again_is_made_while_the_shops_sell() -> None:
    wanted = {"asking": "regeneration"}
    assert asked(SIX_PM - timedelta(minutes=1), wanted) == [("decision", FOUR, "so it is")]
    assert asked(SIX_PM, wanted) == []


def test_a_lost_batch_replans_until_the_first_shop_opens() -> None:
    lost = {"asking": "batch_lost"}
    assert asked(SEVEN - timedelta(minutes=1), lost) == [("fact", FOUR, "so it is")]
    assert asked(SEVEN, lost) == []


@pytest.mark.parametrize(
    ("book", "found", "is_much"), [(100.0, 90.0, False), (100.0, 89.0, True), (100.0, 111.0, True), (0.0, 1.0, True)]
)
def test_a_count_replans_before_work_begins_when_it_differs_much(book: float, found: float, is_much: bool) -> None:
    counted = {"asking": "counted", "book": book, "found": found}
    assert bool(asked(SIX - timedelta(minutes=1), counted)) == is_much
    assert asked(SIX, counted) == []


def test_a_product_counted_while_yesterday_is_still_sold_says_nothing_of_what_the_day_begins_with() -> None:
    counted = {"asking": "counted", "book": 10.0, "found": 40.0}
    closing = SIX_PM - timedelta(days=1)
    assert asked(SIX - timedelta(hours=1), {**counted, "product_counted_at": closing - timedelta(minutes=1)}) == []
    assert asked(SIX - timedelta(hours=1), {**counted, "product_counted_at": closing})


@pytest.mark.parametrize(("found", "is_much"), [(90.0, False), (89.0, True), (840.0, True)])
def test_a_batch_that_made_another_quantity_replans_until_the_first_shop_opens(found: float, is_much: bool) -> None:
    made = {"asking": "batch_made", "book": 100.0, "found": found}
    assert bool(asked(SEVEN - timedelta(minutes=1), made)) == is_much
    assert asked(SEVEN, made) == []


@pytest.mark.parametrize(("found", "is_much"), [(50.0, False), (45.0, False), (44.0, True), (0.0, True)])
def test_a_delivery_that_brings_less_replans_before_work_begins(found: float, is_much: bool) -> None:
    delivered = {"asking": "delivered", "book": 50.0, "found": found}
    assert bool(asked(SIX - timedelta(minutes=1), delivered)) == is_much
    assert asked(SIX, delivered) == []


def test_several_facts_ask_for_one_version_that_knows_them_all() -> None:
    lost = {"asking": "batch_lost"}
    later = FOUR + timedelta(minutes=5)
    assert asked(SIX, lost, {**lost, "recorded_at": later, "detail": "and so"}) == [("fact", later, "and so")]
