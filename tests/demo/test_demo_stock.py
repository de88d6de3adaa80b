"""Demo stock and orders: counted last, enough of most things, and a few that need a person."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bakery_assets.demo.catalogue import Bakery, demo_bakeries

Tables = Mapping[str, list[dict[str, str]]]
TENANTS = [bakery.tenant.tenant_id for bakery in demo_bakeries()]
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
each_bakery = pytest.mark.parametrize("bakery", demo_bakeries(), ids=TENANTS)


def _of(demo: Tables, name: str, bakery: Bakery) -> list[dict[str, str]]:
    return [row for row in demo[name] if row["tenant_id"] == bakery.tenant.tenant_id]


def _local_date(bakery: Bakery, instant: str) -> date:
    return datetime.fromisoformat(instant).astimezone(ZoneInfo(bakery.tenant.timezone)).date()


@each_bakery
def test_one_ingredient_is_nearly_out_and_of_the_others_there_is_more_than_a_day(demo: Tables, bakery: Bakery) -> None:
    stock: dict[str, float] = defaultdict(float)
    for row in _of(demo, "stock_lots", bakery):
        if row["ingredient_id"]:
            stock[row["ingredient_id"]] += float(row["quantity"])
    use = bakery.daily_use()
    assert set(stock) == set(use)
    short = {item for item, daily in use.items() if stock[item] < daily}
    assert short == {bakery.store.running_out}
    assert all(stock[item] < 25 * daily + 1 for item, daily in use.items())


@each_bakery
def test_one_lot_expires_tomorrow_with_more_in_it_than_two_days_use(
    demo: Tables, plan_dates: Mapping[str, date], bakery: Bakery
) -> None:
    plan_date = plan_dates[bakery.tenant.tenant_id]
    lots = [row for row in _of(demo, "stock_lots", bakery) if row["ingredient_id"]]
    assert all(date.fromisoformat(row["expires_on"]) > plan_date for row in lots)
    tomorrow = (plan_date + timedelta(days=1)).isoformat()
    use = bakery.daily_use()
    left_over = {
        row["ingredient_id"]
        for row in lots if row["expires_on"] == tomorrow and float(row["quantity"]) > 2.5 * use[row["ingredient_id"]]
    }  # fmt: skip
    assert bakery.store.expiring in left_over


@each_bakery
def test_some_product_that_keeps_is_left_on_the_shelf(
    demo: Tables, plan_dates: Mapping[str, date], bakery: Bakery
) -> None:
    shelf = [row for row in _of(demo, "stock_lots", bakery) if row["product_id"] and float(row["quantity"]) > 0]
    assert shelf
    for row in shelf:
        assert bakery.products[row["product_id"]].life > 1
        assert date.fromisoformat(row["expires_on"]) >= plan_dates[bakery.tenant.tenant_id]


@each_bakery
def test_the_count_is_newer_than_every_delivery_and_waste(demo: Tables, bakery: Bakery) -> None:
    counted = {row["recorded_at"] for row in _of(demo, "stock_lots", bakery)}
    assert len(counted) == 1
    moved = [*_of(demo, "stock_receipts", bakery), *_of(demo, "waste", bakery)]
    assert moved
    assert max(row["recorded_at"] for row in moved) < min(counted)
    lots = {row["lot_id"] for row in _of(demo, "stock_lots", bakery)}
    assert {row["lot_id"] for row in _of(demo, "stock_receipts", bakery)} <= lots


@each_bakery
def test_past_standing_orders_have_come_and_the_open_ones_come_on_the_suppliers_days(
    demo: Tables, plan_dates: Mapping[str, date], bakery: Bakery
) -> None:
    plan_date = plan_dates[bakery.tenant.tenant_id]
    received = {
        (row["order_id"], row["ingredient_id"]): row["quantity"]
        for row in _of(demo, "stock_receipts", bakery) if row["order_id"]
    }  # fmt: skip
    orders = _of(demo, "purchase_orders", bakery)
    past = {
        (row["order_id"], row["ingredient_id"]): row["quantity"]
        for row in orders if _local_date(bakery, row["expected_from"]) < plan_date
    }  # fmt: skip
    assert past == received
    coming = [row for row in orders if _local_date(bakery, row["expected_from"]) >= plan_date]
    assert 1 <= len(coming) <= 10
    for row in orders:
        day = _local_date(bakery, row["expected_from"])
        assert WEEKDAYS[day.weekday()] in bakery.suppliers[row["supplier_id"]].delivers
        assert row["ordered_at"] < row["expected_from"] < row["expected_to"]
        pack = bakery.ingredients[row["ingredient_id"]].sold_by[row["supplier_id"]].pack
        assert float(row["quantity"]) / pack == pytest.approx(round(float(row["quantity"]) / pack))


@each_bakery
def test_customers_have_ordered_ahead_and_one_of_them_much(
    demo: Tables, plan_dates: Mapping[str, date], bakery: Bakery
) -> None:
    plan_date = plan_dates[bakery.tenant.tenant_id]
    due = {row["order_id"]: date.fromisoformat(row["due_date"]) for row in _of(demo, "customer_orders", bakery)}
    weekly = bakery.trade.standing_customer
    large = [
        row for row in _of(demo, "customer_orders", bakery)
        if plan_date <= due[row["order_id"]] < plan_date + timedelta(days=7) and int(row["quantity"]) == weekly.quantity
    ]  # fmt: skip
    assert [row["product_id"] for row in large] == [weekly.product]
    assert weekly.quantity > 0.25 * bakery.products[weekly.product].sells
    assert max(due.values()) > plan_date
