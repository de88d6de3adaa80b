"""Demand of the supply replay: drawn from the forecasts' own errors, and what it takes of ingredients.

A forecast's error is where in its distribution the day's sales lay. A day's demand lies where the sales of another day
of the bakery, drawn at random, lay in their forecasts: all products of one day are drawn together, so that they go well
and badly together as they did, and what is biased or too sure stays so.
"""

import dataframely as dy
import numpy as np
import polars as pl

from bakery_assets.backtesting.series import ScoredDays
from bakery_assets.keys import INGREDIENT, PRODUCT, SERIES
from bakery_assets.materials.expiry_buckets import Floats
from bakery_assets.materials.ingredient_use import UsePerUnit
from bakery_assets.metrics import QUANTILE_LEVELS
from bakery_assets.quantities import DECIMALS, ordered_sum
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops, plans

LEVELS = np.array([0.0, *QUANTILE_LEVELS.values(), 1.0])
HALF_A_PIECE = 0.5


class DrawnDemand(dy.Schema):
    """What customers want, all shops together."""

    tenant_id = col.tenant_id()
    product_id = col.key_text("The product", primary_key=True)
    date = col.date("The day", primary_key=True)
    demand = col.number("Units wanted, whole ones of what is counted in pieces")


class DailyUse(dy.Schema):
    """What a day's products take of ingredients."""

    tenant_id = col.tenant_id()
    ingredient_id = col.key_text("The ingredient", primary_key=True)
    date = col.date("The day", primary_key=True)
    quantity = col.number("Quantity taken, in the ingredient's unit")


def drawn_demand(
    forecasts: dy.DataFrame[plans.DemandForecasts],
    scored: dy.DataFrame[ScoredDays],
    products: dy.DataFrame[ops.Products],
    seed: int,
) -> dy.DataFrame[DrawnDemand]:
    """Demand of every day that is forecast and on which the shop was open, sorted; the same for the same seed.

    A day that sold out had more demand than sales, so its position is drawn from theirs to the top; that of a series
    that was not there on the drawn day is drawn evenly.

    Args:
        forecasts: each morning's for that day itself.
        scored: what sold on these days.
    """
    chance = np.random.default_rng([seed, 1])
    days = (
        forecasts.rename({"target_date": "date"})
        .join(scored.filter("is_open"), on=[*SERIES, "date"])
        .sort(*SERIES, "date")
    )
    knots = _knots(days)
    sold = np.maximum(days["actual"].to_numpy(), 0.0)
    at = position_of(sold, knots, chance.random(days.height))
    above = at + (1.0 - at) * chance.random(days.height)
    seen = days.select(
        *SERIES, drawn_on="date", position=pl.Series(np.where(days["is_sold_out"].to_numpy(), above, at))
    )
    drawn = (
        days.with_columns(even=pl.Series(chance.random(days.height)))
        .join(_drawn_days(days, chance), on=["tenant_id", "date"], maintain_order="left")
        .join(seen, on=[*SERIES, "drawn_on"], how="left", maintain_order="left")
    )
    position = drawn.select(pl.coalesce("position", "even")).to_series().to_numpy()
    wanted = (
        drawn.with_columns(demand=pl.Series(at_position(position, knots)))
        .join(products.select(*PRODUCT, "unit"), on=PRODUCT, how="left")
        .with_columns(
            demand=pl.when(pl.col("unit") == "piece")
            .then((pl.col("demand") + HALF_A_PIECE).floor())
            .otherwise(pl.col("demand").round(DECIMALS))
        )
        .group_by(*PRODUCT, "date")
        .agg(ordered_sum("demand").round(DECIMALS))
    )
    return conform(DrawnDemand, wanted.sort(*PRODUCT, "date"))


def position_of(quantities: Floats, knots: Floats, chance: Floats) -> Floats:
    """Where quantities lie in their distributions, 0 to 1, linear between the knots; evenly at random where several
    levels have the same quantity.

    Args:
        knots: quantities by ``LEVELS``, ascending in each row.
        chance: numbers from 0 to 1.
    """
    value = quantities[:, None]
    below, up_to = (knots < value).sum(axis=1), (knots <= value).sum(axis=1)
    upper = np.clip(up_to, 1, len(LEVELS) - 1)
    row = np.arange(len(knots))
    low, high = knots[row, upper - 1], knots[row, upper]
    share = np.clip((quantities - low) / np.where(high > low, high - low, 1.0), 0.0, 1.0)
    between = LEVELS[upper - 1] + share * (LEVELS[upper] - LEVELS[upper - 1])
    first, last = LEVELS[np.minimum(below, len(LEVELS) - 1)], LEVELS[np.maximum(up_to - 1, 0)]
    found: Floats = np.where(up_to > below, first + chance * (last - first), between)
    return found


def at_position(positions: Floats, knots: Floats) -> Floats:
    """The quantities that lie at ``positions`` of their distributions: the inverse of ``position_of``."""
    upper = np.clip(np.searchsorted(LEVELS, positions), 1, len(LEVELS) - 1)
    row = np.arange(len(knots))
    share = (positions - LEVELS[upper - 1]) / (LEVELS[upper] - LEVELS[upper - 1])
    found: Floats = knots[row, upper - 1] + share * (knots[row, upper] - knots[row, upper - 1])
    return found


def used_by(quantities: pl.DataFrame, used: dy.DataFrame[UsePerUnit]) -> dy.DataFrame[DailyUse]:
    """What products take of each ingredient, sorted.

    Args:
        quantities: ``PRODUCT, date, quantity``.
    """
    taken = used.join(quantities, on=PRODUCT).with_columns(quantity=pl.col("quantity_per") * pl.col("quantity"))
    by_ingredient = taken.group_by(*INGREDIENT, "date").agg(ordered_sum("quantity").round(DECIMALS))
    return conform(DailyUse, by_ingredient.sort(*INGREDIENT, "date"))


def _knots(forecasts: pl.DataFrame) -> Floats:
    """Quantities by ``LEVELS``. A distribution begins as far below q10 as q50 is above it, and ends as far above q95
    as q80 is below it."""
    inner = np.maximum.accumulate(forecasts.select(*QUANTILE_LEVELS).fill_null(0.0).to_numpy(), axis=1)
    first = np.maximum(2 * inner[:, 0] - inner[:, 1], 0.0)
    last = 2 * inner[:, 4] - inner[:, 2]
    return np.column_stack([first, inner, last])


def _drawn_days(days: pl.DataFrame, chance: np.random.Generator) -> pl.DataFrame:
    """``tenant_id, date, drawn_on``: for each open day of a bakery one of its open days."""
    opened = days.select("tenant_id", "date").unique().sort("tenant_id", "date")
    numbered = opened.with_columns(
        number=pl.int_range(pl.len()).over("tenant_id"),
        drawn=(pl.Series(chance.random(opened.height)) * pl.len().over("tenant_id")).floor().cast(pl.Int64),
    )
    of_number = numbered.select("tenant_id", "number", drawn_on="date")
    return numbered.join(of_number, left_on=["tenant_id", "drawn"], right_on=["tenant_id", "number"]).select(
        "tenant_id", "date", "drawn_on"
    )
