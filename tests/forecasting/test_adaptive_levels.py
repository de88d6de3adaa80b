"""Levels that follow how often the last forecasts held: by hand, against plain Python, and what they may never do."""

from collections import defaultdict
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets.forecasting import forecast_demand
from bakery_assets.forecasting.adaptive_levels import tenant_levels
from bakery_assets.forecasting.data.context import build_context
from bakery_assets.forecasting.data.panel import Panel
from bakery_assets.forecasting.models.intervals import QUANTILE_GRID
from bakery_assets.metrics import QUANTILE_LEVELS
from resources.schema import plans
from resources.warehouse.connection import frame_schema
from tests.forecasting.forecast_facts import PLAN, Facts, bakery, cells, together

SCHEMA = frame_schema(plans.demand_forecasts)
PRODUCTS = ("bread", "cake")
NAMES = tuple(QUANTILE_LEVELS)
YESTERDAY = PLAN - timedelta(days=1)


def forecast(
    target: date, quantiles: tuple[float, ...], product: str = "bread", tenant: str = "t", lead: int = 0, **other: Any
) -> dict[str, Any]:
    """What a plan of some days before forecast; overridden with ``override_id``."""
    return {
        "tenant_id": tenant, "plan_date": target - timedelta(days=lead), "location_id": "main", "product_id": product,
        "target_date": target, **dict(zip(NAMES, quantiles, strict=True)), **other,
    }  # fmt: skip


def frame(rows: list[dict[str, Any]]) -> Any:
    return pl.DataFrame([dict.fromkeys(SCHEMA) | row for row in rows], schema=SCHEMA, orient="row")


def panel(facts: Facts, *tenants: str) -> Panel:
    return build_context(cells(*tenants), facts, 182).panel


def levels(rows: list[dict[str, Any]], facts: Facts | None = None, *tenants: str) -> dict[str, list[float]]:
    """By tenant the levels, read back from their places."""
    places = tenant_levels(panel(facts or ONE, *(tenants or ("t",))), frame(rows))
    return {
        tenant: np.interp(at, range(len(QUANTILE_GRID)), QUANTILE_GRID).round(5).tolist()
        for tenant, *at in places.iter_rows()
    }


ONE = bakery("t", 120)
SOLD = {(row["product_id"], row["sales_date"]): row["quantity"] for row in ONE["sales"].iter_rows(named=True)}


def around(product: str, day: date, *differences: float) -> tuple[float, ...]:
    return tuple(SOLD[product, day] + difference for difference in differences)


def test_without_earlier_forecasts_every_level_stands_for_itself() -> None:
    assert levels([]) == {"t": [0.1, 0.5, 0.8, 0.9, 0.95]}
    forecasts = forecast_demand(cells("t"), ONE)["demand_forecasts"]
    assert forecasts.height == 14


def test_one_day_of_one_series_moves_each_level_by_a_small_step() -> None:
    """The share is 1 of 21, the step 0.2 of that: q10 and q50 were exceeded, the others held."""
    rows = [forecast(YESTERDAY, around("bread", YESTERDAY, -9.5, -2.5, 3.5, 8.5, 12.5))]
    step = 0.2 / 21
    expected = [0.1 + step * 0.1, 0.5 + step * 0.5, 0.8 - step * 0.2, 0.9 - step * 0.1, 0.95 - step * 0.05]
    assert levels(rows)["t"] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (forecast(YESTERDAY, around("bread", YESTERDAY, -9.5, 2.5, 3.5, 8.5, 12.5), override_id="o"), "a person said it"),
        (forecast(YESTERDAY, (0.0, 0.0, 0.0, 0.0, 0.0)), "the shop was to be closed"),
        (forecast(YESTERDAY, (1.0, 2.0, 3.0, 4.0, 5.0)), "whole quantiles of a count hold more often than their level"),
        (forecast(PLAN - timedelta(days=36), (1.5, 2.5, 3.5, 4.5, 5.5)), "it is too long ago"),
        (forecast(PLAN, (1.5, 2.5, 3.5, 4.5, 5.5)), "what sells today is not known yet"),
        (forecast(YESTERDAY, (1.5, 2.5, 3.5, 4.5, 5.5), "gone"), "it is not sold any more"),
    ],
)  # fmt: skip
def test_what_tells_nothing_moves_nothing(row: dict[str, Any], why: str) -> None:
    assert levels([row]) == levels([]), why


