"""Recipes as bills of materials: what one unit, ready to use, takes of each component.

A bill line is in the component's own unit, whatever unit the recipe is written in. Bills are turned into requirements
in ``explosion``; what cannot be used of recipes is left out here, and reported in ``recipe_faults``.
"""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.keys import PRODUCT
from bakery_assets.materials.items import INGREDIENT_KIND, INTERMEDIATE_KIND
from bakery_assets.materials.units import conversion_factor
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops
from bakery_assets.schemas.plans import ITEM_KINDS


class BillInputs(TypedDict):
    """What ``bill_of_materials`` reads."""

    recipes: dy.DataFrame[ops.Recipes]
    recipe_lines: dy.DataFrame[ops.RecipeLines]
    ingredients: dy.DataFrame[ops.Ingredients]


class BillLines(dy.Schema):
    """What items take of their components; a recipe that takes a component on several lines has several rows."""

    tenant_id = col.key_text("The bakery")
    item_kind = col.choice("What the parent is", ITEM_KINDS)
    item_id = col.key_text("Recipe of the parent")
    component_kind = col.choice("What the component is", (INGREDIENT_KIND, INTERMEDIATE_KIND))
    component_id = col.key_text("Ingredient, or recipe of the intermediate")
    quantity_per = col.metric("Component for one unit of the parent that is ready, in its own unit", nullable=False)


class ProductRecipes(dy.Schema):
    """The recipe by which a product is made."""

    tenant_id = col.tenant_id()
    product_id = col.key_text("The product", primary_key=True)
    recipe_id = col.key_text("Its recipe")


class EndlessRecipes(dy.Schema):
    """Recipes from which no quantity can be computed."""

    tenant_id = col.tenant_id()
    recipe_id = col.key_text("The recipe", primary_key=True)


class ProductRecipeInputs(BillInputs):
    """What ``product_recipes`` reads."""

    products: dy.DataFrame[ops.Products]


class ComponentLines(dy.Schema):
    """Lines of recipes with what they take."""

    tenant_id = col.tenant_id()
    recipe_id = col.key_text("The recipe", primary_key=True)
    line_number = col.integer("Order of the lines", primary_key=True)
    component_kind = col.choice("What the component is", (INGREDIENT_KIND, INTERMEDIATE_KIND))
    component_id = col.key_text("Ingredient, or recipe of the intermediate")
    quantity = ops.RecipeLines.quantity
    unit = ops.RecipeLines.unit
    component_unit = col.text("Unit in which the component is kept; empty: it is not known", nullable=True)
    factor = col.metric("What one unit of the line is in the component's unit; empty: it cannot be converted")
    loss_fraction = ops.RecipeLines.loss_fraction


def product_recipes(inputs: ProductRecipeInputs) -> dy.DataFrame[ProductRecipes]:
    """The recipe of each product that has a usable one: of several the smallest recipe_id.

    A recipe is usable if it does not contain itself, on any level, and its yield converts into the product's unit.
    """
    usable = (
        with_yield_factor(inputs["recipes"].filter(pl.col("product_id").is_not_null()), inputs["products"])
        .filter(pl.col("factor").is_not_null())
        .join(endless_recipes(component_lines(inputs)), on=["tenant_id", "recipe_id"], how="anti")
    )
    return conform(ProductRecipes, usable.group_by(PRODUCT).agg(pl.col("recipe_id").min()))


def with_yield_factor(rows: pl.DataFrame, products: dy.DataFrame[ops.Products]) -> pl.DataFrame:
    """Rows of known products with ``unit``, and ``factor``: what one unit of the product is in ``yield_unit``."""
    return rows.join(products.select(*PRODUCT, "unit", "piece_weight_kg"), on=PRODUCT).with_columns(
        factor=conversion_factor("unit", "yield_unit", "piece_weight_kg", None)
    )


def component_lines(inputs: BillInputs) -> dy.DataFrame[ComponentLines]:
    """The lines of every recipe, sorted by recipe and line."""
    is_ingredient = pl.col("ingredient_id").is_not_null()
    components = pl.concat(
        [
            inputs["ingredients"].select(
                "tenant_id", "piece_weight_kg", "density_kg_per_l",
                component_kind=pl.lit(INGREDIENT_KIND), component_id="ingredient_id", component_unit="unit",
            ),
            inputs["recipes"].select(
                "tenant_id",
                component_kind=pl.lit(INTERMEDIATE_KIND), component_id="recipe_id", component_unit="yield_unit",
            ),
        ],
        how="diagonal",
    )  # fmt: skip
    lines = (
        inputs["recipe_lines"]
        .with_columns(
            component_kind=pl.when(is_ingredient).then(pl.lit(INGREDIENT_KIND)).otherwise(pl.lit(INTERMEDIATE_KIND)),
            component_id=pl.coalesce("ingredient_id", "component_recipe_id"),
        )
        .join(components, on=["tenant_id", "component_kind", "component_id"], how="left")
        .with_columns(factor=conversion_factor("unit", "component_unit", "piece_weight_kg", "density_kg_per_l"))
        .sort("tenant_id", "recipe_id", "line_number")
    )
    return conform(ComponentLines, lines)


def endless_recipes(lines: dy.DataFrame[ComponentLines]) -> dy.DataFrame[EndlessRecipes]:
    """Recipes that contain themselves, and those that take one of these on whatever level."""
    recipe = ["tenant_id", "recipe_id"]
    takes_intermediate = (pl.col("component_kind") == INTERMEDIATE_KIND) & pl.col("factor").is_not_null()
    takes = lines.filter(takes_intermediate).select(*recipe, "component_id").unique()
    while True:
        parents = takes.select("tenant_id", component_id="recipe_id").unique()
        endless = takes.join(parents, on=["tenant_id", "component_id"], how="semi")
        if endless.height == takes.height:
            return conform(EndlessRecipes, endless.select(recipe).unique().sort(recipe))
        takes = endless


def bill_of_materials(inputs: BillInputs) -> dy.DataFrame[BillLines]:
    """The bill of every recipe, each parent an intermediate; sorted by recipe and line.

    One execution makes yield_quantity (1 - recipe loss_fraction); a line takes quantity / (1 - line
    loss_fraction) for it. Their ratio is what one unit takes. Lines whose unit cannot be converted, and recipes
    without an end, have no bill.
    """
    recipe = ["tenant_id", "recipe_id"]
    every = component_lines(inputs)
    lines = (
        every.filter(pl.col("factor").is_not_null())
        .join(endless_recipes(every), on=recipe, how="anti", maintain_order="left")
        .join(inputs["recipes"], on=recipe, suffix="_of_recipe", maintain_order="left")
    )
    taken = pl.col("quantity") * pl.col("factor") / (1 - pl.col("loss_fraction"))
    made = pl.col("yield_quantity") * (1 - pl.col("loss_fraction_of_recipe"))
    bill = lines.with_columns(item_kind=pl.lit(INTERMEDIATE_KIND), item_id="recipe_id", quantity_per=taken / made)
    return conform(BillLines, bill)
