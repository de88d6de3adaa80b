"""Tills write numbers and dates as their country does."""

from datetime import date

import polars as pl
import pytest

from bakery_assets.intake.till_values import DAY_FIRST, MONTH_FIRST, number_votes, to_local, to_number


@pytest.mark.parametrize(
    ("text", "decimal", "number"),
    [
        ("0,90 €", ",", 0.9), ("1.234,50", ",", 1234.5), ("1 234,50", ",", 1234.5),
        ("1\u202f234,50\u00a0€", ",", 1234.5),
        ("$1.10", ".", 1.1), ("1,234.50", ".", 1234.5), ("1'234.50 CHF", ".", 1234.5), ("-3", ",", -3.0),
        ("1,10-", ",", -1.1), ("EUR 2,5", ",", 2.5), ("12", ".", 12.0), ("1.234", ",", 1234.0), ("1.234", ".", 1.234),
    ],
)  # fmt: skip
def test_amounts_are_read_with_their_signs(text: str, decimal: str, number: float) -> None:
    assert pl.DataFrame({"x": [text]}).select(to_number("x", decimal)).item() == pytest.approx(number)


@pytest.mark.parametrize(
    ("text", "decimal"), [("1,2,3", ","), ("abc", "."), ("1.23.4", "."), ("", "."), ("12.34,5", ",")]
)
def test_what_is_no_amount_is_not_guessed(text: str, decimal: str) -> None:
    assert pl.DataFrame({"x": [text]}).select(to_number("x", decimal)).item() is None


@pytest.mark.parametrize(
    ("texts", "comma", "point"),
    [
        (["0,90", "12"], 1, 0),
        (["1.234,50"], 1, 0),
        (["1,234.50"], 0, 1),
        (["2.5"], 0, 1),
        (["1.234", "1,234", "7"], 0, 0),
    ],
)
def test_only_amounts_that_read_one_way_tell_the_decimal_sign(texts: list[str], comma: int, point: int) -> None:
    found = number_votes(pl.Series(texts))
    assert (found.comma, found.point) == (comma, point)


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("2026-04-03", DAY_FIRST, date(2026, 4, 3)), ("2026-04-03 18:05:11", DAY_FIRST, date(2026, 4, 3)),
        ("20260403", DAY_FIRST, date(2026, 4, 3)), ("3.4.2026", MONTH_FIRST, date(2026, 4, 3)),
        ("03.04.26 07:15", DAY_FIRST, date(2026, 4, 3)), ("03/04/2026", DAY_FIRST, date(2026, 4, 3)),
        ("03/04/2026 6:30 PM", MONTH_FIRST, date(2026, 3, 4)), ("2026/04/03", DAY_FIRST, date(2026, 4, 3)),
    ],
)  # fmt: skip
def test_a_ticket_counts_for_its_local_day(text: str, order: str, day: date) -> None:
    assert local(text, order=order)[0] == day


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-07-01T22:30:00Z", date(2026, 7, 2)),
        ("2026-01-01T22:30:00Z", date(2026, 1, 1)),
        ("2026-07-02T00:30:00+02:00", date(2026, 7, 2)),
    ],
)
def test_a_ticket_in_utc_counts_for_the_day_on_the_shops_wall(text: str, day: date) -> None:
    assert local(text)[0] == day


@pytest.mark.parametrize("text", ["31/02/2026", "total", "", "2026-04-03 nonsense", "3/4"])
def test_what_is_no_day_is_not_guessed(text: str) -> None:
    assert local(text)[0] is None


def test_a_date_format_rules() -> None:
    assert local("04-03-2026 18:00", date_format="%m-%d-%Y %H:%M")[0] == date(2026, 4, 3)


@pytest.mark.parametrize(
    ("text", "clock", "minute"),
    [
        ("30.04.2026 07:05", None, 7 * 60 + 5), ("01.10.2026, 07:32", None, 7 * 60 + 32),
        ("10/1/26 7:04 AM", None, 7 * 60 + 4), ("10/1/26 12:04 am", None, 4), ("10/1/26 1:04 pm", None, 13 * 60 + 4),
        ("2026-04-03T22:30:00Z", None, 30), ("2026-09-01 09:14:00 -0400", None, 15 * 60 + 14),
        ("2026-04-03", None, None), ("2026-04-03", "12:48:11", 12 * 60 + 48), ("2026-04-03", "25:00", None),
        ("2026-04-03", "2018-08-01 23:10:00", 23 * 60 + 10), ("2026-04-03 10:00", "", None),
    ],
)  # fmt: skip
def test_the_time_of_day_stands_behind_the_date_or_in_a_column_of_its_own(
    text: str, clock: str | None, minute: int | None
) -> None:
    assert local(text, clock)[1] == minute


def local(
    text: str, clock: str | None = None, *, order: str = DAY_FIRST, date_format: str | None = None
) -> tuple[date | None, int | None]:
    frame = pl.DataFrame({"x": [text], "clock": [clock]}, schema={"x": pl.String, "clock": pl.String})
    day, minute = to_local(
        pl.col("x"),
        None if clock is None else pl.col("clock"),
        order=order,
        date_format=date_format,
        zone="Europe/Paris",
    )
    found = frame.select(day=day, minute=minute).row(0)
    return found[0], found[1]
