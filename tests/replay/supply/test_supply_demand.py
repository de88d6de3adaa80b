"""Demand is drawn from where sales lay in their forecasts."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets.backtesting.series import ScoredDays
from bakery_assets.materials.ingredient_use import UsePerUnit
from bakery_assets.replay.supply.demand import at_position, drawn_demand, position_of, used_by
from bakery_assets.schemas import conform, ops, plans
from tests.scenarios import filled

MONDAY = date(2026, 1, 5)
KNOTS = [5.0, 10.0, 20.0, 26.0, 30.0, 32.0, 38.0]  # of 0, 10, 50, 80, 90, 95 and 100%
NO_LUCK = np.zeros(1)


@pytest.mark.parametrize(
    ("sold", "position"), [(0.0, 0.0), (5.0, 0.0), (15.0, 0.3), (20.0, 0.5), (28.0, 0.85), (38.0, 1.0), (90.0, 1.0)]
)
def test_a_quantity_lies_between_the_knots(sold: float, position: float) -> None:
    assert position_of(np.array([sold]), np.array([KNOTS]), NO_LUCK)[0] == pytest.approx(position)


def test_of_a_quantity_that_most_days_have_the_position_is_chance() -> None:
    # Nothing is sold on up to 80% of days: half of the way there is 40%.
    knots = np.array([[0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 4.0]])
    assert position_of(np.zeros(1), knots, np.array([0.5]))[0] == pytest.approx(0.4)


ascending = st.lists(st.floats(0, 100), min_size=7, max_size=7).map(sorted)


@settings(max_examples=50, deadline=None)
@given(knots=ascending, chance=st.floats(0, 1), share=st.floats(0, 1))
def test_drawing_at_the_position_of_a_quantity_gives_that_quantity(
    knots: list[float], chance: float, share: float
) -> None:
    quantity = knots[0] + share * (knots[-1] - knots[0])
    rows = np.array([knots])
    position = position_of(np.array([quantity]), rows, np.array([chance]))
    assert 0 <= position[0] <= 1
    assert at_position(position, rows)[0] == pytest.approx(quantity, abs=1e-6)


def fortnight(seed: int, *, sold_out: bool = False) -> pl.DataFrame:
    """Two breads of which each day sells the q50 or the q95 of its forecast, both alike."""
    forecasts, scored = [], []
    for number in range(14):
        for product, scale in (("rye", 1.0), ("roll", 2.0)):
            key: dict[str, Any] = {"tenant_id": "a", "location_id": "main", "product_id": product}
            on = MONDAY + timedelta(days=number)
            quantiles = dict(zip(("q10", "q50", "q80", "q90", "q95"), (10, 20, 26, 30, 32), strict=True))
            forecasts.append({**key, "model": "smoothing", "plan_date": on, "target_date": on,
                              **{name: each * scale for name, each in quantiles.items()}})  # fmt: skip
            scored.append({**key, "date": on, "origin": on, "actual": (20.0, 32.0)[number % 2] * scale, "is_open": number != 6,
                           "is_sold_out": sold_out})  # fmt: skip
    products = [{"tenant_id": "a", "product_id": each, "unit": "piece"} for each in ("rye", "roll")]
    return drawn_demand(
        conform(plans.DemandForecasts, filled(plans.DemandForecasts, forecasts)),
        conform(ScoredDays, filled(ScoredDays, scored)),
        conform(ops.Products, filled(ops.Products, products)),
        seed,
    )


def test_products_of_a_day_go_well_and_badly_together_and_closed_days_want_nothing() -> None:
    wanted = fortnight(3).pivot("product_id", index="date", values="demand").sort("date")
    assert set(wanted.select("rye", "roll").rows()) == {(20.0, 40.0), (32.0, 64.0)}
    assert wanted.height == 13


def test_the_same_seed_draws_the_same_demand_and_another_seed_another() -> None:
    assert fortnight(3).equals(fortnight(3))
    assert not fortnight(3).equals(fortnight(4))


def test_a_day_that_sold_out_wanted_more_than_it_sold() -> None:
    rye = fortnight(3, sold_out=True).filter(pl.col("product_id") == "rye")["demand"]
    assert rye.min() >= 20.0
    assert rye.max() > 32.0


def test_what_products_take_is_added_up_by_ingredient_and_day() -> None:
    used = conform(UsePerUnit, pl.DataFrame([
        {"tenant_id": "a", "product_id": "rye", "ingredient_id": "flour", "quantity_per": 0.5},
        {"tenant_id": "a", "product_id": "roll", "ingredient_id": "flour", "quantity_per": 0.1},
        {"tenant_id": "a", "product_id": "roll", "ingredient_id": "milk", "quantity_per": 0.02},
    ]))  # fmt: skip
    baked = pl.DataFrame({"tenant_id": "a", "product_id": ["rye", "roll"], "date": MONDAY, "quantity": [40.0, 50.0]})
    assert used_by(baked, used).select("ingredient_id", "quantity").rows() == [("flour", 25.0), ("milk", 1.0)]
