"""Batches: which comes first, and the rows of production_batches with every term of their sums."""

import polars as pl

from bakery_assets.explanations.formats import as_json, as_struct, iso_instant
from bakery_assets.production.lots import lot_rule, split_batches

DEMAND_RULE = "orders + max(0, forecast - orders), whole pieces"
ROWS = (
    "tenant_id", "plan_date", "batch_number", "schedule_date", "product_id", "recipe_id", "quantity_planned",
    "start_at", "end_at", "equipment_id", "priority", "reasoning",
)  # fmt: skip
TERMS = (
    "batch", "batch_max", "batch_min", "batch_multiple", "batches", "demand", "forecast", "minutes", "net_requirement",
    "orders", "planned_quantity", "price", "revenue_at_risk", "steps", "stock_usable", "stock_used", "surplus", "unit",
)  # fmt: skip


def ranked_batches(lots: pl.DataFrame, recipes: pl.DataFrame) -> pl.DataFrame:
    """One row per batch with its recipe, in the order in which a day's batches are baked.

    First the products that begin the day without usable stock, for their customers wait from the first hour; among
    these, and among the others, those with more revenue at risk (price times net; a product without a price counts
    as 0); then by product_id. Of several recipes for one product the smallest recipe_id is used.

    Args:
        lots: as ``net_requirements`` returns it.
        recipes: the table.

    Returns:
        The columns of ``split_batches`` with ``recipe_id`` (empty: none), ``revenue_at_risk`` in the tenant's
        currency and ``priority``, 1 to the number of the tenant's batches of that day.
    """
    recipe_of = (
        recipes.filter(pl.col("product_id").is_not_null())
        .group_by("tenant_id", "product_id")
        .agg(pl.col("recipe_id").min())
    )
    in_stock = pl.col("stock_usable") > 0
    return (
        split_batches(lots)
        .join(recipe_of, on=["tenant_id", "product_id"], how="left")
        .with_columns(revenue_at_risk=(pl.col("price").fill_null(0.0) * pl.col("net_requirement")).round(2))
        .sort(
            "tenant_id", "schedule_date", in_stock, "revenue_at_risk", "product_id", "batch",
            descending=[False, False, False, True, False, False],
        )
        .with_columns(priority=pl.int_range(1, pl.len() + 1).over("tenant_id", "schedule_date").cast(pl.Int32))
    )  # fmt: skip


def batch_rows(timed: pl.DataFrame, scheduled_steps: pl.DataFrame) -> pl.DataFrame:
    """The rows of production_batches.

    Batch numbers are the day and a running number in the order of start (batches without times last), then of
    priority; they have as many digits as the day needs, three at least, so that their text sorts as they do.

    Args:
        timed: ``ranked_batches`` with ``plan_date`` and the times of ``schedule_batches``.
        scheduled_steps: as ``schedule_batches`` returns it.
    """
    steps = (
        scheduled_steps.sort("row", "step_number")
        .group_by("row", maintain_order=True)
        .agg(
            minutes=pl.col("minutes").sum().round(2),
            steps=as_struct(
                equipment_id="equipment_id",
                equipment_kind="equipment_kind",
                loads="loads",
                minutes=pl.col("minutes").round(2),
                start_at=iso_instant("start_at"),
                step="name",
            ),
        )
    )
    day = ["tenant_id", "schedule_date"]
    digits = pl.max_horizontal(pl.len().over(day).cast(pl.String).str.len_chars(), 3)
    running = pl.int_range(1, pl.len() + 1).over(day).cast(pl.String)
    terms = {name: pl.col(name) for name in TERMS} | {"demand_rule": pl.lit(DEMAND_RULE), "lot_rule": lot_rule()}
    return (
        timed.join(steps, on="row", how="left", maintain_order="left")
        .sort(*day, "start_at", "priority", nulls_last=True)
        .with_columns(
            batch_number=pl.format(
                "{}-{}", pl.col("schedule_date").dt.strftime("%Y%m%d"), running.str.pad_start(digits, "0")
            ),
            reasoning=as_json(**terms),
        )
        .select(ROWS)
    )
