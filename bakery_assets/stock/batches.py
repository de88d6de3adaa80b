"""Batches that were made: those of the record taken as made as planned, and what events say instead.

What they take of components is in ``consumption``. Days without a plan of record are in ``sales``.
"""

import dataframely as dy
import polars as pl

from bakery_assets.materials.items import PRODUCT_KIND
from bakery_assets.quantities import DECIMALS
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops, plans
from bakery_assets.stock.events import Action, StockEvents
from bakery_assets.stock.recorded import events_of
from bakery_assets.stock.scope import Scope

BATCH = ["tenant_id", "schedule_date", "batch_number"]
ENDINGS = ("finished", "failed", "cancelled")
BEGINNINGS = ("confirmed", "started", "quality_check", "finished", "failed")


class MadeBatches(dy.Schema):
    """Batches that were begun."""

    tenant_id = col.tenant_id()
    schedule_date = col.date("Day they are sold first", primary_key=True)
    batch_number = col.key_text("The batch", primary_key=True)
    product_id = col.key_text("The product")
    recipe_id = col.text("Recipe used; empty: the product's", nullable=True)
    quantity = col.number("Good units, 0 of a batch that failed")
    taken_for = col.number("Units whose ingredients it took")
    taken_at = col.instant("When it took its ingredients")
    made_at = col.instant("When it was ready; empty: it never was", nullable=True)
    planned_since = col.instant("When it was planned so: its doughs are begun no earlier; empty: never", nullable=True)
    is_recorded = col.boolean("Events say how it ended; otherwise it is taken as made as planned")


class RecordedDays(dy.Schema):
    """Days that have a plan of record."""

    tenant_id = col.tenant_id()
    schedule_date = col.date("The day", primary_key=True)


def recorded_days(scope: Scope, versions: dy.DataFrame[plans.PlanVersions]) -> dy.DataFrame[RecordedDays]:
    """Days whose own plan was published by the planning instant."""
    latest = _latest_versions(scope, versions)
    return conform(
        RecordedDays, latest.select("tenant_id", schedule_date="plan_date").sort("tenant_id", "schedule_date")
    )


def made_batches(
    scope: Scope,
    versions: dy.DataFrame[plans.PlanVersions],
    published: dy.DataFrame[plans.PublishedBatches],
    batch_events: dy.DataFrame[ops.BatchEvents],
) -> dy.DataFrame[MadeBatches]:
    """Batches begun by the planning instant, sorted.

    Of a day its own latest version counts, before there is one the previews of the latest day before. A batch is taken
    as made where it has been planned so since before it began, and has begun; events of a batch replace that.
    Of the events that end a batch the last counts; a start that nothing tells of is implied by the end.
    """
    planned = _planned(scope, versions, published)
    told = _told(batch_events)
    batches = planned.join(told, on=BATCH, how="full", coalesce=True).with_columns(
        product_id=pl.coalesce("product_id", "told_product_id")
    )
    batches = scope.at_opening(
        batches.filter(pl.col("product_id").is_not_null()).with_columns(date=pl.col("schedule_date")), "opens_at"
    )
    batches = batches.join(scope.cells.select("tenant_id", "planned_as_of"), on="tenant_id")
    ended = pl.col("ending")
    is_finished = (ended == "finished").fill_null(value=False)
    is_cut = ended.is_in(["failed", "cancelled"]).fill_null(value=False)
    planned_start = pl.coalesce("start_at", "opens_at")
    # A dough that was due before the plan came is made up for later: the batch begins with the first that was not, or
    # with its own work.
    missed = ((pl.col("planned_since") - pl.col("begins_at")).dt.total_seconds() / 86_400).ceil().clip(0)
    dough = pl.col("begins_at") + pl.duration(days=missed.cast(pl.Int64))
    begins = pl.coalesce(pl.min_horizontal(dough, "start_at"), "opens_at")
    is_assumed = (pl.col("planned_since") <= begins) & (begins <= pl.col("planned_as_of"))
    has_begun = pl.col("has_begun").fill_null(value=False)
    is_made = pl.when(ended == "cancelled").then(pl.col("started_at").is_not_null()).otherwise(has_begun | is_assumed)
    told_start = pl.coalesce("started_at", "checked_at")
    start = pl.coalesce(told_start, pl.min_horizontal(planned_start, pl.when(is_finished | is_cut).then("ended_at")))
    end = pl.coalesce("end_at", "opens_at") + (start - planned_start)
    used = pl.col("told_quantity") + pl.col("told_waste").fill_null(0.0)
    made = (
        batches.with_columns(
            is_made=is_made,
            taken_at=start,
            quantity=pl.when(is_cut)
            .then(0.0)
            .otherwise(pl.coalesce("told_quantity", "quantity_planned").fill_null(0.0)),
            taken_for=pl.coalesce(used, "quantity_planned").fill_null(0.0),
            made_at=pl.when(is_cut)
            .then(None)
            .when(is_finished)
            .then("ended_at")
            .otherwise(pl.max_horizontal(end, start)),
            is_recorded=ended.is_not_null(),
        )
        .filter(pl.col("is_made").fill_null(value=False))
        .sort(BATCH)
    )
    return conform(MadeBatches, made)


