"""`bakery return`: what went back to a supplier leaves its lot, and no more goes back than came."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bakery_assets.cli import app
from resources.warehouse import Warehouse
from resources.warehouse.intake import load_folder
from tests.bakeries import bakery, insert, rows

Report = Callable[..., tuple[int, str]]
BACK = "SELECT lot_id, order_id, quantity, reason FROM ops.supplier_returns ORDER BY recorded_at, lot_id"


def flour_and_salt_came(warehouse: Warehouse) -> None:
    """With order P1 50 kg of flour in two lots and 900 g of salt, two days ago."""
    came = datetime.now(UTC) - timedelta(days=2)
    receipt = {"tenant_id": "b", "receipt_id": "r1", "order_id": "P1", "location_id": "main", "received_at": came,
               "recorded_at": came}  # fmt: skip
    lots = [
        {**receipt, "ingredient_id": item, "lot_id": lot, "quantity": quantity}
        for item, lot, quantity in (("flour", "one", 30.0), ("flour", "two", 20.0), ("salt", "box", 900.0))
    ]
    insert(warehouse, **{**bakery("b"), "stock_lots": [], "stock_receipts": lots})


pytestmark = pytest.mark.filled(by=flour_and_salt_came)


@pytest.fixture
def report(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Report:
    monkeypatch.setattr("resources.warehouse.Warehouse", lambda: warehouse)

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["return", *arguments, "--tenant", "b", "--order", "P1"])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
        return done.exit_code, (done.stdout + done.stderr).strip()

    return run


def test_what_goes_back_leaves_its_lot_and_can_be_corrected(report: Report, warehouse: Warehouse) -> None:
    status, text = report("--line", "Flour", "--lot", "two", "--quantity", "15", "--reason", "moths")
    ((back,),) = rows(warehouse, "SELECT return_id FROM ops.supplier_returns")
    assert (status, text.splitlines()) == (
        0,
        [
            f"Flour: 15 kg of lot two went back with return {back}, moths. In the book: 50 kg before, 35 kg after.",
            "Nothing of order P1 is open again by that: what is still needed, the next plan orders.",
        ],
    )
    status, text = report("--line", "flour", "--lot", "two", "--quantity", "6")
    assert (status, text) == (
        2,
        "20 kg of Flour came with order P1 in lot two, and 15 kg went back already: 6 kg cannot go back.",
    )
    status, text = report("--corrects", back, "--quantity", "12")
    assert (status, text.splitlines()[0]) == (
        0,
        f"Flour: 12 kg of lot two went back with return {back}, moths. In the book: 50 kg before, 38 kg after.",
    )
    assert rows(warehouse, BACK) == [("two", "P1", 15.0, "moths"), ("two", "P1", 12.0, "moths")]


def test_a_recall_takes_back_all_that_is_left_of_an_order(report: Report, warehouse: Warehouse) -> None:
    assert report("--reason", "recall")[0] == 0
    assert rows(warehouse, BACK) == [
        ("box", "P1", 900.0, "recall"), ("one", "P1", 30.0, "recall"), ("two", "P1", 20.0, "recall"),
    ]  # fmt: skip
    assert report("--reason", "recall") == (2, "The book has nothing of lot one of Flour; give --quantity.")
    assert report("--line", "flour", "--quantity", "5") == (
        2,
        "Order P1 brought flour in lot one, flour in lot two; say with --line and --lot which of them went back.",
    )


def test_a_file_returns_no_more_than_came(warehouse: Warehouse, tmp_path: Path) -> None:
    """Of each lot the rows before it count first; what was never received, or with another order, cannot go back."""
    (tmp_path / "supplier_returns.csv").write_text(
        "tenant_id,return_id,lot_id,ingredient_id,order_id,quantity,reason,returned_at\n"
        "b,b1,one,flour,P1,20,moths,2026-11-01T10:00Z\n"
        "b,b2,one,flour,P1,15,moths,2026-11-01T11:00Z\n"
        "b,b3,one,flour,P2,1,moths,2026-11-01T11:00Z\n"
        "b,b4,three,flour,,1,,2026-11-01T11:00Z\n"
        "b,b5,two,flour,,15,,2026-11-01T11:00Z\n"
        "b,b6,two,flour,P1,10,,2026-11-01T12:00Z\n"
    )
    report = load_folder(warehouse, tmp_path, now=datetime.now(UTC))
    assert report.quarantined == 4
    assert rows(warehouse, "SELECT column_name, reason FROM ops.quarantine ORDER BY row_number") == [
        (
            "quantity",
            "35 of lot one of flour would have gone back, of which 30 came with order P1; correct the quantity, or the"
            " receipt",
        ),
        (
            "lot_id",
            "lot one of flour was never received with order P2; record its receipt first, or what was thrown away as"
            " waste",
        ),
        (
            "lot_id",
            "lot three of flour was never received; record its receipt first, or what was thrown away as waste",
        ),
        (
            "quantity",
            "25 of lot two of flour would have gone back, of which 20 came; correct the quantity, or the receipt",
        ),
    ]
    assert rows(warehouse, BACK) == [("one", "P1", 20.0, "moths"), ("two", None, 15.0, None)]
