"""Which cells need revalidation, and in which runs it goes: decided from rows, without a database."""

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets.cells import Cell
from bakery_assets.due.revalidation import (
    RevalidationCandidates,
    RevalidationRequest,
    RevalidationRun,
    cells_leaving_gaps,
    cells_missing_late_sales,
    plan_runs,
)

DAY = date(2026, 3, 3)
DAWN = datetime(2026, 3, 3, 4, 30, tzinfo=UTC)  # 05:30 in Paris, when DAY is planned
NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def candidate(**changes: Any) -> dict[str, Any]:
    """Yesterday's sales, read by this morning's plan: recorded the evening before, in transaction 50."""
    return {
        "tenant_id": "b", "tenant_status": "active", "closes_at": DAWN - 12 * HOUR,
        "planning_instant": DAWN + (changes.get("plan_date", DAY) - DAY),
        "today": DAY, "sales_date": DAY - timedelta(days=1), "recorded_at": DAWN - 8 * HOUR, "transaction_id": 50,
        "plan_date": DAY, "is_closed": False, "status": "planned", "attempts": 1, "claimed_at": DAWN,
        "planned_as_of": DAWN, "facts_until": None, "requested_xid": None, "started_xid": 100, "validated_xid": 100, **changes,
    }  # fmt: skip


def found(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=pl.Schema(RevalidationCandidates), orient="row")


def requested_until(cells: pl.DataFrame) -> list[tuple[date, datetime | None]]:
    return cells.select("plan_date", "facts_until").rows()


@pytest.mark.parametrize(
    ("changes", "until"),
    [
        ({}, []),
        # Loaded after the cell was started, though recorded as known the evening before.
        ({"transaction_id": 100}, [None]),
        ({"recorded_at": DAWN + HOUR, "transaction_id": 120}, [DAWN + HOUR]),
        # Written before the cell was started, with an instant after it: the plan left it out.
        ({"recorded_at": DAWN + HOUR}, [DAWN + HOUR]),
        ({"recorded_at": DAWN}, []),
        # What it was requested for before counts.
        ({"recorded_at": DAWN + HOUR, "facts_until": DAWN + HOUR}, []),
        ({"recorded_at": DAWN + 2 * HOUR, "facts_until": DAWN + HOUR}, [DAWN + 2 * HOUR]),
        # Requested already and not started since: that run is going to read it.
        ({"transaction_id": 120, "requested_xid": 130, "started_xid": None}, []),
        ({"recorded_at": DAWN + HOUR, "transaction_id": 120, "requested_xid": 130, "started_xid": None}, [DAWN + HOUR]),
        # Under way: it reads what had ended before it was started.
        ({"transaction_id": 120, "requested_xid": 130, "started_xid": 140}, []),
        ({"transaction_id": 145, "requested_xid": 130, "started_xid": 140}, [None]),
        ({"transaction_id": 90, "status": "claimed", "validated_xid": None}, []),
        ({"transaction_id": 110, "status": "claimed", "validated_xid": None}, [None]),
        # A claimed cell has no planning instant of its own yet, only when it was claimed.
        ({"recorded_at": DAWN + HOUR, "transaction_id": 90, "status": "claimed", "validated_xid": None,
          "planned_as_of": DAWN + 3 * HOUR}, [DAWN + HOUR]),
        # Restored elsewhere: only recorded_at shows it.
        # Today's sales for tomorrow's plan: on the way until the last shop has closed.
        ({"sales_date": DAY, "recorded_at": DAWN + 9 * HOUR, "transaction_id": 120, "closes_at": DAWN + 12 * HOUR}, []),
        ({"transaction_id": None}, []),
        ({"transaction_id": None, "recorded_at": DAWN + HOUR}, [DAWN + HOUR]),
        ({"transaction_id": 120, "planning_instant": None}, []),
    ],
)  # fmt: skip
def test_a_cell_needs_revalidation_when_it_has_not_read_the_sales(
    changes: dict[str, Any], until: list[datetime | None]
) -> None:
    assert requested_until(cells_missing_late_sales(found(candidate(**changes)))) == [(DAY, each) for each in until]


def test_late_sales_of_several_days_are_one_request_up_to_the_latest_record() -> None:
    rows = [
        candidate(sales_date=DAY - timedelta(days=back), recorded_at=DAWN + back * HOUR, transaction_id=120)
        for back in (1, 2, 3)
    ]
    assert cells_missing_late_sales(found(*rows)).rows() == [("b", DAY, DAWN, DAWN + 3 * HOUR)]


OLD = DAY - timedelta(days=40)
GAP = {"validated_xid": None, "started_xid": None, "planned_as_of": None, "attempts": None, "claimed_at": None}


def gap_of(**changes: Any) -> list[date]:
    cells = cells_leaving_gaps(
        found(candidate(**changes)), NOW, include_demo=False, claim_for=timedelta(minutes=30), max_attempts=2
    )  # fmt: skip
    return cells["plan_date"].to_list()


