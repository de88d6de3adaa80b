"""What gradient boosting sees of a day, and what it must not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets.forecasting.data.context import build_context
from bakery_assets.forecasting.data.features import FEATURE_NAMES, features
from bakery_assets.forecasting.data.panel import AHEAD, Floats, Panel
from tests.forecasting.forecast_facts import PLAN, bakery, cells, facts, sale, together

PAST = 120


def of(panel: Panel, day: int, demand: Floats | None = None, lead_days: int = 1) -> tuple[dict[str, Floats], Floats]:
    """Features by name, and the levels."""
    factor = np.ones((panel.items.height, PAST + AHEAD), dtype=np.float32)
    closed = panel.is_closed[panel.item]
    made, level = features(panel, panel.demand if demand is None else demand, factor, day, closed, lead_days)
    assert made.shape == (len(panel.tenant), len(FEATURE_NAMES))
    assert made.dtype == np.float32
    return dict(zip(FEATURE_NAMES, made.T, strict=True)), level


def shop(days: int = 100) -> Panel:
    return build_context(cells("t"), bakery("t", days), PAST).panel


def test_sales_are_seen_relative_to_the_mean_of_four_weeks() -> None:
    panel = shop()
    seen, level = of(panel, PAST)
    bread = panel.demand[0].astype(float)
    assert level[0] == pytest.approx(bread[-28:].mean())
    for name, days in (("last_1", 1), ("last_2", 2), ("lag_7", 7), ("lag_28", 28)):
        assert seen[name][0] == pytest.approx(bread[-days] / level[0])
    same = bread[[-7, -14, -21, -28, -35, -42, -49, -56]]
    assert seen["same_weekday_4"][0] == pytest.approx(same[:4].mean() / level[0])
    assert seen["same_weekday_median"][0] == pytest.approx(np.median(same) / level[0])
    assert seen["same_weekday_deviation"][0] == pytest.approx(same.std() / level[0], rel=1e-4)
    assert seen["mean_7"][0] == pytest.approx(bread[-7:].mean() / level[0])
    assert seen["days_known"][0] == 56
    assert seen["weekday"][0] == PLAN.weekday()
    assert seen["log_level"][0] == pytest.approx(np.log1p(level[0]))
    whole = panel.demand.astype(float)
    assert seen["shop_last_1"][0] == pytest.approx(whole[:, -1].sum() / whole[:, -28:].mean(axis=1).sum())


def test_a_series_without_a_past_has_no_level_and_no_sales() -> None:
    frames = together(bakery("t", 100), facts(products=[("t", "roll", None)], sales=[sale("t", "roll", PLAN, 3)]))
    frames["sales"] = frames["sales"].vstack(
        facts(sales=[sale("t", "roll", PLAN.replace(month=2, day=20), 7)])["sales"]
    )
    panel = build_context(cells("t"), frames, PAST).panel
    row = panel.series["product_id"].to_list().index("roll")
    day = PAST - 30
    seen, level = of(panel, day)
    assert np.isnan(level[row])
    for name in ("last_1", "same_weekday_4", "same_weekday_median", "mean_7", "mean_56", "zero_share", "price_ratio"):
        assert np.isnan(seen[name][row]), name
    assert seen["days_known"][row] == 0
    assert seen["log_level"][row] == 0
    assert not np.isnan(level[:row]).any()


def test_days_ahead_see_the_last_days_that_are_known_and_the_same_weekdays_of_their_own() -> None:
    panel = shop()
    bread = panel.demand[0].astype(float)
    day = PAST + 4
    seen, level = of(panel, day, lead_days=5)
    assert level[0] == pytest.approx(bread[-24:].mean()), "of the four weeks before the day, as far as they are known"
    assert seen["last_1"][0] == pytest.approx(bread[-1] / level[0])
    assert seen["last_3"][0] == pytest.approx(bread[-3] / level[0])
    assert seen["lag_7"][0] == pytest.approx(bread[-3] / level[0])
    assert seen["mean_7"][0] == pytest.approx(bread[-7:].mean() / level[0])
    assert seen["days_known"][0] == 52
    assert seen["lead_days"][0] == 5
    known, same_level = of(panel, day - 14, lead_days=5)
    again, _ = of(panel.as_of(day - 18), day - 14, panel.demand[:, : day - 18], lead_days=5)
    assert same_level[0] > 0
    for name in set(FEATURE_NAMES) - {"temperature", "rain"}:
        np.testing.assert_array_equal(known[name], again[name], err_msg=f"{name} is trained on what is known then")


def test_a_closed_day_ahead_is_seen_on_the_days_around_it() -> None:
    panel = shop()
    factor = np.ones((panel.items.height, PAST + AHEAD), dtype=np.float32)
    closed = np.zeros((len(panel.tenant), PAST + AHEAD), dtype=bool)
    closed[:, PAST + 2] = True
    made = [features(panel, panel.demand, factor, PAST + step, closed, step + 1)[0] for step in range(7)]
    names = ("shut_tomorrow", "closed_yesterday", "closed_days_7")
    seen = {name: [int(each[0, FEATURE_NAMES.index(name)]) for each in made] for name in names}
    assert seen["shut_tomorrow"] == [0, 1, 0, 0, 0, 0, 0]
    assert seen["closed_yesterday"] == [0, 0, 0, 1, 0, 0, 0]
    assert seen["closed_days_7"] == [0, 0, 0, 1, 1, 1, 1]


@settings(max_examples=25, deadline=None)
@given(st.integers(1, PAST + 6), st.integers(1, 7), st.randoms(use_true_random=False))
def test_nothing_that_sold_after_a_forecast_is_made_changes_what_is_seen_of_the_day(
    day: int, lead_days: int, random: np.random.Generator
) -> None:
    known = max(day + 1 - lead_days, 0)
    panel = shop()
    chance = np.random.default_rng(random.randint(0, 10**6))  # type: ignore[attr-defined]
    demand = np.full((len(panel.tenant), PAST + 7), np.nan, dtype=np.float32)
    demand[:, :PAST] = panel.demand
    demand[:, PAST:] = 5.0
    before, level = of(panel, day, demand, lead_days)
    other = panel.as_of(known)
    other.quantity[:, known:] = chance.random(other.quantity[:, known:].shape)
    other.price[:, known:] = chance.random(other.price[:, known:].shape)
    other.temperature[:, :] = panel.temperature
    other.rain[:, :] = panel.rain
    for weather in (other.temperature, other.rain):
        weather[:, day + 1 :] = chance.random(weather[:, day + 1 :].shape)
    demand[:, known:] = chance.random(demand[:, known:].shape) * 100
    after, its = of(other, day, demand, lead_days)
    np.testing.assert_array_equal(level, its)
    for name in FEATURE_NAMES:
        np.testing.assert_array_equal(before[name], after[name], err_msg=name)


def test_what_sold_the_day_before_does_change_it() -> None:
    panel = shop()
    changed = panel.demand.copy()
    changed[0, -1] += 100
    before, after = of(panel, PAST)[0], of(panel, PAST, changed)[0]
    assert {name for name in FEATURE_NAMES if before[name][0] != after[name][0]} >= {"last_1", "mean_7", "shop_last_1"}


def test_the_calendar_around_a_day_is_seen() -> None:
    panel = shop()
    days = np.flatnonzero(panel.promotion[0, :PAST])
    seen, _ = of(panel, int(days[-1]))
    bread, cake = 0, 1
    assert seen["promotion"].tolist() == [1.0, 0.0]
    assert of(panel, int(days[-1]) + 1)[0]["promotion_yesterday"].tolist() == [1.0, 0.0]
    assert of(panel, int(days[-1]) + 7)[0]["promotion_a_week_ago"][bread] == 1.0
    assert of(panel, int(days[-1]) + 3)[0]["promotion_share_7"].tolist() == pytest.approx([1 / 7, 0.0])
    assert seen["promotion"][cake] == 0
