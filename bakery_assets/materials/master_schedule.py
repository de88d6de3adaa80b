"""The master production schedule (MPS): what is baked in two weeks, by recipe and day; materials are planned from it.

The first week is what ``production`` has planned, the second is ``demand``, for which nothing is planned yet.
"""

import dataframely as dy
import polars as pl

from bakery_assets.cells import HORIZON_DAYS, OUTLOOK_DAYS, with_day
from bakery_assets.keys import PRODUCT
from bakery_assets.materials.bill_of_materials import ProductRecipeInputs, product_recipes, with_yield_factor
from bakery_assets.materials.demand import DailyDemand
from bakery_assets.schemas import Cells, conform, plans
from bakery_assets.schemas import columns as col


class MasterScheduleInputs(ProductRecipeInputs):
    """What ``master_schedule`` reads."""

    production_batches: dy.DataFrame[plans.ProductionBatches]


class MasterSchedule(dy.Schema):
    """What is baked by a recipe on a day; a recipe may have several rows for a day."""

    tenant_id = col.key_text("The bakery")
    product_id = col.key_text("The product")
    recipe_id = col.key_text("The recipe it is made by")
    day = col.integer("Day of baking, in days after the plan date")
    quantity = col.number("Quantity, in the unit of the recipe's yield")


def master_schedule(
    cells: dy.DataFrame[Cells], inputs: MasterScheduleInputs, demand: dy.DataFrame[DailyDemand]
) -> dy.DataFrame[MasterSchedule]:
    """The batches of days 1 to 7, and the demand of days 8 to 14 by the recipe that production will choose.

    Batches and products without a usable recipe are left out, and batches that have taken their ingredients. Stock of
    products is not netted: a batch is what production made of demand and that stock, and what stock the second week
    begins with is not known.

    Args:
        demand: of ``OUTLOOK_DAYS`` days.
    """
    # A dough that has been begun before its batch is stock of an intermediate.
    batches = (
        inputs["production_batches"]
        .filter(~pl.col("has_taken_ingredients"))
        .select(*PRODUCT, "recipe_id", "schedule_date", quantity="quantity_planned")
    )
    recipes = product_recipes(inputs)
    second_week = demand.filter(pl.col("demand") > 0).join(recipes, on=PRODUCT)
    parts = [
        with_day(rows, cells, of="schedule_date").filter(pl.col("day").is_between(first, last - 1))
        for rows, first, last in (
            (batches, 0, HORIZON_DAYS),
            (second_week.select(batches.columns[:-1], quantity="demand"), HORIZON_DAYS, OUTLOOK_DAYS),
        )
    ]
    return conform(MasterSchedule, _in_yield_units(pl.concat(parts), inputs))


def _in_yield_units(planned: pl.DataFrame, inputs: MasterScheduleInputs) -> pl.DataFrame:
    """Rows that have a recipe, ``quantity`` converted from the product's unit into that of the recipe's yield."""
    yields = inputs["recipes"].select("tenant_id", "recipe_id", "yield_unit")
    converted = with_yield_factor(planned.join(yields, on=["tenant_id", "recipe_id"]), inputs["products"])
    return converted.filter(pl.col("factor").is_not_null()).with_columns(quantity=pl.col("quantity") * pl.col("factor"))