def production(scope: Scope, made: dy.DataFrame[MadeBatches], shelf_lives: pl.DataFrame) -> dy.DataFrame[StockEvents]:
    """Each batch that was ready makes a lot of its schedule date, from which its shelf life counts."""
    ready = made.filter(pl.col("made_at").is_not_null()).join(
        scope.cells.select("tenant_id", location_id="kitchen_id"), on="tenant_id"
    )
    ready = ready.with_columns(item_kind=pl.lit(PRODUCT_KIND), item_id="product_id")
    ready = ready.join(shelf_lives, on=["tenant_id", "item_kind", "item_id"], how="left")
    return events_of(
        ready.with_columns(pl.col("quantity").round(DECIMALS)),
        happened_at=pl.col("made_at"),
        action=int(Action.PRODUCE),
        lot_id=pl.format("baked {}", "schedule_date"),
        expires_on=pl.col("schedule_date") + pl.duration(days=pl.col("shelf_life_days") - 1),
        source=pl.format("batch {}", "batch_number"),
        is_assumed=~pl.col("is_recorded"),
    )


def _latest_versions(scope: Scope, versions: pl.DataFrame) -> pl.DataFrame:
    known = versions.join(scope.cells.select("tenant_id", as_of="planned_as_of"), on="tenant_id").filter(
        pl.col("published_at") <= pl.col("as_of")
    )
    return known.group_by("tenant_id", "plan_date").agg(pl.col("version").max())


def _planned(scope: Scope, versions: pl.DataFrame, published: pl.DataFrame) -> pl.DataFrame:
    """Batches of the plan that counts for each schedule date."""
    latest = _latest_versions(scope, versions)
    rows = published.join(latest, on=["tenant_id", "plan_date", "version"], how="semi")
    plans_of_days = pl.concat(
        [
            rows.select("tenant_id", "schedule_date", "plan_date"),
            latest.select("tenant_id", schedule_date="plan_date", plan_date="plan_date"),
        ]
    )
    counting = plans_of_days.group_by("tenant_id", "schedule_date").agg(pl.col("plan_date").max())
    return rows.join(counting, on=["tenant_id", "schedule_date", "plan_date"], how="semi").select(
        *BATCH, "product_id", "recipe_id", "quantity_planned", "begins_at", "start_at", "end_at", "planned_since"
    )


def _told(batch_events: pl.DataFrame) -> pl.DataFrame:
    """What events say of each batch."""
    events = batch_events.sort("happened_at", "event")
    event, at = pl.col("event"), pl.col("happened_at")
    is_end = event.is_in(ENDINGS)
    last = events.group_by("tenant_id", "plan_date", "batch_number", maintain_order=True).agg(
        told_product_id=pl.col("product_id").drop_nulls().last(),
        started_at=at.filter(event == "started").last(),
        checked_at=at.filter(event == "quality_check").first(),
        ending=event.filter(is_end).last(),
        ended_at=at.filter(is_end).last(),
        told_quantity=pl.col("quantity").filter(is_end).last(),
        told_waste=pl.col("wasted_quantity").filter(is_end).last(),
        has_begun=event.is_in(BEGINNINGS).any(),
    )
    return last.rename({"plan_date": "schedule_date"})