def test_of_a_day_only_the_latest_plan_counts() -> None:
    early = forecast(YESTERDAY, around("bread", YESTERDAY, 1.5, 2.5, 3.5, 8.5, 12.5), lead=1)
    late = forecast(YESTERDAY, around("bread", YESTERDAY, -9.5, -2.5, 3.5, 8.5, 12.5))
    assert levels([early, late]) == levels([late])
    assert levels([early]) != levels([late])


def test_levels_go_no_farther_than_half_of_the_way_to_the_end_and_keep_their_order() -> None:
    above, below = ([-0.5] * 5, [0.5] * 5)
    for differences, ends in ((above, [0.15, 0.75, 0.9, 0.95, 0.975]), (below, [0.05, 0.25, 0.7, 0.85, 0.925])):
        rows = [
            forecast(day, around(product, day, *differences), product)
            for product in PRODUCTS
            for day in (PLAN - timedelta(days=back) for back in range(1, 36))
        ]
        rows = [row for row in rows if row["q10"] > 0]
        found = levels(rows)["t"]
        assert all(lower <= upper for lower, upper in pairwise(found))
        assert all(
            min(a, b) - 1e-6 <= c <= max(a, b) + 1e-6
            for a, b, c in zip(ends, QUANTILE_LEVELS.values(), found, strict=True)
        )
        # The 35 steps of two series on the median, 0.2 x 2 / 22 x 0.5 each, are 0.318: more than may be gone.
        assert found[1] == ends[1]


DAYS = st.tuples(
    st.sampled_from(PRODUCTS), st.integers(1, 40), st.tuples(*[st.sampled_from((-3.5, -0.5, 0.5, 3.5, -1000.0))] * 5)
)


@settings(max_examples=25, deadline=None)
@given(st.lists(DAYS, max_size=60, unique_by=lambda day: day[:2]))
def test_levels_are_those_of_plain_python_and_the_same_alone_as_among_others(drawn: list[Any]) -> None:
    rows = []
    for product, back, differences in drawn:
        day = PLAN - timedelta(days=back)
        rows.append(
            forecast(day, tuple(max(each, 0.0) for each in sorted(around(product, day, *differences))), product)
        )
    expected = list(QUANTILE_LEVELS.values())
    reported: dict[date, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        if row["q95"] > 0 and row["target_date"] >= PLAN - timedelta(days=35):
            reported[row["target_date"]].append(row)
    for day in sorted(reported):
        for place, (name, level) in enumerate(QUANTILE_LEVELS.items()):
            held = [SOLD[row["product_id"], day] <= row[name] for row in reported[day] if row[name] > 0]
            if held:
                step = 0.2 * len(held) / (len(held) + 20)
                moved = expected[place] + step * (level - sum(held) / len(held))
                reach = 0.5 * min(level, 1 - level)
                expected[place] = min(max(moved, level - reach), level + reach)
    ordered = [max(expected[: place + 1]) for place in range(len(expected))]
    assert levels(rows)["t"] == pytest.approx(ordered, abs=2e-5)
    both = together(ONE, bakery("z", 90, seed=3))
    assert levels([*rows, forecast(YESTERDAY, (1.5,) * 5, tenant="z")], both, "t", "z")["t"] == levels(rows)["t"]


def test_bands_that_have_held_too_often_are_narrower_the_next_morning_and_planned_again_the_same() -> None:
    rows = [
        forecast(day, (0.5, SOLD[product, day] - 0.5, 999.5, 999.5, 999.5), product)
        for product in PRODUCTS
        for day in (PLAN - timedelta(days=back) for back in range(1, 36))
    ]
    before, after, again = (
        forecast_demand(cells("t"), {**ONE, "day_forecasts": each})["demand_forecasts"]
        for each in (frame([]), frame(rows), frame(rows[::-1]))
    )
    assert after.equals(again)
    assert after["yhat"].equals(before["yhat"])
    assert (after["q90"] - after["q10"]).sum() < 0.95 * (before["q90"] - before["q10"]).sum()
