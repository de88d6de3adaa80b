"""Which cells are asked to check their days again: decided from rows, without a database."""

from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets.cells import Cell
from bakery_assets.due.late_sales import CANDIDATES, Asked, Start, gap_marks, late_marks, starts

DAY = date(2026, 3, 3)
DAWN = datetime(2026, 3, 3, 4, 30, tzinfo=UTC)  # 05:30 in Paris, when DAY is planned
NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def candidate(**changes: Any) -> dict[str, Any]:
    """Yesterday's sales, read by this morning's plan: recorded the evening before, in transaction 50."""
    return {
        "tenant_id": "b", "tenant_status": "active", "timezone": "Europe/Paris", "planning_time": time(5, 30),
        "today": DAY, "sales_date": DAY - timedelta(days=1), "recorded_at": DAWN - 8 * HOUR, "transaction": 50,
        "plan_date": DAY, "is_closed": False, "status": "planned", "attempts": 1, "claimed_at": DAWN,
        "planned_as_of": DAWN, "facts_until": None, "asked_in": None, "begun_in": 100, "validated_in": 100, **changes,
    }  # fmt: skip


def found(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=CANDIDATES, orient="row")


def asked_until(marks: pl.DataFrame) -> list[tuple[date, datetime | None]]:
    return marks.select("plan_date", "facts_until").rows()


@pytest.mark.parametrize(
    ("changes", "until"),
    [
        ({}, []),
        # Loaded after the cell was begun, though said to be known the evening before.
        ({"transaction": 100}, [None]),
        ({"recorded_at": DAWN + HOUR, "transaction": 120}, [DAWN + HOUR]),
        # Written before the cell was begun, with an instant after it: the plan left it out.
        ({"recorded_at": DAWN + HOUR}, [DAWN + HOUR]),
        ({"recorded_at": DAWN}, []),
        # What it was asked for before counts.
        ({"recorded_at": DAWN + HOUR, "facts_until": DAWN + HOUR}, []),
        ({"recorded_at": DAWN + 2 * HOUR, "facts_until": DAWN + HOUR}, [DAWN + 2 * HOUR]),
        # Asked for already and not begun since: that run is going to see it.
        ({"transaction": 120, "asked_in": 130, "begun_in": None}, []),
        ({"recorded_at": DAWN + HOUR, "transaction": 120, "asked_in": 130, "begun_in": None}, [DAWN + HOUR]),
        # Under way: what ended before it was begun it sees.
        ({"transaction": 120, "asked_in": 130, "begun_in": 140}, []),
        ({"transaction": 145, "asked_in": 130, "begun_in": 140}, [None]),
        ({"transaction": 90, "status": "claimed", "validated_in": None}, []),
        ({"transaction": 110, "status": "claimed", "validated_in": None}, [None]),
        # A claimed cell has no planning instant of its own yet, only when it was claimed.
        ({"recorded_at": DAWN + HOUR, "transaction": 90, "status": "claimed", "validated_in": None,
          "planned_as_of": DAWN + 3 * HOUR}, [DAWN + HOUR]),
        # Restored elsewhere: only recorded_at tells.
        ({"transaction": None}, []),
        ({"transaction": None, "recorded_at": DAWN + HOUR}, [DAWN + HOUR]),
        ({"transaction": 120, "timezone": "Mars/Olympus"}, []),
    ],
)  # fmt: skip
def test_a_cell_is_asked_again_when_it_has_not_read_the_sales(
    changes: dict[str, Any], until: list[datetime | None]
) -> None:
    assert asked_until(late_marks(found(candidate(**changes)))) == [(DAY, each) for each in until]


def test_one_cell_touched_by_several_days_is_asked_once_up_to_the_latest_record() -> None:
    rows = [
        candidate(sales_date=DAY - timedelta(days=back), recorded_at=DAWN + back * HOUR, transaction=120)
        for back in (1, 2, 3)
    ]
    assert late_marks(found(*rows)).rows() == [("b", DAY, DAWN, DAWN + 3 * HOUR)]


OLD = DAY - timedelta(days=40)
GAP = {"validated_in": None, "begun_in": None, "planned_as_of": None, "attempts": None, "claimed_at": None}


