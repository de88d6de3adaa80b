"""Expiry limits: what is made keeps no longer than the lots of those components that its recipe says limit it.

How long a batch keeps follows from the lots that it took; what is left of it decides what is made later, which takes
lots in turn. A batch depends on what happened before it only, so that settling again with the limits comes to rest.
"""

from collections.abc import Iterable

import dataframely as dy
import polars as pl

from bakery_assets.keys import ITEM
from bakery_assets.materials.items import INGREDIENT_KIND, INTERMEDIATE_KIND, PRODUCT_KIND
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops
from bakery_assets.stock.events import StockEvents
from bakery_assets.stock.settling import Settled

MOST_PASSES = 12  # as many as recipes have levels; one changes something, and one finds that nothing changes


class ExpiryLimits(dy.Schema):
    """Until when the limiting components keep that were taken for something."""

    tenant_id = col.tenant_id()
    item_kind = col.choice("What was made", (PRODUCT_KIND, INTERMEDIATE_KIND), primary_key=True)
    item_id = col.key_text("The product, or recipe of the intermediate", primary_key=True)
    source = col.key_text("What it was taken for", primary_key=True)
    last_day = col.date("Last day of the lot that expires first")


def limited_tenants(recipe_lines: dy.DataFrame[ops.RecipeLines]) -> pl.Series:
    """Tenants with a recipe that a component limits."""
    return recipe_lines.filter(pl.col("limits_expiry"))["tenant_id"].unique()


def expiry_limits(
    recipes: dy.DataFrame[ops.Recipes], recipe_lines: dy.DataFrame[ops.RecipeLines], settled: Iterable[Settled]
) -> dy.DataFrame[ExpiryLimits]:
    """The limits that lots which were taken set, sorted; of several recipes of a product those of all of them."""
    is_ingredient = pl.col("ingredient_id").is_not_null()
    is_intermediate = pl.col("product_id").is_null()
    lines = (
        recipe_lines.filter(pl.col("limits_expiry"))
        .join(recipes.select("tenant_id", "recipe_id", "product_id"), on=["tenant_id", "recipe_id"])
        .select(
            "tenant_id",
            item_kind=pl.when(is_intermediate).then(pl.lit(INTERMEDIATE_KIND)).otherwise(pl.lit(PRODUCT_KIND)),
            item_id=pl.coalesce("product_id", "recipe_id"),
            component_kind=pl.when(is_ingredient).then(pl.lit(INGREDIENT_KIND)).otherwise(pl.lit(INTERMEDIATE_KIND)),
            component_id=pl.coalesce("ingredient_id", "component_recipe_id"),
        )
        .unique()
    )
    taken = pl.concat(each.taken for each in settled).rename({"item_kind": "component_kind", "item_id": "component_id"})
    limits = (
        lines.join(taken, on=["tenant_id", "component_kind", "component_id"])
        .group_by(*ITEM, "source")
        .agg(pl.col("last_day").min())
    )
    return conform(ExpiryLimits, limits.sort(*ITEM, "source"))


def limited(events: dy.DataFrame[StockEvents], limits: dy.DataFrame[ExpiryLimits]) -> dy.DataFrame[StockEvents]:
    """What is made, expiring no later than its limit."""
    joined = events.join(limits, on=[*ITEM, "source"], how="left", maintain_order="left")
    return conform(StockEvents, joined.with_columns(expires_on=pl.min_horizontal("expires_on", "last_day")))
