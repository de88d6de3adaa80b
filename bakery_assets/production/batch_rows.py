"""The rows of production_batches: batch numbers, and every term of a batch's sum."""

import dataframely as dy
import polars as pl

from bakery_assets.explanations.formats import as_json, as_struct, iso_instant
from bakery_assets.keys import SCHEDULE_DAY
from bakery_assets.production.lots import lot_rule
from bakery_assets.production.timing import MINUTE_DECIMALS, ScheduledSteps, TimedBatches
from bakery_assets.schemas import conform, plans

DEMAND_RULE = "orders + max(0, forecast - orders), whole pieces"
TERMS = (
    "batch", "batch_max", "batch_min", "batch_multiple", "batches", "demand", "forecast", "minutes", "net_requirement",
    "orders", "planned_quantity", "price", "revenue_at_risk", "steps", "stock_usable", "stock_used", "surplus", "unit",
)  # fmt: skip


def batch_rows(
    timed: dy.DataFrame[TimedBatches], steps: dy.DataFrame[ScheduledSteps]
) -> dy.DataFrame[plans.ProductionBatches]:
    """The table's rows, sorted by its key.

    Batch numbers are the day and a running number in the order of start (batches without times last), then of
    priority; they have as many digits as the day needs, three at least, so that their text sorts as they do.
    """
    minutes = pl.col("minutes")
    steps_of_batches = (
        steps.sort("row", "step_number")
        .group_by("row", maintain_order=True)
        .agg(
            minutes=minutes.sum().round(MINUTE_DECIMALS),
            steps=as_struct(
                equipment_id="equipment_id",
                equipment_kind="equipment_kind",
                loads="loads",
                minutes=minutes.round(MINUTE_DECIMALS),
                start_at=iso_instant("start_at"),
                step="name",
            ),
        )
    )
    digits = pl.max_horizontal(pl.len().over(SCHEDULE_DAY).cast(pl.String).str.len_chars(), 3)
    running = pl.int_range(1, pl.len() + 1).over(SCHEDULE_DAY).cast(pl.String)
    recipe = pl.col("recipe_id").fill_null("none that can be used: neither times nor ingredients are known")
    terms = {name: pl.col(name) for name in TERMS} | {
        "begins_on": pl.col("begins_on").cast(pl.String), "made_on": pl.col("made_on").cast(pl.String),
        "demand_rule": pl.lit(DEMAND_RULE), "lot_rule": lot_rule(), "recipe": recipe,
    }  # fmt: skip
    rows = (
        timed.join(steps_of_batches, on="row", how="left", maintain_order="left")
        .sort(*SCHEDULE_DAY, "start_at", "priority", nulls_last=True)
        .with_columns(
            batch_number=pl.format(
                "{}-{}", pl.col("schedule_date").dt.strftime("%Y%m%d"), running.str.pad_start(digits, "0")
            ),
            reasoning=as_json(**terms),
        )
    )
    return conform(plans.ProductionBatches, rows)