def gap_of(**changes: Any) -> list[date]:
    marks = gap_marks(
        found(candidate(**changes)), NOW, include_demo=False, claim_for=timedelta(minutes=30), attempts=2
    )  # fmt: skip
    return marks["plan_date"].to_list()


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        # The waves plan it, and validate the day with it.
        ({**GAP, "status": None}, False),
        ({**GAP, "status": None, "plan_date": DAY - timedelta(days=14)}, False),
        ({**GAP, "status": "partial"}, False),
        # They do not go back so far, nor plan closed days, nor those whom nobody plans on schedule.
        ({**GAP, "status": None, "plan_date": OLD}, True),
        ({**GAP, "status": None, "is_closed": True}, True),
        ({**GAP, "status": None, "tenant_status": "suspended"}, True),
        ({**GAP, "status": None, "plan_date": DAY + timedelta(days=1), "tenant_status": "demo"}, False),
        # It was looked at with these very sales: there was nothing to judge, and there would not be again.
        ({"status": "planned"}, False),
        ({"status": "planned", "transaction": 120}, True),
        ({**GAP, "status": "planned", "planned_as_of": DAWN}, True),
        ({**GAP, "status": "claimed", "claimed_at": NOW - timedelta(minutes=29), "plan_date": OLD}, False),
        ({**GAP, "status": "claimed", "claimed_at": NOW - timedelta(minutes=31), "plan_date": OLD}, True),
        ({**GAP, "status": "failed", "attempts": 1}, False),
        ({**GAP, "status": "failed", "attempts": 2}, True),
    ],
)
def test_a_gap_is_asked_for_where_nobody_else_is_going_to_close_it(changes: dict[str, Any], asked: bool) -> None:
    assert bool(gap_of(**changes)) is asked


def test_a_cell_that_nobody_begun_will_know_sales_up_to_its_own_planning_instant() -> None:
    [mark] = gap_marks(
        found(candidate(**GAP, status=None, tenant_status="suspended")),
        NOW, include_demo=False, claim_for=HOUR, attempts=2,
    ).rows()  # fmt: skip
    assert mark == ("b", DAY, DAWN, None)


def asked(*days: int, today: int | None = None) -> list[Asked]:
    return [Asked(Cell("b", DAY - timedelta(days=back)), f"7{back}", back == today) for back in days]


def keys(started: list[Start]) -> list[str]:
    return [each.key for each in started]


def test_todays_cell_is_started_first_and_of_the_older_days_one_at_a_time() -> None:
    waiting = asked(2, 3, 1, 0, today=0)
    started = starts(waiting, {}, [], room=9, attempts=2, size=9)
    assert keys(started) == ["b|2026-03-03|70", "b|2026-02-28|73"]
    assert [each.is_today for each in started] == [True, False]
    running = [waiting[1].cell]
    assert keys(starts(waiting, {}, running, room=9, attempts=2, size=9)) == ["b|2026-03-03|70"]
    assert keys(starts(waiting, {}, [], room=1, attempts=2, size=9)) == ["b|2026-03-03|70"]
    assert starts(waiting, {}, [], room=-1, attempts=2, size=9) == []


def test_newer_facts_of_a_cell_wait_for_the_run_that_is_under_way() -> None:
    newer = Asked(Cell("b", DAY), "99", True)
    assert starts([newer], {}, [newer.cell], room=9, attempts=2, size=9) == []
    assert keys(starts([newer], {}, [], room=9, attempts=2, size=9)) == ["b|2026-03-03|99"]


def test_a_days_cells_go_together_as_many_as_fit_a_wave() -> None:
    waiting = [Asked(Cell(tenant, DAY - timedelta(days=back)), "7", False) for tenant in "abcde" for back in (1, 2)]
    waiting.append(Asked(Cell("f", DAY - timedelta(days=4)), "7", False))
    started = starts(waiting, {}, [], room=9, attempts=2, size=3)
    assert [[each.cell.tenant_id for each in start.asked] for start in started] == [["a", "b", "c"], ["d", "e"], ["f"]]
    assert {each.cell.plan_date for start in started[:2] for each in start.asked} == {DAY - timedelta(days=2)}
    digest = sha256(b"d|2026-03-01|7\ne|2026-03-01|7").hexdigest()[:16]
    assert started[1].key == f"2 cells {digest}"


@pytest.mark.parametrize("attempts", [1, 2])
def test_what_died_in_a_wave_is_tried_again_alone_and_then_given_up(attempts: int) -> None:
    bad, good = Asked(Cell("bad", DAY), "7", False), Asked(Cell("good", DAY), "7", False)
    fresh = Asked(Cell("fresh", DAY), "8", False)
    once = {bad.mark: 1, good.mark: 1}
    started = starts([bad, good, fresh], once, [], room=9, attempts=attempts, size=9)
    assert keys(started) == ["fresh|2026-03-03|8", "bad|2026-03-03|7", "good|2026-03-03|7"]
    assert starts([bad], {bad.mark: 2}, [], room=9, attempts=attempts, size=9) == []


