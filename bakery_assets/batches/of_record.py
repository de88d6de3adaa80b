"""Batches of record: for each day the plan that counts, and what the last plans to have a batch published of it.

What events say of batches is in ``histories``. The SQL function ``plans.batches_of_record_as_of`` has the same rule.
"""

import dataframely as dy
import polars as pl

from bakery_assets.cells import HORIZON_DAYS
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, plans

BATCH = ["tenant_id", "schedule_date", "batch_number"]
DAY_SECONDS = 86_400
_DAY = ["tenant_id", "schedule_date"]


class LatestVersions(dy.Schema):
    """The latest published version of each plan."""

    tenant_id = col.tenant_id()
    plan_date = col.date("Local date of the plan", primary_key=True)
    version = col.integer("Its version", minimum=1)


class RecordedBatches(dy.Schema):
    """Batches as they were published last."""

    tenant_id = col.tenant_id()
    schedule_date = col.date("Day it is sold first", primary_key=True)
    batch_number = col.key_text("The batch", primary_key=True)
    published_for = col.date("Plan date of the plan that published it last")
    is_of_record = col.boolean("The plan that counts for its day has it; otherwise it was given up")
    product_id = plans.PublishedBatches.product_id
    recipe_id = plans.PublishedBatches.recipe_id
    quantity_planned = plans.PublishedBatches.quantity_planned
    begins_at = plans.PublishedBatches.begins_at
    start_at = plans.PublishedBatches.start_at
    end_at = plans.PublishedBatches.end_at
    equipment_id = plans.PublishedBatches.equipment_id
    priority = col.integer("1 was to be baked first", minimum=1, nullable=True)
    reasoning = dy.String(nullable=True, description="Every term of the calculation, as published")
    planned_since = plans.PublishedBatches.planned_since


def latest_versions(cells: pl.DataFrame, versions: dy.DataFrame[plans.PlanVersions]) -> dy.DataFrame[LatestVersions]:
    """Of each plan the last version that was published by the planning instant, sorted."""
    known = _published(cells, versions)
    latest = known.group_by("tenant_id", "plan_date").agg(pl.col("version").max())
    return conform(LatestVersions, latest.sort("tenant_id", "plan_date"))


def begins_by_record() -> pl.Expr:
    """When a batch begins by its last publication; null where it has no times.

    That is with its first dough. One that was due before the plan came is made up for at the same time of a later day:
    the batch begins with the first that was not, or with its own work.
    """
    missed = ((pl.col("planned_since") - pl.col("begins_at")).dt.total_seconds() / DAY_SECONDS).ceil().clip(0)
    dough = pl.col("begins_at") + pl.duration(days=missed.cast(pl.Int64))
    return pl.min_horizontal(dough, "start_at")


def ready_at(start: pl.Expr) -> pl.Expr:
    """When a batch whose end no event tells is taken to be ready: so long after its ``start`` as it was planned.

    Columns ``start_at, end_at`` are as published, and ``opens_at`` takes the place of times that are not known.
    """
    after = start - pl.coalesce("start_at", "opens_at")
    return pl.max_horizontal(pl.coalesce("end_at", "opens_at") + after, start)


def batches_of_record(
    cells: pl.DataFrame,
    versions: dy.DataFrame[plans.PlanVersions],
    published: dy.DataFrame[plans.PublishedBatches],
) -> dy.DataFrame[RecordedBatches]:
    """All batches that a plan published by the planning instant, sorted; of each its last publication.

    The plan that counts for a day is the last one that is not of a later date and whose horizon has the day, in its
    latest version: the day's own plan once that is out, before it the preview of the day before, and so on. A batch
    that this version does not have was given up, even if it has no batch at all for the day.
    """
    of_known = published.join(_published(cells, versions), on=["tenant_id", "plan_date", "version"], how="semi").filter(
        pl.col("plan_date") <= pl.col("schedule_date")
    )
    last = of_known.sort("plan_date", "version").unique(BATCH, keep="last").sort(*_DAY, "batch_number")
    counting = latest_versions(cells, versions).rename({"plan_date": "counting_date", "version": "counting_version"})
    days = last.select(_DAY).unique().sort(_DAY)
    days = days.join_asof(
        counting,
        left_on="schedule_date",
        right_on="counting_date",
        by="tenant_id",
        strategy="backward",
        tolerance=f"{HORIZON_DAYS - 1}d",
        coalesce=False,
        check_sortedness=False,
    )
    is_of_record = (pl.col("plan_date") == pl.col("counting_date")) & (pl.col("version") == pl.col("counting_version"))
    rows = last.join(days, on=_DAY, maintain_order="left").with_columns(
        is_of_record=is_of_record.fill_null(value=False), published_for="plan_date"
    )
    return conform(RecordedBatches, rows)


def _published(cells: pl.DataFrame, versions: pl.DataFrame) -> pl.DataFrame:
    instants = cells.select("tenant_id", as_of="planned_as_of")
    return versions.join(instants, on="tenant_id").filter(pl.col("published_at") <= pl.col("as_of"))
