"""What the baking of two weeks takes of every ingredient, by day: the one sum that orders and stock share."""

import polars as pl

from bakery_assets.cells import HORIZON_DAYS, OUTLOOK_DAYS, Frames
from bakery_assets.keys import ITEM
from bakery_assets.materials.bill_of_materials import bill_of_recipes, in_yield_units
from bakery_assets.materials.demand import daily_demand
from bakery_assets.materials.explosion import COMPONENT, explode


def ingredient_requirements(cells: pl.DataFrame, frames: Frames, stock: pl.DataFrame) -> pl.DataFrame:
    """Gross requirements of ingredients for 14 days.

    The batches of days 1 to 7 and the demand of days 8 to 14, for which nothing is planned yet, are exploded
    through all levels of their recipes; intermediates are netted with their stock while it lasts. What had
    to be begun before the plan date has been begun, and takes nothing more; what the days after the 14 will
    have begun within them is not counted. Batches and products without a recipe take nothing.

    Args:
        cells: the columns of ``cells.CELLS``.
        frames: ``production_batches``, ``products``, ``recipes``, ``recipe_lines``, ``ingredients``, and what
            ``daily_demand`` reads.
        stock: as from ``stock_on_hand``.

    Returns:
        ``tenant_id, ingredient_id, day`` (0: the plan date), ``gross`` above 0 in the ingredient's unit, sorted.

    Raises:
        CannotPlan: units that do not go together, or a recipe that contains itself.
    """
    batches = _baked(cells, frames)
    lead_days = frames["recipes"].select("tenant_id", item_id="recipe_id", lead_days="make_days")
    intermediates = (
        stock.filter(pl.col("item_kind") == "intermediate")
        .join(cells.select("tenant_id", "plan_date"), on="tenant_id")
        .select(*ITEM, "quantity", last_usable_day=(pl.col("expires_on") - pl.col("plan_date")).dt.total_days())
    )
    demand = batches.select(*ITEM, "day", "quantity")
    exploded = explode(
        demand,
        _bill(batches, frames),
        pl.concat(
            [
                lead_days.select("tenant_id", item_kind=pl.lit(kind), item_id="item_id", lead_days="lead_days")
                for kind in ("product", "intermediate")
            ]
        ),
        intermediates,
        demand.clear(),  # nothing tells of an intermediate in the making
        OUTLOOK_DAYS,
    )
    ingredients = exploded.filter(pl.col("item_kind") == "ingredient").rename({"item_id": "ingredient_id"})
    return ingredients.select("tenant_id", "ingredient_id", "day", "gross")


def where_used(cells: pl.DataFrame, frames: Frames) -> pl.DataFrame:
    """Which products of the two weeks take an ingredient, on whatever level of their recipes.

    Returns:
        ``tenant_id, ingredient_id, product_id, name, last_baked`` (the last day of baking, 0: the plan
        date), one row per ingredient and product, sorted.
    """
    batches = _baked(cells, frames)
    bill = _bill(batches, frames).select(*ITEM, *COMPONENT).unique()
    found = batches.group_by(*ITEM, "product_id").agg(last_baked=pl.col("day").max())
    ingredients = []
    while found.height:
        parts = found.join(bill, on=ITEM).select(
            "tenant_id", "product_id", "last_baked", item_kind="component_kind", item_id="component_id"
        )
        is_ingredient = pl.col("item_kind") == "ingredient"
        ingredients.append(parts.filter(is_ingredient))
        found = parts.filter(~is_ingredient).group_by(*ITEM, "product_id").agg(pl.col("last_baked").max())
    names = frames["products"].select("tenant_id", "product_id", "name")
    schema = {"tenant_id": pl.String, "item_id": pl.String, "product_id": pl.String, "last_baked": pl.Int64}
    return (
        pl.concat([pl.DataFrame(schema=schema), *(part.select(schema.keys()) for part in ingredients)])
        .group_by("tenant_id", pl.col("item_id").alias("ingredient_id"), "product_id")
        .agg(pl.col("last_baked").max())
        .join(names, on=["tenant_id", "product_id"])
        .select("tenant_id", "ingredient_id", "product_id", "name", "last_baked")
        .sort("tenant_id", "ingredient_id", "product_id")
    )


def _baked(cells: pl.DataFrame, frames: Frames) -> pl.DataFrame:
    """What two weeks bake, as demand for ("product", recipe), which no stock is netted with: a batch is what
    production made of demand and the product's stock, and nobody knows what stock the second week will find."""
    day = (pl.col("schedule_date") - pl.col("plan_date")).dt.total_days()
    columns = ["tenant_id", "product_id", "recipe_id", "quantity_planned", "day"]
    batches, later = (
        rows.select("tenant_id", "product_id", "recipe_id", "schedule_date", "quantity_planned")
        .join(cells.select("tenant_id", "plan_date"), on="tenant_id")
        .with_columns(day=day)
        .filter(pl.col("day").is_between(first, last - 1))
        .select(columns)
        for rows, first, last in (
            (frames["production_batches"], 0, HORIZON_DAYS),
            (_demand_by_recipe(cells, frames), HORIZON_DAYS, OUTLOOK_DAYS),
        )
    )
    return in_yield_units(pl.concat([batches, later]), frames).with_columns(
        item_kind=pl.lit("product"), item_id="recipe_id"
    )


def _demand_by_recipe(cells: pl.DataFrame, frames: Frames) -> pl.DataFrame:
    """Demand of two weeks with the recipe that production will choose: of several, the smallest recipe_id."""
    recipe_of = (
        frames["recipes"]
        .filter(pl.col("product_id").is_not_null())
        .group_by("tenant_id", "product_id")
        .agg(pl.col("recipe_id").min())
    )
    return (
        daily_demand(cells, frames, OUTLOOK_DAYS)
        .filter(pl.col("demand") > 0)
        .join(recipe_of, on=["tenant_id", "product_id"])
        .rename({"demand": "quantity_planned"})
    )


def _bill(batches: pl.DataFrame, frames: Frames) -> pl.DataFrame:
    """The bill of every recipe, and again of those that batches are made by."""
    bill = bill_of_recipes(frames)
    baked = bill.join(batches.select("tenant_id", "item_id").unique(), on=["tenant_id", "item_id"], how="semi")
    return pl.concat([bill, baked.with_columns(item_kind=pl.lit("product"))])
