"""Quantities: how figures are rounded and added up, so that the same facts always give the same bytes."""

import polars as pl

DECIMALS = 6  # of quantities and ratios; finer than any scale in a bakery, and keeps floating noise out of plans
CENTS = 2  # decimals of money


def ordered_sum(column: str) -> pl.Expr:
    """A sum that comes out the same, to the last bit, in whatever order its rows stand."""
    return pl.col(column).sort().sum()
