"""Service levels of ingredients: how safe each is to be, by what running out of it loses and what keeping it costs.

Salt costs next to nothing to keep, and without it nothing is baked; cream expires. One level cannot suit both.
"""

import dataframely as dy
import polars as pl

from bakery_assets.keys import INGREDIENT, PRODUCT
from bakery_assets.materials.ingredient_use import UsePerUnit
from bakery_assets.quantities import DECIMALS, ordered_sum
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops, plans

USUAL_LEVEL = 0.95  # where margins or prices are not known
LOWEST_LEVEL, HIGHEST_LEVEL = 0.5, 0.9999
LEVEL_DIGITS = 4
DAYS_A_YEAR = 365


class MarginPerUnit(dy.Schema):
    """What is lost of margin for each unit of an ingredient that is missing."""

    tenant_id = col.tenant_id()
    ingredient_id = col.key_text("The ingredient", primary_key=True)
    margin_per_unit = col.number("Price less unit cost of what a unit is baked into, in the tenant's currency")


def margin_per_unit(
    forecasts: dy.DataFrame[plans.DemandForecasts],
    used: dy.DataFrame[UsePerUnit],
    products: dy.DataFrame[ops.Products],
) -> dy.DataFrame[MarginPerUnit]:
    """The mean over the products that take the ingredient, by what each is expected to take; sorted.

    A product lacks all of its margin when any one of its ingredients is missing. Products without price or unit cost
    say nothing.
    """
    expected = forecasts.group_by(PRODUCT).agg(ordered_sum("yhat"))
    margin = products.select(*PRODUCT, margin=(pl.col("price") - pl.col("unit_cost")).clip(0.0)).drop_nulls()
    sums = (
        used.join(expected, on=PRODUCT)
        .join(margin, on=PRODUCT)
        .with_columns(margin=pl.col("margin") * pl.col("yhat"), taken=pl.col("quantity_per") * pl.col("yhat"))
        .group_by(INGREDIENT)
        .agg(ordered_sum("margin"), ordered_sum("taken"))
        .filter(pl.col("taken") > 0)
        .with_columns(margin_per_unit=(pl.col("margin") / pl.col("taken")).round(DECIMALS))
    )
    return conform(MarginPerUnit, sums.sort(INGREDIENT))


def keeping_cost() -> pl.Expr:
    """What a unit that a delivery brings too much costs until the next one: ``holding_rate`` a year of its
    ``unit_price``, and of what expires the share of its life that passes, as if nothing of it were used first.

    Columns: ``holding_rate, unit_price, review_days, shelf_life_days`` (null: no expiry).
    """
    held = pl.col("holding_rate") * pl.col("review_days") / DAYS_A_YEAR
    spoiled = (pl.col("review_days") / pl.col("shelf_life_days")).clip(upper_bound=1.0).fill_null(0.0)
    return (pl.col("unit_price") * (held + spoiled)).round(DECIMALS)


def service_level() -> pl.Expr:
    """The critical ratio of an ingredient: the fraction of deliveries before which its stock should be enough,
    ``margin_per_unit`` over it and ``keeping_cost`` together (Silver, Pyke & Thomas 2017, section 6.7, a charge for
    each unit short, which is a lost sale). ``safety_stock_level`` where that is given; ``USUAL_LEVEL`` where nothing
    is known.
    """
    together = pl.col("margin_per_unit") + pl.col("keeping_cost")
    ratio = pl.when(together > 0).then(pl.col("margin_per_unit") / together)
    level = pl.coalesce("safety_stock_level", ratio, pl.lit(USUAL_LEVEL))
    return level.clip(LOWEST_LEVEL, HIGHEST_LEVEL).round(LEVEL_DIGITS)
