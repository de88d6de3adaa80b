"""Variance of lead times from what has come, by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from bakery_assets.procurement.safety_stock import lead_time_variances
from bakery_assets.schemas import ops
from tests.scenarios import filled

DUE = datetime(2026, 1, 5, 10, tzinfo=UTC)


def test_a_supplier_with_few_receipts_is_shrunk_towards_all_of_the_bakery() -> None:
    late_by = {"mill": [0, 2, 0, 2, 0, 2], "dairy": [1]}
    lines = [(name, f"{name}{number}", days) for name, late in late_by.items() for number, days in enumerate(late)]
    own = {"tenant_id": "bakery", "ingredient_id": "flour", "recorded_at": DUE}
    orders = [
        {**own, "order_id": order, "supplier_id": name, "quantity": 1.0, "expected_from": DUE, "expected_to": DUE,
         "ordered_at": DUE}
        for name, order, _ in lines
    ]  # fmt: skip
    receipts = [
        {**own, "receipt_id": order, "lot_id": order, "order_id": order, "quantity": 1.0,
         "received_at": DUE + timedelta(days=days)}
        for _, order, days in lines
    ]  # fmt: skip
    found = lead_time_variances(filled(ops.PurchaseOrders, orders), filled(ops.StockReceipts, receipts))
    # Of 0, 2, 0, 2, 0, 2 the variance is 6 / 5; with the dairy's 1 among them it is 6 / 6.
    assert dict(found.select("supplier_id", "lead_time_variance").iter_rows()) == pytest.approx(
        {"mill": (6 * 1.2 + 5 * 1.0) / 11, "dairy": (0 * 1 + 5 * 1.0) / 6}, abs=1e-6
    )


def test_without_receipts_no_variance_is_known() -> None:
    assert lead_time_variances(filled(ops.PurchaseOrders, []), filled(ops.StockReceipts, [])).is_empty()
