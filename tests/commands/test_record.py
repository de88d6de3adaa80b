"""One fact at a time from the command line: it is checked as a file is, and the command says what it recorded."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from bakery_assets.cells import Cell
from resources.warehouse import Warehouse
from tests.bakeries import DAY, PLANNING_INSTANT, bakery, insert, rows
from tests.publishing import plan

BAKERY = Path(sys.executable).parent / "bakery"


@pytest.fixture
def report(warehouse: Warehouse, tmp_path: Path):  # type: ignore[no-untyped-def]
    """Run a command on a warehouse with one bakery in Paris; its exit status and what it prints."""
    insert(warehouse, **bakery("b"))

    def run(*arguments: str) -> tuple[int, str]:
        environment = {
            **os.environ,
            "BAKERY_DATABASE_URL": warehouse.url,
            "BAKERY_HOME": str(tmp_path),
            "COLUMNS": "200",
        }
        done = subprocess.run(
            [str(BAKERY), *arguments, "--tenant", "b"], env=environment, capture_output=True, text=True, check=False
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, (done.stdout + done.stderr).strip()

    return run


def test_a_count_by_name_is_recorded_with_its_local_time(report, warehouse: Warehouse) -> None:  # type: ignore[no-untyped-def]
    status, text = report("count", "Flour", "30", "--at", "2026-03-02T18:30")
    assert (status, text) == (0, "Flour: 30 kg counted at 2026-03-02 18:30.")
    found = rows(
        warehouse,
        "SELECT lot_id, ingredient_id, quantity, counted_at AT TIME ZONE 'UTC' FROM ops.stock_lots WHERE quantity = 30",
    )
    assert [(lot, item, quantity, f"{at:%H:%M}") for lot, item, quantity, at in found] == [
        (None, "flour", 30.0, "17:30")
    ]


def test_a_receipt_goes_into_a_lot_of_its_day(report, warehouse: Warehouse) -> None:  # type: ignore[no-untyped-def]
    status, text = report("receive", "salt", "1000", "--at", "2026-03-02T08:00", "--expires", "2027-01-01")
    assert (status, text) == (0, "Salt: 1,000 g received into lot salt-20260302 at 2026-03-02 08:00.")
    assert rows(warehouse, "SELECT lot_id, quantity, expires_on::text FROM ops.stock_receipts") == [
        ("salt-20260302", 1000.0, "2027-01-01")
    ]


def test_waste_of_a_product_is_recorded_with_its_reason(report, warehouse: Warehouse) -> None:  # type: ignore[no-untyped-def]
    status, text = report("waste", "baguette", "7", "--reason", "burnt", "--at", "2026-03-02T19:00")
    assert (status, text) == (0, "Baguette: 7 pieces thrown away on 2026-03-02, burnt.")
    assert rows(warehouse, "SELECT product_id, quantity, reason FROM ops.waste") == [("baguette", 7.0, "burnt")]


def test_an_item_nobody_has_is_refused_with_what_is_near(report, warehouse: Warehouse) -> None:  # type: ignore[no-untyped-def]
    assert report("count", "flower", "30") == (2, "b has no product or ingredient flower; did you mean flour or Flour?")
    assert rows(warehouse, "SELECT count(*) FROM ops.stock_lots WHERE lot_id IS NULL") == [(0,)]


def test_what_is_still_to_come_is_refused(report) -> None:  # type: ignore[no-untyped-def]
    status, text = report("count", "flour", "30", "--at", "2096-03-02T18:30")
    assert status == 2
    assert "still to come" in text


def test_a_count_that_cannot_be_is_refused_with_its_reason(report, warehouse: Warehouse) -> None:  # type: ignore[no-untyped-def]
    status, text = report("count", "flour", "5e12")
    assert status == 2
    assert "quantity is too large" in text
    assert rows(warehouse, "SELECT count(*) FROM ops.stock_lots WHERE lot_id IS NULL") == [(0,)]


def test_a_count_says_what_the_book_of_the_last_plan_said(report, warehouse: Warehouse) -> None:  # type: ignore[no-untyped-def]
    plan(warehouse, Cell("b", DAY), PLANNING_INSTANT + timedelta(minutes=5))
    status, text = report("count", "flour", "30", "--at", "2026-03-03T18:30")
    book = rows(warehouse, "SELECT sum(quantity) FROM plans.stock_balances WHERE item_id = 'flour'")[0][0]
    assert status == 0
    assert f"The book of 2026-03-03 05:30 said {book:g} kg" in text


def test_a_batch_that_failed_has_taken_its_ingredients(report, warehouse: Warehouse) -> None:  # type: ignore[no-untyped-def]
    batches = plan(warehouse, Cell("b", DAY), PLANNING_INSTANT + timedelta(minutes=5))["production_batches"]
    number, planned = batches.filter(pl.col("schedule_date") == DAY).select("batch_number", "quantity_planned").row(0)
    assert report("done", number, "--failed", "--reason", "burnt", "--at", "2026-03-03T18:30")[0] == 0
    assert rows(warehouse, "SELECT event, quantity, wasted_quantity FROM ops.batch_events") == [("failed", 0, planned)]


def test_what_a_batch_wasted_took_ingredients_like_what_it_made(report, warehouse: Warehouse) -> None:  # type: ignore[no-untyped-def]
    batches = plan(warehouse, Cell("b", DAY), PLANNING_INSTANT + timedelta(minutes=5))
    number, planned = batches.filter(pl.col("schedule_date") == DAY).select("batch_number", "quantity_planned").row(0)
    status, text = report("done", number, "--wasted", "2", "--at", "2026-03-03T18:30")
    assert status == 0
    assert f"{planned - 2:g} pieces made, 2 pieces thrown away, {planned:g} pieces planned." in text
    assert f"It took ingredients for {planned:g} pieces." in text
    _, text = report("done", number, "--quantity", "3", "--at", "2026-03-03T18:40")
    assert "It took ingredients for 3 pieces." in text
    made = "SELECT quantity, wasted_quantity FROM ops.batch_events ORDER BY happened_at"
    assert rows(warehouse, made) == [(planned - 2, 2.0), (3.0, 0.0)]


def test_a_batch_that_no_plan_has_is_refused(report) -> None:  # type: ignore[no-untyped-def]
    status, text = report("done", "20260303-001")
    assert status == 2
    assert "No plan of b has a batch 20260303-001" in text


def test_receipts_are_of_ingredients(report) -> None:  # type: ignore[no-untyped-def]
    assert report("receive", "baguette", "10")[0] == 2
