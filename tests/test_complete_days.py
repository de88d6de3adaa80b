"""Which days of shops are known as a whole when a plan is made on the evening before, or on the day itself."""

from datetime import UTC, date, datetime, time, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets.cells import CELLS
from bakery_assets.complete_days import incomplete_days
from bakery_assets.schemas import ops
from tests.scenarios import filled

TUESDAY, MONDAY = date(2026, 3, 10), date(2026, 3, 9)
HALF_PAST_FOUR = datetime(2026, 3, 9, 15, 30, tzinfo=UTC)  # 16:30 in Berlin on Monday


def found(
    planned_as_of: datetime,
    recorded_at: datetime | None = None,
    closes: time = time(18),
    day: date = MONDAY,
) -> list[date]:
    """The incomplete days of a shop that is open from 07:00 on, planned for Tuesday."""
    cells = pl.DataFrame([("b", TUESDAY, "Europe/Berlin", planned_as_of)], schema=CELLS, orient="row")
    shop_days = pl.DataFrame({"tenant_id": ["b"], "location_id": ["main"], "sales_date": [day]})
    sale = {"tenant_id": "b", "location_id": "main", "product_id": "rye", "sales_date": day, "recorded_at": recorded_at}
    hours = [
        {"tenant_id": "b", "location_id": "main", "weekday": weekday, "opens": time(7), "closes": closes}
        for weekday in range(1, 8)
    ]
    facts = {
        "opening_hours": filled(ops.OpeningHours, hours),
        "calendar": filled(ops.Calendar, []),
        "tenant_settings": filled(ops.TenantSettings, []),
    }
    sales = filled(ops.Sales, [sale] if recorded_at else [])
    return incomplete_days(cells, shop_days, sales, facts)["sales_date"].to_list()


def test_a_day_is_not_complete_before_the_shop_closes() -> None:
    assert found(HALF_PAST_FOUR) == [MONDAY]
    assert found(HALF_PAST_FOUR, HALF_PAST_FOUR - timedelta(hours=2)) == [MONDAY]
    assert found(HALF_PAST_FOUR, closes=time(16)) == []


def test_sales_recorded_after_closing_make_it_complete_also_for_an_earlier_plan() -> None:
    assert found(HALF_PAST_FOUR, datetime(2026, 3, 9, 17, 30, tzinfo=UTC)) == []


@pytest.mark.parametrize(("hour", "incomplete"), [(0, [MONDAY]), (1, []), (4, [])])
def test_a_bar_that_closes_at_two_at_night_is_not_complete_at_one(hour: int, incomplete: list[date]) -> None:
    assert found(datetime(2026, 3, 10, hour, tzinfo=UTC), closes=time(2)) == incomplete


@settings(deadline=None, max_examples=30)
@given(hour=st.integers(0, 23), back=st.integers(1, 9))
def test_a_morning_plan_finds_every_day_complete(hour: int, back: int) -> None:
    planned = datetime(2026, 3, 10, hour, tzinfo=UTC)
    assert found(planned, day=TUESDAY - timedelta(days=back)) == []
