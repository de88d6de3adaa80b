"""Batch events of a file that contradict the plan or what is known of their batch; the rules are in ``batches``.

A row is judged with all other events of its batch, those of the file and those known before. Only rows of the file are
at fault: an earlier event that a new one contradicts stays, and is put aside by every plan.
"""

from datetime import UTC, datetime

import dataframely as dy
import polars as pl

from bakery_assets.batches.histories import REASONS, judged_events
from bakery_assets.intake.faults import ROW_NUMBER, RowFaults, row_faults
from bakery_assets.intake.references import KnownRows
from bakery_assets.intake.tables import RECORDED_AT, TableSpec
from bakery_assets.schemas import conform, ops

EVER = datetime(9999, 1, 1, tzinfo=UTC)  # whatever happened counts, also what is still to come
COLUMN_AT_FAULT = {"unknown_batch": "batch_number", "other_product": "product_id"}  # of the others when it happened


def contradicting_events(spec: TableSpec, rows: pl.DataFrame, known: KnownRows) -> dy.DataFrame[RowFaults]:
    """The rows at fault.

    Args:
        rows: ``ROW_NUMBER`` and the table's columns, rows that nothing else is wrong with.
    """
    if spec.schema is not ops.BatchEvents or rows.is_empty():
        return row_faults()
    batches = rows.select("tenant_id", "plan_date", "batch_number").unique()
    earlier = known.events_of(batches)
    every = pl.concat(
        [earlier.with_columns(pl.lit(0, rows.schema[ROW_NUMBER]).alias(ROW_NUMBER)), rows], how="diagonal"
    )
    latest = every.sort(RECORDED_AT, ROW_NUMBER).unique(spec.subject, keep="last")
    whenever = batches.select("tenant_id").unique().with_columns(planned_as_of=pl.lit(EVER, pl.Datetime("us", "UTC")))
    judged = judged_events(whenever, conform(ops.BatchEvents, latest), known.planned_batches(batches))
    contradicting = judged.drop_nulls("contradiction").select(*spec.key, "contradiction")
    code = pl.col("contradiction")
    found = rows.join(contradicting, on=spec.key, how="inner", maintain_order="left").select(
        ROW_NUMBER,
        code=pl.lit("contradicts_batch"),
        column_name=code.replace_strict(COLUMN_AT_FAULT, default="happened_at", return_dtype=pl.String),
        reason=pl.format("{} of batch {}: {}", "event", "batch_number", code.replace_strict(dict(REASONS))),
    )
    return row_faults(found)
