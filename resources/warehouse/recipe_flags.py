"""Recipes that planning would trip over, reported when they are loaded; planning leaves them out with an alert."""

from collections.abc import Collection
from datetime import date

import polars as pl

from bakery_assets.materials.bill_of_materials import ProductRecipeInputs
from bakery_assets.materials.recipe_faults import faults_of_recipes
from bakery_assets.schemas import conform
from bakery_assets.schemas import ops as schemas
from resources.schema import ops
from resources.warehouse.connection import Bulk, frame_schema, selected

RECIPE_TABLES = ("products", "ingredients", "recipes", "recipe_lines")
MOST_SENTENCES = 20


def recipe_sentences(bulk: Bulk, tenants: Collection[str], today: date) -> list[str]:
    """What is wrong with the recipes of some tenants, as sentences.

    Args:
        today: products that are discontinued by then do not count.
    """
    bulk.run("DROP TABLE IF EXISTS flagged")
    bulk.put("flagged", pl.DataFrame({"tenant_id": sorted(tenants)}, schema={"tenant_id": pl.String}))
    tables = {table.name: table for table in (ops.products, ops.ingredients, ops.recipes, ops.recipe_lines)}
    read = {
        name: bulk.read(f"SELECT {selected(table)} FROM {table.fullname} t JOIN flagged USING (tenant_id)").cast(  # noqa: S608
            frame_schema(table)
        )
        for name, table in tables.items()
    }
    inputs: ProductRecipeInputs = {
        "products": conform(schemas.Products, read["products"]),
        "ingredients": conform(schemas.Ingredients, read["ingredients"]),
        "recipes": conform(schemas.Recipes, read["recipes"]),
        "recipe_lines": conform(schemas.RecipeLines, read["recipe_lines"]),
    }
    found = faults_of_recipes(inputs, today)
    sentences = [
        f"{tenant}: {reason}; {hint} ({table}, {row}). Until then plans leave {what} {left_out} out."
        for tenant, table, row, what, left_out, reason, hint in found.select(
            "tenant_id", "source_table", "source_row", "left_out", "left_out_id", "reason", "what_to_do"
        )
        .unique(maintain_order=True)
        .iter_rows()
    ]
    more = len(sentences) - MOST_SENTENCES
    return [*sentences[:MOST_SENTENCES], *([f"… and {more:,} more of this kind."] if more > 0 else [])]
