"""Pauses and absences: seen by hand, and against a plain loop over the days of one series after the other."""

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets.forecasting.data.pauses import ended_pauses, is_absent


def row(text: str) -> npt.NDArray[np.float32]:
    """A series' quantities: x a sale, - none."""
    return np.array([[3.0 if sign == "x" else 0.0 for sign in text]], dtype=np.float32)


def paused(text: str, closed: str | None = None) -> str:
    is_open = np.array([[sign != "c" for sign in closed or "o" * len(text)]])
    return "".join("p" if flag else "." for flag in ended_pauses(row(text), is_open)[0])


def absent(text: str) -> bool:
    return bool(is_absent(row(text), np.ones((1, len(text)), dtype=bool))[0])


def test_a_pause_of_two_weeks_of_what_sold_daily_is_one_and_of_thirteen_days_is_none() -> None:
    assert paused("x" * 10 + "-" * 14 + "xx") == "." * 10 + "p" * 14 + ".."
    assert paused("x" * 10 + "-" * 13 + "xx") == "." * 25


def test_a_few_sales_in_a_row_do_not_say_that_a_product_sells_every_day() -> None:
    assert paused("x" + "-" * 40 + "x") == "." * 42
    assert not absent("xx" + "-" * 45)
    # 5 sales on 15 days: (2/3)^22 is more than 1 in 10,000, (2/3)^23 less.
    assert paused("x" * 5 + "-" * 22 + "x") == "." * 28
    assert paused("x" * 5 + "-" * 23 + "x") == "." * 5 + "p" * 23 + "."


def test_a_pause_that_has_not_ended_is_none_yet() -> None:
    assert paused("x" * 10 + "-" * 40) == "." * 50


def test_closed_days_do_not_make_a_pause_longer() -> None:
    text = "x" * 10 + "-" * 14 + "x"
    assert paused(text, "o" * 10 + "c" + "o" * 14) == "." * 25


def test_every_pause_of_a_series_is_seen_and_a_series_does_not_see_that_of_another() -> None:
    text = "x" * 12 + "-" * 20 + "x" * 21 + "-" * 15 + "x"
    assert paused(text) == "." * 12 + "p" * 20 + "." * 21 + "p" * 15 + "."
    both = np.concatenate([row("x" * 10 + "-" * 20), row("-" * 20 + "x" * 10)])
    assert not ended_pauses(both, np.ones(both.shape, dtype=bool)).any(), (
        "one ends with a gap, the next begins with one"
    )


def test_what_does_not_come_back_for_four_weeks_is_absent() -> None:
    assert absent("x" * 10 + "-" * 28)
    assert not absent("x" * 10 + "-" * 27)
    assert not absent("x" * 10 + "-" * 28 + "x")


def test_nothing_sold_at_all_is_neither() -> None:
    assert paused("-" * 60) == "." * 60
    assert not absent("-" * 60)
    nothing = np.zeros((0, 30), dtype=np.float32)
    assert ended_pauses(nothing, nothing > 0).shape == (0, 30)
    assert is_absent(nothing, nothing > 0).shape == (0,)


def test_an_intermittent_product_is_never_paused() -> None:
    """Sold on every fifth day by chance, 300 series of a year: a gap of weeks is how such a product sells."""
    sold = (np.random.default_rng(5).random((300, 365)) < 0.2).astype(np.float32)
    is_open = np.ones(sold.shape, dtype=bool)
    assert ended_pauses(sold, is_open).any(axis=1).mean() < 0.05
    assert is_absent(sold, is_open).mean() < 0.01
    every_fifth = row(("x" + "-" * 4) * 73)
    assert not ended_pauses(every_fifth, np.ones(every_fifth.shape, dtype=bool)).any()


def by_the_day(sold: list[bool], opened: list[bool]) -> tuple[list[bool], bool]:
    """What the rule says, a day at a time: pauses that have ended, and whether the series is absent."""
    flags = [False] * len(sold)
    open_days: list[int] = []  # the number of open days up to and with each sale
    where: list[int] = []

    def chance(gap: int) -> float:
        latest = open_days[-21:]
        return (1 - min(len(latest) / (max(latest[-1] - latest[0] + 1, 1) + 10), 1.0)) ** gap

    count = 0
    for day, (is_sold, is_open) in enumerate(zip(sold, opened, strict=True)):
        count += is_open
        if is_sold:
            if where and count - open_days[-1] - 1 >= 14 and chance(count - open_days[-1] - 1) < 1e-4:
                flags[where[-1] + 1 : day] = [True] * (day - where[-1] - 1)
            open_days.append(count)
            where.append(day)
    gap = count - open_days[-1] if where else 0
    return flags, gap >= 28 and chance(gap) < 1e-4


# Runs of days: sold daily or now and then, not at all, or closed.
RUNS = st.lists(st.tuples(st.sampled_from("xs-c"), st.integers(1, 40)), min_size=1, max_size=6)


def days_of(runs: list[tuple[str, int]], length: int) -> tuple[list[bool], list[bool]]:
    signs = "".join("x-" * (n // 2) + "x" * (n % 2) if sign == "s" else sign * n for sign, n in runs)
    signs = signs.ljust(length, "-")
    return [sign == "x" for sign in signs], [sign != "c" for sign in signs]


@settings(max_examples=80, deadline=None)
@given(st.lists(RUNS, min_size=1, max_size=4))
def test_the_matrices_say_what_a_loop_over_the_days_says(series: list[list[tuple[str, int]]]) -> None:
    length = max(sum(n for _, n in runs) for runs in series)
    sold, opened = (np.array(each) for each in zip(*(days_of(runs, length) for runs in series), strict=True))
    quantity = sold.astype(np.float32) * 2
    expected = [by_the_day(list(one), list(other)) for one, other in zip(sold, opened, strict=True)]
    assert ended_pauses(quantity, opened).tolist() == [flags for flags, _ in expected]
    assert is_absent(quantity, opened).tolist() == [is_gone for _, is_gone in expected]
