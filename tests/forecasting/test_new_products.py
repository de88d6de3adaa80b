"""Which products without a sale are new, and what their category tells of them."""

import json
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets.forecasting import forecast_demand
from bakery_assets.forecasting.new_products import new_products
from bakery_assets.schemas import Cells, conform, ops, plans
from tests.forecasting.forecast_facts import PLAN, cells, days_before, facts, sale
from tests.scenarios import filled


def products(**introduced: date | None) -> Any:
    rows = [
        {"tenant_id": "t", "product_id": name, "category": name.partition("_")[0], "introduced_on": day,
         "unit": "piece", "shelf_life_days": 1}
        for name, day in introduced.items()
    ]  # fmt: skip
    return conform(ops.Products, filled(ops.Products, rows))


def is_new(listing: Any, sold: list[str], earlier: dict[str, tuple[str, int]] | None = None) -> list[str]:
    """The new products of a listing.

    Args:
        earlier: by product, by which model it was forecast, and on how many mornings before.
    """
    past = [
        {"tenant_id": "t", "product_id": name, "plan_date": PLAN - timedelta(days=ago), "location_id": "main",
         "target_date": PLAN, "model": model}
        for name, (model, mornings) in (earlier or {}).items()
        for ago in range(1, mornings + 1)
    ]  # fmt: skip
    known = pl.DataFrame(
        {"tenant_id": ["t"] * len(sold), "product_id": sold},
        schema_overrides={"tenant_id": pl.String, "product_id": pl.String},
    )
    found = new_products(
        conform(Cells, cells("t")), listing, known, conform(plans.DemandForecasts, filled(plans.DemandForecasts, past))
    )
    return found["product_id"].to_list()


@pytest.mark.parametrize(("ago", "expected"), [(28, []), (27, ["cake_b"]), (0, ["cake_b"]), (-6, ["cake_b"])])
def test_a_product_is_new_for_four_weeks_from_its_introduction(ago: int, expected: list[str]) -> None:
    listing = products(cake_a=None, cake_b=PLAN - timedelta(days=ago))
    assert is_new(listing, ["cake_a"]) == expected
    assert is_new(listing, ["cake_a", "cake_b"]) == [], "it has been sold"


def test_on_a_first_plan_one_of_five_that_never_sold_is_new_and_one_of_four_is_not() -> None:
    names = [f"bread_{letter}" for letter in "abcde"]
    listing = products(**dict.fromkeys(names), cake_a=None)
    assert is_new(listing, names[1:]) == ["bread_a"], "no cake has ever sold"
    assert is_new(listing.filter(pl.col("product_id") != "bread_e"), names[1:4]) == []


def test_where_there_were_plans_before_what_appears_is_new_until_it_has_been_forecast_for_four_weeks() -> None:
    listing = products(bread_a=None, bread_b=None)
    assert is_new(listing, ["bread_a"], {"bread_a": ("trees", 5)}) == ["bread_b"]
    assert is_new(listing, ["bread_a"], {"bread_a": ("trees", 5), "bread_b": ("category_level", 27)}) == ["bread_b"]
    assert is_new(listing, ["bread_a"], {"bread_b": ("category_level", 28)}) == []
    assert is_new(listing, ["bread_a"], {"bread_b": ("no_history", 1)}) == [], "it was there and not bought"


def breads(levels: dict[str, float], days: int = 84, **later: tuple[int, float]) -> Any:
    """Facts of breads that sell the same every day, and of a bread that is introduced on the plan date.

    Args:
        later: breads that began so many days ago, and what they sell a day.
    """
    sold = [sale("t", name, day, level) for name, level in levels.items() for day in days_before(days)]
    sold += [sale("t", name, day, level) for name, (ago, level) in later.items() for day in days_before(ago)]
    names = [*levels, *later, "new"]
    frames = facts(tenants=[("t", "XX", None)], products=[("t", name, None) for name in names], sales=sold)
    introduced = pl.when(pl.col("product_id") == "new").then(pl.lit(PLAN))
    frames["products"] = frames["products"].with_columns(category=pl.lit("bread"), introduced_on=introduced)
    return frames


def forecast(frames: Any) -> pl.DataFrame:
    return forecast_demand(cells("t"), frames)["demand_forecasts"].filter(product_id="new")


def test_the_forecast_is_tempered_by_how_new_products_begin() -> None:
    """The median of 20, 40, 60 and 10 is 30. One began at 10, a third of it, and three count as if they had begun as
    others sell: (3 + 1/3) / 4 = 5/6, and 30 x 5/6 = 25."""
    made = forecast(breads({"a": 20.0, "b": 40.0, "c": 60.0}, d=(40, 10.0)))
    assert made["yhat"].to_list() == pytest.approx([25.0] * 7, rel=1e-4)
    terms = json.loads(made["reasoning"][0])["category_level"]
    assert terms == {
        "category": "bread", "introduced_on": PLAN.isoformat(), "median": 30.0, "products": 4,
        "start_factor": pytest.approx(5 / 6, abs=1e-5),
    }  # fmt: skip


def test_each_shop_has_the_level_of_its_own_and_one_that_sells_few_of_the_category_has_none() -> None:
    frames = breads({"a": 20.0, "b": 40.0, "c": 60.0})
    east = [sale("t", name, day, level, shop="east") for name, level in {"a": 2.0, "b": 4.0, "c": 6.0}.items()
            for day in days_before(84)]  # fmt: skip
    west = [sale("t", "a", day, 9.0, shop="west") for day in days_before(84)]
    frames["sales"] = pl.concat([frames["sales"], facts(sales=[*east, *west])["sales"]])
    made = forecast(frames)
    assert made.group_by("location_id").agg(pl.col("yhat").first()).sort("location_id").rows() == [
        ("east", 4.0),
        ("main", 40.0),
    ]


def test_two_products_are_no_category() -> None:
    made = forecast(breads({"a": 20.0, "b": 40.0}))
    assert (made["model"].unique().to_list(), made["yhat"].sum()) == (["no_history"], 0)


@settings(max_examples=12)  # a forecast each
@given(levels=st.lists(st.floats(1.0, 200.0), min_size=3, max_size=6))
def test_the_level_lies_within_the_category_and_within_its_band(levels: list[float]) -> None:
    made = forecast(breads({f"b{number}": float(round(level)) for number, level in enumerate(levels)}, 35))
    assert made.height == 7
    assert made["yhat"].is_between(round(min(levels)) - 0.01, round(max(levels)) + 0.01).all()
    for lower, upper in (
        ("q10", "q50"),
        ("q50", "q80"),
        ("q80", "q90"),
        ("q90", "q95"),
        ("q10", "yhat"),
        ("yhat", "q90"),
    ):
        assert (made[lower] <= made[upper] + 1e-6).all(), (lower, upper)
