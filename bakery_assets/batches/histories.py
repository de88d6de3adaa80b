"""Histories of batches: what batch events say, which of them is corrected by a later record, and which contradicts.

Of each kind of event a batch has one, in its latest record; a repeat is no second one. Which event holds:

- Finished and failed: the one recorded later corrects the other.
- Cancelled and one of these: the one recorded later corrects the other; but a batch that is over cannot be cancelled
  later on, which contradicts.
- A start that no one recorded is implied by what comes after it.

What contradicts is put aside, by every plan in the same way: events of a batch that no plan has and whose product no
event names, an event that names another product than the plan, and what happened after a later stage of the batch.

The SQL function ``plans.judged_batch_events_as_of`` has the same rules; a property test holds both equal.
"""

from typing import Literal, get_args

import dataframely as dy
import polars as pl

from bakery_assets.batches.of_record import BATCH, RecordedBatches
from bakery_assets.schemas import Cells, conform, ops
from bakery_assets.schemas import columns as col
from bakery_assets.schemas.ops import BATCH_EVENTS
from bakery_assets.schemas.plans import BATCH_STATES, BatchState

Contradiction = Literal[
    "unknown_batch", "other_product", "cancelled_when_over", "after_cancelled", "after_end", "after_quality_check",
    "after_started",
]  # fmt: skip
CONTRADICTIONS: tuple[Contradiction, ...] = get_args(Contradiction)
REASONS: dict[Contradiction, str] = {
    "unknown_batch": "no plan has this batch, and no event of it names its product; give product_id, or correct the"
    " day and number of the batch",
    "other_product": "the plan has this batch with another product; leave product_id empty, or correct the day and"
    " number of the batch",
    "cancelled_when_over": "it was cancelled after it had finished or failed; if nothing came of it, record that it"
    " failed",
    "after_cancelled": "it happened after the batch was cancelled; if it was made all the same, record how it ended",
    "after_end": "it happened after the batch had finished or failed; correct the time of one of the two events",
    "after_quality_check": "it happened after the batch's quality check; correct the time of one of the two events",
    "after_started": "it happened after the batch was started; correct the time of one of the two events",
}
STATE_AFTER: dict[str, BatchState] = {
    "confirmed": "confirmed",
    "started": "in_progress",
    "quality_check": "quality_check",
    "finished": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
}
ENDINGS = ("finished", "failed", "cancelled")
_KEY = ["tenant_id", "plan_date", "batch_number"]  # as events name a batch


class JudgedEvents(ops.BatchEvents):
    """Batch events that happened by the planning instant, each with whether it holds."""

    is_corrected = col.boolean("A later record of how the batch ended stands in its place")
    contradiction = dy.String(
        nullable=True, description=f"Why it is put aside: {', '.join(CONTRADICTIONS)}; empty: it does not contradict"
    )


class BatchHistories(dy.Schema):
    """What the events that hold say of each batch that has any."""

    tenant_id = col.tenant_id()
    schedule_date = col.date("Day it is sold first", primary_key=True)
    batch_number = col.key_text("The batch", primary_key=True)
    product_id = col.text("Product that events name last; empty: as planned", nullable=True)
    state = col.choice("State after them", BATCH_STATES)
    confirmed_at = col.instant("When it was confirmed", nullable=True)
    confirmed_quantity = col.number("Units that are to be made by that; empty: as planned", nullable=True)
    started_at = col.instant("When it was started", nullable=True)
    checked_at = col.instant("When its quality was checked", nullable=True)
    ending = col.text("How it ended: finished, failed or cancelled; empty: it has not", nullable=True)
    ended_at = col.instant("When", nullable=True)
    quantity = col.number("Units made by the event of its end; empty: it does not say", nullable=True)
    wasted_quantity = col.number("Units made and thrown away, by the same", nullable=True)


def judged_events(
    cells: pl.DataFrame, events: dy.DataFrame[ops.BatchEvents], recorded: pl.DataFrame
) -> dy.DataFrame[JudgedEvents]:
    """Events that happened by each cell's planning instant, judged and sorted.

    Args:
        cells: ``tenant_id, planned_as_of``.
        events: each in its latest record.
        recorded: ``tenant_id, schedule_date, batch_number, product_id`` of batches that plans have published.
    """
    known = events.join(cells.select("tenant_id", as_of="planned_as_of"), on="tenant_id").filter(
        pl.col("happened_at") <= pl.col("as_of")
    )
    planned = recorded.select("tenant_id", "batch_number", plan_date="schedule_date", planned_product="product_id")
    named = pl.col("product_id").is_not_null().any().over(_KEY)
    is_other = (pl.col("product_id") != pl.col("planned_product")).fill_null(value=False)
    known = known.join(planned, on=_KEY, how="left").with_columns(
        about=pl.when(pl.col("planned_product").is_null() & ~named)
        .then(pl.lit("unknown_batch"))
        .when(is_other)
        .then(pl.lit("other_product"))
    )
    times = _times(known.filter(pl.col("about").is_null()))
    event = pl.col("event")
    at = pl.col("happened_at")
    is_cancelled = pl.col("ending") == "cancelled"
    contradiction = pl.coalesce(
        "about",
        pl.when((event == "cancelled") & pl.col("too_late")).then(pl.lit("cancelled_when_over")),
        pl.when(~event.is_in(ENDINGS) & (at > pl.col("ended_at")))
        .then(pl.when(is_cancelled).then(pl.lit("after_cancelled")).otherwise(pl.lit("after_end"))),
        pl.when(event.is_in(["confirmed", "started"]) & (at > pl.col("checked_at"))).then(
            pl.lit("after_quality_check")
        ),
        pl.when((event == "confirmed") & (at > pl.col("started_at"))).then(pl.lit("after_started")),
    )  # fmt: skip
    is_other_end = event.is_in(ENDINGS) & (event != pl.col("ending")).fill_null(value=False)
    judged = (
        known.join(times, on=_KEY, how="left")
        .with_columns(contradiction=contradiction)
        .with_columns(is_corrected=is_other_end & pl.col("contradiction").is_null())
    )
    return conform(JudgedEvents, judged.sort(*_KEY, "happened_at", "event"))


