"""Faults in recipes: what of them cannot be used, which products that concerns, and how to correct it.

What is left out because of them is left out in ``bill_of_materials``. Faults in sizes and capacities show only when
quantities are known, in ``production``; those of suppliers are in ``procurement.offers``.
"""

from datetime import date

import dataframely as dy
import polars as pl

from bakery_assets.keys import PRODUCT
from bakery_assets.materials.bill_of_materials import (
    ComponentLines,
    ProductRecipeInputs,
    ProductRecipes,
    component_lines,
    endless_recipes,
    product_recipes,
    with_yield_factor,
)
from bakery_assets.materials.items import INGREDIENT_KIND, INTERMEDIATE_KIND
from bakery_assets.materials.units import conversion_hint
from bakery_assets.schemas import Cells, conform, plans
from bakery_assets.schemas import columns as col

RECIPE = ["tenant_id", "recipe_id"]


class FoundFaults(dy.Schema):
    """Rows of master data that cannot be used, one for each product concerned."""

    tenant_id = col.key_text("The bakery")
    source_table = plans.MasterDataFaults.source_table
    source_row = plans.MasterDataFaults.source_row
    product_id = plans.MasterDataFaults.product_id
    left_out = plans.MasterDataFaults.left_out
    left_out_id = plans.MasterDataFaults.left_out_id
    reason = plans.MasterDataFaults.reason
    what_to_do = plans.MasterDataFaults.what_to_do


def recipe_faults(cells: dy.DataFrame[Cells], inputs: ProductRecipeInputs) -> dy.DataFrame[FoundFaults]:
    """Faults in the recipes of products that are still sold.

    A product whose recipes all contain themselves, or yield something that its own unit cannot be converted into, is
    left out of the plan. A line whose unit cannot be converted leaves out that one component. A bakery that keeps
    ingredients is shown which of its products have no recipe at all.
    """
    is_sold = pl.col("discontinued_on").is_null() | (pl.col("discontinued_on") > pl.col("plan_date"))
    sold = (
        inputs["products"].join(cells.select("tenant_id", "plan_date"), on="tenant_id").filter(is_sold).select(PRODUCT)
    )
    without = sold.join(product_recipes(inputs), on=PRODUCT, how="anti")
    return _sorted(_row_faults(sold, inputs), _no_recipe(without, inputs))


def faults_of_recipes(inputs: ProductRecipeInputs, today: date) -> dy.DataFrame[FoundFaults]:
    """The same as ``recipe_faults`` without a plan: rows of recipes, of products that are not discontinued by today."""
    is_sold = pl.col("discontinued_on").is_null() | (pl.col("discontinued_on") > today)
    return _sorted(_row_faults(inputs["products"].filter(is_sold).select(PRODUCT), inputs))


def _row_faults(sold: pl.DataFrame, inputs: ProductRecipeInputs) -> pl.DataFrame:
    usable = product_recipes(inputs)
    lines = component_lines(inputs)
    parts = [
        _unusable_recipes(sold.join(usable, on=PRODUCT, how="anti"), lines, inputs),
        _unusable_lines(conform(ProductRecipes, usable.join(sold, on=PRODUCT, how="semi")), lines),
    ]
    return pl.concat([part.select(FoundFaults.column_names()) for part in parts])


def _sorted(*parts: pl.DataFrame) -> dy.DataFrame[FoundFaults]:
    found = pl.concat([part.select(FoundFaults.column_names()) for part in parts])
    return conform(FoundFaults, found.sort("tenant_id", "source_table", "source_row", "product_id"))


def without_left_out(rows: pl.DataFrame, faults: pl.DataFrame) -> pl.DataFrame:
    """Rows without the products that ``faults`` leave out, in their order."""
    left_out = faults.filter(pl.col("left_out") == "product").select(PRODUCT)
    return rows.join(left_out, on=PRODUCT, how="anti", maintain_order="left")


