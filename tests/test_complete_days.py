"""Which days of shops are known as a whole when a plan is made on the evening before, or on the day itself."""

from datetime import UTC, date, datetime, time, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets.cells import CELLS
from bakery_assets.complete_days import incomplete_days, unreported_days
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


def test_a_till_that_stopped_at_noon_has_not_reported_the_day_where_it_usually_reports_after_closing() -> None:
    noon = {**{back(days): evening(back(days)) for days in range(1, 30)}, MONDAY: evening(MONDAY, 11)}
    assert incomplete(noon) == [MONDAY]
    assert incomplete({**noon, MONDAY: evening(MONDAY)}) == []
    assert incomplete({**noon, MONDAY: datetime(2026, 3, 9, 23, tzinfo=UTC)}) == [], "given with its date alone"
    assert incomplete({day: at for day, at in noon.items() if day != MONDAY}) == [], "nothing is recorded of it"


def test_days_of_a_till_that_writes_each_sale_down_are_whole_when_they_are_over() -> None:
    assert incomplete({back(days): evening(back(days), 11) for days in range(1, 30)}) == []


def incomplete(recorded: dict[date, datetime]) -> list[date]:
    """The incomplete days of a shop in Berlin, open from 07:00 to 18:00, planned at 03:00 on Tuesday."""
    own = {"tenant_id": "b", "location_id": "main"}
    cells = pl.DataFrame([("b", TUESDAY, "Europe/Berlin", EARLY)], schema=CELLS, orient="row")
    rows = [{**own, "product_id": "rye", "sales_date": day, "recorded_at": at} for day, at in recorded.items()]
    hours = [{**own, "weekday": weekday, "opens": time(7), "closes": time(18)} for weekday in range(1, 8)]
    facts = {
        "opening_hours": filled(ops.OpeningHours, hours),
        "calendar": filled(ops.Calendar, []),
        "tenant_settings": filled(ops.TenantSettings, []),
    }
    shop_days = pl.DataFrame([{**own, "sales_date": back(days)} for days in range(1, 30)])
    return incomplete_days(cells, shop_days, filled(ops.Sales, rows), facts)["sales_date"].to_list()


def missing(
    recorded: dict[date, datetime], planned_as_of: datetime, *, has_hours: bool = True, due: str | None = None
) -> list[date]:
    """The days of a shop in Berlin, open from 07:00 to 18:00, whose closing sales are missing; planned for Tuesday."""
    own = {"tenant_id": "b", "location_id": "main"}
    cells = pl.DataFrame([("b", TUESDAY, "Europe/Berlin", planned_as_of)], schema=CELLS, orient="row")
    rows = [
        {**own, "product_id": "rye", "sales_date": day, "quantity": 1.0, "recorded_at": at}
        for day, at in recorded.items()
    ]
    hours = [{**own, "weekday": weekday, "opens": time(7), "closes": time(18)} for weekday in range(1, 8)]
    chosen = [{"tenant_id": "b", "key": "sales_due_hours", "value": due, "valid_from": date(2025, 1, 1)}] if due else []
    facts = {
        "opening_hours": filled(ops.OpeningHours, hours if has_hours else []),
        "calendar": filled(ops.Calendar, []),
        "tenant_settings": filled(ops.TenantSettings, chosen),
    }
    return unreported_days(cells, filled(ops.Sales, rows), facts)["sales_date"].to_list()


def evening(day: date, hour: int = 19) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def back(days: int) -> date:
    return TUESDAY - timedelta(days=days)


EVERY_EVENING = {back(days): evening(back(days)) for days in range(1, 30)}
EARLY = datetime(2026, 3, 10, 2, tzinfo=UTC)


def without(*days: date) -> dict[date, datetime]:
    return {day: at for day, at in EVERY_EVENING.items() if day not in days}


def test_a_day_that_never_reports_is_missing_for_two_weeks() -> None:
    assert missing(EVERY_EVENING, EARLY) == []
    assert missing(without(back(1), back(14), back(15)), EARLY) == [back(14), back(1)]


def test_a_day_whose_till_stopped_before_closing_is_missing_where_the_till_usually_reports_after_it() -> None:
    assert missing(EVERY_EVENING | {back(2): evening(back(2), 11)}, EARLY) == [back(2)]
    at_noon = {day: evening(day, 11) for day in EVERY_EVENING}
    assert missing(at_noon, EARLY) == [], "a till that writes each sale down reports nothing after closing"


def test_an_evening_plan_does_not_miss_the_day_that_has_just_ended() -> None:
    at_eight = datetime(2026, 3, 9, 19, tzinfo=UTC)
    assert missing(without(back(1)), at_eight) == []
    assert missing(without(back(1)), at_eight, due="1") == [back(1)]


def test_without_opening_hours_a_weekday_on_which_nothing_is_ever_sold_is_not_missing() -> None:
    closed_sundays = {day: at for day, at in EVERY_EVENING.items() if day.isoweekday() != 7}
    assert missing(closed_sundays, EARLY, has_hours=False) == []
    assert missing(closed_sundays, EARLY) == [back(9), back(2)], "who says that it opens on Sundays sells on Sundays"


def test_a_location_that_never_sold_anything_is_no_till() -> None:
    assert missing({}, EARLY) == []
