"""Planning by hand: a wave, or a span of days; and what an interruption leaves behind."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import dagster as dg
import pytest
from typer.testing import CliRunner

from bakery_assets.assets import rounds
from bakery_assets.cells import Cell
from bakery_assets.cli import app
from bakery_assets.commands.backfill import run_backfill
from bakery_assets.commands.plan import run_wave
from bakery_assets.partitions import GRID_START, partition_of
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


def test_days_before_the_grid_are_planned_in_order_from_facts_that_are_read_once(
    office: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = GRID_START - timedelta(days=2)
    days = [first, first + timedelta(days=1)]
    read, reads = rounds.read_snapshot, []

    def counted(*arguments: Any, **options: Any) -> Any:
        reads.append(arguments[1])
        return read(*arguments, **options)

    monkeypatch.setattr(rounds, "read_snapshot", counted)
    done = run_backfill(["b1"], *days)
    assert (done.planned, done.failed) == (2, {})
    assert [len(cells) for cells in reads] == [2]
    published = rows(office, "SELECT plan_date FROM plans.plan_versions WHERE tenant_id = 'b1' ORDER BY published_at")
    assert published == [(day,) for day in days]
    with dg.DagsterInstance.get() as instance:
        run = instance.get_run_by_id(done.run_id)
        shown = instance.get_materialized_partitions(dg.AssetKey("demand_forecasts"))
    assert run
    assert run.status == dg.DagsterRunStatus.SUCCESS
    assert shown == {partition_of(Cell("b1", day)) for day in days}


def test_a_backfill_ends_no_earlier_than_it_begins() -> None:
    done = CliRunner().invoke(app, ["backfill", "--tenant", "b1", "--from", "2026-01-02", "--to", "2026-01-01"])
    assert (done.exit_code, done.output) == (2, "--to 2026-01-01 is before --from 2026-01-02.\n")
