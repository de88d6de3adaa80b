"""When a bakery is planned: at a given time of the day or of the evening before, else before work begins."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import available_timezones

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets.local_time import to_instant
from bakery_assets.planning_instants import late_planning, late_planning_sentences, planning_instants
from tests.planning import Shift, cells, every_day, planning_facts

ZONES = sorted(
    zone for zone in available_timezones() if not zone.startswith(("posix", "right", "Factory", "localtime"))
)
TUESDAY = date(2026, 3, 3)
NIGHT, EARLY = every_day("22:00", "06:00"), every_day("04:00", "12:00")
CLOCKS = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 1, 30, 59]))
SHIFTS = st.lists(st.tuples(st.integers(1, 7), CLOCKS, CLOCKS), max_size=6)


def planned_at(
    at: str | None, shifts: list[Shift] = EARLY, day: date = TUESDAY, opens: str | None = None, **settings: str
) -> str:
    """When a bakery in Paris plans a Tuesday, as local day and time."""
    given_time = time.fromisoformat(at) if at else None
    facts = planning_facts({"b": "Europe/Paris"}, at=given_time, shifts=shifts, settings=settings, opens=opens)
    instant = planning_instants(cells("b", day), facts)["planned_as_of"].dt.convert_time_zone("Europe/Paris")
    return f"{instant[0]:%a %H:%M}"


@pytest.mark.parametrize(
    ("at", "shifts", "planned"),
    [
        ("03:30", EARLY, "Tue 03:30"),
        ("20:00", EARLY, "Mon 20:00"),
        ("20:00", NIGHT, "Mon 20:00"),
        # After work has begun, but in the morning: it is the day's own, and an alert says so.
        ("05:30", EARLY, "Tue 05:30"),
        ("05:30", NIGHT, "Tue 05:30"),
        # A bakery that works in the afternoon plans at noon.
        ("12:30", every_day("14:00", "20:00"), "Tue 12:30"),
        (None, EARLY, "Tue 03:00"),
        (None, NIGHT, "Mon 21:00"),
        (None, every_day("00:30", "08:00"), "Mon 23:30"),
        (None, [], "Tue 05:30"),
        # Shifts on other days only.
        (None, [(5, "04:00", "12:00")], "Tue 05:30"),
        ("20:00", [], "Mon 20:00"),
    ],
)
def test_a_time_that_is_given_is_the_days_or_the_evenings_before_and_without_one_work_decides(
    at: str | None, shifts: list[Shift], planned: str
) -> None:
    assert planned_at(at, shifts) == planned


def test_without_shifts_a_late_opening_keeps_an_afternoon_time_on_the_day() -> None:
    assert planned_at("14:00", [], opens="16:00") == "Tue 14:00"
    assert planned_at("14:00", [], opens="08:00") == "Mon 14:00"


def test_the_planning_day_decides_where_it_is_chosen() -> None:
    assert planned_at("20:00", planning_day="same_day") == "Tue 20:00"
    assert planned_at("03:00", planning_day="day_before") == "Mon 03:00"
    assert planned_at("20:00", planning_day="same_day", planning_day_tue="day_before") == "Mon 20:00"
    assert planned_at("20:00", planning_day_mon="same_day") == "Mon 20:00", "that is another weekday"


def test_the_evening_before_without_a_time_is_eight_or_earlier_where_work_begins_before() -> None:
    assert planned_at(None, [], planning_day="day_before") == "Mon 20:00"
    assert planned_at(None, EARLY, planning_day="day_before") == "Mon 20:00"
    assert planned_at(None, every_day("20:30", "05:00"), planning_day="day_before") == "Mon 19:30"
    assert planned_at(None, EARLY, planning_day="same_day") == "Tue 03:00"
    assert planned_at(None, EARLY, planning_day_tue="day_before") == "Mon 20:00"


def test_a_plan_of_the_minute_at_which_work_begins_is_late() -> None:
    """On the day on which clocks go forward, 02:00 is 03:00, when the first shift begins."""
    facts = planning_facts({"b": "Europe/Paris"}, at=time(2), shifts=every_day("03:00", "11:00"))
    days = cells("b", date(2026, 3, 28), date(2026, 3, 29), date(2026, 3, 30))
    assert late_planning(planning_instants(days, facts))["plan_date"].to_list() == [date(2026, 3, 29)]


def test_a_weekday_may_have_its_own_time() -> None:
    assert planned_at("05:30", planning_time_tue="02:15") == "Tue 02:15"
    assert planned_at("05:30", planning_time_wed="02:15") == "Tue 05:30"
    assert planned_at(None, planning_time_tue="19:00") == "Mon 19:00"


def test_a_holiday_goes_before_its_weekday() -> None:
    """14 July 2026 is a Tuesday."""
    bastille = date(2026, 7, 14)
    chosen = {"planning_time_tue": "02:15", "planning_time_holiday": "18:00", "planning_day_holiday": "day_before"}
    facts = planning_facts({"b": "Europe/Paris"}, settings=chosen, shifts=EARLY, holidays=[bastille])
    found = planning_instants(cells("b", bastille, bastille + timedelta(days=7)), facts)
    assert found["planned_as_of"].to_list() == [
        datetime(2026, 7, 13, 16, tzinfo=UTC),
        datetime(2026, 7, 21, 0, 15, tzinfo=UTC),
    ]


def test_public_holidays_count_too() -> None:
    facts = planning_facts({"b": "Europe/Paris"}, settings={"planning_time_holiday": "03:00"})
    facts["tenants"] = facts["tenants"].with_columns(country=facts["tenants"]["country"].replace("XX", "FR"))
    found = planning_instants(cells("b", date(2026, 7, 13), date(2026, 7, 14)), facts)
    assert [f"{at:%H:%M}" for at in found["planned_as_of"]] == ["03:30", "01:00"]


def test_only_a_given_time_can_come_after_the_first_start_and_is_named() -> None:
    late = planning_facts({"b": "Europe/Paris"}, at=time(5, 30), shifts=EARLY)
    assert late_planning(planning_instants(cells("b", TUESDAY), late)).height == 1
    never = planning_facts({"b": "Europe/Paris"}, at=None, shifts=EARLY)
    assert late_planning(planning_instants(cells("b", TUESDAY), never)).is_empty()


def test_late_planning_is_said_once_a_bakery_with_its_first_day() -> None:
    facts = planning_facts({"b": "Europe/Paris", "c": "Europe/Paris"}, at=time(5, 30), shifts=[(3, "04:00", "12:00")])
    days = [TUESDAY + timedelta(days=offset) for offset in range(9)]
    (sentence, other) = late_planning_sentences(planning_instants(pl.concat([cells(t, *days) for t in "bc"]), facts))
    assert sentence == (
        "b: Wed 2026-03-04 is planned at 05:30 on Wed, when work for it has begun at 04:00 on Wed; set its planning time"
        " before the first shift, or leave it empty"
    )
    assert other.startswith("c: Wed")


def test_unknown_zones_and_tenants_are_left_out() -> None:
    facts = planning_facts({"b": "Mars/Olympus"})
    assert planning_instants(cells("b", TUESDAY), facts).is_empty()
    assert planning_instants(cells("nobody", TUESDAY), facts).is_empty()


@given(zone=st.sampled_from(ZONES), shifts=SHIFTS, first=st.dates(date(2000, 1, 1), date(2030, 12, 31)))
@settings(max_examples=150, deadline=None)
def test_without_a_given_time_a_plan_is_made_before_work_begins(zone: str, shifts: list[Shift], first: date) -> None:
    days = [first + timedelta(days=offset) for offset in range(7)]
    found = planning_instants(cells("b", *days), planning_facts({"b": zone}, at=None, shifts=shifts))
    assert found["plan_date"].to_list() == days
    assert late_planning(found).is_empty()
    for day, planned, begins in found.select("plan_date", "planned_as_of", "first_start_at").iter_rows():
        expected = to_instant(day, time(5, 30), zone) if begins is None else begins - timedelta(hours=1)
        assert planned == expected


@given(
    zone=st.sampled_from(ZONES),
    at=st.times(),
    shifts=SHIFTS,
    day=st.dates(date(2000, 1, 1), date(2030, 12, 31)),
    side=st.sampled_from([None, "same_day", "day_before"]),
)
@settings(max_examples=150, deadline=None)
def test_a_given_time_is_that_wall_time_of_the_day_or_of_the_day_before(
    zone: str, at: time, shifts: list[Shift], day: date, side: str | None
) -> None:
    chosen = {"planning_day": side} if side else {}
    facts = planning_facts({"b": zone}, at=at, shifts=shifts, settings=chosen)
    planned, begins = planning_instants(cells("b", day), facts).select("planned_as_of", "first_start_at").row(0)
    on_the_day, before = to_instant(day, at, zone), to_instant(day - timedelta(days=1), at, zone)
    assert planned in (on_the_day, before)
    if side:
        assert planned == (on_the_day if side == "same_day" else before)
    elif at < time(12):
        assert planned == on_the_day
    elif begins is not None:
        assert planned == (before if on_the_day > begins else on_the_day)
