"""Gross requirements: what the master production schedule takes of every ingredient, by day, and where-used.

Procurement and stock share this one sum. The explosion itself is in ``explosion``, the bills are in
``bill_of_materials``; net requirements of ingredients are worked out in ``procurement.replenishment``.
"""

import dataframely as dy
import polars as pl

from bakery_assets.cells import OUTLOOK_DAYS
from bakery_assets.keys import INGREDIENT, ITEM, PRODUCT
from bakery_assets.materials.bill_of_materials import BillInputs, BillLines, bill_of_materials
from bakery_assets.materials.explosion import COMPONENT, LeadTimes, explode
from bakery_assets.materials.items import INGREDIENT_KIND, INTERMEDIATE_KIND, PRODUCT_KIND, DatedQuantities
from bakery_assets.materials.make_days import make_days
from bakery_assets.materials.master_schedule import MasterSchedule
from bakery_assets.materials.stock import StockOnHand
from bakery_assets.schemas import Cells, conform, ops
from bakery_assets.schemas import columns as col


class GrossRequirements(dy.Schema):
    """What baking takes of ingredients by day, before stock and scheduled receipts are netted."""

    tenant_id = col.tenant_id()
    ingredient_id = col.key_text("The ingredient", primary_key=True)
    day = col.integer("Days after the plan date", primary_key=True)
    gross_requirement = col.number("Quantity required, above 0, in the ingredient's unit")


class WhereUsed(dy.Schema):
    """Products that take an ingredient, on whatever level of their recipes."""

    tenant_id = col.tenant_id()
    ingredient_id = col.key_text("The ingredient", primary_key=True)
    product_id = col.key_text("A product made with it", primary_key=True)
    name = col.text("The product's name")
    last_baked_day = col.integer("Last day it is baked, in days after the plan date")


class RequirementInputs(BillInputs):
    """What ``ingredient_requirements`` reads."""

    calendar: dy.DataFrame[ops.Calendar]
    shifts: dy.DataFrame[ops.Shifts]


def ingredient_requirements(
    cells: dy.DataFrame[Cells],
    schedule: dy.DataFrame[MasterSchedule],
    inputs: RequirementInputs,
    stock: dy.DataFrame[StockOnHand],
) -> dy.DataFrame[GrossRequirements]:
    """Gross requirements of ingredients for ``OUTLOOK_DAYS`` days, sorted.

    The master schedule is exploded through all levels of the recipes; intermediates are netted with their stock while
    it lasts. Work that is due on a day on which no one works is done on the last day before. What had to start before
    the plan date has been started, and takes nothing more; what days after the outlook will start within it is not
    counted.
    """
    demand = _independent_demand(schedule)
    exploded = explode(
        demand,
        _bill_of_schedule(schedule, bill_of_materials(inputs)),
        _lead_times(inputs["recipes"]),
        conform(StockOnHand, stock.filter(pl.col("item_kind") == INTERMEDIATE_KIND)),
        demand.clear(),  # no fact tells of an intermediate being made
        OUTLOOK_DAYS,
        make_days(cells, inputs["calendar"], inputs["shifts"]),
    )
    ingredients = exploded.filter(pl.col("item_kind") == INGREDIENT_KIND).rename({"item_id": "ingredient_id"})
    return conform(GrossRequirements, ingredients)


def where_used(
    schedule: dy.DataFrame[MasterSchedule], inputs: BillInputs, products: dy.DataFrame[ops.Products]
) -> dy.DataFrame[WhereUsed]:
    """The products of the master schedule by ingredient, sorted."""
    bill = _bill_of_schedule(schedule, bill_of_materials(inputs)).select(*ITEM, *COMPONENT).unique()
    found = (
        schedule.with_columns(item_kind=pl.lit(PRODUCT_KIND), item_id="recipe_id")
        .group_by(*ITEM, "product_id")
        .agg(last_baked_day=pl.col("day").max())
    )
    columns = [*PRODUCT, "ingredient_id", "last_baked_day"]
    by_level = [found.clear().rename({"item_id": "ingredient_id"}).select(columns)]
    while found.height:
        parts = found.join(bill, on=ITEM).select(
            *PRODUCT, "last_baked_day", item_kind="component_kind", item_id="component_id"
        )
        is_ingredient = pl.col("item_kind") == INGREDIENT_KIND
        by_level.append(parts.filter(is_ingredient).rename({"item_id": "ingredient_id"}).select(columns))
        found = parts.filter(~is_ingredient).group_by(*ITEM, "product_id").agg(pl.col("last_baked_day").max())
    used = (
        pl.concat(by_level)
        .group_by(*INGREDIENT, "product_id")
        .agg(pl.col("last_baked_day").max())
        .join(products.select(*PRODUCT, "name"), on=PRODUCT)
        .sort(*INGREDIENT, "product_id")
    )
    return conform(WhereUsed, used)


def _independent_demand(schedule: pl.DataFrame) -> dy.DataFrame[DatedQuantities]:
    """The schedule as demand for ("product", recipe), an item of which there is no stock."""
    return conform(DatedQuantities, schedule.with_columns(item_kind=pl.lit(PRODUCT_KIND), item_id="recipe_id"))


def _bill_of_schedule(schedule: pl.DataFrame, bill: dy.DataFrame[BillLines]) -> dy.DataFrame[BillLines]:
    """The bill of every recipe, and those of the schedule's recipes once more as that of ("product", recipe)."""
    scheduled = schedule.select("tenant_id", item_id="recipe_id").unique()
    of_products = bill.join(scheduled, on=["tenant_id", "item_id"], how="semi")
    return conform(BillLines, pl.concat([bill, of_products.with_columns(item_kind=pl.lit(PRODUCT_KIND))]))


def _lead_times(recipes: pl.DataFrame) -> dy.DataFrame[LeadTimes]:
    return conform(
        LeadTimes,
        pl.concat(
            recipes.select("tenant_id", item_kind=pl.lit(kind), item_id="recipe_id", lead_days="make_days")
            for kind in (PRODUCT_KIND, INTERMEDIATE_KIND)
        ),
    )
