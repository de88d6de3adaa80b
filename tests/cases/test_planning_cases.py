"""The small bakeries with one trouble each that others wrote, loaded from their files and planned on the database.

What is right for each is in the README of their folder. Those about capacity in time are planned here, too, and not
checked. What alerts say is checked as text in ``scenarios``.
"""

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from bakery_assets.cells import Cell, Frames
from bakery_assets.planning_day import STAGES, PlanningRound, facts_and_plans_read
from resources.warehouse import Warehouse, read_plans, read_snapshot, replace_plans
from resources.warehouse.decisions import settle_decisions
from resources.warehouse.intake import load_folder
from resources.warehouse.planning_runs import begin
from tests.bakeries import insert, rows
from tests.scenarios import NO_BUFFER

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "cases" / "planning"
LOADED_AT = datetime(2026, 1, 4, 21, tzinfo=UTC)

ORDERS = {  # ingredient, supplier, quantity, currency, order by (UTC), delivery
    "d01-expired": [("flour", "sup", 10, "EUR", "01-07 18:00", "01-08")],
    "d02-partial": [],
    "d02b-partial-overdue": [("flour", "sup", 60, "EUR", "01-07 18:00", "01-08")],
    "d03-negative": [("flour", "sup", 10, "EUR", "01-05 18:00", "01-06")],
    "d06-units": [("flour", "sup", 27_000, "EUR", "01-05 18:00", "01-06")],
    "d08-price0": [("flour", "sup", 10, "EUR", "01-05 18:00", "01-06")],
    "d09-currency": [
        ("flour", "s1", 10, "EUR", "01-05 18:00", "01-06"),
        ("oil", "s2", 10, "JPY", "01-05 18:00", "01-06"),
    ],
    "d09b-currency-cheapest": [("oil", "s1", 10, "EUR", "01-05 18:00", "01-06")],
    "d18-min-order-value": [("flour", "sup", 10, "EUR", "01-05 18:00", "01-06")],
    "d19-reliability": [("flour", "good", 10, "EUR", "01-06 18:00", "01-07")],
    "d25-po-in-other-unit": [],
}
TOTALS = {  # in the tenant's currency, and in others
    "d08-price0": (0, None),
    "d09-currency": (20, "3,000.00 JPY"),
    "d09b-currency-cheapest": (30, None),
}


def on_monday(warehouse: Warehouse) -> None:
    """All the bakeries, loaded on Sunday evening, and planned on Monday 5 January at 03:00."""
    if not FOLDER.is_dir():
        pytest.skip(f"the planning cases are not at {FOLDER}")
    load_folder(warehouse, FOLDER / "day1", now=LOADED_AT)
    plain = {"tenant_id": "d22-count-age", "valid_from": date(2026, 1, 1)}  # 10 kg a day are what is expected
    settings = [{**plain, "key": key, "value": value} for key, value in NO_BUFFER.items()]
    insert(warehouse, tenant_settings=settings)
    plan_all(warehouse, date(2026, 1, 5))


pytestmark = pytest.mark.filled(by=on_monday)


def plan_all(warehouse: Warehouse, day: date) -> Frames:
    """Plan every bakery's day as a wave would, and publish it two minutes after its planning instant."""
    cells = [Cell(tenant, day) for (tenant,) in rows(warehouse, "SELECT tenant_id FROM ops.tenants ORDER BY 1")]
    instant = datetime(day.year, day.month, day.day, 3, tzinfo=UTC)
    begin(warehouse, cells, instant, "run")
    facts, plans = facts_and_plans_read(STAGES)
    planned, known = read_snapshot(warehouse, cells, facts, 1_200).of(cells)
    made = PlanningRound.start(planned, known, read_plans(warehouse, planned, plans))
    for stage in STAGES:
        made = made.run(stage)
    assert not made.failed
    tables = made.output_tables()
    published_at = instant.replace(minute=2)
    replace_plans(warehouse, planned, tables, {}, written=made.writes, finished_at=published_at, run_id="run")
    return tables


def test_each_bakery_orders_what_is_right_for_it(warehouse: Warehouse) -> None:
    found: dict[str, list[tuple[object, ...]]] = {case: [] for case in ORDERS}
    for tenant, *order in rows(
        warehouse,
        "SELECT tenant_id, ingredient_id, supplier_id, planned_order_quantity, currency, to_char(order_by AT TIME ZONE"
        " 'UTC', 'MM-DD HH24:MI'), to_char(deliver_on, 'MM-DD') FROM plans.procurement_requirements"
        " WHERE planned_order_quantity > 0 ORDER BY tenant_id, ingredient_id, order_by",
    ):
        if tenant in found:
            found[tenant].append(tuple(order))
    assert found == ORDERS


def test_costs_in_currencies_without_a_rate_are_never_added(warehouse: Warehouse) -> None:
    costs = rows(warehouse, "SELECT tenant_id, total_cost, costs_in_other_currencies FROM plans.procurement_plans")
    assert {tenant: tuple(cost) for tenant, *cost in costs if tenant in TOTALS} == TOTALS


