"""Use of Dagster's storage in processes that ask it often or write many events. Its address is in ``postgres``.

That events are stored in batches, and where the storage keeps its engine, is private to Dagster: this is the only
module that relies on it, and tests hold it to the version in ``PRIVATE_PARTS_OF``.
"""

import os
from collections.abc import Iterable
from itertools import groupby
from uuid import uuid4
from weakref import WeakSet

import dagster as dg
from dagster._core.events import DagsterEvent, DagsterEventBatchMetadata
from sqlalchemy import Engine, create_engine

KEPT = 3  # connections of a process; threads that need more at a time open them and close them again
UNLIMITED = -1
RECYCLE_SECONDS = 3_600
PRIVATE_PARTS_OF = "1.13.27"  # the version of Dagster whose private parts are used here
_engines: "WeakSet[Engine]" = WeakSet()  # a run's ends with its instance, and so do its connections


def keep_connections(instance: dg.DagsterInstance) -> None:
    """Let this process keep its connections to Dagster's storage, for all parts of it and all threads.

    By default dagster-postgres opens a new one for every question. Each costs the proof of the password on both sides
    and a process of the server: an event takes 16 ms instead of 6.
    """
    from dagster_postgres import PostgresEventLogStorage, PostgresRunStorage, PostgresScheduleStorage

    known = PostgresRunStorage, PostgresEventLogStorage, PostgresScheduleStorage
    storages = (instance.run_storage, instance.event_log_storage, instance.schedule_storage)
    parts = [storage for storage in storages if isinstance(storage, known)]
    if parts:
        engine = _pooled(parts[0].postgres_url)
        for part in parts:
            part._engine = engine


def _pooled(url: str) -> Engine:
    """An engine whose connections are tried before they are used, as the server may have been restarted meanwhile."""
    engine = create_engine(
        url,
        isolation_level="AUTOCOMMIT",  # as dagster-postgres's own
        pool_size=KEPT,
        max_overflow=UNLIMITED,
        pool_pre_ping=True,
        pool_recycle=RECYCLE_SECONDS,
    )
    _engines.add(engine)
    return engine


def _begin_without_connections() -> None:
    """Two processes must not talk over one connection, so a forked one leaves those that it was born with alone."""
    for engine in _engines:
        engine.dispose(close=False)


os.register_at_fork(after_in_child=_begin_without_connections)


def log_materializations(context: dg.OpExecutionContext, events: Iterable[dg.AssetMaterialization]) -> None:
    """Log materializations from within an op, in batches of one asset's.

    A batch takes two transactions; one event alone takes as many, and ``OpExecutionContext.log_event`` logs each alone.
    Dagster stores a batch when it has ``DAGSTER_EVENT_BATCH_SIZE`` events, and what is left of it at its end mark. When
    this returns everything is stored.

    Args:
        events: those of an asset one after the other.
    """
    step = context.get_step_execution_context()
    for _, own in groupby(events, key=lambda event: event.asset_key):
        batch_id, batch = str(uuid4()), list(own)
        for number, event in enumerate(batch, start=1):
            mark = DagsterEventBatchMetadata(batch_id, number == len(batch))
            DagsterEvent.asset_materialization(step, event, mark)
