"""What the ticks of retraining and review request, and that no retraining is requested twice."""

from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster._core.definitions.schedule_definition import ScheduleExecutionData
from sqlalchemy import text

from bakery_assets.assets.retraining import MEMORY, keys_of_run, retrain_models, retraining_config
from bakery_assets.definitions import build_defs
from resources.clock import Clock
from resources.warehouse import Warehouse, retrainings
from schedules.model_review import model_review
from schedules.weekly_retraining import weekly_retraining
from sensors.run_outcomes import run_outcomes
from tests.bakeries import insert, rows

SUNDAY_NIGHT = datetime(2026, 3, 1, 21, 4, tzinfo=UTC)  # 22:04 in Paris
STATES = "SELECT tenant_id, retraining_id, state FROM plans.retraining_runs ORDER BY 1, 2"


def tick(
    warehouse: Warehouse, now: datetime, *, running: list[tuple[str, str]] | None = None,
    schedule: dg.ScheduleDefinition = weekly_retraining,
) -> ScheduleExecutionData:  # fmt: skip
    with dg.instance_for_test() as instance:
        if running:
            instance.create_run_for_job(
                build_defs().resolve_job_def("retrain_models"),
                run_config=retraining_config(running),
                status=dg.DagsterRunStatus.STARTED,
            )
        context = dg.build_schedule_context(
            instance=instance, resources={"warehouse": warehouse, "clock": Clock(lambda: now)}
        )
        return schedule.evaluate_tick(context)


def requested(data: ScheduleExecutionData) -> list[list[tuple[str, str]]]:
    return sorted(sorted(keys_of_run(request.run_config)) for request in data.run_requests or [])


def open_bakeries(warehouse: Warehouse, **zones: str) -> None:
    insert(
        warehouse,
        tenants=[
            {
                "tenant_id": name,
                "name": name,
                "timezone": zone,
                "country": "FR",
                "status": "demo" if name == "show" else "active",
            }
            for name, zone in zones.items()
        ],
    )


def have_been_done(warehouse: Warehouse, at: datetime, *names: str) -> None:
    keys = [(name, "done") for name in names]
    retrainings.request(
        warehouse, keys, requested_by="schedule", requested_at=at, trained_as_of=dict.fromkeys(names, at)
    )
    with warehouse.engine.begin() as connection:
        connection.execute(text("UPDATE plans.retraining_runs SET state = 'not_needed'"))


def test_each_bakery_is_requested_on_its_own_sunday_night_in_runs_by_zone(warehouse: Warehouse) -> None:
    open_bakeries(
        warehouse,
        paris="Europe/Paris",
        lyon="Europe/Paris",
        kathmandu="Asia/Kathmandu",
        la="America/Los_Angeles",
        show="Europe/Paris",
    )
    have_been_done(warehouse, SUNDAY_NIGHT - timedelta(days=6), "paris", "lyon", "kathmandu", "la")
    assert requested(tick(warehouse, SUNDAY_NIGHT - timedelta(minutes=20))) == [[("kathmandu", "2026-03-01-1")]]
    assert requested(tick(warehouse, SUNDAY_NIGHT)) == [[("lyon", "2026-03-01-1"), ("paris", "2026-03-01-1")]]
    assert requested(tick(warehouse, SUNDAY_NIGHT)) == [], "a second tick at the same instant"
    busy = [(name, "2026-03-01-1") for name in ("kathmandu", "lyon", "paris")]
    data = tick(warehouse, SUNDAY_NIGHT + timedelta(hours=9), running=busy)
    assert requested(data) == [[("la", "2026-03-01-1")]]
    (request,) = data.run_requests or []
    assert request.run_key
    assert int(request.tags["dagster/priority"]) < 0, "planning comes first"
    assert "No tenant is due" in str(
        tick(warehouse, SUNDAY_NIGHT + timedelta(hours=9, minutes=20), running=busy).skip_message
    )


def test_what_failed_is_requested_again_once_and_then_waits_for_the_next_sunday(warehouse: Warehouse) -> None:
    open_bakeries(warehouse, b="Europe/Paris")
    names = []
    for hour in range(4):
        now = SUNDAY_NIGHT + timedelta(hours=hour)
        for key in (key for keys in requested(tick(warehouse, now)) for key in keys):
            names.append(key[1])
            retrainings.fail_unstarted(warehouse, [key], "it failed", now)
    assert names == ["2026-03-01-1", "2026-03-01-2"]
    assert requested(tick(warehouse, SUNDAY_NIGHT + timedelta(days=7))) == [[("b", "2026-03-08-1")]]


