"""The rows of production_batches: batch numbers, and every term of a batch's sum."""

import dataframely as dy
import polars as pl

from bakery_assets.explanations.formats import as_json, as_struct, iso_instant
from bakery_assets.keys import PRODUCT_DAY, SCHEDULE_DAY
from bakery_assets.local_time import with_local_times
from bakery_assets.production.carried_over import CarriedBatches, UsedNumbers
from bakery_assets.production.lots import lot_rule
from bakery_assets.production.ready_times import ReadyTimes, with_lateness
from bakery_assets.production.timing import MINUTE_DECIMALS, ScheduledSteps, TimedBatches
from bakery_assets.production.working_hours import WorkingHours
from bakery_assets.schemas import conform, plans

TARGET_RULE = "the shops' target_stock_levels less sold, orders in full, whole pieces"
NET_RULE = "net_requirement = target - stock_used - not_begun, planned_quantity = net_requirement + surplus"
TERMS = (
    "basis", "batch", "batch_max", "batch_min", "batch_multiple", "batches", "carried_over", "critical_ratio",
    "days_covered", "demand", "expected_gain", "expected_loss", "forecast", "is_clamped", "level", "minutes",
    "net_requirement", "not_begun", "orders", "planned_quantity", "price", "q10", "q90", "revenue_at_risk", "steps",
    "sold", "stock_usable", "stock_used", "surplus", "target", "unit",
)  # fmt: skip


def batch_rows(
    timed: dy.DataFrame[TimedBatches],
    steps: dy.DataFrame[ScheduledSteps],
    carried: dy.DataFrame[CarriedBatches],
    used: dy.DataFrame[UsedNumbers],
    ready: dy.DataFrame[ReadyTimes],
    hours: dy.DataFrame[WorkingHours],
    band: pl.DataFrame,
) -> dy.DataFrame[plans.ProductionBatches]:
    """The table's rows, those that the plan keeps included, sorted by its key.

    Batch numbers of new batches are the day and a running number in the order of start (batches without times last),
    then of priority, after the numbers ``used`` of the day; they have as many digits as the day needs, three at least,
    so that their text sorts as they do. New batches come after the kept ones in priority, too.

    Args:
        band: the quantiles of each product's demand, by ``PRODUCT_DAY``.
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
    first = pl.col("used").fill_null(0)
    digits = pl.max_horizontal((pl.len().over(SCHEDULE_DAY) + first).cast(pl.String).str.len_chars(), 3)
    running = (pl.int_range(1, pl.len() + 1).over(SCHEDULE_DAY) + first).cast(pl.String)
    kept = carried.group_by(SCHEDULE_DAY).agg(kept=pl.len())
    recipe = pl.col("recipe_id").fill_null("none that can be used: neither times nor ingredients are known")
    terms = {name: pl.col(name) for name in TERMS} | {
        "begins_on": pl.col("begins_on").cast(pl.String), "made_on": pl.col("made_on").cast(pl.String),
        "target_rule": pl.lit(TARGET_RULE), "net_rule": pl.lit(NET_RULE), "lot_rule": lot_rule(), "recipe": recipe,
    }  # fmt: skip
    with_steps = timed.join(steps_of_batches, on="row", how="left", maintain_order="left")
    rows = (
        with_lateness(with_steps, hours)
        .join(band.select(*PRODUCT_DAY, "q10", "q90"), on=PRODUCT_DAY, how="left")
        .join(used, on=SCHEDULE_DAY, how="left")
        .join(kept, on=SCHEDULE_DAY, how="left")
        .sort(*SCHEDULE_DAY, "start_at", "priority", nulls_last=True)
        .with_columns(
            batch_number=pl.format(
                "{}-{}", pl.col("schedule_date").dt.strftime("%Y%m%d"), running.str.pad_start(digits, "0")
            ),
            reasoning=as_json(**terms),
            priority=pl.col("priority") + pl.col("kept").fill_null(0),
            state=pl.lit("planned"),
            is_carried_over=pl.lit(False),
            is_in_stock=pl.lit(False),
            has_taken_ingredients=pl.lit(False),
        )
    )
    columns = [name for name in plans.ProductionBatches.column_names() if name != "is_preview"]
    every = pl.concat(
        [
            rows.select(columns),
            _carried_rows(carried, ready, hours).select(columns),
        ],
        how="vertical_relaxed",
    )
    final = carried.filter(pl.col("is_final")).select(SCHEDULE_DAY).unique().with_columns(is_final=pl.lit(True))
    is_preview = (pl.col("schedule_date") > pl.col("plan_date")) & pl.col("is_final").is_null()
    every = every.join(final, on=SCHEDULE_DAY, how="left").with_columns(is_preview=is_preview)
    return conform(plans.ProductionBatches, every.sort("tenant_id", "plan_date", "batch_number"))


def _carried_rows(
    carried: dy.DataFrame[CarriedBatches], ready: dy.DataFrame[ReadyTimes], hours: dy.DataFrame[WorkingHours]
) -> pl.DataFrame:
    """Kept batches; one that was begun late, and so comes out late, keeps the times that were published, too."""
    rows = carried.join(ready, on=PRODUCT_DAY, how="left", maintain_order="left").join(
        hours.select(*SCHEDULE_DAY, "timezone"), on=SCHEDULE_DAY, how="left", maintain_order="left"
    )
    clocks = {"begun": "really_starts_at", "over": "really_ends_at"}
    rows = with_local_times(rows, **clocks).with_columns(pl.col(*clocks).dt.strftime("%H:%M"))
    phrase = pl.format("it was begun at {} and is ready at {}, later than planned", "begun", "over")
    is_late = (pl.col("really_ends_at") > pl.col("ready_by")).fill_null(value=False)
    because = pl.when(pl.col("really_ends_at") > pl.col("end_at")).then(phrase)
    return rows.with_columns(
        is_carried_over=pl.lit(True),
        is_late=is_late,
        late_because=pl.when(is_late).then(because.otherwise(pl.lit("it had been planned so before"))),
    )
