"""What special days sell compared with normal ones."""

from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets.forecasting.data.context import build_context
from bakery_assets.forecasting.models.day_effects import (
    day_effect_matrix,
    estimate_day_effects,
    past_day_effects,
    special_day_observations,
)
from tests.forecasting.forecast_facts import PLAN, Facts, cells, days_before, facts, note, sale

PAST = 84


def bakery(special: dict[int, tuple[str, str | None, float]], ahead: dict[int, tuple[str, str | None]]) -> Facts:
    """Sells 10 a day, and on special days so many ago ``(kind, name, sold)``."""
    sold = {PLAN - timedelta(days=ago): what for ago, what in special.items()}
    return facts(
        tenants=[("t", "XX", None)],
        products=[("t", "bread", None), ("t", "cake", None)],
        sales=[
            sale("t", product, day, sold[day][2] if day in sold else 10.0)
            for day in days_before(PAST)
            for product in ("bread", "cake")
            if day not in sold or sold[day][2] > 0
        ],
        calendar=[note("t", day, kind, None, name) for day, (kind, name, _) in sold.items()]
        + [note("t", PLAN + timedelta(days=n), kind, None, name) for n, (kind, name) in ahead.items()],
    )


def test_a_name_is_shrunk_towards_its_kind_and_a_kind_towards_one() -> None:
    frames = bakery({40: ("event", "fair", 30.0), 30: ("event", "fair", 20.0), 20: ("event", "match", 5.0)}, {})
    estimated = {(kind, name): (factor, days) for _, kind, name, factor, days in
              estimate_day_effects(special_day_observations(build_context(cells("t"), frames, PAST).panel)).rows()}  # fmt: skip
    # Two products: 110 sold on three days where 60 are normal; one day's 20 more count for the factor 1.
    kind = (110 + 20) / (60 + 20)
    assert estimated == {
        ("event", None): (pytest.approx(kind, abs=1e-5), 3),
        ("event", "fair"): (pytest.approx((100 + 20 * kind) / (40 + 20), abs=1e-5), 2),
        ("event", "match"): (pytest.approx((10 + 20 * kind) / (20 + 20), abs=1e-5), 1),
    }


def test_a_closed_holiday_sold_nothing_and_a_closed_event_is_no_observation() -> None:
    frames = bakery({40: ("holiday", "ours", 0.0), 20: ("event", "fair", 0.0)}, {})
    observations = special_day_observations(build_context(cells("t"), frames, PAST).panel)
    assert observations.filter(pl.col("kind").is_in(["holiday", "event"])).rows() == [
        ("t", "holiday", "ours", 44, 0.0, 20.0)
    ]


def test_a_day_special_in_two_ways_is_no_observation_of_either() -> None:
    frames = bakery({40: ("event", "fair", 30.0)}, {})
    day = PLAN - timedelta(days=40)
    frames["calendar"] = pl.concat([frames["calendar"], facts(calendar=[note("t", day, "promotion")])["calendar"]])
    assert special_day_observations(build_context(cells("t"), frames, PAST).panel).is_empty()


def test_the_effects_of_a_day_ahead_are_multiplied_up_to_five() -> None:
    frames = bakery(
        {40: ("event", "fair", 40.0), 30: ("promotion", None, 20.0)},
        {0: ("event", "fair"), 1: ("promotion", None), 2: ("event", "new"), 3: ("school_holiday", None)},
    )
    frames["calendar"] = pl.concat(
        [frames["calendar"], facts(calendar=[note("t", PLAN, "promotion")])["calendar"]]
    )  # fmt: skip
    panel = build_context(cells("t"), frames, PAST).panel
    matrix = day_effect_matrix(panel, estimate_day_effects(special_day_observations(panel)))
    event, promotion = (80 + 20) / 40, (40 + 20) / 40
    fair, named = (80 + 20 * event) / 40, (40 + 20 * promotion) / 40
    expected = [min(fair * named, 5.0), named, event, 1.0]
    assert expected == [5.0, 1.75, 2.5, 1.0]
    for item in range(2):
        assert matrix[item, PAST : PAST + 4].tolist() == pytest.approx(expected)
    assert (matrix[:, :PAST] == 1).all()


days = st.dictionaries(
    st.integers(1, 50),
    st.tuples(
        st.sampled_from(["event", "promotion", "holiday"]), st.sampled_from([None, "x", "y"]), st.integers(0, 60)
    ),
    max_size=14,
)


@settings(max_examples=40, deadline=None)
@given(days)
def test_the_past_effect_of_a_day_is_estimated_from_the_days_before_it(special: dict[int, Any]) -> None:
    panel = build_context(cells("t"), bakery(special, {}), PAST).panel
    observations = special_day_observations(panel)
    so_far = past_day_effects(observations, panel)
    assert so_far.join(observations, on=["kind", "name", "day"], how="semi").height == observations.height
    assert so_far.select("kind", "name", "day").is_unique().all()
    for tenant, kind, name, day, factor in so_far.rows():
        estimated = estimate_day_effects(observations.filter(pl.col("day") < day)).filter(tenant_id=tenant, kind=kind)
        own = estimated.filter(name=name)["factor"].to_list()
        of_kind = estimated.filter(pl.col("name").is_null())["factor"].to_list()
        assert factor == pytest.approx([*own, *of_kind, 1.0][0], abs=2e-6)


def test_the_past_of_an_effect_matrix_has_not_observed_the_day_itself() -> None:
    frames = bakery({40: ("event", "fair", 30.0), 30: ("event", "fair", 20.0)}, {})
    panel = build_context(cells("t"), frames, PAST).panel
    observations = special_day_observations(panel)
    matrix = day_effect_matrix(panel, estimate_day_effects(observations), past_day_effects(observations, panel))
    first = (60 + 20) / 40
    assert matrix[:, PAST - 40].tolist() == [1.0, 1.0]
    assert matrix[:, PAST - 30].tolist() == pytest.approx([(60 + 20 * first) / 40] * 2)
