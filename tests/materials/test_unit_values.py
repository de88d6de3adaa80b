"""What a unit is worth: the cheapest offer of which the price in the own currency is known, a product's cost."""

from datetime import UTC, date, datetime

import polars as pl

from bakery_assets.materials.unit_values import ValueInputs, unit_values
from bakery_assets.schemas import Cells, conform, ops
from tests.scenarios import filled


def test_prices_count_in_the_own_currency_or_by_a_rate() -> None:
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
    day = datetime(2026, 1, 5, 4, tzinfo=UTC)
    cells = conform(Cells, pl.DataFrame([("b", day.date(), "Europe/Berlin", day)], pl.Schema(Cells), orient="row"))

    def values(*rates: float) -> list[tuple[str, float]]:
        known = [
            own | {"currency": "CHF", "date": date(2026, 1, 2), "rate": rate, "recorded_at": day} for rate in rates
        ]
        inputs = ValueInputs(
            tenant_settings=conform(ops.TenantSettings, filled(ops.TenantSettings, [])),
            exchange_rates=conform(ops.ExchangeRates, filled(ops.ExchangeRates, known)),
            tenants=filled(ops.Tenants, [own | {"currency": "EUR"}]),
            products=filled(ops.Products, products),
            suppliers=filled(ops.Suppliers, suppliers),
            supplier_items=filled(ops.SupplierItems, items),
        )
        return unit_values(cells, inputs).select("item_id", "unit_value").rows()

    assert values() == [("flour", 0.8), ("loaf", 1.5)], "francs are worth nothing that is known"
    assert values(1.1) == [("flour", 0.55), ("saffron", 3.3), ("loaf", 1.5)]