def test_facts_that_kill_their_run_are_given_up_and_newer_facts_and_later_days_are_tried() -> None:
    one, later = asked(2, 1)
    given_up = {one.mark: 2}
    assert [each.asked for each in starts([one, later], given_up, [], room=9, attempts=2, size=9)] == [(later,)]
    newer = Asked(one.cell, "99", False)
    assert [each.asked for each in starts([newer], given_up, [], room=9, attempts=2, size=9)] == [(newer,)]


@st.composite
def states(draw: st.DrawFn) -> dict[str, Any]:
    maybe = st.none() | st.integers(90, 110)
    return candidate(
        tenant_id=draw(st.sampled_from("abc")),
        plan_date=DAY - timedelta(days=draw(st.integers(0, 3))),
        recorded_at=DAWN + draw(st.integers(-48, 12)) * HOUR,
        transaction=draw(st.integers(80, 115)),
        status=draw(st.sampled_from(["planned", "partial", "claimed", "failed"])),
        facts_until=draw(st.none() | st.integers(1, 12).map(lambda hours: DAWN + hours * HOUR)),
        asked_in=draw(maybe), begun_in=draw(maybe), validated_in=draw(maybe),
    )  # fmt: skip


def after_asking(rows: list[dict[str, Any]], marks: pl.DataFrame) -> list[dict[str, Any]]:
    """The rows once the warehouse has noted ``marks``."""
    noted = {(tenant, plan_date): until for tenant, plan_date, _, until in marks.rows()}
    made = []
    for row in rows:
        key = row["tenant_id"], row["plan_date"]
        if key in noted:
            instants = [each for each in (row["facts_until"], noted[key]) if each]
            row = {**row, "asked_in": 200, "begun_in": None, "facts_until": max(instants, default=None)}
        made.append(row)
    return made


def one_state_a_cell(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    states: dict[tuple[Any, ...], dict[str, Any]] = {}
    kept = ("status", "planned_as_of", "facts_until", "asked_in", "begun_in", "validated_in")
    return [
        {**row, **{name: states.setdefault((row["tenant_id"], row["plan_date"]), row)[name] for name in kept}}
        for row in rows
    ]


@settings(deadline=None, max_examples=60)
@given(st.lists(states(), max_size=8))
def test_reading_the_same_sales_again_asks_for_nothing_more(rows: list[dict[str, Any]]) -> None:
    rows = one_state_a_cell(rows)
    marks = late_marks(found(*rows))
    assert late_marks(found(*after_asking(rows, marks))).is_empty()


@settings(deadline=None, max_examples=60)
@given(st.lists(states(), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_neither_order_nor_other_tenants_change_what_is_asked_for(rows: list[dict[str, Any]], random: Any) -> None:
    rows = one_state_a_cell(rows)
    shuffled = random.sample(rows, len(rows))
    marks = late_marks(found(*rows))
    assert marks.equals(late_marks(found(*shuffled)))
    alone = [late_marks(found(*(row for row in rows if row["tenant_id"] == name))) for name in "abc"]
    assert marks.equals(pl.concat(alone))


@settings(deadline=None, max_examples=60)
@given(states())
def test_a_cell_that_is_not_asked_has_read_the_sales_or_is_about_to(row: dict[str, Any]) -> None:
    if late_marks(found(row)).is_empty():
        until = max(each for each in (planned_as_of(row), row["facts_until"]) if each)
        assert row["recorded_at"] <= until
        read = row["validated_in"] is not None and row["transaction"] < row["validated_in"]
        coming = row["asked_in"] is not None and row["begun_in"] is None
        running = row["begun_in"] is not None and row["transaction"] < row["begun_in"] and (
            row["asked_in"] is not None or row["status"] == "claimed"
        )  # fmt: skip
        assert read or coming or running


def planned_as_of(row: dict[str, Any]) -> datetime:
    """What the cell was planned as of; a cell that has read nothing will be planned as of its own dawn."""
    own = datetime(row["plan_date"].year, row["plan_date"].month, row["plan_date"].day, 4, 30, tzinfo=UTC)
    return DAWN if row["validated_in"] is not None else own