def test_what_cannot_be_true_is_refused_with_its_reason(warehouse: Warehouse) -> None:
    refused = rows(
        warehouse,
        "SELECT tenant_id, file, column_name, reason FROM ops.quarantine WHERE file <> 'recipe_lines.csv' ORDER BY 1",
    )
    assert refused == [
        ("d03-negative", "stock_lots.csv", "quantity", "quantity is '-5'; quantity is negative, at least 0 is expected"),
        (
            "d07-yield0", "recipes.csv", "yield_quantity",
            "yield_quantity is '0'; yield_quantity is too small, at least 1e-06 is expected",
        ),
        ("d07b-loss1", "recipes.csv", "loss_fraction", "loss_fraction is '1'; loss_fraction is too large, at most 0.99 is expected"),
    ]  # fmt: skip


def test_an_overdue_order_is_reported_whether_it_still_counts_or_not(warehouse: Warehouse) -> None:
    found = rows(warehouse, "SELECT tenant_id, message FROM plans.alerts WHERE kind = 'delivery_overdue' ORDER BY 1")
    is_not = "and is not recorded as received: flour 60 kg."
    late = "If it has come, its receipt should be recorded by now."
    assert found == [
        (
            "d02-partial",
            f"Order PO1 from sup was due by 10:00 on Sun 4 Jan, 1 day ago, {is_not} The plan of Mon 5 Jan counts on it. {late}",
        ),
        (
            "d02b-partial-overdue",
            f"Order PO1 from sup was due by 10:00 on Fri 2 Jan, 3 days ago, {is_not} Plans no longer count on it, and"
            f" 60 kg flour are ordered again: both may come. {late}",
        ),
    ]


def test_what_a_supplier_without_items_should_sell_is_reported_as_sold_by_no_one(warehouse: Warehouse) -> None:
    """d04: the supplier is known, but not what it sells; the bakery is planned all the same."""
    d04 = "tenant_id = 'd04-supplier-no-items'"
    assert rows(warehouse, f"SELECT status FROM plans.planning_runs WHERE {d04}") == [("planned",)]
    assert rows(warehouse, f"SELECT kind, message FROM plans.alerts WHERE {d04} AND subject = 'flour'") == [
        ("no_supplier", "flour: no supplier is known, and the stock of it is not recorded.")
    ]


def test_what_is_approved_is_an_order_and_is_not_ordered_again(warehouse: Warehouse) -> None:
    """d23: 25 kg for Thursday are approved on Monday at ten; on Tuesday nothing more is ordered."""
    load_folder(warehouse, FOLDER / "day2", now=datetime(2026, 1, 6, 2, tzinfo=UTC))
    settle_decisions(warehouse, datetime(2026, 1, 5, 10, 1, tzinfo=UTC))
    of_d23 = "WHERE tenant_id = 'd23-approve'"
    ordered = rows(warehouse, f"SELECT ingredient_id, supplier_id, quantity FROM ops.purchase_orders {of_d23}")
    assert ordered == [("flour", "sup", 25.0)]
    tables = plan_all(warehouse, date(2026, 1, 6))
    again = tables["procurement_requirements"].filter(
        pl.col("tenant_id") == "d23-approve", pl.col("planned_order_quantity") > 0
    )
    assert again.is_empty()


def test_a_cake_that_is_baked_24_at_once_for_one_customer_is_left_out_and_reported(warehouse: Warehouse) -> None:
    """d21: one is wanted a day, 24 are the smallest batch, a cake costs 2.50 and sells at 3.00."""
    batches = "SELECT count(*) FROM plans.production_batches WHERE tenant_id LIKE 'd21%'"
    assert rows(warehouse, batches) == [(0,)]
    reported = rows(
        warehouse,
        "SELECT kind, severity, message, reasoning -> 'days' -> 0 FROM plans.findings"
        " WHERE tenant_id LIKE 'd21%' AND kind = 'batch_not_worth_it'",
    )
    ((kind, severity, message, first),) = reported
    assert (kind, severity) == ("batch_not_worth_it", "low")
    assert "is not baked today: a batch of 24 pieces" in message
    assert first["expected_loss"] > first["expected_gain"]
    # Of 24 those that earn 0.50 are sold and those that lose 2.50 are left.
    assert abs(first["expected_gain"] / 0.5 + first["expected_loss"] / 2.5 - 24) < 0.05


def test_flour_that_was_counted_once_is_used_by_what_is_baked(warehouse: Warehouse) -> None:
    """d22: 35 kg were counted, 10 kg are used each day."""
    load_folder(warehouse, FOLDER / "day2", now=datetime(2026, 1, 6, 2, tzinfo=UTC))
    tables = plan_all(warehouse, date(2026, 1, 6))
    own = pl.col("tenant_id") == "d22-count-age"
    flour = tables["stock_balances"].filter(own & (pl.col("item_id") == "flour"))
    assert flour["quantity"].to_list() == [25]
    orders = tables["procurement_requirements"].filter(own & (pl.col("planned_order_quantity") > 0))
    # 25 kg last through Wednesday 7 January, 5 kg are left for Thursday: the order has to be there by then.
    assert orders.select("needed_on", "deliver_on").row(0) == (date(2026, 1, 8), date(2026, 1, 8))
