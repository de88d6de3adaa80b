"""When shops sell: usual hours, exceptions, hours past midnight, closed weekdays, nothing known."""

from datetime import UTC, date, datetime, time

import polars as pl
import pytest

from bakery_assets.opening_hours import trading_hours
from bakery_assets.schemas import ops
from tests.scenarios import filled

MONDAY, TUESDAY = date(2026, 1, 5), date(2026, 1, 6)


def hours(
    day: date,
    *,
    weekly: list[tuple[int, str, str]] = [],  # noqa: B006
    special: tuple[str, str] | None = None,
    closed: bool = False,
    settings: dict[str, str] | None = None,
) -> tuple[bool, str, str]:
    """One day's hours as local text, of a shop in Berlin."""
    days = pl.DataFrame({"tenant_id": ["t"], "location_id": ["main"], "timezone": ["Europe/Berlin"], "date": [day]})
    opening = filled(
        ops.OpeningHours,
        [
            {
                "tenant_id": "t",
                "location_id": "main",
                "weekday": weekday,
                "opens": time.fromisoformat(opens),
                "closes": time.fromisoformat(closes),
            }
            for weekday, opens, closes in weekly
        ],
    )
    entries = []
    if special:
        opens, closes = map(time.fromisoformat, special)
        entries.append({"tenant_id": "t", "date": day, "kind": "event", "opens": opens, "closes": closes})
    if closed:
        entries.append({"tenant_id": "t", "date": day, "kind": "closed"})
    chosen = [
        {"tenant_id": "t", "key": key, "value": value, "valid_from": date(2025, 1, 1)}
        for key, value in (settings or {}).items()
    ]
    row = trading_hours(days, opening, filled(ops.Calendar, entries), filled(ops.TenantSettings, chosen)).row(
        0, named=True
    )
    return row["is_open"], f"{row['opens_at']:%d %H:%M}", f"{row['closes_at']:%d %H:%M}"


def test_a_shop_without_hours_is_open_at_the_usual_ones() -> None:
    assert hours(MONDAY) == (True, "05 06:00", "05 17:00")
    assert hours(MONDAY, settings={"opens": "06:30", "closes": "19:00"}) == (True, "05 05:30", "05 18:00")


def test_the_weekdays_own_hours_count_and_a_weekday_without_hours_is_closed() -> None:
    weekly = [(1, "06:00", "14:00")]
    assert hours(MONDAY, weekly=weekly) == (True, "05 05:00", "05 13:00")
    assert hours(TUESDAY, weekly=weekly)[0] is False


def test_the_calendars_hours_come_before_the_weekdays() -> None:
    assert hours(MONDAY, weekly=[(1, "06:00", "14:00")], special=("08:00", "12:00")) == (True, "05 07:00", "05 11:00")
    assert hours(TUESDAY, weekly=[(1, "06:00", "14:00")], special=("08:00", "12:00"))[0] is True


def test_a_closed_day_is_closed_whatever_its_hours() -> None:
    assert hours(MONDAY, weekly=[(1, "06:00", "14:00")], closed=True) == (False, "05 05:00", "05 13:00")


def test_a_shop_may_close_after_midnight() -> None:
    assert hours(MONDAY, weekly=[(1, "18:00", "02:00")]) == (True, "05 17:00", "06 01:00")


@pytest.mark.parametrize(("day", "hour"), [(date(2026, 3, 28), 7), (date(2026, 3, 29), 6)])
def test_hours_follow_the_clocks(day: date, hour: int) -> None:
    assert (
        hours(day, settings={"opens": "08:00"})[1]
        == f"{datetime(day.year, day.month, day.day, hour, tzinfo=UTC):%d %H:%M}"
    )
