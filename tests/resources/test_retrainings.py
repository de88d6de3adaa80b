"""State of retrainings: asked for once, done by one run, and never left hanging."""

from datetime import UTC, datetime, timedelta

from resources.warehouse import Warehouse, retrainings
from tests.bakeries import insert, rows

NOW = datetime(2026, 3, 1, 21, tzinfo=UTC)
CLAIM = timedelta(minutes=30)
STATES = "SELECT tenant_id, retraining_id, state, reason FROM plans.retraining_runs ORDER BY 1, 2"


def ask(warehouse: Warehouse, *tenants: str, name: str = "2026-03-01-1", by: str = "schedule") -> set[tuple[str, str]]:
    return retrainings.request(
        warehouse, [(tenant, name) for tenant in tenants], requested_by=by, requested_at=NOW,
        trained_as_of=dict.fromkeys(tenants, NOW),
    )  # fmt: skip


def open_bakeries(warehouse: Warehouse, *names: str) -> None:
    insert(
        warehouse,
        tenants=[{"tenant_id": name, "name": name, "timezone": "Europe/Paris", "country": "FR"} for name in names],
    )


def test_a_retraining_is_asked_for_once(warehouse: Warehouse) -> None:
    open_bakeries(warehouse, "a", "b")
    assert ask(warehouse, "a") == {("a", "2026-03-01-1")}
    assert ask(warehouse, "a", "b") == {("b", "2026-03-01-1")}
    assert ask(warehouse) == set()
    assert [each.state for each in retrainings.scheduled(warehouse, NOW)] == ["requested", "requested"]
    assert retrainings.scheduled(warehouse, NOW + timedelta(seconds=1)) == []


def test_what_a_person_asks_for_is_not_the_schedules(warehouse: Warehouse) -> None:
    open_bakeries(warehouse, "a")
    ask(warehouse, "a", by="person")
    assert retrainings.scheduled(warehouse, NOW) == []


def test_a_run_takes_what_is_there_and_may_take_it_again_itself(warehouse: Warehouse) -> None:
    open_bakeries(warehouse, "a", "b")
    keys = ask(warehouse, "a", "b") | {("c", "2026-03-01-1")}
    begun = retrainings.begin(warehouse, keys, "run")
    assert begun.select("tenant_id", "requested_by", "timezone").rows() == [
        ("a", "schedule", "Europe/Paris"),
        ("b", "schedule", "Europe/Paris"),
    ]
    assert begun["trained_as_of"].to_list() == [NOW, NOW]
    assert retrainings.begin(warehouse, keys, "run").height == 2, "its step is tried again"
    assert retrainings.begin(warehouse, keys, "another").is_empty()


def test_what_no_run_will_do_any_more_is_given_up_and_what_waits_in_a_queue_is_not(warehouse: Warehouse) -> None:
    open_bakeries(warehouse, "dead", "queued")
    ask(warehouse, "dead", "queued")
    queued = [("queued", "2026-03-01-1")]
    retrainings.give_up_lost(warehouse, queued, CLAIM, NOW + CLAIM - timedelta(seconds=1))
    assert {row[2] for row in rows(warehouse, STATES)} == {"requested"}
    retrainings.give_up_lost(warehouse, queued, CLAIM, NOW + CLAIM)
    assert rows(warehouse, STATES) == [
        ("dead", "2026-03-01-1", "failed", "its run is gone"),
        ("queued", "2026-03-01-1", "requested", None),
    ]
    retrainings.give_up_lost(warehouse, [], CLAIM, NOW + CLAIM)
    assert {row[2] for row in rows(warehouse, STATES)} == {"failed"}


def test_what_was_never_begun_can_be_given_up_by_name(warehouse: Warehouse) -> None:
    open_bakeries(warehouse, "a", "b")
    keys = ask(warehouse, "a", "b")
    retrainings.begin(warehouse, [("a", "2026-03-01-1")], "run")
    retrainings.give_up(warehouse, keys, "its run died", NOW)
    assert [row[2] for row in rows(warehouse, STATES)] == ["running", "failed"]
