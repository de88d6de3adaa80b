"""Planning by hand: what an interruption leaves behind."""

from collections.abc import Iterator

import dagster as dg
import pytest

from bakery_assets.cells import Cell
from bakery_assets.commands.plan import run_wave
from bakery_assets.settings import settings
from resources.warehouse import Warehouse
from tests.bakeries import DAY, bakery, insert, rows, together


@pytest.fixture
def office(warehouse: Warehouse, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Warehouse]:
    """Two bakeries, and the environment that `instance.prepare` makes."""
    insert(warehouse, **together(bakery("b1"), bakery("b2")))
    monkeypatch.setenv("BAKERY_DATABASE_URL", database_url)
    settings.cache_clear()
    with dg.instance_for_test():
        yield warehouse
    settings.cache_clear()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_what_an_interrupted_plan_had_claimed_is_free_again(
    office: Warehouse, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("bakery_assets.assets.waves.replace_plans", interrupted)
    with pytest.raises(BaseException):  # noqa: B017, PT011 - Dagster's own for an interruption
        run_wave([Cell("b1", DAY), Cell("b2", DAY)])
    assert rows(office, "SELECT DISTINCT status, extract(year FROM claimed_at)::int FROM plans.planning_runs") == [
        ("claimed", 1970)
    ]
