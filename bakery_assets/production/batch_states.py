"""Batch states: how far each batch is as of an instant, by the events that happened up to it.

What a batch takes from stock and adds to it is in ``stock``; which batches a new plan keeps is in ``carried_over``.
"""

import dataframely as dy
import polars as pl

from bakery_assets.schemas import Cells, conform, ops, plans
from bakery_assets.schemas import columns as col
from bakery_assets.schemas.plans import BatchState

BATCH = ["tenant_id", "schedule_date", "batch_number"]
STATE_AFTER: dict[str, BatchState] = {
    "confirmed": "confirmed",
    "started": "in_progress",
    "quality_check": "quality_check",
    "finished": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
}
# Of events of the same instant the later stage counts, and of two ends the one that made nothing.
ORDER = list(STATE_AFTER)


class BatchStates(dy.Schema):
    """The state of every batch that has events."""

    tenant_id = col.tenant_id()
    schedule_date = col.date("Day it is sold first", primary_key=True)
    batch_number = col.key_text("The batch", primary_key=True)
    state = plans.ProductionBatches.state
    started_at = col.instant("When it was started; of one that only finished, when it did", nullable=True)
    ended_at = col.instant("When it was completed, failed or was cancelled", nullable=True)
    quantity_made = col.number("Units made by the last event that says; empty: none says", nullable=True)


def batch_states(cells: dy.DataFrame[Cells], events: dy.DataFrame[ops.BatchEvents]) -> dy.DataFrame[BatchStates]:
    """States at each cell's planning instant, sorted.

    Events count by when they happened, in whatever order they were learned: the last one decides. A batch that is
    finished has been started, whether or not anyone said so.

    Args:
        events: each in its latest record.
    """
    known = (
        events.join(cells.select("tenant_id", "planned_as_of"), on="tenant_id")
        .filter(pl.col("happened_at") <= pl.col("planned_as_of"))
        .with_columns(
            schedule_date="plan_date",
            place=pl.col("event").replace_strict(ORDER, range(len(ORDER)), return_dtype=pl.Int32),
            after=pl.col("event").replace_strict(STATE_AFTER, return_dtype=pl.String),
        )
        .sort(*BATCH, "happened_at", "place")
    )
    is_end = pl.col("after").is_in(["completed", "failed", "cancelled"])
    has_begun = pl.col("after").is_in(["in_progress", "quality_check", "completed", "failed"])
    states = known.group_by(BATCH, maintain_order=True).agg(
        state=pl.col("after").last(),
        started_at=pl.col("happened_at").filter(has_begun).first(),
        ended_at=pl.col("happened_at").filter(is_end).last(),
        quantity_made=pl.col("quantity").drop_nulls().last(),
    )
    return conform(BatchStates, states)
