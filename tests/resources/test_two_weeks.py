"""Two weeks in a bakery that records what it sells and what is delivered, and nothing of its baking."""

from datetime import UTC, date, datetime, time, timedelta

import polars as pl
import pytest

from bakery_assets.cells import Cell
from resources.warehouse import Warehouse
from tests.bakeries import DAY, bakery, insert
from tests.publishing import plan

KG_PER_BAGUETTE = 3.0 * 0.6 / 10  # 3 kg of dough of 0.6 kg flour each make ten


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), UTC)


def early_bakery() -> dict[str, list[dict[str, object]]]:
    """One that plans at 02:30 in Paris and works from 04:00, with an oven for 48 baguettes."""
    facts = {name: list(map(dict, rows)) for name, rows in bakery("b").items()}
    facts["tenants"][0]["planning_time"] = time(2, 30)
    facts["products"][0]["batch_max"] = 48.0
    own = {"tenant_id": "b"}
    facts["shifts"] = [
        {**own, "shift_id": "early", "weekday": weekday, "starts_at": time(4), "ends_at": time(12), "staff": 1}
        for weekday in range(1, 8)
    ]
    bake = {"recipe_id": "baguette", "step_number": 1, "name": "Bake", "equipment_kind": "oven"}
    facts["production_steps"] = [{**own, **bake, "duration_minutes": 20.0}]
    facts["equipment"] = [{**own, "equipment_id": "oven", "name": "Oven", "kind": "oven", "capacity": 48.0}]
    return facts


def test_the_book_says_every_morning_what_is_in_the_house(warehouse: Warehouse) -> None:
    insert(warehouse, **early_bakery())
    in_the_house, to_come = 60.0, dict[date, float]()
    for day in (DAY + timedelta(days=offset) for offset in range(14)):
        batches = plan(warehouse, Cell("b", day), at(day, 1, 35))["production_batches"].filter(
            pl.col("schedule_date") == day
        )
        with warehouse.bulk() as bulk:
            of_day = f"tenant_id = 'b' AND plan_date = '{day}'"
            book = bulk.read(
                f"SELECT sum(quantity) AS kg FROM plans.stock_balances WHERE {of_day} AND item_id = 'flour'"
            )
            orders = bulk.read(
                f"SELECT planned_order_quantity AS kg, deliver_on FROM plans.procurement_requirements WHERE {of_day}"
                " AND ingredient_id = 'flour' AND planned_order_quantity > 0 AND order_by::date = plan_date"
            )
        assert book.item() == pytest.approx(in_the_house), day
        assert not batches["is_carried_over"].any()
        assert not batches["is_late"].any()
        baked = batches["quantity_planned"].sum()
        in_the_house -= baked * KG_PER_BAGUETTE
        assert in_the_house >= 0, "what is planned can be baked"
        line = {"tenant_id": "b", "ingredient_id": "flour"}
        for kg, arrives in orders.iter_rows():
            to_come[arrives] = to_come.get(arrives, 0.0) + kg
            window = {"expected_from": at(arrives, 6), "expected_to": at(arrives, 7)}
            given = {"order_id": f"{day}", "supplier_id": "mill", "ordered_at": at(day, 10), "recorded_at": at(day, 10)}
            insert(warehouse, purchase_orders=[{**line, **given, **window, "quantity": kg}])
        if day in to_come:
            in_the_house += to_come[day]
            came = {"receipt_id": f"{day}", "lot_id": f"{day}", "location_id": "main", "quantity": to_come[day]}
            insert(
                warehouse,
                stock_receipts=[{**line, **came, "received_at": at(day, 6, 30), "recorded_at": at(day, 6, 30)}],
            )
        asked = 100.0 + 7 * (day.day % 5 - 2) + (40 if day.isoweekday() > 5 else 0)
        sold = {"product_id": "baguette", "sales_date": day, "location_id": "main", "quantity": min(asked, baked)}
        insert(warehouse, sales=[{"tenant_id": "b", **sold, "recorded_at": at(day, 20)}])