@pytest.mark.parametrize(
    ("changes", "is_requested"),
    [
        # The waves plan it, and validate the day with it.
        ({**GAP, "status": None}, False),
        ({**GAP, "status": None, "plan_date": DAY - timedelta(days=14)}, False),
        ({**GAP, "status": "partial"}, False),
        # They do not go back so far, nor plan closed days, nor tenants that are not planned on schedule.
        ({**GAP, "status": None, "plan_date": OLD}, True),
        ({**GAP, "status": None, "is_closed": True}, True),
        ({**GAP, "status": None, "tenant_status": "suspended"}, True),
        ({**GAP, "status": None, "plan_date": DAY + timedelta(days=1), "tenant_status": "demo"}, False),
        # It was validated with these very sales: there was nothing to evaluate, and there would not be again.
        ({"status": "planned"}, False),
        ({"status": "planned", "transaction_id": 120}, True),
        ({**GAP, "status": "planned", "planned_as_of": DAWN}, True),
        ({**GAP, "status": "claimed", "claimed_at": NOW - timedelta(minutes=29), "plan_date": OLD}, False),
        ({**GAP, "status": "claimed", "claimed_at": NOW - timedelta(minutes=31), "plan_date": OLD}, True),
        ({**GAP, "status": "failed", "attempts": 1}, False),
        ({**GAP, "status": "failed", "attempts": 2}, True),
    ],
)
def test_a_gap_is_requested_where_no_other_run_is_going_to_close_it(
    changes: dict[str, Any], is_requested: bool
) -> None:
    assert bool(gap_of(**changes)) is is_requested


def test_a_cell_that_was_never_started_will_read_sales_up_to_its_own_planning_instant() -> None:
    [cell] = cells_leaving_gaps(
        found(candidate(**GAP, status=None, tenant_status="suspended")),
        NOW, include_demo=False, claim_for=HOUR, max_attempts=2,
    ).rows()  # fmt: skip
    assert cell == ("b", DAY, DAWN, None)


def requests(*days: int, today: int | None = None) -> list[RevalidationRequest]:
    return [RevalidationRequest(Cell("b", DAY - timedelta(days=back)), f"7{back}", back == today) for back in days]


def keys(started: list[RevalidationRun]) -> list[str]:
    return [each.key for each in started]


def test_todays_cell_is_started_first_and_of_the_older_days_one_at_a_time() -> None:
    waiting = requests(2, 3, 1, 0, today=0)
    started = plan_runs(waiting, {}, [], free_slots=9, max_attempts=2, wave_size=9)
    assert keys(started) == ["b|2026-03-03|70", "b|2026-02-28|73"]
    assert [each.is_replan for each in started] == [True, False]
    running = [waiting[1].cell]
    assert keys(plan_runs(waiting, {}, running, free_slots=9, max_attempts=2, wave_size=9)) == ["b|2026-03-03|70"]
    assert keys(plan_runs(waiting, {}, [], free_slots=1, max_attempts=2, wave_size=9)) == ["b|2026-03-03|70"]
    assert plan_runs(waiting, {}, [], free_slots=-1, max_attempts=2, wave_size=9) == []


def test_newer_facts_of_a_cell_wait_for_the_run_that_is_under_way() -> None:
    newer = RevalidationRequest(Cell("b", DAY), "99", True)
    assert plan_runs([newer], {}, [newer.cell], free_slots=9, max_attempts=2, wave_size=9) == []
    assert keys(plan_runs([newer], {}, [], free_slots=9, max_attempts=2, wave_size=9)) == ["b|2026-03-03|99"]


def test_a_days_cells_go_together_as_many_as_fit_a_wave() -> None:
    waiting = [
        RevalidationRequest(Cell(tenant, DAY - timedelta(days=back)), "7", False)
        for tenant in "abcde"
        for back in (1, 2)
    ]
    waiting.append(RevalidationRequest(Cell("f", DAY - timedelta(days=4)), "7", False))
    started = plan_runs(waiting, {}, [], free_slots=9, max_attempts=2, wave_size=3)
    assert [[each.cell.tenant_id for each in run.requests] for run in started] == [["a", "b", "c"], ["d", "e"], ["f"]]
    assert {each.cell.plan_date for run in started[:2] for each in run.requests} == {DAY - timedelta(days=2)}
    digest = sha256(b"d|2026-03-01|7\ne|2026-03-01|7").hexdigest()[:16]
    assert started[1].key == f"2 cells {digest}"


