"""One fact at a time from the command line: it is checked as a file is, and the command says what it recorded."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bakery_assets.cells import Cell
from bakery_assets.cli import app
from resources.warehouse import Warehouse
from tests.bakeries import DAY, PLANNING_INSTANT, bakery, insert, rows
from tests.publishing import plan

BAKERY = Path(sys.executable).parent / "bakery"


def a_bakery(warehouse: Warehouse) -> None:
    """One in Paris, without a plan."""
    insert(warehouse, **bakery("b"))


def a_planned_bakery(warehouse: Warehouse) -> None:
    """The same with the plan of its day."""
    a_bakery(warehouse)
    plan(warehouse, Cell("b", DAY), PLANNING_INSTANT + timedelta(minutes=5))


pytestmark = pytest.mark.filled(by=a_bakery)


@pytest.fixture
def report(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Run a command on the bakery's warehouse; its exit status and what it prints."""
    monkeypatch.setattr("resources.warehouse.Warehouse", lambda: warehouse)

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner(env={"COLUMNS": "200"}).invoke(app, [*arguments, "--tenant", "b"])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
        return done.exit_code, (done.stdout + done.stderr).strip()

    return run


@pytest.fixture
def report_that_day(report, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """The same as if it were the afternoon of the day whose plan is tested; an old plan says nothing of today's stock."""
    seconds = count()
    afternoon = datetime(2026, 3, 3, 15, tzinfo=UTC)
    monkeypatch.setattr("resources.clock.utc_now", lambda: afternoon + timedelta(seconds=next(seconds)))
    return report


def batch_of(warehouse: Warehouse, day: date) -> tuple[str, float]:
    """Number and quantity of the first batch that the plan has for a day."""
    query = (
        f"SELECT batch_number, quantity_planned FROM plans.production_batches WHERE schedule_date = '{day}' ORDER BY 1"
    )
    number, planned = rows(warehouse, query)[0]
    return number, planned


def test_the_command_runs_as_a_program_of_its_own(warehouse: Warehouse, tmp_path: Path) -> None:
    environment = {**os.environ, "BAKERY_DATABASE_URL": warehouse.url, "BAKERY_HOME": str(tmp_path)}
    command = [str(BAKERY), "count", "flower", "30", "--tenant", "b"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.strip() == "b has no product, ingredient or intermediate flower; did you mean flour or Flour?"


def test_a_count_by_name_is_recorded_with_its_local_time(report, warehouse: Warehouse) -> None:  # type: ignore[no-untyped-def]
    status, text = report("count", "Flour", "30", "--at", "2026-03-02T18:30")
    assert (status, text) == (
        0,
        "Flour: 30 kg counted at 2026-03-02 18:30. In the book: 0 kg before, 30 kg after.",
    )
    found = rows(
        warehouse,
        "SELECT lot_id, ingredient_id, quantity, counted_at AT TIME ZONE 'UTC' FROM ops.stock_lots WHERE quantity = 30",
    )
    assert [(lot, item, quantity, f"{at:%H:%M}") for lot, item, quantity, at in found] == [
        (None, "flour", 30.0, "17:30")
    ]


def test_a_receipt_goes_into_a_lot_of_its_day(report, warehouse: Warehouse) -> None:  # type: ignore[no-untyped-def]
    status, text = report("receive", "salt", "1000", "--at", "2026-03-02T08:00", "--expires", "2027-01-01")
    assert (status, text) == (
        0,
        "Salt: 1,000 g received into lot salt-20260302 at 2026-03-02 08:00. In the book: 0 g before, 1,000 g after.",
    )
    assert rows(warehouse, "SELECT lot_id, quantity, expires_on::text FROM ops.stock_receipts") == [
        ("salt-20260302", 1000.0, "2027-01-01")
    ]


def test_waste_of_a_product_is_recorded_with_its_reason(report, warehouse: Warehouse) -> None:  # type: ignore[no-untyped-def]
    report("count", "baguette", "20", "--at", "2026-03-02T12:00")
    status, text = report("waste", "baguette", "7", "--reason", "burnt", "--at", "2026-03-02T12:30")
    assert (status, text) == (
        0,
        "Baguette: 7 pieces thrown away at 2026-03-02 12:30, burnt. In the book: 20 pieces before, 13 pieces after.",
    )
    assert rows(warehouse, "SELECT product_id, quantity, reason, waste_date::text, wasted_at FROM ops.waste") == [
        ("baguette", 7.0, "burnt", "2026-03-02", datetime(2026, 3, 2, 11, 30, tzinfo=UTC))
    ]


def test_waste_without_an_hour_is_of_its_day(report, warehouse: Warehouse) -> None:  # type: ignore[no-untyped-def]
    report("receive", "salt", "1000", "--at", "2026-03-02T08:00")
    status, text = report("waste", "salt", "200")
    assert status == 0
    assert "In the book: 1,000 g before, 800 g after." in text
    assert rows(warehouse, "SELECT wasted_at FROM ops.waste") == [(None,)]


def test_dough_that_is_thrown_away_was_made_of_its_ingredients(report, warehouse: Warehouse) -> None:  # type: ignore[no-untyped-def]
    report("receive", "salt", "1000", "--at", "2026-03-02T20:00")
    report("count", "flour", "60", "--at", "2026-03-02T21:00")
    assert report("count", "dough", "1.5", "--at", "2026-03-02T22:00")[0] == 0
    status, text = report("waste", "dough", "2", "--reason", "sour", "--at", "2026-03-02T22:30")
    assert (status, text) == (
        0,
        "dough: 2 kg thrown away at 2026-03-02 22:30, sour. In the book: 1.5 kg before, 0 kg after.\n"
        "0.5 kg of it is taken to have been made for that, of 0.3 kg of Flour, 6 g of Salt.\n"
        "That is 0.5 kg more than the book had. If it is a mistake, correct it; 0 takes it back: bakery waste dough"
        f" QUANTITY --tenant b --corrects {rows(warehouse, 'SELECT waste_id FROM ops.waste')[0][0]}",
    )
    assert rows(warehouse, "SELECT recipe_id, product_id, ingredient_id FROM ops.waste") == [("dough", None, None)]


def test_waste_of_a_lot_that_the_book_does_not_have_is_refused(report, warehouse: Warehouse) -> None:  # type: ignore[no-untyped-def]
    status, text = report("waste", "salt", "10", "--lot", "bag", "--at", "2026-03-02T19:00")
    assert status == 2
    assert "The book has no lot bag of Salt at 2026-03-02 19:00; it has nothing of it." in text
    report("receive", "salt", "1000", "--lot", "box", "--at", "2026-03-02T08:00")
    status, text = report("waste", "salt", "10", "--lot", "bag", "--at", "2026-03-02T19:00")
    assert status == 2
    assert "it has box." in text
    assert rows(warehouse, "SELECT count(*) FROM ops.waste") == [(0,)]
    assert report("waste", "salt", "10", "--lot", "box", "--at", "2026-03-02T19:00")[0] == 0


def test_an_unknown_item_is_refused_with_what_is_near(report, warehouse: Warehouse) -> None:  # type: ignore[no-untyped-def]
    assert report("count", "flower", "30") == (
        2,
        "b has no product, ingredient or intermediate flower; did you mean flour or Flour?",
    )
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


@pytest.mark.filled(by=a_planned_bakery)
def test_a_count_is_compared_with_the_book_of_its_own_instant(report_that_day, warehouse: Warehouse) -> None:  # type: ignore[no-untyped-def]
    """60 kg in the evening before; 100 baguettes of 0.18 kg flour each are assumed to have been baked by noon."""
    baked = rows(
        warehouse, f"SELECT sum(quantity_planned) FROM plans.production_batches WHERE schedule_date = '{DAY}'"
    )[0][0]
    status, text = report_that_day("count", "flour", "30", "--at", "2026-03-03T12:30")
    assert status == 0
    assert f"In the book: {round(60 - 0.18 * baked, 1):g} kg before, 30 kg after." in text
    status, text = report_that_day("count", "flour", "58", "--lot", "sack", "--at", "2026-03-03T05:00")
    assert status == 0
    assert "In the book, lot sack: 60 kg before, 58 kg after; all lots 58 kg." in text


@pytest.mark.filled(by=a_planned_bakery)
def test_a_batch_says_what_it_makes_and_takes(report_that_day, warehouse: Warehouse) -> None:  # type: ignore[no-untyped-def]
    number, planned = batch_of(warehouse, DAY)
    status, text = report_that_day("done", number, "--quantity", f"{planned - 50:g}", "--at", "2026-03-03T12:30")
    assert status == 0
    left, used = 60 - 0.18 * planned, 0.18 * (planned - 50)
    assert f"In the book: {planned:g} pieces before, {planned - 50:g} pieces after." in text
    assert (
        f"It takes {round(used, 1):g} kg of Flour ({round(left, 1):g} kg before, {round(left + 9, 1):g} kg after)."
        in text
    )
    assert "more than planned" not in text


@pytest.mark.filled(by=a_planned_bakery)
def test_a_batch_of_far_more_than_planned_is_asked_about(report_that_day, warehouse: Warehouse) -> None:  # type: ignore[no-untyped-def]
    number, planned = batch_of(warehouse, DAY)
    status, text = report_that_day("done", number, "--quantity", f"{planned * 2:g}", "--at", "2026-03-03T12:30")
    assert status == 0
    assert f"That is {planned:g} pieces more than planned." in text
    assert f"bakery done {number} --tenant b --quantity QUANTITY" in text


@pytest.mark.filled(by=a_planned_bakery)
def test_a_batch_of_a_day_without_a_plan_of_its_own_is_refused(report_that_day, warehouse: Warehouse) -> None:  # type: ignore[no-untyped-def]
    number, _ = batch_of(warehouse, DAY + timedelta(days=1))
    status, text = report_that_day("done", number, "--at", "2026-03-03T12:30")
    assert status == 2
    assert f"Batch {number} is a preview of Wed 4 Mar" in text
    assert rows(warehouse, "SELECT count(*) FROM ops.batch_events") == [(0,)]


@pytest.mark.filled(by=a_planned_bakery)
def test_a_batch_that_failed_has_taken_its_ingredients(report, warehouse: Warehouse) -> None:  # type: ignore[no-untyped-def]
    number, planned = batch_of(warehouse, DAY)
    assert report("done", number, "--failed", "--reason", "burnt", "--at", "2026-03-03T18:30")[0] == 0
    assert rows(warehouse, "SELECT event, quantity, wasted_quantity FROM ops.batch_events") == [("failed", 0, planned)]


@pytest.mark.filled(by=a_planned_bakery)
def test_what_a_batch_wasted_took_ingredients_like_what_it_made(report, warehouse: Warehouse) -> None:  # type: ignore[no-untyped-def]
    number, planned = batch_of(warehouse, DAY)
    status, text = report("done", number, "--wasted", "2", "--at", "2026-03-03T18:30")
    assert status == 0
    assert f"{planned - 2:g} pieces made, 2 pieces thrown away, {planned:g} pieces planned." in text
    assert f"It takes {planned * 0.18:.1f} kg of Flour" in text
    _, text = report("done", number, "--quantity", "3", "--at", "2026-03-03T18:40")
    assert "It takes 0.54 kg of Flour" in text
    made = "SELECT quantity, wasted_quantity FROM ops.batch_events ORDER BY happened_at"
    assert rows(warehouse, made) == [(planned - 2, 2.0), (3.0, 0.0)]


def test_a_batch_that_no_plan_has_is_refused(report) -> None:  # type: ignore[no-untyped-def]
    status, text = report("done", "20260303-001")
    assert status == 2
    assert "The latest plans of b have no batch 20260303-001" in text


def test_receipts_are_of_ingredients(report) -> None:  # type: ignore[no-untyped-def]
    assert report("receive", "baguette", "10")[0] == 2


def test_waste_of_far_more_than_the_book_has_is_asked_about_and_can_be_corrected(  # type: ignore[no-untyped-def]
    report_that_day, warehouse: Warehouse
) -> None:
    report_that_day("count", "baguette", "65", "--at", "2026-03-03T12:00")
    status, text = report_that_day("waste", "baguette", "80", "--at", "2026-03-03T12:10")
    assert (status, "more than the book had" in text) == (0, False)
    report_that_day("count", "baguette", "65", "--at", "2026-03-03T12:20")
    status, text = report_that_day("waste", "baguette", "300", "--reason", "dropped", "--at", "2026-03-03T12:30")
    assert status == 0
    assert "In the book: 65 pieces before, 0 pieces after." in text
    assert "That is 235 pieces more than the book had." in text
    last = "SELECT waste_id, quantity, reason, wasted_at FROM ops.waste WHERE reason = 'dropped' ORDER BY recorded_at"
    (waste_id, *_), *_ = rows(warehouse, last)
    assert f"bakery waste baguette QUANTITY --tenant b --corrects {waste_id}" in text
    status, text = report_that_day("waste", "baguette", "30", "--corrects", waste_id)
    assert status == 0
    assert "In the book: 65 pieces before, 35 pieces after." in text
    assert "more than the book had" not in text
    half_past = datetime(2026, 3, 3, 11, 30, tzinfo=UTC)
    assert rows(warehouse, last) == [(waste_id, 300.0, "dropped", half_past), (waste_id, 30.0, "dropped", half_past)]


def test_only_quantity_and_reason_of_waste_are_corrected(report, warehouse: Warehouse) -> None:  # type: ignore[no-untyped-def]
    status, text = report("waste", "salt", "10", "--corrects", "never")
    assert (status, text) == (2, "b has no waste never of Salt.")
    report("receive", "salt", "1000", "--at", "2026-03-02T08:00")
    report("waste", "salt", "10", "--at", "2026-03-02T09:00")
    ((waste_id,),) = rows(warehouse, "SELECT waste_id FROM ops.waste")
    assert report("waste", "flour", "5", "--corrects", waste_id) == (2, f"b has no waste {waste_id} of Flour.")
    status, text = report("waste", "salt", "5", "--corrects", waste_id, "--lot", "box")
    assert (status, "only its quantity and reason" in text) == (2, True)
    assert rows(warehouse, "SELECT count(*) FROM ops.waste") == [(1,)]


def test_what_was_delivered_after_its_last_day_is_no_stock(report) -> None:  # type: ignore[no-untyped-def]
    report("receive", "salt", "200", "--lot", "old", "--at", "2026-03-02T08:00", "--expires", "2096-01-01")
    status, text = report("receive", "salt", "5", "--lot", "L9", "--at", "2026-03-02T09:00", "--expires", "2026-02-20")
    assert status == 0
    assert "In the book: 200 g before, 200 g after. Its last day was 2026-02-20, so none of it is stock." in text


def test_a_receipt_for_an_order_that_was_not_placed_is_refused(report, warehouse: Warehouse) -> None:  # type: ignore[no-untyped-def]
    status, text = report("receive", "flour", "5", "--order", "PO-7")
    assert status == 2
    assert "b has no order PO-7 of Flour, and no other is open. Leave --order out if it came without one." in text
    order = {"tenant_id": "b", "supplier_id": "mill", "ordered_at": datetime.now(UTC) - timedelta(days=3),
             "recorded_at": datetime.now(UTC) - timedelta(days=3), "expected_from": datetime.now(UTC),
             "expected_to": datetime.now(UTC) + timedelta(hours=1)}  # fmt: skip
    lines = [("PO-1", "flour", 50.0), ("PO-2", "salt", 900.0), ("PO-3", "flour", 0.0)]
    placed = [
        {**order, "order_id": number, "ingredient_id": item, "quantity": quantity} for number, item, quantity in lines
    ]
    insert(warehouse, purchase_orders=placed)
    status, text = report("receive", "flour", "5", "--order", "PO-2")
    assert status == 2
    assert "b has no order PO-2 of Flour; open are PO-1 (50 kg)." in text
    assert rows(warehouse, "SELECT count(*) FROM ops.stock_receipts") == [(0,)]
    assert report("receive", "flour", "50", "--order", "PO-1")[0] == 0
    assert report("receive", "flour", "2", "--order", "PO-1")[0] == 0, "more of it may come"
