"""Late sales plan a day anew only before work for it begins, and only when they change much."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from bakery_assets.cells import Cell
from bakery_assets.due.replanning import ReplanCandidates, cells_to_replan

DAY = date(2026, 3, 3)
TEN_AT_NIGHT = datetime(2026, 3, 2, 21, tzinfo=UTC)  # in Paris; the night shift begins
CELL = Cell("b", DAY)


def replanned(now: datetime = TEN_AT_NIGHT - timedelta(hours=1), **changes: Any) -> bool:
    """Whether the day is planned anew whose yesterday was taken as 100 units."""
    row = {
        "tenant_id": "b", "plan_date": DAY, "sales_date": DAY - timedelta(days=1), "work_begins_at": TEN_AT_NIGHT,
        "threshold": 0.1, "taken": 100.0, "known": 100.0, **changes,
    }  # fmt: skip
    candidates = pl.DataFrame([row], schema=pl.Schema(ReplanCandidates), orient="row")
    return cells_to_replan(candidates, now) == {CELL}


@pytest.mark.parametrize(
    ("known", "is_much"), [(100.0, False), (110.0, False), (90.0, False), (111.0, True), (80.0, True)]
)
def test_only_a_change_above_the_threshold_plans_anew(known: float, is_much: bool) -> None:
    assert replanned(known=known) == is_much


def test_nothing_is_planned_anew_once_work_has_begun() -> None:
    assert replanned(known=200.0)
    assert not replanned(TEN_AT_NIGHT, known=200.0)
    assert not replanned(TEN_AT_NIGHT + timedelta(hours=9), known=200.0)


def test_the_threshold_is_the_tenants_own() -> None:
    assert not replanned(known=140.0, threshold=0.5)
    assert replanned(known=101.0, threshold=0.0)
    assert not replanned(threshold=0.0), "no change is none"


def test_the_first_sales_of_a_day_of_which_nothing_was_taken_are_a_change() -> None:
    assert replanned(taken=0.0, known=5.0)