@pytest.mark.parametrize("max_attempts", [1, 2])
def test_what_died_twice_in_a_wave_is_tried_in_halves_and_given_up_when_it_died_alone(max_attempts: int) -> None:
    waiting = [RevalidationRequest(Cell(f"b{number}", DAY), "7", False) for number in range(5)]
    bad = waiting[3]
    tried: dict[str, list[int]] = {each.key: [5] for each in waiting}
    waiting.append(RevalidationRequest(Cell("fresh", DAY), "8", False))
    sizes = []
    while runs := plan_runs(waiting, tried, [], free_slots=9, max_attempts=max_attempts, wave_size=9):
        sizes.append([len(run.requests) for run in runs])
        for run in runs:
            for each in run.requests:
                tried.setdefault(each.key, []).append(len(run.requests))
            if bad not in run.requests:
                waiting = [each for each in waiting if each not in run.requests]
    assert sizes == [[1, 5], [3, 2], [1, 1]]
    assert tried[bad.key] == [5, 5, 2, 1]


def test_facts_that_kill_their_run_are_abandoned_and_newer_facts_and_later_days_are_tried() -> None:
    one, later = requests(2, 1)
    abandoned = {one.key: [2, 2, 1]}
    assert [
        each.requests for each in plan_runs([one, later], abandoned, [], free_slots=9, max_attempts=2, wave_size=9)
    ] == [(later,)]
    newer = RevalidationRequest(one.cell, "99", False)
    assert [each.requests for each in plan_runs([newer], abandoned, [], free_slots=9, max_attempts=2, wave_size=9)] == [
        (newer,)
    ]


@st.composite
def states(draw: st.DrawFn) -> dict[str, Any]:
    maybe = st.none() | st.integers(90, 110)
    return candidate(
        tenant_id=draw(st.sampled_from("abc")),
        plan_date=DAY - timedelta(days=draw(st.integers(0, 3))),
        recorded_at=DAWN + draw(st.integers(-48, 12)) * HOUR,
        transaction_id=draw(st.integers(80, 115)),
        status=draw(st.sampled_from(["planned", "partial", "claimed", "failed"])),
        facts_until=draw(st.none() | st.integers(1, 12).map(lambda hours: DAWN + hours * HOUR)),
        requested_xid=draw(maybe), started_xid=draw(maybe), validated_xid=draw(maybe),
    )  # fmt: skip


def after_requesting(rows: list[dict[str, Any]], cells: pl.DataFrame) -> list[dict[str, Any]]:
    """The rows once the warehouse has stored the requests for ``cells``."""
    stored = {(tenant, plan_date): until for tenant, plan_date, _, until in cells.rows()}
    made = []
    for row in rows:
        key = row["tenant_id"], row["plan_date"]
        if key in stored:
            instants = [each for each in (row["facts_until"], stored[key]) if each]
            row = {**row, "requested_xid": 200, "started_xid": None, "facts_until": max(instants, default=None)}
        made.append(row)
    return made


def one_state_a_cell(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    states: dict[tuple[Any, ...], dict[str, Any]] = {}
    kept = ("status", "planned_as_of", "facts_until", "requested_xid", "started_xid", "validated_xid")
    return [
        {**row, **{name: states.setdefault((row["tenant_id"], row["plan_date"]), row)[name] for name in kept}}
        for row in rows
    ]


@settings(deadline=None, max_examples=60)
@given(st.lists(states(), max_size=8))
def test_reading_the_same_sales_again_requests_nothing_more(rows: list[dict[str, Any]]) -> None:
    rows = one_state_a_cell(rows)
    cells = cells_missing_late_sales(found(*rows))
    assert cells_missing_late_sales(found(*after_requesting(rows, cells))).is_empty()


@settings(deadline=None, max_examples=60)
@given(st.lists(states(), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_neither_order_nor_other_tenants_change_what_is_requested(rows: list[dict[str, Any]], random: Any) -> None:
    rows = one_state_a_cell(rows)
    shuffled = random.sample(rows, len(rows))
    cells = cells_missing_late_sales(found(*rows))
    assert cells.equals(cells_missing_late_sales(found(*shuffled)))
    alone = [cells_missing_late_sales(found(*(row for row in rows if row["tenant_id"] == name))) for name in "abc"]
    assert cells.equals(pl.concat(alone))


@settings(deadline=None, max_examples=60)
@given(states())
def test_a_cell_without_a_request_has_read_the_sales_or_is_about_to(row: dict[str, Any]) -> None:
    if cells_missing_late_sales(found(row)).is_empty():
        until = max(each for each in (planned_as_of(row), row["facts_until"]) if each)
        assert row["recorded_at"] <= until
        read = row["validated_xid"] is not None and row["transaction_id"] < row["validated_xid"]
        coming = row["requested_xid"] is not None and row["started_xid"] is None
        running = row["started_xid"] is not None and row["transaction_id"] < row["started_xid"] and (
            row["requested_xid"] is not None or row["status"] == "claimed"
        )  # fmt: skip
        assert read or coming or running


def planned_as_of(row: dict[str, Any]) -> datetime:
    """Planning instant of the cell; one that has read nothing will have that of its own date."""
    own = datetime(row["plan_date"].year, row["plan_date"].month, row["plan_date"].day, 4, 30, tzinfo=UTC)
    return DAWN if row["validated_xid"] is not None else own
