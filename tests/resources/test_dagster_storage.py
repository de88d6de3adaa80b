"""The private part of Dagster that stores events in batches: held to the version it was written for."""

import dagster as dg
import pytest
from dagster._core.storage.event_log.in_memory import InMemoryEventLogStorage

from resources.dagster_storage import BATCHES_OF, log_materializations

PARTITIONS = 7


def test_dagster_is_the_version_whose_batches_are_known() -> None:
    assert dg.__version__ == BATCHES_OF, "look again at handle_new_event and store_event_batch, then change BATCHES_OF"


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
