"""`bakery demo --days`: days lived in the demo's world, planned and compared with what is really there."""

from collections.abc import Callable
from datetime import date

import pytest
from rich.console import Console
from typer.testing import CliRunner

from bakery_assets.cli import app
from bakery_assets.commands.demo_days import Life, Spent, begin_lives, live, report
from bakery_assets.demo.catalogue import demo_bakeries
from bakery_assets.demo.folder import SEED
from bakery_assets.demo.world.comparison import Verdict
from resources.warehouse import Warehouse

FIRST = date(2026, 10, 8)
BAKERIES = [each for each in demo_bakeries() if each.tenant.tenant_id in ("madrid-horno-sol", "sao-paulo-padaria-vila")]


def lived(warehouse: Warehouse, days: int, change: Callable[[Life], None] = lambda life: None) -> list[Verdict]:
    """Verdicts on two bakeries of which one, Madrid, has something changed."""
    lives = begin_lives(warehouse, BAKERIES, {each.tenant.tenant_id: FIRST for each in BAKERIES}, days, SEED)
    change(lives[0])
    return live(warehouse, lives, lambda day, number, of: None, Spent())


def test_after_three_days_the_books_say_what_is_in_the_houses(warehouse: Warehouse) -> None:
    verdicts = lived(warehouse, 3)
    assert [(each.tenant_id, each.broken) for each in verdicts] == [(each.tenant.tenant_id, ()) for each in BAKERIES]
    assert [each.days for each in verdicts] == [4, 4], "three days lived, and the morning after them"
    assert min(each.batches for each in verdicts) > 50
    assert all(each.widest is not None and each.widest.days_of_loss > 0 for each in verdicts), (
        "something is always lost"
    )
    console = Console(width=200, record=True, file=open("/dev/null", "w"))  # noqa: SIM115 - closed with the process
    report(verdicts, console)
    assert "madrid-horno-sol" in console.export_text()


def test_a_bakery_that_bakes_in_secret_breaks_the_promise(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches that fail are not written down: the book has bread and misses no flour, the house has neither."""
    monkeypatch.setattr("bakery_assets.demo.world.kitchen.FAILS", 0.3)

    def silent(life: Life) -> None:
        monkeypatch.setattr(life.world.records, "ended", lambda *reported: None)

    madrid, sao_paulo = lived(warehouse, 2, silent)
    assert sao_paulo.broken == ()
    assert any(line.startswith("madrid-horno-sol 2026-10-") and "the book has" in line for line in madrid.broken)


@pytest.mark.parametrize("days", ["0", "-1", "two"])
def test_days_are_at_least_one(days: str) -> None:
    done = CliRunner().invoke(app, ["demo", "--days", days])
    assert done.exit_code == 2
    assert "--days" in done.stderr
