"""`bakery receive --order`: all that an order has open, or one line of it, at once or by way of a draft."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from bakery_assets.cli import app
from resources.warehouse import Warehouse
from tests.bakeries import bakery, insert, rows

Report = Callable[..., tuple[int, str]]
RECEIPTS = (
    "SELECT DISTINCT ON (receipt_id, lot_id) ingredient_id, quantity, state, order_id, expires_on::text"
    " FROM ops.stock_receipts ORDER BY receipt_id, lot_id, recorded_at DESC"
)


def an_order_is_due(warehouse: Warehouse) -> None:
    """Order P1 of flour and salt was to come an hour ago; salt came yesterday, so receipts are recorded."""
    now = datetime.now(UTC)
    own = bakery("b")
    order = {"tenant_id": "b", "order_id": "P1", "supplier_id": "mill", "ordered_at": now - timedelta(days=3),
             "recorded_at": now - timedelta(days=3), "expected_from": now - timedelta(hours=2),
             "expected_to": now - timedelta(hours=1)}  # fmt: skip
    before = {"tenant_id": "b", "receipt_id": "r0", "lot_id": "old", "ingredient_id": "salt", "location_id": "main",
              "quantity": 5.0, "received_at": now - timedelta(days=1), "recorded_at": now - timedelta(days=1),
              "order_id": "P0"}  # fmt: skip
    lines = [
        {**order, "ingredient_id": item, "quantity": quantity} for item, quantity in (("flour", 50.0), ("salt", 900.0))
    ]
    insert(warehouse, **{**own, "purchase_orders": lines, "stock_receipts": [before]})


pytestmark = pytest.mark.filled(by=an_order_is_due)


@pytest.fixture
def report(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Report:
    monkeypatch.setattr("resources.warehouse.Warehouse", lambda: warehouse)

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["receive", *arguments, "--tenant", "b"])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
        return done.exit_code, (done.stdout + done.stderr).strip()

    return run


def test_all_that_is_open_of_an_order_is_received_by_one_command(report: Report, warehouse: Warehouse) -> None:
    status, text = report("--order", "P1")
    assert status == 0
    flour, salt, last = text.splitlines()
    assert flour.startswith("Flour: 50 kg received into lot flour-")
    assert salt.startswith("Salt: 900 g received into lot salt-")
    assert last == "Order P1 is complete."
    assert [row[:4] for row in rows(warehouse, RECEIPTS) if row[3] == "P1"] == [
        ("flour", 50.0, "confirmed", "P1"), ("salt", 900.0, "confirmed", "P1"),
    ]  # fmt: skip
    assert report("--order", "P1") == (
        2,
        "Nothing is open of order P1: all of it has been received, or it was canceled.",
    )
    assert rows(warehouse, "SELECT count(*) FROM plans.alerts WHERE subject = 'P1'") == [(0,)]


def test_a_draft_is_no_stock_and_is_finished_by_receiving_again(report: Report, warehouse: Warehouse) -> None:
    status, text = report("--order", "P1", "--line", "flour", "--quantity", "40", "--expires", "2099-01-01", "--draft")
    assert status == 0
    assert "It is a draft, and no stock until it is received again without --draft." in text
    status, text = report("--order", "P1", "--line", "flour")
    assert status == 0
    assert "Flour: 40 kg received into lot flour-" in text
    assert (
        "Still open of order P1: Flour 10 kg, Salt 900 g. If no more comes, record the order again with what did."
        in text
    )
    assert [row for row in rows(warehouse, RECEIPTS) if row[3] == "P1"] == [
        ("flour", 40.0, "confirmed", "P1", "2099-01-01")
    ]
    kinds = rows(warehouse, "SELECT kind, status FROM plans.alerts WHERE subject = 'P1' AND status = 'open'")
    assert kinds == [("delivery_overdue", "open")], "the rest is overdue, which is reported at once"


def test_what_cannot_be_meant_is_refused_with_the_remedy(report: Report) -> None:
    assert report("--order", "P7") == (2, "b has no order P7; open are P1.")
    assert report() == (2, "Say what came: an ITEM with its QUANTITY, or --order with the number of the order.")
    status, text = report("--order", "P1", "--quantity", "5")
    assert (status, text) == (2, "Order P1 has 2 ingredients open; say with --line which one this is about.")
    assert report("flour", "--order", "P1")[0] == 2


def test_what_is_rejected_is_no_stock_and_stays_open_with_the_complaint(report: Report, warehouse: Warehouse) -> None:
    status, text = report("--order", "P1", "--line", "flour", "--rejected", "5", "--complaint", "wet bags")
    assert status == 0
    assert "Flour: 45 kg received into lot flour-" in text
    assert "5 kg rejected: wet bags. " in text
    assert "Still open of order P1: Flour 5 kg, Salt 900 g." in text
    status, text = report("--order", "P1", "--line", "salt", "--rejected", "900", "--complaint", "spilled")
    assert (status, "Salt: 0 g received" in text) == (0, True)
    reported = rows(
        warehouse,
        "SELECT ingredient_id, quantity, rejected_quantity, complaint FROM ops.stock_receipts WHERE order_id = 'P1'"
        " ORDER BY ingredient_id",
    )
    assert reported == [("flour", 45.0, 5.0, "wet bags"), ("salt", 0.0, 900.0, "spilled")]


def test_a_complaint_says_what_was_wrong_with_whose_delivery(report: Report) -> None:
    assert report("--order", "P1", "--line", "flour", "--rejected", "5") == (
        2,
        "Say with --complaint what was wrong with what was rejected.",
    )
    assert report("flour", "45", "--rejected", "5", "--complaint", "wet") == (
        2,
        "Say with --order which order it came with: a complaint is about a supplier's delivery.",
    )
    assert report("--order", "P1", "--rejected", "5", "--complaint", "wet") == (
        2,
        "Order P1 has 2 ingredients open; say with --line which one was rejected.",
    )
