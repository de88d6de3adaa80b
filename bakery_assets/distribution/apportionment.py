"""Apportionment: whole pieces shared out by largest remainder, the same way whatever order the rows stand in."""

import polars as pl

from bakery_assets.quantities import DECIMALS, ordered_sum

SCALE = 10**DECIMALS


def rounded_together(rows: pl.DataFrame, column: str, *, total: str, over: list[str]) -> pl.DataFrame:
    """Rows with ``column`` in whole pieces that add up to ``total``, the rest going to the largest fractions.

    Of equal fractions the larger figure comes first, then the location that sorts first. Rows that are not
    ``is_whole`` keep their figure.

    Args:
        rows: with ``is_whole`` and ``location_id``.
        total: a whole number that is the sum of ``column`` over the group, rounded.
        over: the columns that make a group.
    """
    scaled = (pl.col(column) * SCALE).round(0).cast(pl.Int64)
    parts = rows.with_columns(floor=scaled // SCALE, remainder=scaled % SCALE)
    return _hand_out(parts, column, pl.col(column), total=total, weight=column, over=over)


def apportioned(rows: pl.DataFrame, name: str, *, total: str, weight: str, over: list[str]) -> pl.DataFrame:
    """Rows with ``name``, their share of ``total`` by ``weight``, by the method of largest remainder (Hamilton's).

    None gets more than its weight: a total above the sum of the weights gives everyone its own. Whole pieces are
    within one of the exact share and add up to the total; ties go as in ``rounded_together``. Other quantities are
    rounded down to ``DECIMALS``.

    Args:
        rows: with ``is_whole`` and ``location_id``; where ``is_whole``, weights and totals are whole numbers.
    """
    weights = ordered_sum(weight).over(over)
    given = pl.min_horizontal(total, weights)
    all_of_them = pl.when(weights > 0).then(weights).otherwise(1.0)
    exact = (pl.col(weight) * given / all_of_them * SCALE).floor() / SCALE
    # Whole numbers, for equal fractions have to be equal.
    product, divisor = pl.col(weight).cast(pl.Int64) * given.cast(pl.Int64), all_of_them.ceil().cast(pl.Int64)
    parts = rows.with_columns(
        given=given,
        exact=pl.when(given >= weights).then(weight).otherwise(exact.round(DECIMALS)),
        floor=product // divisor,
        remainder=product % divisor,
    )
    return _hand_out(parts, name, pl.col("exact"), total="given", weight=weight, over=over).drop("given", "exact")


def _hand_out(
    parts: pl.DataFrame, name: str, otherwise: pl.Expr, *, total: str, weight: str, over: list[str]
) -> pl.DataFrame:
    """What ``floor`` leaves of ``total`` goes out one by one, in the order of ``remainder``."""
    order = ("remainder", weight, "location_id")
    ordered = parts.sort(*over, *order, descending=[False] * len(over) + [True, True, False])
    left = pl.col(total) - pl.col("floor").sum().over(over)
    shared = pl.col("floor") + (pl.int_range(pl.len()).over(over) < left).cast(pl.Int64)
    return ordered.with_columns(
        pl.when("is_whole").then(shared.cast(pl.Float64)).otherwise(otherwise).alias(name)
    ).drop("floor", "remainder")
