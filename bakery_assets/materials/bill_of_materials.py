"""Recipes as bills of material: what one unit, ready to use, takes of each component.

Units are converted here and nowhere else: a bill line is in the component's own unit.
"""

import polars as pl

from bakery_assets.cells import CannotPlan, Frames

CONVERSIONS = pl.DataFrame(
    [
        *((unit, unit, 1.0) for unit in ("piece", "kg", "g", "l", "ml")),
        ("g", "kg", 0.001),
        ("kg", "g", 1000.0),
        ("ml", "l", 0.001),
        ("l", "ml", 1000.0),
    ],
    schema={"from_unit": pl.String, "to_unit": pl.String, "factor": pl.Float64},
    orient="row",
)


def bill_of_recipes(frames: Frames) -> pl.DataFrame:
    """One line for each recipe line, per unit of what the recipe yields after loss.

    One execution makes yield_quantity (1 - recipe loss_fraction); a line takes quantity / (1 - line
    loss_fraction) for it. Their ratio is what one unit takes.

    Args:
        frames: ``recipes``, ``recipe_lines`` and ``ingredients``.

    Returns:
        ``tenant_id, item_kind`` (intermediate), ``item_id`` (the recipe), ``component_kind`` (ingredient or
        intermediate), ``component_id, quantity_per`` in the component's unit, sorted. A recipe that takes
        a component on several lines has several rows.

    Raises:
        CannotPlan: a line's unit cannot be converted; the message names tenant, recipe and line.
    """
    is_ingredient = pl.col("ingredient_id").is_not_null()
    components = pl.concat(
        [
            frames["ingredients"].select(
                "tenant_id", component_kind=pl.lit("ingredient"), component_id="ingredient_id", to_unit="unit"
            ),
            frames["recipes"].select(
                "tenant_id", component_kind=pl.lit("intermediate"), component_id="recipe_id", to_unit="yield_unit"
            ),
        ]
    )
    lines = (
        frames["recipe_lines"]
        .with_columns(
            component_kind=pl.when(is_ingredient).then(pl.lit("ingredient")).otherwise(pl.lit("intermediate")),
            component_id=pl.coalesce("ingredient_id", "component_recipe_id"),
            from_unit="unit",
            line_loss="loss_fraction",
        )
        .join(components, on=["tenant_id", "component_kind", "component_id"], how="left")
        .join(CONVERSIONS, on=["from_unit", "to_unit"], how="left")
        .join(frames["recipes"], on=["tenant_id", "recipe_id"], suffix="_of_recipe")
        .sort("tenant_id", "recipe_id", "line_number")
    )
    _refuse_mixed_units(lines)
    taken = pl.col("quantity") * pl.col("factor") / (1 - pl.col("line_loss"))
    made = pl.col("yield_quantity") * (1 - pl.col("loss_fraction_of_recipe"))
    return lines.select(
        "tenant_id",
        item_kind=pl.lit("intermediate"),
        item_id="recipe_id",
        component_kind="component_kind",
        component_id="component_id",
        quantity_per=taken / made,
    )


def in_yield_units(batches: pl.DataFrame, frames: Frames) -> pl.DataFrame:
    """Batches that have a recipe, with their quantity in the recipe's ``yield_unit``.

    Args:
        batches: ``tenant_id, product_id, recipe_id, quantity_planned`` and more.
        frames: ``products`` and ``recipes``.

    Raises:
        CannotPlan: the product's unit cannot be converted into what its recipe yields.
    """
    converted = (
        batches.join(
            frames["recipes"].select("tenant_id", "recipe_id", to_unit="yield_unit"), on=["tenant_id", "recipe_id"]
        )
        .join(frames["products"].select("tenant_id", "product_id", from_unit="unit"), on=["tenant_id", "product_id"])
        .join(CONVERSIONS, on=["from_unit", "to_unit"], how="left")
    )
    for tenant, product, unit, recipe, yielded in (
        converted.filter(pl.col("factor").is_null())
        .select("tenant_id", "product_id", "from_unit", "recipe_id", "to_unit")
        .sort("tenant_id", "product_id", "recipe_id")
        .iter_rows()
    ):
        raise CannotPlan(
            f"tenant {tenant}: product {product} is counted in {unit}, but its recipe {recipe} yields {yielded}; "
            "give both the same unit, or a pair of g and kg, or ml and l"
        )
    return converted.with_columns(quantity=pl.col("quantity_planned") * pl.col("factor"))


def _refuse_mixed_units(lines: pl.DataFrame) -> None:
    wrong = lines.filter(pl.col("factor").is_null())
    for row in wrong.head(1).iter_rows(named=True):
        raise CannotPlan(
            f"tenant {row['tenant_id']}: recipe {row['recipe_id']}, line {row['line_number']} takes "
            f"{row['component_id']} in {row['from_unit']}, which is kept in {row['to_unit']}; give both the same "
            "unit, or a pair of g and kg, or ml and l"
        )
