"""What a policy's days came to, worked out by hand."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from bakery_assets.materials.ingredient_use import UsePerUnit
from bakery_assets.replay.supply.demand import DrawnDemand
from bakery_assets.replay.supply.figures import by_bakery, lost_products, over_bakeries
from bakery_assets.replay.supply.storerooms import Flow
from bakery_assets.schemas import conform, ops
from tests.scenarios import filled

MONDAY, TUESDAY = date(2026, 1, 5), date(2026, 1, 6)
ITEMS = pl.DataFrame(
    {
        "tenant_id": "system/a",
        "ingredient_id": ["butter", "flour"],
        "row": [0, 1],
        "unit_value": [8.0, 1.0],
        "currency": "EUR",
    }
)
# Two days: of 10 kg of butter 7 are there on Tuesday; 20 kg of flour are used, of which the plan pays 1.50 for 10.
FLOW = Flow(
    opening=np.array([[12.0, 2.0], [30.0, 20.0]]),
    received=np.array([[0.0, 5.0], [0.0, 10.0]]),
    used=np.array([[10.0, 7.0], [10.0, 10.0]]),
    unmet=np.array([[0.0, 3.0], [0.0, 0.0]]),
    expired=np.array([[0.0, 0.0], [0.0, 5.0]]),
    closing=np.array([[2.0, 0.0], [20.0, 15.0]]),
    paid=np.array([[0.0, 40.0], [0.0, 15.0]]),
)  # fmt: skip
DEMAND = conform(DrawnDemand, pl.DataFrame(
    [{"tenant_id": "system/a", "product_id": product, "date": day, "demand": 100.0}
     for product in ("croissant", "loaf") for day in (MONDAY, TUESDAY)]
))  # fmt: skip
USED = conform(UsePerUnit, pl.DataFrame(
    [{"tenant_id": "system/a", "product_id": product, "ingredient_id": item, "quantity_per": 0.1}
     for product, item in (("croissant", "butter"), ("croissant", "flour"), ("loaf", "flour"))]
))  # fmt: skip
PRODUCTS = conform(ops.Products, filled(ops.Products, [
    {"tenant_id": "system/a", "product_id": product, "unit": "piece", "price": 1.5, "unit_cost": 0.5} for product in ("croissant", "loaf")
]))  # fmt: skip
LINES = pl.DataFrame(
    {"tenant_id": "system/a", "supplier_id": ["mill", "dairy", "dairy"], "deliver_on": [TUESDAY, TUESDAY, TUESDAY]}
)


def test_of_what_is_made_with_what_falls_short_the_same_share_is_lost() -> None:
    lost = lost_products(ITEMS, FLOW, DEMAND, USED, [MONDAY, TUESDAY])
    assert lost.select("product_id", "demand", "lost").rows() == [("croissant", 200.0, 30.0), ("loaf", 200.0, 0.0)]


def test_service_waste_stock_and_cost_of_a_bakery() -> None:
    lost = lost_products(ITEMS, FLOW, DEMAND, USED, [MONDAY, TUESDAY])
    [row] = by_bakery(ITEMS, FLOW, LINES, lost, PRODUCTS).to_dicts()
    # Required: 20 kg of butter and 20 of flour, 180.00; 24.00 of it fell short.
    assert (row["policy"], row["bakery"], row["required"]) == ("system", "a", 180.0)
    assert row["fill_rate"] == pytest.approx(156 / 180)
    assert row["lost_share"] == pytest.approx(30 / 400)
    # 50.00 came, 5.00 expired; in the evenings there were 36.00 and 15.00.
    assert row["expired_share"] == pytest.approx(0.1)
    assert row["stock_days"] == pytest.approx(25.5 * 2 / 180)
    assert row["orders_a_week"] == pytest.approx(7.0)
    # Paid 55.00, and stock fell from 126.00 to 15.00; 5.00 of that expired. What was used is worth 156.00: 5.00 too dear.
    assert (row["purchase"], row["waste"], row["lost_margin"]) == (161.0, 5.0, 30.0)
    assert row["holding"] == pytest.approx(0.25 * 25.5 * 2 / 365, abs=0.005)
    assert row["inventory_cost"] == pytest.approx(5.0 + 30.0 + 0.03 + 5.0, abs=0.01)
    assert row["cost"] == pytest.approx(161.0 + 5.0 + 30.0 + 0.03, abs=0.01)


def test_bakeries_of_any_currency_count_alike() -> None:
    lost = lost_products(ITEMS, FLOW, DEMAND, USED, [MONDAY, TUESDAY])
    one = by_bakery(ITEMS, FLOW, LINES, lost, PRODUCTS)
    dear = one.with_columns(bakery=pl.lit("b"), currency=pl.lit("NPR"), fill_rate=1.0,
                            **{name: pl.col(name) * 150 for name in ("required", "waste")})  # fmt: skip
    [both] = over_bakeries(pl.concat([one, dear])).to_dicts()
    assert both["bakeries"] == 2
    assert both["waste"] == pytest.approx(100 * 5 / 180, abs=1e-6)
    assert both["fill_rate"] == pytest.approx((156 / 180 + 1) / 2, abs=1e-6)
