"""Tills write numbers and dates as their country does."""

from datetime import date

import polars as pl
import pytest

from bakery_assets.intake.till_values import DAY_FIRST, MONTH_FIRST, date_votes, number_votes, to_day, to_number


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
    found = pl.DataFrame({"x": [text]}).select(to_day("x", order=order, date_format=None, zone="Europe/Paris"))
    assert found.item() == day


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-07-01T22:30:00Z", date(2026, 7, 2)),
        ("2026-01-01T22:30:00Z", date(2026, 1, 1)),
        ("2026-07-02T00:30:00+02:00", date(2026, 7, 2)),
    ],
)
def test_a_ticket_in_utc_counts_for_the_day_on_the_shops_wall(text: str, day: date) -> None:
    found = pl.DataFrame({"x": [text]}).select(to_day("x", order=DAY_FIRST, date_format=None, zone="Europe/Paris"))
    assert found.item() == day


@pytest.mark.parametrize("text", ["31/02/2026", "total", "", "2026-04-03 nonsense", "3/4"])
def test_what_is_no_day_is_not_guessed(text: str) -> None:
    assert pl.DataFrame({"x": [text]}).select(to_day("x", order=DAY_FIRST, date_format=None, zone="UTC")).item() is None


def test_a_date_format_rules() -> None:
    frame = pl.DataFrame({"x": ["04-03-2026 18:00"]})
    assert frame.select(to_day("x", order=DAY_FIRST, date_format="%m-%d-%Y %H:%M", zone="UTC")).item() == date(
        2026, 4, 3
    )


def test_only_days_above_twelve_tell_which_comes_first() -> None:
    found = date_votes(pl.Series(["03/04/2026", "13/04/2026", "04/25/2026", "2026-04-03", "13.04.2026"]))
    assert (found.day_first, found.month_first, found.either_first) == (1, 1, 1)
