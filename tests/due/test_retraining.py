"""Which tenants are due on their Sunday night, compared with a plain simulation of clocks over all IANA zones."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets.cells import Cell
from bakery_assets.due.planning import Tenant
from bakery_assets.due.retraining import DueRetraining, ScheduledRetraining, due_retrainings, retraining_slot
from bakery_assets.due.waves import split_into_waves
from bakery_assets.local_time import to_instant

ZONES = sorted(
    zone for zone in available_timezones() if not zone.startswith(("posix", "right", "Factory", "localtime"))
)
SUNDAY_NIGHT = datetime(2026, 3, 1, 21, tzinfo=UTC)  # 22:00 in Paris


def bakery(name: str = "b", zone: str = "Europe/Paris", status: str = "active") -> Tenant:
    return Tenant(name, zone, "starter", status)


def due(
    tenants: list[Tenant], requested: list[ScheduledRetraining], now: datetime, attempts: int = 2
) -> list[DueRetraining]:
    return due_retrainings(tenants, requested, now, include_demo=False, attempts=attempts)


@given(
    zone=st.sampled_from(ZONES),
    hours=st.integers(0, 271_000),
    gaps=st.lists(st.integers(0, 6_000), min_size=20, max_size=80),
)
@settings(max_examples=150, deadline=None)
def test_every_sunday_night_brings_one_retraining_however_ticks_fall(zone: str, hours: int, gaps: list[int]) -> None:
    """Ticks come late, twice, or after days of downtime; a week is done once, not before its Sunday, never twice."""
    now = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
    requested: list[ScheduledRetraining] = []
    names: list[str] = []
    for gap in gaps:
        for each in due([bakery(zone=zone)], requested, now):
            requested.append(ScheduledRetraining("b", "promoted", now))
            names.append(each.retraining_id)
            sunday = date.fromisoformat(each.retraining_id[:10])
            assert sunday.isoweekday() == 7
            assert to_instant(sunday, time(22), zone) <= now
            # Not a week late: the next Sunday night would have been due instead.
            assert to_instant(sunday + timedelta(days=7), time(22), zone) > now
        assert due([bakery(zone=zone)], requested, now) == [], "a second tick at the same instant must find nothing"
        now += timedelta(minutes=gap)
    assert len(set(names)) == len(names)
    # Every Sunday night between the first and the last tick that was followed by a tick within its week is done.
    ticks = [datetime(2000, 1, 1, tzinfo=UTC) + timedelta(hours=hours, minutes=sum(gaps[:n])) for n in range(len(gaps))]
    assert {name[:10] for name in names} == {
        str(retraining_slot(zone, tick).astimezone(ZoneInfo(zone)).date()) for tick in ticks
    }


@given(zone=st.sampled_from(ZONES), minutes=st.integers(0, 16_000_000))
@settings(max_examples=300, deadline=None)
def test_the_slot_is_a_sunday_at_ten_at_night_and_the_last_one(zone: str, minutes: int) -> None:
    now = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    slot = retraining_slot(zone, now)
    local = slot.astimezone(ZoneInfo(zone))
    assert local.isoweekday() == 7
    assert slot <= now
    assert now - slot <= timedelta(days=7, hours=2), "a week may have an hour or two more where the clocks change"


@pytest.mark.parametrize(("seconds", "expected"), [(-1, "2026-02-22-1"), (0, "2026-03-01-1")])
def test_at_ten_on_sunday_night_itself_a_retraining_is_due(seconds: int, expected: str) -> None:
    done_last_week = [ScheduledRetraining("b", "not_needed", SUNDAY_NIGHT - timedelta(days=6))]
    now = SUNDAY_NIGHT + timedelta(seconds=seconds)
    assert [each.retraining_id for each in due([bakery()], [], now)] == [expected]
    assert due([bakery()], done_last_week, now) == ([] if seconds < 0 else [DueRetraining("b", "2026-03-01-1")])


def test_each_bakery_has_its_own_sunday_night() -> None:
    tenants = [bakery("auckland", "Pacific/Auckland"), bakery("la", "America/Los_Angeles"), bakery("paris")]
    done = [
        ScheduledRetraining(name, "promoted", SUNDAY_NIGHT - timedelta(days=6, hours=10))
        for name in ("auckland", "la", "paris")
    ]
    # Auckland's Sunday ends half a day before Paris's, and Los Angeles's comes nine hours later.
    assert [each.tenant_id for each in due(tenants, done, SUNDAY_NIGHT - timedelta(hours=6))] == ["auckland"]
    assert [each.tenant_id for each in due(tenants, done, SUNDAY_NIGHT)] == ["auckland", "paris"]
    assert [each.tenant_id for each in due(tenants, done, SUNDAY_NIGHT + timedelta(hours=9))] == [
        "auckland",
        "la",
        "paris",
    ]


def test_the_night_on_which_the_clocks_change_comes_once() -> None:
    # Sunday 29 March 2026: 23 hours in Paris; 22:00 is 20:00 UTC from that night on.
    slot = datetime(2026, 3, 29, 20, tzinfo=UTC)
    assert retraining_slot("Europe/Paris", slot) == slot
    assert retraining_slot("Europe/Paris", slot - timedelta(seconds=1)) == datetime(2026, 3, 22, 21, tzinfo=UTC)


def test_a_failed_retraining_is_tried_again_that_week_up_to_the_number_of_attempts() -> None:
    failed = [ScheduledRetraining("b", "failed", SUNDAY_NIGHT)]
    assert due([bakery()], failed, SUNDAY_NIGHT + timedelta(hours=1)) == [DueRetraining("b", "2026-03-01-2")]
    assert due([bakery()], failed * 2, SUNDAY_NIGHT + timedelta(hours=2)) == []
    assert due([bakery()], failed * 2, SUNDAY_NIGHT + timedelta(days=7)) == [DueRetraining("b", "2026-03-08-1")]


@pytest.mark.parametrize("bakeries", [1, 2, 7, 40])
def test_one_bakery_that_kills_its_run_keeps_no_other_from_its_training(bakeries: int) -> None:
    """Hour after hour: a run with the poison in it dies, all others do their work; the poison is last in line."""
    names = [f"b{number:02}" for number in range(bakeries)]
    poison = names[-1]
    tenants = [bakery(name) for name in names]
    requested: list[ScheduledRetraining] = []
    runs = 0
    for hour in range(24):
        now = SUNDAY_NIGHT + timedelta(hours=hour)
        found = due(tenants, requested, now)
        cells = {Cell(each.tenant_id, now.date()): each.largest_batch for each in found}
        largest = {cell: limit for cell, limit in cells.items() if limit}
        for batch in split_into_waves(cells, tenants, 250, largest):
            runs += 1
            dies = any(cell.tenant_id == poison for cell in batch.cells)
            ended = ("failed", len(batch.cells)) if dies else ("promoted", None)
            requested += [ScheduledRetraining(cell.tenant_id, ended[0], now, ended[1]) for cell in batch.cells]
    trained = {each.tenant_id for each in requested if each.state == "promoted"}
    assert trained == set(names) - {poison}
    assert runs <= 2 + 2 * (bakeries - 1).bit_length(), "halves, not one by one"
    assert due(tenants, requested, SUNDAY_NIGHT + timedelta(days=1)) == []


@pytest.mark.parametrize(
    "state", ["requested", "running", "gated", "not_needed", "promoted", "not_better", "rolled_back"]
)
def test_what_is_under_way_or_done_is_not_due(state: str) -> None:
    assert due([bakery()], [ScheduledRetraining("b", state, SUNDAY_NIGHT)], SUNDAY_NIGHT + timedelta(days=3)) == []


def test_tenants_not_planned_on_schedule_are_not_retrained_on_schedule() -> None:
    tenants = [bakery(status, status=status) for status in ("active", "cancelled", "demo", "suspended")]
    assert [each.tenant_id for each in due([*tenants, bakery("lost", "Mars/Base")], [], SUNDAY_NIGHT)] == ["active"]
    requested = due_retrainings(tenants, [], SUNDAY_NIGHT, include_demo=True, attempts=2)
    assert [each.tenant_id for each in requested] == ["active", "demo"]
