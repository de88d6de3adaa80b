"""Quantities: how figures are rounded, compared, added up and named; the same facts always give the same bytes."""

import polars as pl

DECIMALS = 6  # of quantities and ratios; finer than any scale in a bakery, and keeps floating noise out of plans
CENTS = 2  # decimals of money
TOLERANCE = 10.0 ** (1 - DECIMALS)  # of a sum whose terms were each rounded to DECIMALS


def ordered_sum(column: str) -> pl.Expr:
    """A sum that comes out the same, to the last bit, in whatever order its rows stand."""
    return pl.col(column).sort().sum()


def counted(count: int, one: str, many: str) -> str:
    """``1 batch`` or ``31 batches``."""
    return f"{count:,} {one if count == 1 else many}"


def equal(left: str | pl.Expr, right: str | pl.Expr) -> pl.Expr:
    """Whether two quantities are equal within ``TOLERANCE``; names are columns."""
    left, right = (pl.col(side) if isinstance(side, str) else side for side in (left, right))
    return (left - right).abs() <= TOLERANCE
