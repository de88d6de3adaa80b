"""Batches: by which recipe and in which order those of a day are baked.

Times and machines are given to them in ``timing``; how many there are and how large is decided in ``lots``.
"""

import dataframely as dy
import polars as pl

from bakery_assets.keys import PRODUCT, PRODUCT_DAY, SCHEDULE_DAY
from bakery_assets.materials.bill_of_materials import product_recipes
from bakery_assets.production.lots import Batches, Lots, split_batches
from bakery_assets.production.ready_times import ReadyTimes
from bakery_assets.production.working_hours import WorkingHours
from bakery_assets.quantities import CENTS
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops


class RankedBatches(Batches):
    """Batches with their recipe and the order in which a day's batches are baked."""

    plan_date = col.date("Local date that is planned")
    recipe_id = col.text("Recipe used; empty: the product has none", nullable=True)
    revenue_at_risk = col.metric("Price times net requirement, in the tenant's currency", nullable=False)
    priority = col.integer("1 to the number of the tenant's batches of the day", minimum=1)
    work_starts_at = col.instant("When the day's work may start")
    ready_by = col.instant("When it has to be ready")
    hold_hours = ops.Products.hold_hours


def ranked_batches(
    lots: dy.DataFrame[Lots],
    recipes: dy.DataFrame[ops.Recipes],
    hours: dy.DataFrame[WorkingHours],
    ready: dy.DataFrame[ReadyTimes],
) -> dy.DataFrame[RankedBatches]:
    """The batches of all lots, by tenant and day in the order in which they are baked.

    First what has to be ready first; of that, the products that begin the day without usable stock, for their customers
    wait from the first hour; among these, and among the others, those with more revenue at risk (price times net
    requirement; a product without a price counts as 0); then by product_id.
    """
    in_stock = pl.col("stock_usable") > 0
    ranked = (
        split_batches(lots)
        .join(product_recipes(recipes), on=PRODUCT, how="left")
        .with_columns(revenue_at_risk=(pl.col("price").fill_null(0.0) * pl.col("net_requirement")).round(CENTS))
        .join(ready, on=PRODUCT_DAY)
        .sort(
            *SCHEDULE_DAY, "ready_by", in_stock, "revenue_at_risk", "product_id", "batch",
            descending=[False, False, False, False, True, False, False],
        )
        .with_columns(priority=pl.int_range(1, pl.len() + 1).over(SCHEDULE_DAY))
        .join(hours.select(*SCHEDULE_DAY, "plan_date", "work_starts_at"), on=SCHEDULE_DAY, maintain_order="left")
    )  # fmt: skip
    return conform(RankedBatches, ranked)
