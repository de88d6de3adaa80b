"""Which shifts work for a day: day shifts for their own, night shifts for the day on whose morning they end."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets.local_time import exists_locally, to_instant
from bakery_assets.schemas import ops
from bakery_assets.work_shifts import first_starts, work_shifts
from tests.scenarios import filled

ZONES = sorted(
    zone for zone in available_timezones() if not zone.startswith(("posix", "right", "Factory", "localtime"))
)
TUESDAY = date(2026, 3, 24)


def shift(weekday: int, begins: time, ends: time, name: str = "s") -> dict[str, object]:
    return {"tenant_id": "b", "shift_id": name, "weekday": weekday, "starts_at": begins, "ends_at": ends}


def worked(day: date, *shifts: dict[str, object], zone: str = "Europe/Berlin") -> list[tuple[datetime, datetime]]:
    days = pl.DataFrame({"tenant_id": ["b"], "timezone": [zone], "schedule_date": [day]})
    return work_shifts(days, filled(ops.Shifts, list(shifts))).select("begins_at", "ends_at").rows()


def test_a_night_shift_works_for_the_day_on_whose_morning_it_ends() -> None:
    """22:00 to 06:00 from Monday on, in Berlin at UTC+1."""
    night = shift(1, time(22), time(6))
    assert worked(TUESDAY, night) == [(datetime(2026, 3, 23, 21, tzinfo=UTC), datetime(2026, 3, 24, 5, tzinfo=UTC))]
    assert worked(TUESDAY - timedelta(days=1), night) == []
    sunday_night = shift(7, time(22), time(6))
    assert worked(TUESDAY - timedelta(days=1), sunday_night)[0][0] == datetime(2026, 3, 22, 21, tzinfo=UTC)


def test_an_evening_shift_until_midnight_works_for_the_day_it_is_on() -> None:
    evening = shift(2, time(14), time())
    assert worked(TUESDAY, evening) == [(datetime(2026, 3, 24, 13, tzinfo=UTC), datetime(2026, 3, 24, 23, tzinfo=UTC))]


def test_work_for_a_day_begins_with_the_first_shift_that_works_for_it() -> None:
    days = pl.DataFrame({"tenant_id": ["b"], "timezone": ["Europe/Berlin"], "schedule_date": [TUESDAY]})
    shifts = filled(ops.Shifts, [shift(2, time(4), time(12)), shift(1, time(23), time(3), "night")])
    assert first_starts(days, shifts).row(0) == ("b", TUESDAY, datetime(2026, 3, 23, 22, tzinfo=UTC))


@given(
    zone=st.sampled_from(ZONES),
    weekday=st.integers(1, 7),
    begins=st.times(),
    ends=st.times(),
    first=st.dates(date(2000, 1, 1), date(2030, 12, 31)),
)
@settings(max_examples=200, deadline=None)
def test_every_shift_of_a_week_works_for_exactly_one_day_and_never_ends_after_it(
    zone: str, weekday: int, begins: time, ends: time, first: date
) -> None:
    dates = [first + timedelta(days=offset) for offset in range(7)]
    days = pl.DataFrame({"tenant_id": ["b"] * 7, "timezone": [zone] * 7, "schedule_date": dates})
    found = work_shifts(days, filled(ops.Shifts, [shift(weekday, begins, ends)]))
    assert found.height <= 1, "a weekday comes once a week"
    for day, start, end in found.select("schedule_date", "begins_at", "ends_at").iter_rows():
        local = ZoneInfo(zone)
        is_night = ends <= begins and ends != time()
        its_day = day - timedelta(days=1) if is_night else day
        assert its_day.isoweekday() == weekday
        assert start == to_instant(its_day, begins, zone)
        assert start < end
        if exists_locally(day, zone) and exists_locally(its_day + timedelta(days=1), zone):
            assert end.astimezone(local).date() <= day + timedelta(days=1 if ends == time() else 0)
