"""How safe an ingredient is to be, from what a missing unit loses and what one too much costs, by hand."""

import polars as pl
import pytest

from bakery_assets.materials.ingredient_use import UsePerUnit
from bakery_assets.procurement.service_levels import keeping_cost, margin_per_unit, service_level
from bakery_assets.schemas import ops, plans
from tests.scenarios import filled


def test_a_missing_unit_loses_the_margin_of_what_is_baked_of_it() -> None:
    """100 rolls take 10 kg of butter and earn 1.00 each, 10 cakes take 5 kg and earn 10.00: 200.00 for 15 kg. Of the tarts
    their cost is not known."""
    products = [("roll", 2.0, 1.0, 100.0, 0.1), ("cake", 25.0, 15.0, 10.0, 0.5), ("tart", 9.0, None, 50.0, 0.2)]
    own = {"tenant_id": "bakery"}
    found = margin_per_unit(
        filled(plans.DemandForecasts, [own | {"product_id": row[0], "yhat": row[3]} for row in products]),
        filled(UsePerUnit, [own | {"product_id": row[0], "ingredient_id": "butter", "quantity_per": row[4]} for row in products]),
        filled(ops.Products, [own | {"product_id": row[0], "price": row[1], "unit_cost": row[2]} for row in products]),
    )  # fmt: skip
    assert found.rows() == [("bakery", "butter", pytest.approx(200 / 15, abs=1e-6))]


@pytest.mark.parametrize(
    ("margin", "price", "review_days", "shelf_life", "chosen", "level"),
    [
        (100.0, 1.0, 3.65, None, None, 0.9999),  # salt: 0.0025 to keep until the next delivery
        (2.0, 1.0, 7.3, None, None, 0.9975),  # flour: 0.005 to keep, 2 / 2.005
        (6.0, 4.0, 2.0, 4, None, 0.7495),  # cream: half of its life, 2.00, and 0.0055 to keep
        (1.0, 4.0, 7.0, 4, None, 0.5),  # not worth it: 4.02 is lost on each that is too much
        (6.0, 4.0, 2.0, 4, 0.9, 0.9),  # the tenant says how safe
        (None, 4.0, 2.0, 4, None, 0.95),  # what it loses is not known
    ],
)
def test_the_level_is_what_a_missing_unit_loses_over_that_and_what_one_too_much_costs(
    margin: float | None,
    price: float,
    review_days: float,
    shelf_life: int | None,
    chosen: float | None,
    level: float,
) -> None:
    row = {"margin_per_unit": margin, "unit_price": price, "review_days": review_days, "shelf_life_days": shelf_life,
           "safety_stock_level": chosen, "holding_rate": 0.25}  # fmt: skip
    kinds = dict.fromkeys(row, pl.Float64) | {"shelf_life_days": pl.Int64}
    costed = pl.DataFrame([row], schema=kinds).with_columns(keeping_cost=keeping_cost())
    assert costed.select(service_level()).item() == pytest.approx(level)
