"""A day's demand against the stock that may be used on it."""

from datetime import date

from bakery_assets.materials.items import ItemQuantities
from bakery_assets.materials.stock import StockOnHand
from bakery_assets.materials.targets import DailyTargets
from bakery_assets.production.netting import net_requirements
from bakery_assets.schemas import ops
from tests.scenarios import filled

DAY = {
    "tenant_id": "bakery", "schedule_date": date(2026, 1, 5), "unit": "piece", "basis": "newsvendor",
    "days_covered": 1, "shelf_life_days": 1,
}  # fmt: skip


def test_stock_and_what_begun_batches_add_reduce_the_days_demand() -> None:
    """Rolls: 90 expected, 100 to be ready, 30 in two lots and 25 of a begun batch. Cakes: 4 expected, 5 to be ready, 6
    there, of which 2 are left. Pies: closed, 9 ordered."""
    targets = filled(
        DailyTargets,
        [
            {**DAY, "product_id": "roll", "is_open": True, "forecast": 90.0, "demand": 90.0, "target": 100.0},
            {**DAY, "product_id": "cake", "is_open": True, "forecast": 4.0, "demand": 4.0, "target": 5.0},
            {**DAY, "product_id": "pie", "is_open": False, "orders": 9.0, "demand": 9.0, "firm": 9.0, "target": 9.0},
        ],
    )
    lots = (("roll", "old", 10.0), ("roll", "new", 20.0), ("roll", "begun", 15.0), ("roll", "next", 10.0), ("cake", "c", 6.0), ("pie", "p", 2.0))  # fmt: skip
    usable = filled(
        StockOnHand,
        [
            {"tenant_id": "bakery", "item_kind": "product", "item_id": item, "lot_id": lot, "quantity": quantity,
             "last_usable_day": day}
            for day, (item, lot, quantity) in enumerate(lots)
        ],
    )  # fmt: skip
    begun = {"tenant_id": "bakery", "item_kind": "product", "item_id": "roll"}
    carried = filled(ItemQuantities, [{**begun, "quantity": 15.0}, {**begun, "quantity": 10.0}])
    products = filled(
        ops.Products,
        [
            {"tenant_id": "bakery", "product_id": name, "unit": "piece", "shelf_life_days": 1}
            for name in ("roll", "cake", "pie")
        ],
    )
    net, left = net_requirements(targets, usable, carried, products)
    columns = ("product_id", "stock_usable", "carried_over", "stock_used", "net_requirement", "unmet")
    assert net.select(columns).sort("product_id").rows() == [
        ("cake", 6.0, 0.0, 5.0, 0.0, 0.0),
        ("pie", 2.0, 0.0, 2.0, 0.0, 7.0),
        ("roll", 55.0, 25.0, 55.0, 45.0, 0.0),
    ]
    assert left.select("item_id", "lot_id", "quantity").rows() == [("cake", "c", 2.0)]