def _unusable_recipes(
    without: pl.DataFrame, lines: dy.DataFrame[ComponentLines], inputs: ProductRecipeInputs
) -> pl.DataFrame:
    """Products that have recipes of which none can be used; the first of their recipes is named."""
    recipes = inputs["recipes"].join(without, on=PRODUCT, how="semi").sort(RECIPE).unique(PRODUCT, keep="first")
    checked = with_yield_factor(recipes, inputs["products"])
    has_no_end = checked.join(endless_recipes(lines), on=RECIPE, how="semi")
    circles = pl.DataFrame(
        [(*recipe, *_circle(recipe, lines)) for recipe in has_no_end.select(RECIPE).iter_rows()],
        schema={"tenant_id": pl.String, "recipe_id": pl.String, "circle": pl.String, "source_row": pl.String},
        orient="row",
    )
    endless = has_no_end.join(circles, on=RECIPE).with_columns(
        source_table=pl.lit("recipe_lines"),
        reason=pl.format("recipe {} contains itself: {}", "recipe_id", "circle"),
        what_to_do=pl.lit("take one of these lines out"),
    )
    of_another_unit = checked.join(has_no_end, on=RECIPE, how="anti").with_columns(
        source_table=pl.lit("recipes"),
        source_row=pl.format("recipe_id {}", "recipe_id"),
        reason=pl.format(
            "recipe {} yields {}, but product {} is counted in {}", "recipe_id", "yield_unit", "product_id", "unit"
        ),
        what_to_do=conversion_hint("unit", "yield_unit", "products", has_density=False),
    )
    return pl.concat([endless, of_another_unit], how="diagonal").with_columns(
        left_out=pl.lit("product"), left_out_id="product_id"
    )


def _unusable_lines(usable: dy.DataFrame[ProductRecipes], lines: dy.DataFrame[ComponentLines]) -> pl.DataFrame:
    """Lines that the products' recipes have on whatever level and whose unit cannot be converted."""
    found: pl.DataFrame = usable.select(*PRODUCT, "recipe_id")
    levels = []
    while found.height:
        taken = found.join(lines, on=RECIPE)
        levels.append(taken)
        goes_on = (pl.col("component_kind") == INTERMEDIATE_KIND) & pl.col("factor").is_not_null()
        found = taken.filter(goes_on).select(*PRODUCT, recipe_id="component_id").unique()
    every = pl.concat(levels) if levels else usable.join(lines, on=RECIPE)
    keeps = pl.col("component_unit")
    is_ingredient = pl.col("component_kind") == INGREDIENT_KIND
    same_unit = pl.lit("give both the same unit, or a pair of g and kg, or ml and l")
    hint = conversion_hint("unit", "component_unit", "ingredients", has_density=True)
    return (
        every.filter(pl.col("factor").is_null())
        .unique([*PRODUCT, "recipe_id", "line_number"])
        .with_columns(
            source_table=pl.lit("recipe_lines"),
            source_row=pl.format("recipe_id {}, line_number {}", "recipe_id", "line_number"),
            left_out=pl.lit("component"),
            left_out_id="component_id",
            reason=pl.format(
                "recipe {}, line {} takes {} in {}, which is kept in {}",
                "recipe_id", "line_number", "component_id", "unit", keeps.fill_null("no known unit"),
            ),
            what_to_do=pl.when(is_ingredient).then(hint).otherwise(same_unit),
        )
    )  # fmt: skip


def _no_recipe(without: pl.DataFrame, inputs: ProductRecipeInputs) -> pl.DataFrame:
    """Products without any recipe, of bakeries that keep ingredients."""
    keeps = inputs["ingredients"].select("tenant_id").unique()
    return (
        without.join(inputs["recipes"], on=PRODUCT, how="anti")
        .join(keeps, on="tenant_id", how="semi")
        .with_columns(
            source_table=pl.lit("recipes"),
            source_row=pl.format("product_id {}", "product_id"),
            left_out=pl.lit("recipe"),
            left_out_id="product_id",
            reason=pl.format("product {} has no usable recipe", "product_id"),
            what_to_do=pl.lit("add a recipe, or correct the one that was refused when it was loaded"),
        )
    )


def _circle(recipe: tuple[str, str], lines: dy.DataFrame[ComponentLines]) -> tuple[str, str]:
    """The circle that a recipe without an end leads into: as a chain of recipes, and the key of its last line."""
    tenant, name = recipe
    is_intermediate = (pl.col("component_kind") == INTERMEDIATE_KIND) & pl.col("factor").is_not_null()
    own = conform(ComponentLines, lines.filter((pl.col("tenant_id") == tenant) & is_intermediate))
    endless = set(endless_recipes(own)["recipe_id"])
    takes = {
        parent: (component, line)
        for parent, component, line in own.select("recipe_id", "component_id", "line_number").reverse().iter_rows()
        if component in endless
    }
    path = [name]
    while takes[path[-1]][0] not in path:
        path.append(takes[path[-1]][0])
    circle = path[path.index(takes[path[-1]][0]) :]
    first = circle.index(min(circle))
    names = [*circle[first:], *circle[:first]]
    last = names[-1]
    return " > ".join([*names, names[0]]), f"recipe_id {last}, line_number {takes[last][1]}"
