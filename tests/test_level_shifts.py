"""Level shifts: followed from the fifth day on, and not taken for chance or for a strong weekend."""

import numpy as np
import numpy.typing as npt
import pytest

from bakery_assets.level_shifts import LONGEST_SHIFT, lasting_shifts, level_shifts

Floats = npt.NDArray[np.float32]
DAYS = 182
WEEKDAYS = np.array([0.8, 0.8, 0.9, 1.0, 1.2, 1.5, 0.8], dtype=np.float32)
PROFILE = WEEKDAYS[np.arange(DAYS) % 7]  # day 0 is a Monday, and so is the day after the last


def shift(demand: Floats) -> tuple[float, int]:
    ratio, lasted = level_shifts(demand[None].astype(np.float32))
    return float(ratio[0]), int(lasted[0])


def changed(days: int, factor: float, base: float = 40.0) -> Floats:
    demand = base * PROFILE
    demand[DAYS - days :] *= factor
    return demand


@pytest.mark.parametrize(("days", "factor"), [(5, 2.0), (6, 2.0), (10, 2.0), (21, 2.0), (5, 0.4), (10, 0.5), (10, 1.5)])
def test_a_shift_is_followed_from_its_fifth_day(days: int, factor: float) -> None:
    ratio, lasted = shift(changed(days, factor))
    assert ratio == pytest.approx(factor, rel=1e-4)
    assert lasted == days


@pytest.mark.parametrize(("days", "factor"), [(0, 1.0), (4, 2.0), (4, 0.4), (10, 1.25), (10, 0.8)])
def test_four_days_and_a_small_change_are_no_shift(days: int, factor: float) -> None:
    assert shift(changed(days, factor)) == (1.0, 0)


def test_no_shift_is_older_than_three_weeks_and_one_of_months_ago_is_none() -> None:
    assert shift(changed(30, 2.0))[1] <= 21
    assert shift(changed(80, 2.0)) == (1.0, 0)


def test_nothing_sold_lately_is_no_level() -> None:
    for days in (5, 10, 20):
        assert shift(changed(days, 0.0)) == (1.0, 0)


@pytest.mark.parametrize("weekend", [slice(-2, None), slice(-9, -7), slice(-3, None)])
def test_one_strong_weekend_is_no_shift(weekend: slice) -> None:
    """Tripled, with chance about the ordinary days before it, of which every other is above the mean."""
    mean = np.tile(40.0 * PROFILE, (2_000, 1))
    mean[:, weekend] *= 3
    demand = np.random.default_rng(11).poisson(mean).astype(np.float32)
    _, lasted = level_shifts(demand)
    assert (lasted > 0).mean() < 0.08
    exact = 40.0 * PROFILE
    exact[weekend] *= 3
    assert shift(exact) == (1.0, 0)


@pytest.mark.parametrize("base", [0.3, 2.0, 10.0, 60.0])
def test_chance_about_a_level_is_a_shift_in_less_than_one_series_of_a_hundred(base: float) -> None:
    demand = np.random.default_rng(3).poisson(base * PROFILE, (5_000, DAYS)).astype(np.float32)
    _, lasted = level_shifts(demand)
    assert (lasted > 0).mean() < 0.01


def test_a_doubled_bakery_with_chance_about_it_is_followed_from_the_fifth_day() -> None:
    demand = np.random.default_rng(4).poisson(np.stack([changed(5, 2.0)] * 500)).astype(np.float32)
    ratio, lasted = level_shifts(demand)
    assert (lasted > 0).mean() > 0.99
    assert np.median(ratio) == pytest.approx(2.0, abs=0.05)


def test_days_before_the_first_sale_say_nothing() -> None:
    young = changed(10, 2.0)
    young[:120] = np.nan
    assert shift(young) == (pytest.approx(2.0, rel=1e-4), 10)
    young[: DAYS - 10] = np.nan  # all of it since the shift: there is no level before
    assert shift(young) == (1.0, 0)
    young[:] = np.nan
    assert shift(young) == (1.0, 0)


def test_few_days_and_no_series_have_no_shift() -> None:
    ratio, lasted = level_shifts(np.ones((2, 10), dtype=np.float32))
    assert (ratio.tolist(), lasted.tolist()) == ([1.0, 1.0], [0, 0])
    ratio, lasted = level_shifts(np.ones((0, DAYS), dtype=np.float32))
    assert ratio.shape == lasted.shape == (0,)


def test_every_series_has_its_own_shift() -> None:
    demand = np.stack([changed(0, 1.0), changed(7, 2.0), changed(12, 0.5)]).astype(np.float32)
    ratio, lasted = level_shifts(demand)
    assert ratio.tolist() == pytest.approx([1.0, 2.0, 0.5], rel=1e-4)
    assert lasted.tolist() == [0, 7, 12]


@pytest.mark.parametrize("age", range(LONGEST_SHIFT + 2, 2 * LONGEST_SHIFT, 3))
def test_a_shift_that_smoothing_has_followed_is_none_any_more(age: int) -> None:
    rng = np.random.default_rng(age)
    demand = rng.poisson(40.0, (50, 182)).astype(np.float32)
    demand[:, -age:] = rng.poisson(80.0, (50, age))
    ratio, lasted = level_shifts(demand)
    assert (lasted > 0).mean() <= 0.04
    assert (ratio[lasted == 0] == 1).all()


def test_days_that_say_nothing_are_left_out_and_five_others_have_to_tell() -> None:
    """A bakery that is closed on Sundays: six days since the shift are five that tell, five are four."""
    closed = np.arange(DAYS) % 7 == 6
    for days, expected in ((6, 6), (5, 0), (12, 12)):
        demand = changed(days, 2.0)
        demand[closed] = np.nan
        ratio, lasted = shift(demand)
        assert lasted == expected
        assert ratio == pytest.approx(2.0 if expected else 1.0, rel=1e-4)


def test_the_longer_search_sees_a_shift_of_six_weeks() -> None:
    ratio, lasted = lasting_shifts(changed(40, 2.0)[None].astype(np.float32))
    assert (float(ratio[0]), int(lasted[0])) == (pytest.approx(2.0, rel=1e-4), 40)
