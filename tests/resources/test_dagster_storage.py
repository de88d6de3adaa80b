"""The private parts of Dagster's storage that are used: held to the version they were looked up in."""

import os
from collections.abc import Callable

import dagster as dg
import pytest
from dagster._core.storage.event_log.in_memory import InMemoryEventLogStorage
from dagster_postgres import PostgresEventLogStorage, PostgresRunStorage, PostgresScheduleStorage
from sqlalchemy import text

from resources.dagster_storage import PRIVATE_PARTS_OF, keep_connections, log_materializations

PARTITIONS = 7


def test_dagster_is_the_version_whose_batches_are_known() -> None:
    assert dg.__version__ == PRIVATE_PARTS_OF, (
        "look again at handle_new_event and store_event_batch, then change PRIVATE_PARTS_OF"
    )


def test_an_assets_events_are_stored_in_batches_and_none_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two assets' seven events each: batches of three, and the last one, which its end mark sends."""
    batches: list[tuple[str, int]] = []
    store = InMemoryEventLogStorage.store_event

    def store_one(storage: InMemoryEventLogStorage, event: dg.EventLogEntry) -> None:
        if event.dagster_event and event.dagster_event.is_step_materialization:
            batches.append((str(event.dagster_event.asset_key), 1))
        store(storage, event)

    def store_batch(storage: InMemoryEventLogStorage, events: list[dg.EventLogEntry]) -> None:
        batches.append((str(events[0].get_dagster_event().asset_key), len(events)))
        for event in events:
            store(storage, event)

    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "3")
    monkeypatch.setattr(InMemoryEventLogStorage, "store_event", store_one)
    monkeypatch.setattr(InMemoryEventLogStorage, "store_event_batch", store_batch)

    @dg.op
    def materialize(context: dg.OpExecutionContext) -> None:
        keys = [(asset, str(number)) for asset in ("bread", "cake") for number in range(PARTITIONS)]
        log_materializations(context, (dg.AssetMaterialization(asset, partition=key) for asset, key in keys))

    @dg.job(executor_def=dg.in_process_executor)
    def morning() -> None:
        materialize()

    with dg.DagsterInstance.ephemeral() as instance:
        assert morning.execute_in_process(instance=instance).success
        for asset in ("bread", "cake"):
            assert len(instance.get_materialized_partitions(dg.AssetKey(asset))) == PARTITIONS
    assert [size for _, size in batches] == [3, 3, 1, 3, 3, 1]
    assert len({asset for asset, _ in batches[:3]}) == 1, "a batch is of one asset"


def backend(storage: object) -> int:
    """Which of the server's processes answers a part of Dagster's storage."""
    assert isinstance(storage, PostgresRunStorage | PostgresEventLogStorage | PostgresScheduleStorage)
    connect = storage.index_connection if isinstance(storage, PostgresEventLogStorage) else storage.connect
    with connect() as connection:
        return int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())


def test_a_process_keeps_one_connection_for_all_storages_until_the_server_ends_it(database_url: str) -> None:
    given = {"postgres_url": database_url, "should_autocreate_tables": False}
    with dg.instance_for_test(overrides={"storage": {"postgres": given}}) as instance:
        parts = (instance.run_storage, instance.event_log_storage, instance.schedule_storage)
        assert len({backend(part) for part in parts}) == 3, "a new one for each question, as Dagster does it"
        keep_connections(instance)
        [kept] = {backend(part) for part in (*parts, *parts)}
        assert in_a_forked_process(lambda: backend(parts[0])) != kept, "two processes must not share a connection"
        assert backend(parts[0]) == kept
        with instance.run_storage.connect() as connection, instance.run_storage.connect() as other:  # type: ignore[attr-defined]
            assert connection.connection is not other.connection, "two that ask at a time"
            other.execute(text("SELECT pg_terminate_backend(:kept)"), {"kept": kept})
        assert {backend(part) for part in parts}.isdisjoint({kept}), "as after the server was started again"


def in_a_forked_process(answer: Callable[[], int]) -> int:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(write, str(answer()).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as said:
        found = said.read()
    os.waitpid(child, 0)
    return int(found)
