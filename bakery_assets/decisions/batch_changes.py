"""Batch changes: what speaks against another quantity of a batch, and the batch events that decisions come to.

A batch is changed while nothing of it has begun, its doughs included; one without times while nothing is recorded of
it, on its day at the latest. It keeps its times, so it can be no larger than the loads that it is planned in can hold,
and no larger than the product's largest batch.
"""

import dataframely as dy
import polars as pl

from bakery_assets.batches.of_record import begins_by_record
from bakery_assets.decisions.facts import DECISION, TAKES_BACK, VERSION, DecisionFacts
from bakery_assets.explanations.formats import quantity
from bakery_assets.local_time import with_local_times
from bakery_assets.quantities import TOLERANCE
from bakery_assets.schemas import conform, ops

STEPS = pl.List(pl.Struct({"equipment_id": pl.String, "loads": pl.Float64, "step": pl.String}))
_BATCH = [*VERSION, "batch_number"]
_REPORTED = ["tenant_id", "plan_date", "batch_number"]


def wrong_changes(decisions: pl.DataFrame, facts: DecisionFacts) -> pl.DataFrame:
    """``tenant_id, decision_id, wrong_change`` of changes of known batches that do not hold, with the reason.

    Args:
        decisions: in the order in which they were made, with ``refused``: what else is wrong with them.
    """
    changes = decisions.filter((pl.col("decision") == "change") & pl.col("batch_number").is_not_null()).select(
        *DECISION, *VERSION[1:], "batch_number", "recorded_at", wanted="quantity"
    )
    published = facts["published_batches"].filter(pl.col("schedule_date") == pl.col("plan_date"))
    own = published.with_columns(begins=begins_by_record())
    rows = (
        changes.join(own.select(*_BATCH, "begins", "planned_since", "reasoning"), on=_BATCH)
        .join(_largest(published, facts["equipment"]), on=_BATCH, how="left")
        .join(_reported(facts["past_batch_events"], decisions), on=_REPORTED, how="left")
        .join(facts["tenants"].select("tenant_id", "timezone"), on="tenant_id")
    )
    rows = with_local_times(rows, local_at="recorded_at")
    has_begun = (pl.col("begins") >= pl.col("planned_since")) & (pl.col("begins") <= pl.col("recorded_at"))
    batch = pl.format("Batch {}", "batch_number")
    unit = pl.col("reasoning").str.json_path_match("$.unit").fill_null("piece")
    largest_batch = pl.col("reasoning").str.json_path_match("$.batch_max").cast(pl.Float64, strict=False)
    reasons = [
        (
            pl.col("wanted") <= 0,
            pl.format("To make nothing of it, cancel it: bakery reject --batch {}", "batch_number"),
        ),
        (
            pl.col("reported_at") <= pl.col("recorded_at"),
            pl.format("{} is {} already: what is made of it is recorded with bakery done.", batch, "reported"),
        ),
        (pl.col("plan_date") < pl.col("local_at").dt.date(), pl.format("{} is over.", "plan_date")),
        (has_begun, pl.format("{} has begun: what is made of it is recorded with bakery done.", batch)),
        (
            pl.col("wanted") > pl.col("largest") + TOLERANCE,
            pl.format(
                "{} holds {} at most in the loads that it is planned in ({} on {}): bake the rest in another batch.",
                batch, quantity("largest", unit), "step", "equipment_id",
            ),
        ),
        (
            pl.col("wanted") > largest_batch + TOLERANCE,
            pl.format("{} is no larger than the product's largest batch, {}.", batch, quantity(largest_batch, unit)),
        ),
    ]  # fmt: skip
    found = pl.coalesce(pl.when(is_wrong.fill_null(value=False)).then(why) for is_wrong, why in reasons)
    return rows.select(*DECISION, wrong_change=found).drop_nulls()


def _largest(published: pl.DataFrame, equipment: dy.DataFrame[ops.Equipment]) -> pl.DataFrame:
    """What the planned loads of each batch hold, by the step that holds least: ``largest, step, equipment_id``."""
    steps = (
        published.select(*_BATCH, steps=pl.col("reasoning").str.json_path_match("$.steps").str.json_decode(STEPS))
        .drop_nulls("steps")
        .explode("steps")
        .drop_nulls("steps")
        .unnest("steps")
    )
    machines = equipment.select("tenant_id", "equipment_id", "capacity").drop_nulls()
    held = steps.join(machines, on=["tenant_id", "equipment_id"]).with_columns(
        largest=pl.col("loads") * pl.col("capacity")
    )
    return (
        held.sort(*_BATCH, "largest", "step")
        .unique(_BATCH, keep="first", maintain_order=True)
        .select(*_BATCH, "largest", "step", "equipment_id")
    )


def _reported(events: dy.DataFrame[ops.BatchEvents], decisions: pl.DataFrame) -> pl.DataFrame:
    """Batches of which more than a confirmation is known, or was decided: what was ``reported`` first, and when that
    was recorded."""
    words = {"quality_check": "checked", "cancelled": "canceled"}
    known = [*_REPORTED, "recorded_at", "event"]
    decided = decisions.filter(
        pl.col("batch_number").is_not_null(), pl.col("refused").is_null(), pl.col("decision").is_in(TAKES_BACK)
    )
    reported = pl.concat([events.select(known), decided.with_columns(event=pl.lit("cancelled")).select(known)])
    return (
        reported.filter(pl.col("event") != "confirmed")
        .sort(*_REPORTED, "recorded_at", "event")
        .group_by(_REPORTED, maintain_order=True)
        .agg(reported_at=pl.col("recorded_at").first(), reported=pl.col("event").first().replace(words))
    )


def batch_events(decisions: pl.DataFrame) -> dy.DataFrame[ops.BatchEvents]:
    """What new decisions say of batches: approved is confirmed, changed confirmed with its quantity, rejected or
    canceled is canceled. An approval of a batch that was changed before confirms what it was changed to.

    Args:
        decisions: of ``JudgedDecisions``, all that hold.
    """
    held = decisions.filter(pl.col("batch_number").is_not_null()).sort("tenant_id", "recorded_at", "decision_id")
    is_cancelled = pl.col("decision").is_in(TAKES_BACK)
    changed = held.with_columns(pl.col("quantity").forward_fill().over(_REPORTED))
    rows = changed.filter("is_new").with_columns(
        event=pl.when(is_cancelled).then(pl.lit("cancelled")).otherwise(pl.lit("confirmed")),
        quantity=pl.when(~is_cancelled).then("quantity"), happened_at="recorded_at",
        product_id=pl.lit(None, pl.String), wasted_quantity=pl.lit(None),
        reason=pl.when(is_cancelled).then("reason"),
    )  # fmt: skip
    key = ["tenant_id", "plan_date", "batch_number", "event", "recorded_at"]
    return conform(ops.BatchEvents, rows.unique(key, keep="last", maintain_order=True))
