"""Planning costs: the CPU time of a chunk of cells, shared out over them, with the rows and bytes of each stage.

Pure functions; what a chunk took is measured by ``assets.rounds``, what it costs in money is the mart's
(``mart_planning_costs``).
"""

from collections.abc import Iterable, Mapping

import dataframely as dy
import polars as pl

from bakery_assets.cells import Frames
from bakery_assets.schemas import Cells, conform
from bakery_assets.stages import Stage

READS, CHECKS, WRITES = "reads", "checks", "writes"  # what a round spends time on apart from its stages

# Bytes that PostgreSQL adds to each row's columns: the tuple's header and its pointer in the page.
ROW_HEADER = 28
_LENGTH_OF_TEXT = 1  # byte before a text of up to 126
_WIDTHS = {pl.Boolean: 1, pl.Date: 4, pl.Int32: 4}
_WIDTH = 8  # of all other types without a length of their own


class PlanningCosts(dy.Schema):
    """What planning a cell once has taken, by phase: a stage, or what comes before and after the stages."""

    tenant_id = dy.String(primary_key=True)
    plan_date = dy.Date(primary_key=True)
    phase = dy.String(primary_key=True)
    position = dy.Int32(min=0)  # of the phase in the round
    cpu_ms = dy.Float64(min=0)  # of this program; PostgreSQL's own is not in it
    row_count = dy.Int32(min=0)  # rows read, or written by a stage
    byte_count = dy.Int64(min=0)  # of these, as PostgreSQL stores a row, without indexes and compression


def share_costs(
    cells: dy.DataFrame[Cells], cpu_seconds: Mapping[str, float], stages: Iterable[Stage], read: Frames, made: Frames
) -> dy.DataFrame[PlanningCosts]:
    """What each of a chunk's cells has taken: of a stage's CPU time as much as it has of the rows written.

    Reading and checking are shared out by rows read, writing by all rows written; a phase without any rows evenly.

    Args:
        cells: those of the chunk, one a tenant.
        cpu_seconds: of the whole chunk by phase, in the order in which they came.
        read: what the stages were given.
        made: the tables that they wrote.
    """
    stage_sizes = {stage.name: _sizes({name: made[name] for name in stage.writes if name in made}) for stage in stages}
    written = pl.concat([*stage_sizes.values(), _NO_SIZES]).group_by("tenant_id").agg(pl.col("rows", "bytes").sum())
    sizes = {READS: _sizes(read), **stage_sizes}
    weights = {**sizes, CHECKS: sizes[READS], WRITES: written}
    parts = [
        _shares(cells, weights.get(phase, _NO_SIZES), seconds, counts=phase in sizes).with_columns(
            phase=pl.lit(phase), position=position
        )
        for position, (phase, seconds) in enumerate(cpu_seconds.items())
    ]
    return conform(PlanningCosts, pl.concat(parts)) if parts else PlanningCosts.create_empty()


_NO_SIZES = pl.DataFrame(schema={"tenant_id": pl.String, "rows": pl.Int64, "bytes": pl.Int64})


def _shares(cells: pl.DataFrame, sizes: pl.DataFrame, seconds: float, *, counts: bool) -> pl.DataFrame:
    """Each cell's part of a phase; its own rows and bytes only where the phase ``counts`` them."""
    rows, all_rows = pl.col("rows"), pl.col("rows").sum()
    return (
        cells.select("tenant_id", "plan_date")
        .join(sizes, on="tenant_id", how="left", maintain_order="left")
        .with_columns(pl.col("rows", "bytes").fill_null(0))
        .select(
            "tenant_id",
            "plan_date",
            cpu_ms=pl.when(all_rows > 0).then(rows / all_rows).otherwise(1 / pl.len()) * seconds * 1_000,
            row_count=rows if counts else pl.lit(0, pl.Int64),
            byte_count=pl.col("bytes") if counts else pl.lit(0, pl.Int64),
        )
    )


def _sizes(frames: Frames) -> pl.DataFrame:
    """``tenant_id, rows, bytes`` of frames together; those that belong to no tenant are left out."""
    of_tenants = [frame for frame in frames.values() if "tenant_id" in frame.columns and frame.height]
    counted = [
        frame.group_by("tenant_id").agg(rows=pl.len().cast(pl.Int64), bytes=_stored_bytes(frame.schema).sum())
        for frame in of_tenants
    ]
    return pl.concat([*counted, _NO_SIZES]).group_by("tenant_id").agg(pl.col("rows", "bytes").sum())


def _stored_bytes(schema: pl.Schema) -> pl.Expr:
    """Bytes of a row. What is empty counts as what has a value."""
    fixed = sum(_WIDTHS.get(kind.base_type(), _WIDTH) for kind in schema.dtypes() if kind != pl.String)
    texts = [pl.col(name).str.len_bytes().fill_null(0) for name, kind in schema.items() if kind == pl.String]
    return pl.sum_horizontal(*texts).cast(pl.Int64) + ROW_HEADER + fixed + len(texts) * _LENGTH_OF_TEXT
