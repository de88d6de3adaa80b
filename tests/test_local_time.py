"""Wall times and instants: across summer time, in zones that skip hours or days, and for frames of many zones."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets.local_time import (
    FEW_ROWS,
    INSTANT,
    in_known_zones,
    to_instant,
    with_instants,
    with_local_times,
    with_utc_times,
)

INSTANTS = st.integers(946_684_800, 2_051_222_400).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
ZONES = (
    "Europe/Berlin", "America/Santiago", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Cairo", "UTC",
)  # fmt: skip


@given(zone=st.sampled_from(ZONES), day=st.dates(date(2000, 1, 1), date(2035, 1, 1)), at=st.times())
@settings(max_examples=300, deadline=None)
def test_an_instant_shows_its_wall_time_unless_the_clocks_skip_it(zone: str, day: date, at: time) -> None:
    local = to_instant(day, at, zone).astimezone(ZoneInfo(zone))
    wall = datetime.combine(day, at.replace(fold=0))
    assert local.replace(tzinfo=None, fold=0) >= wall
    # Apia skipped a whole day; no zone skips more.
    assert local.replace(tzinfo=None, fold=0) - wall <= timedelta(days=1)


def test_a_skipped_hour_is_read_with_the_offset_before_and_a_repeated_one_counts_first() -> None:
    assert to_instant(date(2026, 3, 29), time(2, 30), "Europe/Berlin") == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert to_instant(date(2026, 10, 25), time(2, 30), "Europe/Berlin") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    # Lord Howe's clocks go forward by half an hour only.
    assert to_instant(date(2026, 10, 4), time(2, 15), "Australia/Lord_Howe") == datetime(
        2026, 10, 3, 15, 45, tzinfo=UTC
    )


def test_a_column_of_wall_times_follows_the_clock_of_each_place_through_summer_time() -> None:
    rows = pl.DataFrame(
        {
            "order_date": [date(2026, 3, 28), date(2026, 3, 29), date(2026, 3, 28)],
            "order_cutoff_time": [time(18, 0)] * 3,
            "timezone": ["Europe/Berlin", "Europe/Berlin", "Asia/Kathmandu"],
        }
    )
    found = with_instants(rows, "order_by", day="order_date", wall_time="order_cutoff_time")
    assert found["order_by"].to_list() == [
        datetime(2026, 3, 28, 17, 0, tzinfo=UTC),
        datetime(2026, 3, 29, 16, 0, tzinfo=UTC),
        datetime(2026, 3, 28, 12, 15, tzinfo=UTC),
    ]


@given(st.lists(st.tuples(st.sampled_from(ZONES), INSTANTS), max_size=20))
@settings(deadline=None)
def test_local_times_of_a_frame_are_those_of_each_row_in_its_order(rows: list[tuple[str, datetime]]) -> None:
    frame = pl.DataFrame(
        {"timezone": [zone for zone, _ in rows], "at": [at for _, at in rows]},
        schema={"timezone": pl.String, "at": INSTANT},
    )
    found = with_local_times(frame, local="at")
    assert found.columns == ["timezone", "at", "local"]
    assert found["local"].to_list() == [at.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0) for zone, at in rows]


def test_an_unknown_zone_costs_its_own_rows_only() -> None:
    rows = pl.DataFrame({"timezone": ["Europe/Berlin", "Europe/Atlantis"], "tenant_id": ["a", "b"]})
    assert in_known_zones(rows)["tenant_id"].to_list() == ["a"]


ALL_ZONES = sorted(available_timezones())
WALL_TIMES = st.datetimes(datetime(1970, 1, 2), datetime(2060, 1, 1))  # noqa: DTZ001 - wall times


def as_frame(rows: list[tuple[str | None, datetime | None]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"timezone": pl.String, "wall": pl.Datetime("us")}, orient="row")


def one_by_one(rows: list[tuple[str | None, datetime | None]]) -> list[datetime | None]:
    return [wall and zone and to_instant(wall.date(), wall.time(), zone) for zone, wall in rows]  # type: ignore[misc]


@given(st.lists(st.tuples(st.sampled_from(ALL_ZONES) | st.none(), WALL_TIMES | st.none()), max_size=30))
@settings(max_examples=150, deadline=None)
def test_wall_times_of_a_frame_are_the_instants_of_each_of_them_in_every_zone(
    rows: list[tuple[str | None, datetime | None]],
) -> None:
    many = rows * (FEW_ROWS // max(len(rows), 1) + 1)  # few and many rows are converted in different ways
    assert with_utc_times(as_frame(many), at="wall")["at"].to_list() == one_by_one(many)
    found = with_utc_times(as_frame(rows), at="wall")
    assert found.columns == ["timezone", "wall", "at"]
    assert found.schema["at"] == INSTANT
    assert found["at"].to_list() == one_by_one(rows)


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/Berlin", date(2026, 3, 29)),
        ("Europe/Berlin", date(2026, 10, 25)),
        ("Australia/Lord_Howe", date(2026, 10, 4)),  # half an hour forward
        ("Australia/Lord_Howe", date(2026, 4, 5)),
        ("America/Santiago", date(2026, 9, 6)),  # midnight is skipped
        ("America/Santiago", date(2026, 4, 4)),  # the hour before midnight comes twice
        ("America/Scoresbysund", date(2024, 3, 31)),  # the zone moves by an hour, and to summer time
        ("Pacific/Apia", date(2011, 12, 30)),  # the whole day is skipped
        ("Africa/Monrovia", date(1972, 1, 7)),  # 44 minutes and 30 seconds
        ("Asia/Pyongyang", date(2015, 8, 15)),
    ],
)
def test_every_quarter_of_an_hour_around_a_change_of_the_clocks_is_converted_as_by_itself(zone: str, day: date) -> None:
    start = datetime.combine(day - timedelta(days=1), time())
    rows = [(zone, start + timedelta(minutes=15 * step)) for step in range(3 * 24 * 4)]
    assert with_utc_times(as_frame(rows), at="wall")["at"].to_list() == one_by_one(rows)


def test_a_column_of_wall_times_may_replace_itself() -> None:
    rows = as_frame([("Asia/Kathmandu", datetime(2026, 3, 28, 18))])  # noqa: DTZ001 - a wall time
    assert with_utc_times(rows, wall="wall").rows() == [("Asia/Kathmandu", datetime(2026, 3, 28, 12, 15, tzinfo=UTC))]
