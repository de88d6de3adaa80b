"""What a unit is worth: the cheapest offer in the bakery's own currency, a product's cost, and never a sum of two."""

from bakery_assets.materials.unit_values import ValueInputs, unit_values
from bakery_assets.schemas import ops
from tests.scenarios import filled


def test_only_prices_in_the_own_currency_are_values() -> None:
    own = {"tenant_id": "b"}
    suppliers = [
        own | {"supplier_id": name, "currency": currency}
        for name, currency in (("mill", "EUR"), ("near", None), ("abroad", "CHF"))
    ]
    items = [
        own | {"supplier_id": supplier, "ingredient_id": ingredient, "price": price}
        for supplier, ingredient, price in (
            ("mill", "flour", 0.9), ("near", "flour", 0.8), ("abroad", "flour", 0.5), ("abroad", "saffron", 3.0)
        )
    ]  # fmt: skip
    products = [
        own | {"product_id": "loaf", "price": 4.0, "unit_cost": 1.5}, own | {"product_id": "roll", "price": 1.0}
    ]  # fmt: skip
    values = unit_values(
        ValueInputs(
            tenants=filled(ops.Tenants, [own | {"currency": "EUR"}]),
            products=filled(ops.Products, products),
            suppliers=filled(ops.Suppliers, suppliers),
            supplier_items=filled(ops.SupplierItems, items),
        )
    )
    assert values.select("item_id", "unit_value").rows() == [("flour", 0.8), ("loaf", 1.5)]
