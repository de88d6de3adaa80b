"""Of which ingredients it is known what is there: those of bakeries that record supply, and those just counted."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bakery_assets.materials.recorded_supply import RecordedSupply, unknown_ingredients
from bakery_assets.schemas import Cells, ops
from tests.scenarios import filled

NOW = datetime(2026, 1, 5, 3, tzinfo=UTC)
Row = dict[str, Any]


def unknown(**facts: list[Row]) -> list[str]:
    """The ingredients of a bakery in UTC, which has flour and butter, that are not known."""
    own = {"tenant_id": "b", "recorded_at": NOW}
    cells = filled(Cells, [{"tenant_id": "b", "timezone": "UTC", "plan_date": NOW.date(), "planned_as_of": NOW}])
    ingredients = filled(ops.Ingredients, [{"tenant_id": "b", "ingredient_id": name} for name in ("butter", "flour")])
    tables = {
        name: filled(schema, [own | row for row in facts.get(name, [])])
        for name, schema in (
            ("stock_lots", ops.StockLots), ("stock_receipts", ops.StockReceipts), ("purchase_orders", ops.PurchaseOrders)
        )
    }  # fmt: skip
    return unknown_ingredients(cells, ingredients, RecordedSupply(**tables))["ingredient_id"].to_list()  # type: ignore[typeddict-item]


def test_a_bakery_that_records_nothing_has_unknown_stock() -> None:
    assert unknown() == ["butter", "flour"]


@pytest.mark.parametrize(("days", "expected"), [(27, []), (29, ["butter", "flour"])])
def test_a_receipt_or_an_order_within_28_days_tells_of_all_stock(days: int, expected: list[str]) -> None:
    then = NOW - timedelta(days=days)
    assert unknown(stock_receipts=[{"ingredient_id": "flour", "received_at": then}]) == expected
    order = {"ingredient_id": "flour", "expected_from": then, "expected_to": then, "ordered_at": then}
    assert unknown(purchase_orders=[order]) == expected


@pytest.mark.parametrize(("hours", "expected"), [(1, ["butter"]), (20, ["butter"]), (60, ["butter", "flour"])])
def test_a_count_tells_of_its_own_ingredient_on_its_day_and_the_next(hours: int, expected: list[str]) -> None:
    assert unknown(stock_lots=[{"ingredient_id": "flour", "counted_at": NOW - timedelta(hours=hours)}]) == expected
