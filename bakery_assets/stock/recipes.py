"""Recipes as the ledger uses them: what a unit takes, and how deep intermediates stand.

A recipe at fault must not cost the bakery its stock: what cannot be worked out takes nothing, and planning says why.
"""

from dataclasses import dataclass

import dataframely as dy
import polars as pl

from bakery_assets.keys import PRODUCT
from bakery_assets.materials.bill_of_materials import (
    BillInputs,
    BillLines,
    ProductRecipeInputs,
    bill_of_materials,
    product_recipes,
    with_yield_factor,
)
from bakery_assets.materials.items import INTERMEDIATE_KIND
from bakery_assets.materials.unit_values import UnitValues
from bakery_assets.quantities import DECIMALS, ordered_sum
from bakery_assets.schemas import conform, ops

DEEPEST = 12  # levels of intermediates; deeper is a recipe that contains itself


@dataclass(frozen=True)
class Recipes:
    """What made quantities take.

    Attributes:
        bill: what one unit of each recipe's yield takes, one row for each component.
        of_products: ``tenant_id, product_id, recipe_id, factor``; units of the yield in one of the product.
        make_days: ``tenant_id, item_id, make_days`` of intermediates.
        levels: intermediates by level, those that only products take first.
    """

    bill: dy.DataFrame[BillLines]
    of_products: pl.DataFrame
    make_days: pl.DataFrame
    levels: list[pl.DataFrame]


def recipes_of(
    products: dy.DataFrame[ops.Products],
    recipes: dy.DataFrame[ops.Recipes],
    recipe_lines: dy.DataFrame[ops.RecipeLines],
    ingredients: dy.DataFrame[ops.Ingredients],
) -> Recipes:
    """The recipes of a round."""
    lines = bill_of_materials(BillInputs(recipes=recipes, recipe_lines=recipe_lines, ingredients=ingredients))
    bill = lines.group_by("tenant_id", "item_kind", "item_id", "component_kind", "component_id").agg(
        pl.col("quantity_per").sort().sum()
    )
    usable = product_recipes(
        ProductRecipeInputs(products=products, recipes=recipes, recipe_lines=recipe_lines, ingredients=ingredients)
    )
    yields = recipes.select("tenant_id", "recipe_id", "yield_unit")
    of_products = with_yield_factor(usable.join(yields, on=["tenant_id", "recipe_id"]), products).select(
        *PRODUCT, "recipe_id", "factor"
    )
    make_days = recipes.select("tenant_id", item_id="recipe_id", make_days="make_days")
    return Recipes(conform(BillLines, bill), of_products, make_days, _levels(bill))


def intermediate_values(recipes: Recipes, values: dy.DataFrame[UnitValues]) -> dy.DataFrame[UnitValues]:
    """What the ingredients of one unit of each intermediate are worth, level by level from below; sorted.

    An intermediate of which a component has no value has none: part of the cost would pass for all of it.
    """
    component = ["tenant_id", "component_kind", "component_id"]
    known = values.select("tenant_id", component_kind="item_kind", component_id="item_id", unit_value="unit_value")
    found = [UnitValues.create_empty()]
    for level in reversed(recipes.levels):
        lines = recipes.bill.join(level, on=["tenant_id", "item_id"], how="semi").join(known, on=component, how="left")
        worth = (
            lines.with_columns(cost=pl.col("quantity_per") * pl.col("unit_value"))
            .group_by("tenant_id", "item_id")
            .agg(ordered_sum("cost").round(DECIMALS), is_whole=pl.col("cost").is_not_null().all())
            .filter("is_whole")
            .select("tenant_id", "item_id", item_kind=pl.lit(INTERMEDIATE_KIND), unit_value="cost")
        )
        found.append(conform(UnitValues, worth))
        known = pl.concat([known, worth.select("tenant_id", component_kind="item_kind", component_id="item_id",
                                               unit_value="unit_value")])  # fmt: skip
    return conform(UnitValues, pl.concat(found).sort(UnitValues.primary_key()))


def longest_chains(recipes: pl.DataFrame, recipe_lines: pl.DataFrame) -> pl.DataFrame:
    """``tenant_id, make``: days from the first work for a recipe to its use, of the recipe of which they are most.

    That is its ``make_days`` and those of what it takes, and so on. A recipe that contains itself counts with those
    of all recipes.
    """
    own = recipes.select("tenant_id", "recipe_id", "make_days")
    lines = recipe_lines.filter(pl.col("component_recipe_id").is_not_null()).select(
        "tenant_id", "recipe_id", taken="component_recipe_id"
    )
    longest, passes = own.rename({"make_days": "make"}), 0
    while passes < DEEPEST:
        taken = lines.join(longest, left_on=["tenant_id", "taken"], right_on=["tenant_id", "recipe_id"])
        before = taken.group_by("tenant_id", "recipe_id").agg(before=pl.col("make").max())
        further = own.join(before, on=["tenant_id", "recipe_id"], how="left", maintain_order="left").select(
            "tenant_id", "recipe_id", make=pl.col("make_days") + pl.col("before").fill_null(0)
        )
        if further.equals(longest):
            break
        longest, passes = further, passes + 1
    all_recipes = own.group_by("tenant_id").agg(most=pl.col("make_days").sum())
    chains = longest.group_by("tenant_id").agg(pl.col("make").max()).join(all_recipes, on="tenant_id")
    return chains.select("tenant_id", make=pl.min_horizontal("make", "most").cast(pl.Int32))


def _levels(bill: pl.DataFrame) -> list[pl.DataFrame]:
    """Intermediates by level; an item on two levels counts on the lower. One that contains itself has none."""
    between = bill.filter(pl.col("component_kind") == INTERMEDIATE_KIND).select(
        "tenant_id", parent="item_id", item_id="component_id"
    )
    left = bill.select("tenant_id", "item_id").unique()
    found: list[pl.DataFrame] = []
    while left.height and len(found) < DEEPEST:
        taken = between.join(left.rename({"item_id": "parent"}), on=["tenant_id", "parent"], how="semi")
        level = left.join(taken, on=["tenant_id", "item_id"], how="anti")
        found.append(level)
        left = left.join(level, on=["tenant_id", "item_id"], how="anti")
    return found
