"""The demand that stored quantiles describe, as polars expressions over rows with a column for each quantile.

Between two stored quantiles demand is spread evenly. What lies beyond the outermost is not known: the lowest quantile
has all of the probability below it, the highest all above it, so no quantity is ever chosen outside of what is stored.
Quantiles do not fall from level to level. Which levels are stored is in ``metrics.QUANTILE_LEVELS``; quantiles of
forecast errors, from which these were made, are in ``forecasting.models.intervals``.
"""

from collections.abc import Mapping
from itertools import pairwise

import polars as pl

from bakery_assets.metrics import QUANTILE_LEVELS
from bakery_assets.quantities import DECIMALS

Levels = Mapping[str, float]  # the level of each quantile's column, the lowest first


def quantile_at_level(level: pl.Expr, levels: Levels = QUANTILE_LEVELS) -> pl.Expr:
    """The quantile at a level, interpolated linearly between the stored ones; beyond the outermost, these.

    Args:
        level: the share of days on which demand stays at or below it, as a fraction.
        levels: of the stored quantiles.
    """
    (lowest, _), (highest, _) = _outermost(levels)
    between = []
    for (lower, at_lower), (upper, at_upper) in pairwise(levels.items()):
        # Polars divides several rows by a literal through its reciprocal, and a single row exactly.
        share = ((level - at_lower) * (1.0 / (at_upper - at_lower))).clip(0.0, 1.0)
        interpolated = pl.col(lower) * (1.0 - share) + pl.col(upper) * share
        between.append(pl.when(level <= at_upper).then(interpolated))
    beyond = pl.when(level.is_not_null()).then(pl.col(highest))
    return pl.coalesce(*between, beyond) if between else pl.col(lowest)


def is_clamped(level: pl.Expr, levels: Levels = QUANTILE_LEVELS) -> pl.Expr:
    """Whether a level lies beyond the outermost stored one, which then stands in for it."""
    (_, lowest), (_, highest) = _outermost(levels)
    return (level < lowest) | (level > highest)


def probability_at_most(quantity: pl.Expr, levels: Levels = QUANTILE_LEVELS, prefix: str = "") -> pl.Expr:
    """The probability that demand is at most a quantity: the inverse of ``quantile_at_level``, as a fraction.

    Args:
        quantity: in the unit of the quantiles.
        levels: of the stored quantiles.
        prefix: of the columns' names, where rows have several distributions.
    """
    (lowest, below), (highest, above) = _outermost(levels)
    parts = [
        pl.when(quantity >= pl.col(prefix + lowest)).then(below).otherwise(0.0),
        pl.when(quantity >= pl.col(prefix + highest)).then(1.0 - above).otherwise(0.0),
    ]
    for (lower, at_lower), (upper, at_upper) in pairwise(levels.items()):
        low, high = pl.col(prefix + lower), pl.col(prefix + upper)
        spread = pl.when(high > low).then(high - low)
        share = ((quantity - low) / spread).clip(0.0, 1.0)
        parts.append(share.fill_null((quantity >= low).cast(pl.Float64)) * (at_upper - at_lower))
    return pl.sum_horizontal(parts).clip(0.0, 1.0)


def expected_demand(levels: Levels = QUANTILE_LEVELS) -> pl.Expr:
    """The mean of the distribution, in units."""
    (lowest, below), (highest, above) = _outermost(levels)
    parts = [pl.col(lowest) * below, pl.col(highest) * (1.0 - above)]
    for (lower, at_lower), (upper, at_upper) in pairwise(levels.items()):
        parts.append((pl.col(lower) + pl.col(upper)) * ((at_upper - at_lower) / 2.0))
    return pl.sum_horizontal(parts)


def expected_leftover(quantity: pl.Expr, levels: Levels = QUANTILE_LEVELS, prefix: str = "") -> pl.Expr:
    """What is left on average of a quantity when demand has been met, E[(quantity - demand)+], in units.

    Source: Snyder & Shen (2019), Fundamentals of Supply Chain Theory, 2nd edition, section 4.3.
    """
    (lowest, below), (highest, above) = _outermost(levels)
    parts = [
        (quantity - pl.col(prefix + lowest)).clip(0.0) * below,
        (quantity - pl.col(prefix + highest)).clip(0.0) * (1.0 - above),
    ]
    for (lower, at_lower), (upper, at_upper) in pairwise(levels.items()):
        low, high = pl.col(prefix + lower), pl.col(prefix + upper)
        inside = (quantity - low).clip(0.0).clip(upper_bound=high - low)
        spread = pl.when(high > low).then(high - low)
        evenly = (inside * inside / spread).fill_null(0.0) * 0.5
        parts.append((evenly + (quantity - high).clip(0.0)) * (at_upper - at_lower))
    return pl.sum_horizontal(parts)


def expected_lost(quantity: pl.Expr, levels: Levels = QUANTILE_LEVELS) -> pl.Expr:
    """Sales that a quantity loses on average, E[(demand - quantity)+], in units.

    As every unit is sold, left or asked for in vain: demand - quantity + leftover.
    """
    return (expected_demand(levels) - quantity + expected_leftover(quantity, levels)).clip(0.0)


def sum_of_days(rows: pl.DataFrame, by: list[str], levels: Levels = QUANTILE_LEVELS) -> pl.DataFrame:
    """Quantiles of the sum of the days of each group: ``by``, and a column for each of ``levels``.

    Means add. Deviations from the mean add as those of independent days do, by their squares, level by level: exact for
    normal demand, and for one day. The sum of quantiles would be far too wide: seven days do not all go badly.

    Args:
        rows: a day a row, with the columns ``by`` and the quantiles.
        by: the columns that make a group.
        levels: of the stored quantiles.
    """
    total = pl.col("__mean").sort().sum()
    summed = []
    for name in levels:
        deviation = pl.col(name) - pl.col("__mean")
        squares = (deviation.sign() * deviation * deviation).sort().sum()
        summed.append((total + squares.sign() * squares.abs().sqrt()).clip(0.0).round(DECIMALS).alias(name))
    return rows.with_columns(__mean=expected_demand(levels)).group_by(by).agg(summed)


def _outermost(levels: Levels) -> tuple[tuple[str, float], tuple[str, float]]:
    """The lowest and the highest quantile, each with its level."""
    stored = list(levels.items())
    return stored[0], stored[-1]