def _times(events: pl.DataFrame) -> pl.DataFrame:
    """Of each batch how it ended, and when what holds of its other stages happened: each not after a later one."""

    def of(kind: str, column: str) -> pl.Expr:
        return pl.col(column).filter(pl.col("event") == kind).first()

    reported = events.group_by(_KEY).agg(
        *(of(kind, "happened_at").alias(f"{kind}_at") for kind in BATCH_EVENTS),
        *(of(kind, "recorded_at").alias(f"{kind}_known") for kind in ENDINGS),
    )

    def corrects(one: str, other: str) -> pl.Expr:
        """Whether ``one`` is recorded later; of the same record the later one counts, then the one that made less."""
        known, other_known = pl.col(f"{one}_known"), pl.col(f"{other}_known")
        is_later = (known > other_known) | ((known == other_known) & (pl.col(f"{one}_at") >= pl.col(f"{other}_at")))
        return known.is_not_null() & (other_known.is_null() | is_later)

    reported = reported.with_columns(
        done=pl.when(corrects("failed", "finished"))
        .then(pl.lit("failed"))
        .when(pl.col("finished_at").is_not_null())
        .then(pl.lit("finished"))
    )
    is_failed = pl.col("done") == "failed"
    reported = reported.with_columns(
        done_at=pl.when(is_failed).then("failed_at").otherwise("finished_at"),
        done_known=pl.when(is_failed).then("failed_known").otherwise("finished_known"),
    )
    reported = reported.with_columns(too_late=(pl.col("cancelled_at") > pl.col("done_at")).fill_null(value=False))
    reported = reported.with_columns(
        ending=pl.when(corrects("cancelled", "done") & ~pl.col("too_late")).then(pl.lit("cancelled")).otherwise("done")
    ).with_columns(ended_at=pl.when(pl.col("ending") == "cancelled").then("cancelled_at").otherwise("done_at"))
    for kind, name, later in (
        ("quality_check", "checked_at", ["ended_at"]),
        ("started", "started_at", ["ended_at", "checked_at"]),
    ):
        at, until = pl.col(f"{kind}_at"), pl.min_horizontal(later)
        reported = reported.with_columns(pl.when(until.is_null() | (at <= until)).then(at).alias(name))
    columns = ["too_late", "ending", "ended_at", "checked_at", "started_at"]
    return reported.select(*_KEY, *columns)


def batch_histories(judged: dy.DataFrame[JudgedEvents]) -> dy.DataFrame[BatchHistories]:
    """What the events that hold say of each batch, sorted; a batch none of whose events holds has none."""
    holding = judged.filter(pl.col("contradiction").is_null() & ~pl.col("is_corrected"))
    at, event = pl.col("happened_at"), pl.col("event")
    is_end = event.is_in(ENDINGS)
    place = event.replace_strict(BATCH_EVENTS, range(len(BATCH_EVENTS)), return_dtype=pl.Int32)
    named = (
        judged.filter(pl.col("contradiction").is_null()).drop_nulls("product_id").sort(*_KEY, "recorded_at", "event")
    )
    products = named.group_by(_KEY, maintain_order=True).agg(pl.col("product_id").last())
    reported = (
        holding.with_columns(place=place)
        .sort(*_KEY, "place")
        .group_by(_KEY, maintain_order=True)
        .agg(
            state=event.last().replace_strict(STATE_AFTER, return_dtype=pl.String),
            confirmed_at=at.filter(event == "confirmed").first(),
            confirmed_quantity=pl.col("quantity").filter((event == "confirmed") & (pl.col("quantity") > 0)).first(),
            started_at=at.filter(event == "started").first(),
            checked_at=at.filter(event == "quality_check").first(),
            ending=event.filter(is_end).first(),
            ended_at=at.filter(is_end).first(),
            quantity=pl.col("quantity").filter(is_end).first(),
            wasted_quantity=pl.col("wasted_quantity").filter(is_end).first(),
        )
        .join(products, on=_KEY, how="left", maintain_order="left")
        .rename({"plan_date": "schedule_date"})
    )
    return conform(BatchHistories, reported.sort(BATCH))


def histories_of(
    cells: dy.DataFrame[Cells], events: dy.DataFrame[ops.BatchEvents], recorded: dy.DataFrame[RecordedBatches]
) -> dy.DataFrame[BatchHistories]:
    """``batch_histories`` of ``judged_events``."""
    return batch_histories(judged_events(cells, events, recorded))
