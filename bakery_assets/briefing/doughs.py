"""Doughs to begin: on the plan date for later days' batches, as the plan has them, each with its hour and quantity."""

import dataframely as dy
import polars as pl

from bakery_assets.cells import with_day
from bakery_assets.keys import PRODUCT
from bakery_assets.materials.bill_of_materials import ProductRecipeInputs, product_recipes
from bakery_assets.materials.make_days import make_days
from bakery_assets.production.begun_ahead import works_ahead
from bakery_assets.quantities import DECIMALS, ordered_sum
from bakery_assets.schemas import Cells, conform, ops, plans
from bakery_assets.schemas import columns as col


class DoughInputs(ProductRecipeInputs):
    """What ``doughs_to_begin`` reads; ``coming_batches`` are those of the days after the plan date."""

    calendar: dy.DataFrame[ops.Calendar]
    shifts: dy.DataFrame[ops.Shifts]
    coming_batches: dy.DataFrame[plans.ProductionBatches]


class DoughsToBegin(dy.Schema):
    """Work for later days that is begun on the plan date."""

    tenant_id = col.tenant_id()
    recipe_id = col.key_text("Recipe of the dough, or of a product whose own work takes days", primary_key=True)
    schedule_date = col.date("Day for whose baking it is begun", primary_key=True)
    name = col.text("Name of the recipe")
    unit = col.text("Unit of its yield")
    quantity = col.number("Quantity to make, in that unit")
    begins_at = col.instant("When the first batch's is begun; empty: not known", nullable=True)
    product_ids = dy.List(dy.String(), description="What is made of it, the first batch first")


def doughs_to_begin(cells: dy.DataFrame[Cells], inputs: DoughInputs) -> dy.DataFrame[DoughsToBegin]:
    """What is begun on each plan date for later days, through all levels of recipes, sorted by when.

    As the plan of record has it, a dough is begun at the hour of its batch, on the day on which it has to be begun.
    """
    made = make_days(cells, inputs["calendar"], inputs["shifts"])
    works = works_ahead(cells, product_recipes(inputs), inputs, made).filter(pl.col("begin_day") == 0)
    batches = with_day(
        inputs["coming_batches"].filter(~pl.col("state").is_in(plans.MADE_NOTHING)), cells, of="schedule_date"
    )
    recipes = inputs["recipes"].select(
        "tenant_id", "recipe_id", name=pl.coalesce("name", "product_id", "recipe_id"), unit="yield_unit"
    )
    rows = (
        batches.join(works, left_on=[*PRODUCT, "day"], right_on=[*PRODUCT, "for_day"], suffix="_of_work")
        .join(recipes, left_on=["tenant_id", "work"], right_on=["tenant_id", "recipe_id"])
        .with_columns(
            begins_at=pl.col("start_at") - pl.duration(days="day"),
            quantity=pl.col("quantity_planned") * pl.col("quantity_per"),
        )
        .sort("tenant_id", "start_at", "batch_number", nulls_last=True)
        .group_by("tenant_id", "schedule_date", "name", "unit", recipe_id="work", maintain_order=True)
        .agg(
            ordered_sum("quantity").round(DECIMALS),
            pl.col("begins_at").first(),
            product_ids=pl.col("product_id").unique(maintain_order=True),
        )
        .sort("tenant_id", "begins_at", "schedule_date", "recipe_id", nulls_last=True)
    )
    return conform(DoughsToBegin, rows)
