"""Recipes as bills of materials: what one unit, ready to use, takes of each component.

A bill line is in the component's own unit, whatever unit the recipe is written in. Bills are turned into requirements
in ``explosion``.
"""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.cells import CannotPlan
from bakery_assets.keys import PRODUCT
from bakery_assets.materials.items import INGREDIENT_KIND, INTERMEDIATE_KIND
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops
from bakery_assets.schemas.plans import ITEM_KINDS

UNIT_CONVERSIONS = pl.DataFrame(
    [
        *((unit, unit, 1.0) for unit in col.UNITS),
        ("g", "kg", 0.001),
        ("kg", "g", 1000.0),
        ("ml", "l", 0.001),
        ("l", "ml", 1000.0),
    ],
    schema={"from_unit": pl.String, "to_unit": pl.String, "factor": pl.Float64},
    orient="row",
)


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


def product_recipes(recipes: dy.DataFrame[ops.Recipes]) -> dy.DataFrame[ProductRecipes]:
    """The recipe of each product that has one: of several the smallest recipe_id."""
    makes_product = pl.col("product_id").is_not_null()
    return conform(ProductRecipes, recipes.filter(makes_product).group_by(PRODUCT).agg(pl.col("recipe_id").min()))


def bill_of_materials(inputs: BillInputs) -> dy.DataFrame[BillLines]:
    """The bill of every recipe, each parent an intermediate; sorted by recipe and line.

    One execution makes yield_quantity (1 - recipe loss_fraction); a line takes quantity / (1 - line
    loss_fraction) for it. Their ratio is what one unit takes.

    Raises:
        CannotPlan: a line's unit cannot be converted; the message names tenant, recipe and line.
    """
    is_ingredient = pl.col("ingredient_id").is_not_null()
    components = pl.concat(
        [
            inputs["ingredients"].select(
                "tenant_id", component_kind=pl.lit(INGREDIENT_KIND), component_id="ingredient_id", to_unit="unit"
            ),
            inputs["recipes"].select(
                "tenant_id", component_kind=pl.lit(INTERMEDIATE_KIND), component_id="recipe_id", to_unit="yield_unit"
            ),
        ]
    )
    lines = (
        inputs["recipe_lines"]
        .with_columns(
            component_kind=pl.when(is_ingredient).then(pl.lit(INGREDIENT_KIND)).otherwise(pl.lit(INTERMEDIATE_KIND)),
            component_id=pl.coalesce("ingredient_id", "component_recipe_id"),
            from_unit="unit",
            line_loss="loss_fraction",
        )
        .join(components, on=["tenant_id", "component_kind", "component_id"], how="left")
        .join(UNIT_CONVERSIONS, on=["from_unit", "to_unit"], how="left")
        .join(inputs["recipes"], on=["tenant_id", "recipe_id"], suffix="_of_recipe")
        .sort("tenant_id", "recipe_id", "line_number")
    )
    _refuse_mixed_units(lines)
    taken = pl.col("quantity") * pl.col("factor") / (1 - pl.col("line_loss"))
    made = pl.col("yield_quantity") * (1 - pl.col("loss_fraction_of_recipe"))
    bill = lines.with_columns(item_kind=pl.lit(INTERMEDIATE_KIND), item_id="recipe_id", quantity_per=taken / made)
    return conform(BillLines, bill)


def _refuse_mixed_units(lines: pl.DataFrame) -> None:
    wrong = lines.filter(pl.col("factor").is_null())
    for row in wrong.head(1).iter_rows(named=True):
        raise CannotPlan(
            f"tenant {row['tenant_id']}: recipe {row['recipe_id']}, line {row['line_number']} takes "
            f"{row['component_id']} in {row['from_unit']}, which is kept in {row['to_unit']}; give both the same "
            "unit, or a pair of g and kg, or ml and l"
        )
