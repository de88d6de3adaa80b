"""Batches that were made: those of the record taken as made as planned, and what events say instead.

What they take of components is in ``consumption``. Days without a plan of record are in ``sales``.
"""

import dataframely as dy
import polars as pl

from bakery_assets.batches.histories import BatchHistories
from bakery_assets.batches.of_record import BATCH, RecordedBatches, begins_by_record, latest_versions, ready_at
from bakery_assets.materials.items import PRODUCT_KIND
from bakery_assets.quantities import DECIMALS
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, plans
from bakery_assets.stock.events import Action, StockEvents
from bakery_assets.stock.recorded import events_of
from bakery_assets.stock.scope import Scope


class MadeBatches(dy.Schema):
    """Batches that were begun."""

    tenant_id = col.tenant_id()
    schedule_date = col.date("Day they are sold first", primary_key=True)
    batch_number = col.key_text("The batch", primary_key=True)
    product_id = col.key_text("The product")
    recipe_id = col.text("Recipe used; empty: the product's", nullable=True)
    quantity = col.number("Good units, 0 of a batch that failed")
    wasted = col.number("Units it made beyond these, thrown away when it was ready")
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
    return conform(RecordedDays, latest_versions(scope.cells, versions).rename({"plan_date": "schedule_date"}))


def made_batches(
    scope: Scope, recorded: dy.DataFrame[RecordedBatches], histories: dy.DataFrame[BatchHistories]
) -> dy.DataFrame[MadeBatches]:
    """Batches begun by the planning instant, sorted.

    A batch of record is taken as made where it has been planned so since before it began, and has begun; events of a
    batch replace that, also of one that was given up or never planned. A start that nothing tells of is implied by the
    end.
    """
    reported = histories.rename(
        {"product_id": "reported_product_id", "quantity": "reported_quantity", "wasted_quantity": "reported_waste"}
    )
    batches = recorded.join(reported, on=BATCH, how="full", coalesce=True).with_columns(
        product_id=pl.coalesce("product_id", "reported_product_id")
    )
    batches = scope.at_opening(
        batches.filter(pl.col("product_id").is_not_null()).with_columns(date=pl.col("schedule_date")), "opens_at"
    )
    batches = batches.join(scope.cells.select("tenant_id", "planned_as_of"), on="tenant_id")
    ended = pl.col("ending")
    is_finished = (ended == "finished").fill_null(value=False)
    is_cut = ended.is_in(["failed", "cancelled"]).fill_null(value=False)
    planned_start = pl.coalesce("start_at", "opens_at")
    begins = pl.coalesce(begins_by_record(), "opens_at")
    is_assumed = pl.col("is_of_record") & (pl.col("planned_since") <= begins) & (begins <= pl.col("planned_as_of"))
    # Whoever confirms a batch of record is going to bake it; of one that was given up more has to be reported.
    is_confirmed = pl.col("confirmed_at").is_not_null() & pl.col("is_of_record").fill_null(value=True)
    reported_start = pl.coalesce("started_at", "checked_at")
    has_begun = is_confirmed | reported_start.is_not_null() | is_finished | is_cut
    is_made = pl.when(ended == "cancelled").then(reported_start.is_not_null()).otherwise(has_begun | is_assumed)
    start = pl.coalesce(
        reported_start, pl.min_horizontal(planned_start, pl.when(is_finished | is_cut).then("ended_at"))
    )
    to_be_made = pl.coalesce("confirmed_quantity", "quantity_planned").fill_null(0.0)
    good = pl.coalesce("reported_quantity", to_be_made)
    wasted = pl.col("reported_waste").fill_null(0.0)
    # Of a batch that came to nothing its units are rarely reported, and never 0: its dough was made.
    lost = pl.col("reported_quantity").fill_null(0.0) + wasted
    made = (
        batches.with_columns(
            is_made=is_made,
            taken_at=start,
            quantity=pl.when(is_cut).then(0.0).otherwise(good),
            wasted=pl.when(is_finished).then(wasted).otherwise(0.0),
            taken_for=pl.when(~is_cut).then(good + wasted).when(lost > 0).then(lost).otherwise(to_be_made),
            made_at=pl.when(is_cut).then(None).when(is_finished).then("ended_at").otherwise(ready_at(start)),
            is_recorded=ended.is_not_null(),
        )
        # No hours reach back to a day long before the closing balance; a batch of it that tells no instant is in there.
        .filter(pl.col("is_made").fill_null(value=False) & pl.col("taken_at").is_not_null())
        .sort(BATCH)
    )
    return conform(MadeBatches, made)


def production(scope: Scope, made: dy.DataFrame[MadeBatches], shelf_lives: pl.DataFrame) -> dy.DataFrame[StockEvents]:
    """Each batch that was ready makes a lot of its schedule date, from which its shelf life counts.

    What it wasted took ingredients like the rest: it is made with the lot, and thrown away at once.
    """
    ready = made.filter(pl.col("made_at").is_not_null()).join(
        scope.cells.select("tenant_id", location_id="kitchen_id"), on="tenant_id"
    )
    ready = ready.with_columns(item_kind=pl.lit(PRODUCT_KIND), item_id="product_id")
    ready = ready.join(shelf_lives, on=["tenant_id", "item_kind", "item_id"], how="left")
    return events_of(
        ready.with_columns(pl.col("quantity", "wasted").round(DECIMALS)),
        happened_at=pl.col("made_at"),
        action=int(Action.PRODUCE),
        lot_id=pl.format("baked {}", "schedule_date"),
        expires_on=pl.col("schedule_date") + pl.duration(days=pl.col("shelf_life_days") - 1),
        source=pl.format("batch {}", "batch_number"),
        is_assumed=~pl.col("is_recorded"),
    )
