"""Which cells are due, compared with a plain simulation of clocks over all IANA zones."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets.cells import Cell
from bakery_assets.due.planning import CATCH_UP_DAYS, CellState, Tenant, due_cells
from bakery_assets.due.waves import split_into_waves
from bakery_assets.planning_instants import planning_instants
from tests.planning import Shift, every_day, planning_facts
from tests.planning import cells as cells_of

ZONES = sorted(
    zone for zone in available_timezones() if not zone.startswith(("posix", "right", "Factory", "localtime"))
)
CLAIM = timedelta(minutes=30)
NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


def bakery(zone: str = "Europe/Paris", status: str = "active", name: str = "b") -> Tenant:
    return Tenant(name, zone, "starter", status)


def due(
    tenants: list[Tenant],
    states: dict[Cell, CellState],
    now: datetime,
    closed: frozenset[Cell] = frozenset(),
    **facts: Any,
) -> list[Cell]:
    """What is due of bakeries that are planned at 05:30 or as ``facts`` say."""
    started = [
        replace(
            tenant,
            first_planned=min((cell.plan_date for cell in states if cell.tenant_id == tenant.tenant_id), default=None),
        )
        for tenant in tenants
    ]
    zones = {tenant.tenant_id: tenant.timezone for tenant in tenants}
    return due_cells(started, planning_facts(zones, **facts), states, closed, now, include_demo=True, claim_for=CLAIM)


def planned(at: datetime = NOON) -> CellState:
    return CellState("planned", at)


@given(
    zone=st.sampled_from(ZONES),
    at=st.none() | st.times(),
    side=st.sampled_from([None, "same_day", "day_before"]),
    shifts=st.sampled_from([[], every_day("22:00", "06:00"), every_day("04:00", "12:00"), every_day("00:20", "00:10")]),
    hours=st.integers(0, 271_000),
    gaps=st.lists(st.integers(0, 2_500), min_size=10, max_size=40),
)
@settings(max_examples=30, deadline=None)
def test_every_local_date_gets_exactly_one_plan_however_ticks_fall(
    zone: str, at: time | None, side: str | None, shifts: list[Shift], hours: int, gaps: list[int]
) -> None:
    """Ticks come late, twice, or after hours of downtime; each date is planned once and at no time too early."""
    tenant = bakery(zone)
    chosen: dict[str, Any] = {"at": at, "shifts": shifts, "settings": {"planning_day": side} if side else {}}
    facts = planning_facts({"b": zone}, **chosen)
    now = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
    states: dict[Cell, CellState] = {}
    for gap in gaps:
        for cell in due([tenant], states, now, **chosen):
            assert cell not in states
            assert planning_instants(cells_of("b", cell.plan_date), facts)["planned_as_of"][0] <= now
            states[cell] = planned(now)
        assert due([tenant], states, now, **chosen) == [], "a second tick at the same instant must find nothing"
        now += timedelta(minutes=gap)
    dates = sorted(cell.plan_date for cell in states)
    local = ZoneInfo(zone)
    existing = (
        {
            instant.astimezone(local).date()
            for instant in (
                datetime.combine(dates[0], time(12), UTC) + timedelta(hours=6 * step) for step in range(len(gaps) * 8)
            )
        }
        if dates
        else set()
    )
    last_tick = now - timedelta(minutes=gaps[-1])
    for day in (dates[0] + timedelta(days=step) for step in range((dates[-1] - dates[0]).days)) if dates else ():
        recent = (last_tick.astimezone(local).date() - day).days < 1
        assert day in dates or day not in existing or recent, f"{day} in {zone} was never planned"


def test_an_evening_plan_for_tomorrow_is_due_this_evening() -> None:
    """Bread of the 4th is baked from 22:00 on the 3rd; planning time is 20:00, 19:00 UTC."""
    states = {Cell("b", date(2026, 3, 3)): planned()}
    night: dict[str, Any] = {"at": time(20), "shifts": every_day("22:00", "06:00")}
    assert due([bakery()], states, datetime(2026, 3, 3, 18, 59, tzinfo=UTC), **night) == []
    assert due([bakery()], states, datetime(2026, 3, 3, 19, 0, tzinfo=UTC), **night) == [Cell("b", date(2026, 3, 4))]


def test_a_closed_tomorrow_is_not_planned_this_evening() -> None:
    tomorrow = Cell("b", date(2026, 3, 4))
    states = {Cell("b", date(2026, 3, 3)): planned()}
    evening = datetime(2026, 3, 3, 20, tzinfo=UTC)
    assert due([bakery()], states, evening, frozenset({tomorrow}), at=time(20)) == []


@pytest.mark.parametrize(("hour", "days"), [(18, [3]), (19, [3, 4])])
def test_after_an_outage_over_the_evening_the_missed_plan_is_caught_up(hour: int, days: list[int]) -> None:
    states = {Cell("b", date(2026, 3, 2)): planned()}
    now = datetime(2026, 3, 3, hour, tzinfo=UTC)
    assert [cell.plan_date.day for cell in due([bakery()], states, now, at=time(20))] == days


def test_a_tenant_is_due_from_its_own_planning_time_on() -> None:
    """05:30 in Kathmandu (UTC+5:45) is 23:45 UTC of the day before."""
    tenant = bakery("Asia/Kathmandu")
    assert due([tenant], {}, datetime(2026, 3, 2, 23, 44, tzinfo=UTC)) == []
    assert due([tenant], {}, datetime(2026, 3, 2, 23, 45, tzinfo=UTC)) == [Cell("b", date(2026, 3, 3))]


def test_a_planning_time_that_the_clocks_skip_still_comes() -> None:
    """Santiago skips 00:00 to 01:00 on 2024-09-08; 00:30 is then 01:30 by the new offset, 04:30 UTC."""
    tenant = bakery("America/Santiago")
    assert due([tenant], {}, datetime(2024, 9, 8, 4, 29, tzinfo=UTC), at=time(0, 30)) == []
    assert due([tenant], {}, datetime(2024, 9, 8, 4, 30, tzinfo=UTC), at=time(0, 30)) == [Cell("b", date(2024, 9, 8))]


def test_a_day_that_the_zone_skipped_is_never_due() -> None:
    tenant = bakery("Pacific/Apia")
    states = {Cell("b", date(2011, 12, 29)): planned()}
    after = datetime(2011, 12, 31, 16, tzinfo=UTC)  # 06:00 on 1 January in Apia
    assert [cell.plan_date for cell in due([tenant], states, after)] == [date(2011, 12, 31), date(2012, 1, 1)]


def test_suspended_and_cancelled_bakeries_are_not_planned_and_demo_ones_only_when_wanted() -> None:
    tenants = [bakery(status=status, name=status) for status in ("active", "suspended", "cancelled", "demo")]
    assert [cell.tenant_id for cell in due(tenants, {}, NOON)] == ["active", "demo"]
    facts = planning_facts({tenant.tenant_id: tenant.timezone for tenant in tenants})
    without = due_cells(tenants, facts, {}, frozenset(), NOON, include_demo=False, claim_for=CLAIM)
    assert [cell.tenant_id for cell in without] == ["active"]


def test_a_closed_day_is_not_due() -> None:
    today = Cell("b", date(2026, 3, 3))
    assert due([bakery()], {}, NOON) == [today]
    assert due([bakery()], {}, NOON, frozenset({today})) == []


def test_days_missed_in_an_outage_are_caught_up_but_not_those_before_the_first_plan() -> None:
    states = {Cell("b", date(2026, 2, 27)): planned()}
    assert [cell.plan_date.day for cell in due([bakery()], states, NOON)] == [28, 1, 2, 3]
    assert due([bakery()], {}, NOON) == [Cell("b", date(2026, 3, 3))]


def test_an_outage_of_months_is_caught_up_for_two_weeks_only() -> None:
    states = {Cell("b", date(2025, 11, 1)): planned()}
    caught_up = due([bakery()], states, NOON)
    assert len(caught_up) == CATCH_UP_DAYS + 1
    assert caught_up[-1].plan_date == date(2026, 3, 3)


def test_a_claim_keeps_others_away_until_it_is_stale_and_a_failed_cell_waits() -> None:
    today = Cell("b", date(2026, 3, 3))
    assert due([bakery()], {today: CellState("claimed", NOON - timedelta(minutes=29))}, NOON) == []
    assert due([bakery()], {today: CellState("claimed", NOON - timedelta(minutes=30))}, NOON) == [today]
    assert due([bakery()], {today: CellState("failed", NOON - timedelta(days=9))}, NOON) == []


def test_an_outage_longer_than_the_states_that_are_read_is_caught_up_all_the_same() -> None:
    tenant = replace(bakery(), first_planned=date(2025, 1, 1))
    facts = planning_facts({"b": tenant.timezone})
    caught_up = due_cells([tenant], facts, {}, frozenset(), NOON, include_demo=True, claim_for=CLAIM)
    assert len(caught_up) == CATCH_UP_DAYS + 1


def test_a_cell_of_which_only_some_stages_were_run_is_due() -> None:
    today = Cell("b", date(2026, 3, 3))
    assert due([bakery()], {today: CellState("partial", NOON)}, NOON) == [today]


def test_a_tenant_in_an_unknown_zone_does_not_keep_the_others_from_being_planned() -> None:
    assert due([bakery("Mars/Olympus", name="mars"), bakery()], {}, NOON) == [Cell("b", date(2026, 3, 3))]


def test_a_batch_holds_a_tenant_once_the_best_tier_comes_first_and_latest_days_before_all_others() -> None:
    tenants = [
        Tenant(f"t{number}", zone, tier, "active")
        for number, (zone, tier) in enumerate(
            [("Europe/Paris", "starter"), ("Pacific/Auckland", "professional"), ("UTC", "enterprise")] * 2
        )
    ]
    days = {
        zone: date(2026, 3, 4 if zone == "Pacific/Auckland" else 3)
        for zone in ("Europe/Paris", "Pacific/Auckland", "UTC")
    }
    today = [Cell(tenant.tenant_id, days[tenant.timezone]) for tenant in tenants]
    missed = [Cell(cell.tenant_id, cell.plan_date - timedelta(days=1)) for cell in today]
    made = split_into_waves([*missed, *today], tenants, 4)
    order = ["t2", "t5", "t1", "t4", "t0", "t3"]
    assert [[cell.tenant_id for cell in batch.cells] for batch in made] == [order[:4], order[4:]] * 2
    assert [cell for batch in made[:2] for cell in batch.cells] == sorted(
        today, key=lambda cell: order.index(cell.tenant_id)
    )
    assert [batch.tier for batch in made] == ["enterprise", "starter"] * 2
    assert len({batch.digest for batch in made}) == len(made)


def test_a_cell_whose_waves_died_goes_apart_from_the_others() -> None:
    tenants = [Tenant(f"t{number}", "UTC", "starter", "active") for number in range(4)]
    cells = [Cell(tenant.tenant_id, date(2026, 3, 3)) for tenant in tenants]
    made = split_into_waves(cells, tenants, 4, {cells[0]: 1, cells[1]: 1})
    assert [batch.cells for batch in made] == [(cells[0],), (cells[1],), (cells[2], cells[3])]
