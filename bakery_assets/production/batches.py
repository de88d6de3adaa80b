"""Batches: by which recipe and in which order those of a day are baked.

Times and machines are given to them in ``timing``; how many there are and how large is decided in ``lots``.
"""

import dataframely as dy
import polars as pl

from bakery_assets.keys import PRODUCT, PRODUCT_DAY, SCHEDULE_DAY
from bakery_assets.materials.bill_of_materials import ProductRecipes
from bakery_assets.materials.make_days import Beginnings
from bakery_assets.production.lots import Batches, Lots, split_batches
from bakery_assets.production.ready_times import ReadyTimes
from bakery_assets.production.working_hours import WorkingHours
from bakery_assets.quantities import CENTS
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops, plans


class RankedBatches(Batches):
    """Batches with their recipe and the order in which a day's batches are baked."""

    plan_date = col.date("Local date that is planned")
    recipe_id = col.text("Recipe used; empty: the product has none that can be used", nullable=True)
    revenue_at_risk = col.metric("Price times net requirement, in the tenant's currency", nullable=False)
    priority = col.integer("1 to the number of the tenant's batches of the day", minimum=1)
    begins_on = plans.ProductionBatches.begins_on
    made_on = col.date("Day of the batch's own work; not before the plan date")
    moved_from = Beginnings.moved_from
    missed_on = Beginnings.missed_on
    work_starts_at = col.instant("When the work of that day may start")
    ready_by = col.instant("When it has to be ready")
    hold_hours = ops.Products.hold_hours


def ranked_batches(
    lots: dy.DataFrame[Lots],
    recipes: dy.DataFrame[ProductRecipes],
    begun: dy.DataFrame[Beginnings],
    hours: dy.DataFrame[WorkingHours],
    ready: dy.DataFrame[ReadyTimes],
) -> dy.DataFrame[RankedBatches]:
    """The batches of all lots, by tenant in the order in which their own work is done.

    A batch whose recipe has ``make_days`` is worked on that many days before its schedule date, though not before the
    plan date: after the batches of earlier schedule dates that share the day.

    First what has to be ready first; of that, the products that begin the day without usable stock, for their customers
    wait from the first hour; among these, and among the others, those with more revenue at risk (price times net
    requirement; a product without a price counts as 0); then by product_id. Priorities are those of a schedule date.
    """
    in_stock = pl.col("stock_usable") > 0
    ranked = (
        split_batches(lots)
        .join(recipes, on=PRODUCT, how="left")
        .with_columns(revenue_at_risk=(pl.col("price").fill_null(0.0) * pl.col("net_requirement")).round(CENTS))
        .join(ready, on=PRODUCT_DAY)
        .sort(
            *SCHEDULE_DAY, "ready_by", in_stock, "revenue_at_risk", "product_id", "batch",
            descending=[False, False, False, False, True, False, False],
        )
        .with_columns(priority=pl.int_range(1, pl.len() + 1).over(SCHEDULE_DAY))
        .join(begun, on=["tenant_id", "recipe_id", "schedule_date"], how="left")
        .join(hours.select(*SCHEDULE_DAY, "plan_date"), on=SCHEDULE_DAY, how="left")
        .with_columns(
            begins_on=pl.coalesce("begins_on", "schedule_date"),
            made_on=pl.max_horizontal(pl.coalesce("made_on", "schedule_date"), "plan_date"),
        )
        .join(hours.select("tenant_id", "work_starts_at", made_on="schedule_date"), on=["tenant_id", "made_on"])
        .sort("tenant_id", "made_on", "schedule_date", "priority")
    )  # fmt: skip
    return conform(RankedBatches, ranked)
