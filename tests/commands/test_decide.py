"""A person decides about orders from the command line, prints them and says that they were sent."""

from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bakery_assets.cells import Cell
from bakery_assets.cli import app
from resources.warehouse import Warehouse
from tests.bakeries import DAY, PLANNING_INSTANT, bakery, insert, rows
from tests.publishing import plan

ORDER = f"PO-{DAY:%Y%m%d}-1-P01"


def a_planned_bakery(warehouse: Warehouse) -> None:
    insert(warehouse, **bakery("b"))
    plan(warehouse, Cell("b", DAY), PLANNING_INSTANT + timedelta(minutes=5))


pytestmark = pytest.mark.filled(by=a_planned_bakery)


@pytest.fixture
def run(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Run a command on the morning of the plan; its exit status and the lines that it prints."""
    seconds = count()
    morning = datetime(2026, 3, 3, 8, tzinfo=UTC)  # nine in Paris
    monkeypatch.setattr("resources.warehouse.Warehouse", lambda: warehouse)
    monkeypatch.setattr("resources.warehouse.connection.Warehouse", lambda: warehouse)
    monkeypatch.setattr("resources.clock.utc_now", lambda: morning + timedelta(seconds=next(seconds)))

    def command(*arguments: str) -> tuple[int, list[str]]:
        done = CliRunner(env={"COLUMNS": "120"}).invoke(app, [*arguments, "--tenant", "b"])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
        return done.exit_code, (done.stdout + done.stderr).strip().splitlines()

    return command


def test_an_order_is_changed_approved_printed_and_sent(run, warehouse: Warehouse, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert run("order", "--order", ORDER) == (
        2, [f"b has no order {ORDER}, or it was taken back. The last orders are none; approve a proposal first: bakery approve."]
    )  # fmt: skip
    assert run("change", "--line", "R001", "--quantity", "50") == (0, ["Recorded: change. No order follows from it."])
    status, lines = run("approve", "--proposal", "P01", "--who", "Ada")
    assert (status, lines[0]) == (0, f"Order {ORDER}, Mill, to come on Thu 5 Mar 2026: Flour 50 kg, Salt 1,000 g.")
    assert lines[1] == f"Print or mail it: bakery order --tenant b --order {ORDER}"
    status, lines = run("order", "--order", ORDER, "--to", str(tmp_path), "--format", "pdf", "--format", "csv")
    assert (status, lines[0]) == (0, f"Order {ORDER}, Mill: {tmp_path / ORDER}.pdf, {tmp_path / ORDER}.csv")
    assert (tmp_path / f"{ORDER}.pdf").read_bytes().startswith(b"%PDF-")
    assert "Flour,50,kg,0.9,45.00 EUR" in (tmp_path / f"{ORDER}.csv").read_text(encoding="utf-8-sig")
    assert run("sent", "--order", ORDER, "--how", "phone") == (
        0, [f"Order {ORDER} was sent to Mill; it is expected on Thu 5 Mar 2026."]
    )  # fmt: skip
    assert run("sent", "--order", ORDER)[0] == 2
    assert run("reject", "--proposal", "P01", "--reason", "too much") == (
        2, [f"Order {ORDER} was sent: settle it with the supplier, and record what comes."]
    )  # fmt: skip
    assert rows(warehouse, "SELECT event, how, who IS NOT NULL FROM ops.order_events") == [("sent", "phone", True)]


def test_a_batch_is_changed_and_a_new_version_asked_for(run, warehouse: Warehouse) -> None:  # type: ignore[no-untyped-def]
    number = f"{DAY:%Y%m%d}-001"
    asked = "A new version of the plan is asked for; it is made while `bakery up` runs, within a minute."
    assert run("change", "--batch", number, "--quantity", "36") == (0, [asked, f"Batch {number} is confirmed with 36."])
    assert run("change", "--batch", number, "--quantity", "0") == (
        2, [f"To make nothing of it, cancel it: bakery reject --batch {number}"]
    )  # fmt: skip
    assert run("change", "--batch", number) == (2, ["Of a batch the quantity is changed, and nothing else."])
    assert rows(warehouse, "SELECT event, quantity FROM ops.batch_events") == [("confirmed", 36.0)]


def test_what_does_not_hold_is_refused_in_a_line(run) -> None:  # type: ignore[no-untyped-def]
    assert run("approve", "--proposal", "P77") == (2, [f"Version 1 of the plan of {DAY} has no P77."])
    assert run("approve", "--at", "2026-03-03T04:00") == (2, [f"No plan of {DAY} was out by then."])
    assert run("approve", "--at", "2099-01-01T00:00")[0] == 2
    status, lines = run("reject", "--reason", "old data")
    assert (status, lines[-1][:34]) == (0, "A new version of the plan is asked")
