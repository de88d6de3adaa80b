"""Use of Dagster's storage in processes that write many events. Its address is in ``postgres``.

That events are stored in batches is private to Dagster: this is the only module that relies on it, and a test holds it
to the version in ``BATCHES_OF``.
"""

from collections.abc import Iterable
from itertools import groupby
from uuid import uuid4

import dagster as dg
from dagster._core.events import DagsterEvent, DagsterEventBatchMetadata

STATEMENT_MS = 60_000
RECYCLE_SECONDS = 3_600
BATCHES_OF = "1.13.27"  # the version of Dagster whose batches these are


def keep_connections(instance: dg.DagsterInstance) -> None:
    """Let this process keep its connection to the event log.

    By default dagster-postgres opens new connections for every event, which takes 16 ms instead of 6.
    """
    instance.event_log_storage.optimize_for_webserver(
        statement_timeout=STATEMENT_MS, pool_recycle=RECYCLE_SECONDS, max_overflow=5
    )


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
