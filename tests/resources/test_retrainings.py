"""State of retrainings: requested once, done by one run, and never left unfinished without a run."""

from datetime import UTC, datetime, timedelta

from resources.warehouse import Warehouse, retrainings
from tests.bakeries import insert, rows

NOW = datetime(2026, 3, 1, 21, tzinfo=UTC)
CLAIM = timedelta(minutes=30)
STATES = "SELECT tenant_id, retraining_id, state, reason FROM plans.retraining_runs ORDER BY 1, 2"


def request(
    warehouse: Warehouse, *tenants: str, name: str = "2026-03-01-1", by: str = "schedule"
) -> set[tuple[str, str]]:
    return retrainings.request(
        warehouse, [(tenant, name) for tenant in tenants], requested_by=by, requested_at=NOW,
        trained_as_of=dict.fromkeys(tenants, NOW),
    )  # fmt: skip


def open_bakeries(warehouse: Warehouse, *names: str) -> None:
    insert(
        warehouse,
        tenants=[{"tenant_id": name, "name": name, "timezone": "Europe/Paris", "country": "FR"} for name in names],
    )


def test_a_retraining_is_requested_once(warehouse: Warehouse) -> None:
    open_bakeries(warehouse, "a", "b")
    assert request(warehouse, "a") == {("a", "2026-03-01-1")}
    assert request(warehouse, "a", "b") == {("b", "2026-03-01-1")}
    assert request(warehouse) == set()
    assert [each.state for each in retrainings.scheduled(warehouse, NOW)] == ["requested", "requested"]
    assert retrainings.scheduled(warehouse, NOW + timedelta(seconds=1)) == []


def test_what_a_person_requests_is_not_the_schedules(warehouse: Warehouse) -> None:
    open_bakeries(warehouse, "a")
    request(warehouse, "a", by="person")
    assert retrainings.scheduled(warehouse, NOW) == []


def test_a_run_starts_what_is_requested_and_may_start_it_again_itself(warehouse: Warehouse) -> None:
    open_bakeries(warehouse, "a", "b")
    keys = request(warehouse, "a", "b") | {("c", "2026-03-01-1")}
    started = retrainings.start(warehouse, keys, "run")
    assert started.select("tenant_id", "requested_by", "timezone").rows() == [
        ("a", "schedule", "Europe/Paris"),
        ("b", "schedule", "Europe/Paris"),
    ]
    assert started["trained_as_of"].to_list() == [NOW, NOW]
    assert retrainings.start(warehouse, keys, "run").height == 2, "its step is tried again"
    assert retrainings.start(warehouse, keys, "another").is_empty()


def test_what_no_run_will_do_any_more_fails_and_what_waits_in_a_queue_does_not(warehouse: Warehouse) -> None:
    open_bakeries(warehouse, "dead", "queued")
    request(warehouse, "dead", "queued")
    queued = [("queued", "2026-03-01-1")]
    retrainings.fail_orphaned(warehouse, queued, CLAIM, NOW + CLAIM - timedelta(seconds=1))
    assert {row[2] for row in rows(warehouse, STATES)} == {"requested"}
    retrainings.fail_orphaned(warehouse, queued, CLAIM, NOW + CLAIM)
    assert rows(warehouse, STATES) == [
        ("dead", "2026-03-01-1", "failed", "its run is gone"),
        ("queued", "2026-03-01-1", "requested", None),
    ]
    retrainings.fail_orphaned(warehouse, [], CLAIM, NOW + CLAIM)
    assert {row[2] for row in rows(warehouse, STATES)} == {"failed"}


def test_what_was_never_started_can_be_failed_by_name(warehouse: Warehouse) -> None:
    open_bakeries(warehouse, "a", "b")
    keys = request(warehouse, "a", "b")
    retrainings.start(warehouse, [("a", "2026-03-01-1")], "run")
    retrainings.fail_unstarted(warehouse, keys, "its run died", NOW)
    assert [row[2] for row in rows(warehouse, STATES)] == ["running", "failed"]
