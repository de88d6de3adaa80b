"""How much farther off forecasts of one kind of day are than those of another."""

from datetime import timedelta

import numpy as np
import pytest

from bakery_assets.forecasting.data.context import build_context
from bakery_assets.forecasting.data.panel import Floats, Panel
from bakery_assets.forecasting.models.day_spread import (
    HOLIDAYS,
    KINDS_OF_DAY,
    LARGEST_SPREAD,
    OTHER_SPECIAL,
    PRIOR_RESIDUALS,
    SMALLEST_SPREAD,
    USUAL_SPREAD,
    day_spread,
    kinds_of_day,
    spread_of_days,
)
from tests.forecasting.forecast_facts import PLAN, Facts, cells, days_before, facts, note, sale, together

PAST = 400
SUNDAY = 6
USUAL = USUAL_SPREAD.tolist()


def bakery(tenant: str, off: tuple[float, ...], products: int = 6, days: int = PAST) -> Facts:
    """Sells 10 of each product a day, one week so many more on each weekday and the next so many fewer."""
    names = [f"p{number}" for number in range(products)]
    sold = {day: 10 + off[day.weekday()] * (1 if ((PLAN - day).days - 1) // 7 % 2 else -1) for day in days_before(days)}
    return facts(
        tenants=[(tenant, "XX", None)],
        products=[(tenant, name, None) for name in names],
        sales=[sale(tenant, name, day, quantity) for name in names for day, quantity in sold.items()],
    )


def panel_of(frames: Facts, *tenants: str) -> Panel:
    return build_context(cells(*(tenants or ("t",))), frames, PAST).panel


def spread_in(panel: Panel) -> list[list[float]]:
    effect: Floats = np.ones((panel.items.height, panel.weekday.shape[1]), dtype=np.float32)
    found: list[list[float]] = day_spread(panel, effect).tolist()
    return found


def test_sundays_that_are_twice_as_far_off_have_twice_the_spread() -> None:
    # The last four same weekdays are 10 on average: 1 of 10 off, on Sundays 2; 8/7 on average.
    (found,) = spread_in(panel_of(bakery("t", (1, 1, 1, 1, 1, 1, 2))))
    residuals = 6 * 52
    other, sunday = (
        (residuals * relative + PRIOR_RESIDUALS) / (residuals + PRIOR_RESIDUALS) for relative in (7 / 8, 14 / 8)
    )
    assert found == pytest.approx([other] * 6 + [sunday] + USUAL[7:], rel=1e-3)
    assert sunday / other == pytest.approx(2, abs=0.1)


def test_a_spread_is_bounded() -> None:
    (found,) = spread_in(panel_of(bakery("t", (1, 1, 1, 1, 1, 1, 9))))
    assert found[:7] == pytest.approx([SMALLEST_SPREAD] * 6 + [LARGEST_SPREAD])


def test_without_a_history_and_without_errors_a_tenant_has_the_usual_spread() -> None:
    frames = together(
        bakery("new", (1,) * 7, days=6), bakery("steady", (0,) * 7), facts(tenants=[("none", "XX", None)])
    )
    assert spread_in(panel_of(frames, "new", "none", "steady")) == [pytest.approx(USUAL)] * 3


def test_a_short_history_moves_the_usual_spread_a_little() -> None:
    # 21 days: the second and third week are known, against 10 - 1, then the mean of 9 and 11.
    frames = bakery("t", (1, 1, 1, 1, 1, 1, 2), products=1, days=21)
    (found,) = spread_in(panel_of(frames))
    assert 1 < found[SUNDAY] < 1.15
    assert 0.9 < found[0] < 1


def test_tenants_have_spreads_of_their_own() -> None:
    off = {"a": (1, 1, 1, 1, 1, 1, 2), "b": (2, 1, 1, 1, 1, 1, 1)}
    both = spread_in(panel_of(together(*(bakery(*each, products=1) for each in off.items())), *off))
    for row, each in enumerate(off.items()):
        assert spread_in(panel_of(bakery(*each, products=1), each[0])) == [both[row]]


def test_errors_of_special_days_count_for_their_kind_only() -> None:
    frames = bakery("t", (1,) * 7)
    fair = [PLAN - timedelta(days=ago) for ago in range(20, 300, 20)]
    frames["calendar"] = facts(calendar=[note("t", day, "event", None, "fair") for day in fair])["calendar"]
    panel = panel_of(frames)
    twice = np.ones((panel.items.height, panel.weekday.shape[1]), dtype=np.float32)
    twice[:, [PAST - (PLAN - day).days for day in fair]] = 2.0
    found = day_spread(panel, twice)[0].tolist()
    (without,) = spread_in(panel)
    # Forecast for 20, the fairs sold 9 or 11: some 10 off, of 15; on other days 1 of 10.
    assert found[OTHER_SPECIAL] == pytest.approx(LARGEST_SPREAD)
    assert without[OTHER_SPECIAL] < 1.2
    assert found[:7] == pytest.approx(without[:7], rel=0.02)


def test_a_day_has_the_spread_of_its_tenant_and_its_kind() -> None:
    frames = together(bakery("a", (1,) * 7, products=2), bakery("b", (1,) * 7, products=1))
    noted = [
        note("a", PLAN + timedelta(days=3), "holiday", None, "ours"),
        note("a", PLAN + timedelta(days=3), "promotion"),
        note("a", PLAN, "event", "p1", "fair"),
        note("a", PLAN + timedelta(days=6), "school_holiday"),
    ]
    frames["calendar"] = facts(calendar=noted)["calendar"]
    panel = panel_of(frames, "a", "b")
    # The plan date is a Monday; the holiday on Thursday has two days around it on either side.
    week = [0, HOLIDAYS, HOLIDAYS, HOLIDAYS, HOLIDAYS, HOLIDAYS, SUNDAY]
    expected = [week, [OTHER_SPECIAL, *week[1:]], list(range(7))]
    assert kinds_of_day(panel)[:, PAST : PAST + 7].tolist() == expected
    spread = np.arange(2 * KINDS_OF_DAY, dtype=np.float32).reshape(2, KINDS_OF_DAY)
    ahead = spread_of_days(panel, spread, range(PAST, PAST + 7)).tolist()
    assert ahead == [expected[0], expected[1], [KINDS_OF_DAY + day for day in range(7)]]
