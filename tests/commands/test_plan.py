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

    monkeypatch.setattr("bakery_assets.assets.rounds.replace_plans", interrupted)
    with pytest.raises(BaseException):  # noqa: B017, PT011 - Dagster's own for an interruption
        run_wave([Cell("b1", DAY), Cell("b2", DAY)])
    assert rows(office, "SELECT DISTINCT status, attempts FROM plans.planning_runs") == [("partial", 0)]


def test_a_run_of_a_command_is_shown_with_its_code_location(office: Warehouse) -> None:
    run_id = run_wave([Cell("b1", DAY)]).run_id
    with dg.DagsterInstance.get() as instance:
        run = instance.get_run_by_id(run_id)
    assert run
    assert run.status == dg.DagsterRunStatus.SUCCESS
    assert run.remote_job_origin
    assert run.remote_job_origin.location_name == "bakery_assets"
    assert run.tags["dagster/max_runtime"]
