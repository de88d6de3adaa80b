"""What school holidays do to a bakery: learned from its own past, and applied to the days that differ from those before."""

from datetime import date, timedelta
from math import exp, log

import numpy as np
import polars as pl
import pytest

from bakery_assets.forecasting.data.context import build_context
from bakery_assets.forecasting.data.panel import Panel
from bakery_assets.forecasting.models.school_effects import (
    PRIOR_DAYS,
    estimate_school_effects,
    past_school_effects,
    school_effects_ahead,
)
from tests.forecasting.forecast_facts import PLAN, Facts, cells, days_before, facts, note, sale

PAST = 180
# Two weeks of holidays from 90 days ago on, and two that begin a week before the plan date; both begin on Mondays.
WINTER = [PLAN - timedelta(days=91 - n) for n in range(14)]
SPRING = [PLAN - timedelta(days=7 - n) for n in range(14)]


def sold(day: date) -> float:
    """100 on workdays, 150 in the holidays; 200 on Saturdays, and 80 on Sundays, half of that in the holidays."""
    is_school = day in WINTER or day in SPRING
    if day.isoweekday() == 6:
        return 200.0
    if day.isoweekday() == 7:
        return 40.0 if is_school else 80.0
    return 150.0 if is_school else 100.0


def bakery(tenant: str = "t") -> Facts:
    return facts(
        tenants=[(tenant, "XX", None)],
        products=[(tenant, "bread", None)],
        sales=[sale(tenant, "bread", day, sold(day)) for day in days_before(PAST)],
        calendar=[note(tenant, day, "school_holiday") for day in (*WINTER, *SPRING)],
    )


@pytest.fixture(scope="module")
def panel() -> Panel:
    return build_context(cells("t"), bakery(), PAST).panel


def slope(pairs: list[tuple[float, float]], days: int) -> float:
    """Ridge through zero: of (difference, ratio), each on as many days."""
    product = days * sum(difference * log(ratio) for difference, ratio in pairs)
    return product / (days * sum(difference**2 for difference, _ in pairs) + PRIOR_DAYS)


def test_the_effect_of_each_kind_of_weekday_is_the_slope_over_the_share_in_holidays(panel: Panel) -> None:
    """Of the four same weekdays before it, none was in the holidays in their first week, and one in the second; then
    two in each of three weeks, one in the fourth. The spring holidays have had one week, all of it new."""
    high, low = 150.0, 100.0
    weeks = [(1.0, high / low), (0.75, high / ((high + 3 * low) / 4))]
    weeks += [(-0.5, low / ((2 * high + 2 * low) / 4))] * 3 + [(-0.25, low / ((high + 3 * low) / 4)), (1.0, high / low)]
    found = {row["weekday_kind"]: row for row in estimate_school_effects(panel).to_dicts()}
    assert found["workday"]["factor"] == pytest.approx(exp(slope(weeks, 5)), rel=1e-4)
    assert found["workday"]["days"] == 5 * len(weeks)
    assert found["saturday"]["factor"] == pytest.approx(1.0, abs=1e-6)
    assert 0.6 < found["sunday"]["factor"] < 0.95


def test_the_second_week_of_holidays_is_measured_by_a_first_one_in_them(panel: Panel) -> None:
    effects = estimate_school_effects(panel)
    workday, sunday = (effects.filter(weekday_kind=kind)["factor"].item() for kind in ("workday", "sunday"))
    ahead = {row["day"] - PAST: row for row in school_effects_ahead(panel, effects, PAST).to_dicts()}
    assert sorted(ahead) == [0, 1, 2, 3, 4, 6, 7, 8], "Saturdays sell as ever"
    assert ahead[0]["factor"] == pytest.approx(workday**0.75, rel=1e-4)
    assert ahead[6]["factor"] == pytest.approx(sunday**0.75, rel=1e-4)
    assert ahead[7]["factor"] == pytest.approx(workday**-0.25, rel=1e-4), "over: one of the four weeks lay in them"
    assert (ahead[0]["name"], ahead[7]["name"]) == ("school holidays", "after school holidays")


def test_a_past_day_has_the_effect_that_the_days_before_it_tell(panel: Panel) -> None:
    effect = past_school_effects(panel)[0]
    first = PAST - 91
    assert effect[: first + 1] == pytest.approx(1.0), "nothing was known on the first day of the first holidays"
    assert effect[first + 4] == pytest.approx(exp(slope([(1.0, 1.5)], 4)), rel=1e-4)
    changed = bakery()
    later = pl.col("sales_date") > PLAN - timedelta(days=50)
    changed["sales"] = changed["sales"].with_columns(pl.when(later).then(7.0).otherwise("quantity").alias("quantity"))
    other = past_school_effects(build_context(cells("t"), changed, PAST).panel)[0]
    np.testing.assert_allclose(effect[: PAST - 50], other[: PAST - 50])


def test_a_bakery_without_school_holidays_has_no_effect() -> None:
    frames = bakery()
    frames["calendar"] = frames["calendar"].clear()
    panel = build_context(cells("t"), frames, PAST).panel
    effects = estimate_school_effects(panel)
    assert effects.is_empty()
    assert past_school_effects(panel) == pytest.approx(1.0)
    assert school_effects_ahead(panel, effects, 0).is_empty()
