"""Daily use of ingredients: what a product takes of each on all levels of its recipe, and how uncertain that makes use.

What is required on which day is in ``gross_requirements``.
"""

import dataframely as dy
import polars as pl

from bakery_assets.cells import HORIZON_DAYS, horizon
from bakery_assets.keys import INGREDIENT, PRODUCT
from bakery_assets.materials.bill_of_materials import (
    ProductRecipeInputs,
    bill_of_materials,
    product_recipes,
    with_yield_factor,
)
from bakery_assets.materials.items import INGREDIENT_KIND, INTERMEDIATE_KIND
from bakery_assets.quantities import DECIMALS, ordered_sum
from bakery_assets.schemas import Cells, conform, plans
from bakery_assets.schemas import columns as col

Z_90 = 1.2815515655446004  # 80% of a normal distribution lie within so many standard deviations of its mean


class UsePerUnit(dy.Schema):
    """What one unit of a product takes of an ingredient, on whatever level of its recipe."""

    tenant_id = col.tenant_id()
    product_id = col.key_text("The product", primary_key=True)
    ingredient_id = col.key_text("The ingredient", primary_key=True)
    quantity_per = col.metric("Quantity for a unit of the product, in the ingredient's unit", nullable=False)


class UseVariance(dy.Schema):
    """How much the use of an ingredient in a day differs from what is expected."""

    tenant_id = col.tenant_id()
    ingredient_id = col.key_text("The ingredient", primary_key=True)
    daily_use_variance = col.metric("Variance of a day's use, in the ingredient's unit squared", nullable=False)


def use_per_unit(inputs: ProductRecipeInputs) -> dy.DataFrame[UsePerUnit]:
    """The bills of all products that have a usable recipe, exploded for one unit each, sorted."""
    yields = inputs["recipes"].select("tenant_id", "recipe_id", "yield_unit")
    made = with_yield_factor(product_recipes(inputs).join(yields, on=["tenant_id", "recipe_id"]), inputs["products"])
    bill = bill_of_materials(inputs).filter(pl.col("item_kind") == INTERMEDIATE_KIND)
    now = made.filter(pl.col("factor").is_not_null()).select(*PRODUCT, item_id="recipe_id", quantity="factor")
    columns = [*PRODUCT, "ingredient_id", "quantity_per"]
    levels = [now.rename({"item_id": "ingredient_id", "quantity": "quantity_per"}).select(columns).clear()]
    while now.height:
        parts = now.join(bill.drop("item_kind"), on=["tenant_id", "item_id"]).select(
            *PRODUCT, "component_kind", "component_id", quantity=pl.col("quantity") * pl.col("quantity_per")
        )
        is_ingredient = pl.col("component_kind") == INGREDIENT_KIND
        levels.append(
            parts.filter(is_ingredient)
            .rename({"component_id": "ingredient_id", "quantity": "quantity_per"})
            .select(columns)
        )
        now = (
            parts.filter(~is_ingredient)
            .group_by(*PRODUCT, item_id="component_id")
            .agg(ordered_sum("quantity"))
            .select(*PRODUCT, "item_id", "quantity")
        )
    total = pl.concat(levels).group_by(*PRODUCT, "ingredient_id").agg(ordered_sum("quantity_per"))
    return conform(UsePerUnit, total.sort(*PRODUCT, "ingredient_id"))


def daily_use_variance(
    cells: dy.DataFrame[Cells], forecasts: dy.DataFrame[plans.DemandForecasts], used: dy.DataFrame[UsePerUnit]
) -> dy.DataFrame[UseVariance]:
    """Variance of a day's use of each ingredient from the forecasts' errors, the mean of the days ahead; sorted.

    The quantiles of 10 and 90 percent give each forecast's standard deviation, as of a normal distribution. Errors of
    products and shops count as independent, so that their variances add, each times the squared quantity that a unit
    takes (Silver, Pyke & Thomas, Inventory and Production Management in Supply Chains, 2017, section 6.7).
    """
    deviation = ((pl.col("q90") - pl.col("q10")).clip(0.0) / (2 * Z_90)).fill_null(0.0)
    by_product = (
        forecasts.join(horizon(cells), on=["tenant_id", "plan_date", "target_date"], how="semi")
        .with_columns(variance=deviation**2)
        .group_by(PRODUCT)
        .agg(ordered_sum("variance") / HORIZON_DAYS)
    )
    by_ingredient = (
        used.join(by_product, on=PRODUCT)
        .with_columns(variance=pl.col("quantity_per") ** 2 * pl.col("variance"))
        .group_by(INGREDIENT)
        .agg(daily_use_variance=ordered_sum("variance").round(DECIMALS))
    )
    return conform(UseVariance, by_ingredient.sort(INGREDIENT))
