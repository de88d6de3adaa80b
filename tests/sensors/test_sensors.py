"""What the sensors request, evaluated as Dagster's daemon does."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from dagster._core.definitions.partitions.context import partition_loading_context
from dagster._core.definitions.sensor_definition import SensorExecutionData
from sqlalchemy import text

from bakery_assets.assets.plans import plan_tenant_day, planning_day
from bakery_assets.assets.waves import planning_wave, wave_config
from bakery_assets.cells import Cell
from bakery_assets.partitions import TENANT
from resources.clock import Clock
from resources.warehouse import Warehouse, planning_runs
from sensors.failed_cells import failed_cells
from sensors.run_outcomes import release, run_cancellations, run_outcomes
from sensors.tenant_registry import register, tenant_registry
from tests.bakeries import DAY, insert, rows

NOW = datetime(2026, 3, 3, 6, tzinfo=UTC)


@dg.job(name=planning_wave.name)
def a_wave() -> None:
    """Stands for a wave."""


@dg.job
def an_asset_run() -> None:
    """Stands for a run of the cell alone."""


def wave_run(instance: dg.DagsterInstance, run_config: dict[str, object]) -> dg.DagsterRun:
    """The record of a wave with this configuration."""
    return instance.create_run_for_job(a_wave)._replace(run_config=run_config)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """A Dagster instance that goes with the test."""
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def evaluate(
    sensor: dg.SensorDefinition, instance: dg.DagsterInstance, warehouse: Warehouse, cursor: str | None = None
) -> SensorExecutionData:
    definitions = dg.Definitions(
        assets=[planning_day],
        jobs=[plan_tenant_day],
        sensors=[failed_cells, tenant_registry],
        resources={"warehouse": warehouse, "clock": Clock(lambda: NOW)},
    )
    context = dg.build_sensor_context(
        instance=instance,
        cursor=cursor,
        definitions=definitions,
        resources={"warehouse": warehouse, "clock": Clock(lambda: NOW)}
        if sensor is failed_cells
        else {"warehouse": warehouse},
    )
    # As the daemon's code server does before it evaluates a sensor.
    with partition_loading_context(dynamic_partitions_store=instance):
        return sensor.evaluate_tick(context)


def tenants(*names: str) -> list[dict[str, str]]:
    return [{"tenant_id": name, "name": name, "timezone": "Europe/Paris", "country": "FR"} for name in names]


def fail(warehouse: Warehouse, *names: str) -> None:
    """Let the cells of these tenants fail once."""
    insert(warehouse, tenants=tenants(*names))
    planning_runs.begin(warehouse, [Cell(name, DAY) for name in names], NOW, "wave")
    with warehouse.engine.begin() as connection:
        connection.execute(
            text("UPDATE plans.planning_runs SET status = 'failed', reason = 'a loop', finished_at = now()")
        )


def test_the_registry_follows_the_tenants_table_removals_included(
    instance: dg.DagsterInstance, warehouse: Warehouse
) -> None:
    insert(warehouse, tenants=tenants("a", "b", "c"))
    requests = evaluate(tenant_registry, instance, warehouse).dynamic_partitions_requests
    assert [sorted(request.partition_keys) for request in requests or []] == [["a", "b", "c"]]
    register(instance, warehouse)
    with warehouse.engine.begin() as connection:
        connection.execute(text("UPDATE ops.tenants SET status = 'cancelled' WHERE tenant_id = 'b'"))
    insert(warehouse, tenants=tenants("d"))
    requests = evaluate(tenant_registry, instance, warehouse).dynamic_partitions_requests
    assert [type(request).__name__[:3] + ":" + ",".join(request.partition_keys) for request in requests or []] == [
        "Add:d",
        "Del:b",
    ]
    register(instance, warehouse)
    assert sorted(instance.get_dynamic_partitions(TENANT)) == ["a", "c", "d"]
    assert evaluate(tenant_registry, instance, warehouse).dynamic_partitions_requests in (None, [])


def test_a_failed_cell_is_retried_alone_and_only_until_it_was_tried_often_enough(
    instance: dg.DagsterInstance, warehouse: Warehouse
) -> None:
    fail(warehouse, "poison")
    register(instance, warehouse)
    requests = evaluate(failed_cells, instance, warehouse).run_requests or []
    assert [request.partition_key for request in requests] == [f"{DAY}|poison"]
    planning_runs.begin(warehouse, [Cell("poison", DAY)], NOW, "retry")
    assert evaluate(failed_cells, instance, warehouse).run_requests in (None, [])


def test_a_cell_that_fails_in_a_wave_again_gets_a_run_that_shows_it_though_its_attempts_are_used_up(
    instance: dg.DagsterInstance, warehouse: Warehouse
) -> None:
    fail(warehouse, "poison")
    register(instance, warehouse)
    planning_runs.begin(warehouse, [Cell("poison", DAY)], NOW, "retry")
    wave = instance.create_run_for_job(a_wave).run_id
    alone = instance.create_run_for_job(an_asset_run).run_id
    state = "UPDATE plans.planning_runs SET dagster_run_id = :run, finished_at = :at"
    for run, at, shown in (
        (alone, NOW, []),
        (wave, NOW - timedelta(days=2), []),
        (wave, NOW, [f"{DAY}|poison"]),
    ):
        with warehouse.engine.begin() as connection:
            connection.execute(text(state), {"run": run, "at": at})
        requests = evaluate(failed_cells, instance, warehouse).run_requests or []
        assert [request.partition_key for request in requests] == shown


def test_many_failed_cells_get_their_runs_twenty_at_a_time(instance: dg.DagsterInstance, warehouse: Warehouse) -> None:
    names = [f"b{number:02}" for number in range(45)]
    fail(warehouse, *names)
    register(instance, warehouse)
    cursor, shown = None, []
    for _ in range(4):
        done = evaluate(failed_cells, instance, warehouse, cursor)
        shown.append([str(request.partition_key).split("|")[1] for request in done.run_requests or []])
        cursor = done.cursor
    assert shown == [names[:20], names[20:40], names[40:], []]
    with warehouse.engine.begin() as connection:
        connection.execute(
            text("UPDATE plans.planning_runs SET finished_at = finished_at + interval '1 h' WHERE tenant_id = 'b07'")
        )
    again = evaluate(failed_cells, instance, warehouse, cursor).run_requests or []
    assert [request.partition_key for request in again] == [f"{DAY}|b07"], "it has failed once more"


def test_a_persons_tries_leave_the_automatic_ones(instance: dg.DagsterInstance, warehouse: Warehouse) -> None:
    fail(warehouse, "poison")
    register(instance, warehouse)
    for _ in range(3):
        planning_runs.begin(warehouse, [Cell("poison", DAY)], NOW, "a person", by_person=True)
    assert len(evaluate(failed_cells, instance, warehouse).run_requests or []) == 1


def test_a_failed_cell_outside_the_grid_waits_for_a_person(instance: dg.DagsterInstance, warehouse: Warehouse) -> None:
    fail(warehouse, "poison")
    # Its tenant has no partition yet.
    assert evaluate(failed_cells, instance, warehouse).run_requests in (None, [])


def test_a_persons_run_that_dies_leaves_no_cell_claimed_and_no_alert(
    instance: dg.DagsterInstance, warehouse: Warehouse
) -> None:
    insert(warehouse, tenants=tenants("a", "b"))
    backfill = instance.create_run_for_job(an_asset_run)
    by_hand = wave_run(instance, wave_config([Cell("b", DAY)]))
    for name, run in (("a", backfill), ("b", by_hand)):
        planning_runs.begin(warehouse, [Cell(name, DAY)], NOW, run.run_id, by_person=True)
        release(warehouse, run, "killed", NOW)
    assert rows(warehouse, "SELECT tenant_id, status, attempts FROM plans.planning_runs ORDER BY 1") == [
        ("a", "partial", 0),
        ("b", "partial", 0),
    ]
    assert rows(warehouse, "SELECT count(*) FROM plans.alerts") == [(0,)]


def test_a_cancelled_wave_gives_its_cells_back(instance: dg.DagsterInstance, warehouse: Warehouse) -> None:
    insert(warehouse, tenants=tenants("a"))
    cells = [Cell("a", DAY)]
    planning_runs.claim(warehouse, cells, NOW, timedelta(minutes=30), "tick")
    run = wave_run(instance, wave_config(cells, claimed_by="tick"))
    event = instance.report_run_canceled(run)
    context = dg.build_run_status_sensor_context(
        sensor_name="run_cancellations",
        dagster_instance=instance,
        dagster_run=run,
        dagster_event=event,
        resources={"warehouse": warehouse, "clock": Clock(lambda: NOW)},
    )
    run_cancellations(context)
    assert planning_runs.claim(warehouse, cells, NOW, timedelta(minutes=30), "next tick") == set(cells)


def test_a_wave_that_fails_releases_its_cells(instance: dg.DagsterInstance, warehouse: Warehouse) -> None:
    insert(warehouse, tenants=tenants("a", "b"))
    cells = [Cell("a", DAY), Cell("b", DAY)]
    planning_runs.claim(warehouse, cells, NOW, NOW - NOW.replace(hour=5), "tick")
    broken = Warehouse("postgresql://nobody@127.0.0.1:1/nowhere")
    result = planning_wave.execute_in_process(
        instance=instance,
        run_config=wave_config(cells, claimed_by="tick"),
        resources={"warehouse": broken, "clock": Clock(lambda: NOW), "memory": dg.mem_io_manager},
        raise_on_error=False,
    )
    assert not result.success
    run = instance.get_run_by_id(result.run_id)
    assert run
    context = dg.build_run_status_sensor_context(
        sensor_name="run_outcomes",
        dagster_instance=instance,
        dagster_run=run,
        dagster_event=result.get_run_failure_event(),
        resources={"warehouse": warehouse, "clock": Clock(lambda: NOW)},
    ).for_run_failure()
    run_outcomes(context)
    assert rows(warehouse, "SELECT DISTINCT status, extract(year FROM claimed_at)::int FROM plans.planning_runs") == [
        ("claimed", 1970)
    ]
