"""The critical ratio of products: their own money, the usual margin of their bakery, and what makes no sense."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakery_assets.newsvendor.critical_ratio import DEFAULT_MARGIN, critical_ratio, critical_ratios
from bakery_assets.schemas import conform, ops
from tests.scenarios import filled

Money = float | None
money = st.floats(0.01, 100)


def ratio(price: float, cost: float, salvage: float) -> float:
    return float(pl.select(critical_ratio(pl.lit(price), pl.lit(cost), pl.lit(salvage))).item())


def ratios(*products: tuple[str, Money, Money, Money]) -> dict[str, tuple[float, str]]:
    """Ratio, and whose margin it is, of products with price, cost and salvage value."""
    found = [
        {
            "tenant_id": "bakery", "product_id": name, "unit": "piece", "shelf_life_days": 1,
            "price": price, "unit_cost": cost, "salvage_value": salvage,
        }
        for name, price, cost, salvage in products
    ]  # fmt: skip
    rows = critical_ratios(conform(ops.Products, filled(ops.Products, found)))
    return {
        name: (each, source) for name, each, source in rows.select("product_id", "critical_ratio", "margin_from").rows()
    }


def test_a_loaf_of_four_that_costs_one_has_a_ratio_of_three_quarters() -> None:
    assert ratio(4, 1, 0) == 0.75
    assert ratio(4, 1, 0.5) == pytest.approx(3 / 3.5), "what is left still sells for half"


def test_what_sells_at_its_cost_or_below_has_no_reason_to_be_there() -> None:
    assert (ratio(2, 2, 0), ratio(2, 3, 0), ratio(2, 3, 5)) == (0, 0, 0)


def test_what_is_worth_its_cost_unsold_can_never_be_too_much() -> None:
    assert (ratio(4, 1, 1), ratio(4, 1, 9)) == (1, 1)


def test_a_missing_cost_or_price_is_filled_in_by_the_usual_margin() -> None:
    # Margins 0.75, 0.5 and 0.6: the median is 0.6. What sells below its cost is no measure.
    found = ratios(
        ("bread", 4, 1, None), ("cake", 30, 15, None), ("rolls", 0.5, 0.2, None), ("slip", 1, 12, None),
        ("no-cost", 5, None, 1.0), ("no-price", None, 2, None), ("neither", None, None, None), ("zero", 0, 0, None),
    )  # fmt: skip
    # 5 costs 2 at that margin: 3 over 4, as a leftover brings 1.
    assert found["no-cost"] == (0.75, "usual")
    assert found["no-price"] == found["neither"] == found["zero"] == (0.6, "usual")
    assert found["slip"] == (0, "own")
    assert found["bread"] == (0.75, "own")


def test_a_bakery_that_gives_no_money_at_all_has_the_default_margin() -> None:
    assert ratios(("bread", None, None, None)) == {"bread": (DEFAULT_MARGIN, "default")}
    assert ratios(("bread", 4, None, None))["bread"] == (DEFAULT_MARGIN, "default")


def test_a_bakery_has_its_own_usual_margin() -> None:
    rows = [
        {
            "tenant_id": tenant,
            "product_id": name,
            "unit": "piece",
            "shelf_life_days": 1,
            "price": 10.0,
            "unit_cost": cost,
        }
        for tenant, name, cost in (("a", "one", 2.0), ("a", "two", None), ("b", "one", 5.0), ("b", "two", None))
    ]
    found = critical_ratios(conform(ops.Products, filled(ops.Products, rows)))
    assert found["critical_ratio"].to_list() == [0.8, 0.8, 0.5, 0.5]


@given(money, money, money, st.floats(0, 50))
@settings(deadline=None)
def test_the_ratio_rises_with_price_and_salvage_and_falls_with_cost(
    price: float, cost: float, salvage: float, more: float
) -> None:
    own = ratio(price, cost, salvage)
    assert 0 <= own <= 1
    assert ratio(price + more, cost, salvage) >= own - 1e-12
    assert ratio(price, cost, salvage + more) >= own - 1e-12
    assert ratio(price, cost + more, salvage) <= own + 1e-12


@given(money, money, money, st.floats(0.01, 100))
@settings(deadline=None)
def test_the_currency_does_not_matter(price: float, cost: float, salvage: float, factor: float) -> None:
    if min(abs(price - cost), abs(salvage - cost)) > 1e-6:
        assert ratio(price * factor, cost * factor, salvage * factor) == pytest.approx(ratio(price, cost, salvage))
