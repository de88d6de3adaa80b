"""What cannot be baked because doughs for it had to be begun before the plan, as the day's baking says."""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.batches.of_record import BATCH
from bakery_assets.explanations.formats import listed
from bakery_assets.keys import CELL, PRODUCT, PRODUCT_DAY
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops, plans

WITHOUT_DOUGH = pl.List(
    pl.Struct({"product_id": pl.String, "not_begun": pl.Float64, "had_to_begin": pl.String, "begin_by": pl.String})
)


NAMED_BATCHES = 2  # of more batches that were given up for one product these are named and the rest counted


class NotBegunInputs(TypedDict):
    """What ``not_begun`` reads."""

    production_schedules: dy.DataFrame[plans.ProductionSchedules]
    production_batches: dy.DataFrame[plans.ProductionBatches]
    batch_events: dy.DataFrame[ops.BatchEvents]


class NotBegun(dy.Schema):
    """Products of days on which less is baked than required, because what they take had to be begun before."""

    tenant_id = col.tenant_id()
    plan_date = col.date("Local date that is planned")
    product_id = col.key_text("The product", primary_key=True)
    schedule_date = col.date("The day", primary_key=True)
    not_begun = col.number("Units that are not baked for that reason")
    had_to_begin = col.text("Name of the recipe that had to be begun")
    begin_by = col.date("Day on which it had to be begun")
    given_up = col.text("What the record says of batches for the day of which nothing was made; empty: nothing",
                        nullable=True)  # fmt: skip


def not_begun(inputs: NotBegunInputs) -> dy.DataFrame[NotBegun]:
    """Those of all days of the plans, sorted."""
    rows = (
        inputs["production_schedules"]
        .select(
            *CELL,
            "schedule_date",
            products=pl.col("reasoning").str.json_path_match("$.without_dough").str.json_decode(WITHOUT_DOUGH),
        )
        .drop_nulls("products")
        .explode("products")
        .unnest("products")
        .with_columns(pl.col("begin_by").str.to_date("%Y-%m-%d"))
        .join(_given_up(inputs), on=PRODUCT_DAY, how="left")
    )
    return conform(NotBegun, rows.sort(*PRODUCT, "schedule_date"))


def _given_up(inputs: NotBegunInputs) -> pl.DataFrame:
    """``batch 004 was cancelled (no flour)``: of each product and day the batches that failed or were cancelled.

    Their dough was not begun, or is gone, and there was none for other batches in their place.
    """
    reasons = (
        inputs["batch_events"]
        .filter(pl.col("event").is_in(plans.MADE_NOTHING))
        .sort("recorded_at")
        .group_by("tenant_id", "batch_number", schedule_date="plan_date", state="event", maintain_order=True)
        .agg(pl.col("reason").last())
    )
    ended = pl.when(pl.col("state") == "failed").then(pl.lit("failed")).otherwise(pl.lit("was cancelled"))
    phrase = pl.format(
        "batch {} {}{}",
        pl.col("batch_number").str.split("-").list.last(), ended, pl.format(" ({})", "reason").fill_null(""),
    )  # fmt: skip
    return (
        inputs["production_batches"]
        .filter(pl.col("state").is_in(plans.MADE_NOTHING))
        .join(reasons, on=[*BATCH, "state"], how="left")
        .sort(*BATCH)
        .group_by(PRODUCT_DAY, maintain_order=True)
        .agg(given_up=listed(phrase, NAMED_BATCHES))
    )