def test_a_run_that_died_twice_is_tried_in_halves_and_one_whose_bakery_failed_is_not(warehouse: Warehouse) -> None:
    open_bakeries(warehouse, **dict.fromkeys("abcde", "Europe/Paris"))
    for hour in range(2):
        now = SUNDAY_NIGHT + timedelta(hours=hour)
        (keys,) = requested(tick(warehouse, now))
        assert len(keys) == 5
        retrainings.start(warehouse, keys, f"run {hour}")
        retrainings.fail_started(warehouse, f"run {hour}", f"its run {hour} died", now)
    halves = requested(tick(warehouse, SUNDAY_NIGHT + timedelta(hours=2)))
    assert [[tenant for tenant, _ in keys] for keys in halves] == [["a", "b", "c"], ["d", "e"]]
    for number, keys in enumerate(halves):
        retrainings.start(warehouse, keys, f"half {number}")
    with warehouse.engine.begin() as connection:  # of one half a single bakery cannot be trained, the other half dies
        connection.execute(
            text("UPDATE plans.retraining_runs SET state = 'promoted' WHERE tenant_id = 'b' AND state = 'running'")
        )
    retrainings.fail_started(warehouse, "half 0", "its sales are odd", SUNDAY_NIGHT)
    retrainings.fail_started(warehouse, "half 1", "its half died", SUNDAY_NIGHT)
    later = requested(tick(warehouse, SUNDAY_NIGHT + timedelta(hours=3)))
    assert [[tenant for tenant, _ in keys] for keys in later] == [["d"], ["e"]]


def test_a_retraining_whose_run_was_never_started_is_requested_again_and_a_queued_one_is_not(
    warehouse: Warehouse,
) -> None:
    open_bakeries(warehouse, lost="Europe/Paris", queued="Europe/Paris")
    tick(warehouse, SUNDAY_NIGHT)
    later = tick(warehouse, SUNDAY_NIGHT + timedelta(hours=1), running=[("queued", "2026-03-01-1")])
    assert requested(later) == [[("lost", "2026-03-01-2")]]
    assert rows(warehouse, STATES) == [
        ("lost", "2026-03-01-1", "failed"), ("lost", "2026-03-01-2", "requested"), ("queued", "2026-03-01-1", "requested"),
    ]  # fmt: skip


def test_a_run_that_dies_leaves_no_retraining_running(warehouse: Warehouse) -> None:
    open_bakeries(warehouse, b="Europe/Paris")
    (keys,) = requested(tick(warehouse, SUNDAY_NIGHT))
    clock = Clock(lambda: SUNDAY_NIGHT)
    with dg.instance_for_test() as instance:
        result = retrain_models.execute_in_process(
            instance=instance, run_config=retraining_config(keys), raise_on_error=False,
            resources={"warehouse": Warehouse("postgresql://nobody@127.0.0.1:1/nowhere"), "clock": clock, MEMORY: dg.mem_io_manager},
        )  # fmt: skip
        assert not result.success
        run = instance.get_run_by_id(result.run_id)
        assert run
        context = dg.build_run_status_sensor_context(
            sensor_name="run_outcomes", dagster_instance=instance, dagster_run=run,
            dagster_event=result.get_run_failure_event(), resources={"warehouse": warehouse, "clock": clock},
        ).for_run_failure()  # fmt: skip
        run_outcomes(context)
    ((state, reason),) = rows(warehouse, "SELECT state, reason FROM plans.retraining_runs")
    assert state == "failed"
    assert result.run_id in reason
    assert requested(tick(warehouse, SUNDAY_NIGHT + timedelta(hours=1))) == [[("b", "2026-03-01-2")]]


def test_the_review_runs_every_day_even_without_promotions(warehouse: Warehouse) -> None:
    data = tick(warehouse, SUNDAY_NIGHT, schedule=model_review)
    (request,) = data.run_requests or []
    assert request.run_config["ops"]["review"]["config"] == {"retrainings": []}
    again = tick(warehouse, SUNDAY_NIGHT + timedelta(days=1), schedule=model_review)
    assert (again.run_requests or [])[0].run_key != request.run_key
