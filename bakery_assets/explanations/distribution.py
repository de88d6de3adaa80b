"""Explanations of a distribution: every term of what a shop gets as JSON, and what happens where it is too little.

What is brought where is decided in ``distribution``.
"""

import polars as pl

from bakery_assets.explanations.formats import as_json, iso_instant, quantity

TERMS = (
    "available", "extra", "forecast", "kitchen_share", "level", "minutes", "need", "orders", "quantity", "share",
    "sold", "stock_usable", "target_quantity", "total_available", "total_need", "unit",
)  # fmt: skip
KEPT_TERMS = ("available", "need", "quantity", "stock_usable", "target_quantity")
NEED_RULE = (
    "need = max(0, target_quantity - stock_usable), target_quantity = that of target_stock_levels - sold, whole pieces"
)
SHARE_RULE = (
    "share = need + extra, what is left over of lots that keep for one day going piece by piece to where it is "
    "likeliest to be sold; where total_available < total_need, orders first, the rest by what needs they leave open, "
    "whole pieces by largest remainder; "
    "quantity = what of it is ready when the trip leaves"
)


def trip_terms() -> pl.Expr:
    """The terms of a trip that is planned, with ``opens_at``, when the shop opens."""
    rules = {"need_rule": pl.lit(NEED_RULE), "share_rule": pl.lit(SHARE_RULE)}
    return as_json(**{name: pl.col(name) for name in TERMS}, **rules, opens_at=iso_instant("opens_at"))


def kept_trip_terms() -> pl.Expr:
    """The terms of a trip that had left, as they were published."""
    return as_json(**{name: pl.col(name) for name in KEPT_TERMS}, rule=pl.lit("left before this version, as published"))


def shortage(brought: str, need: str) -> pl.Expr:
    """What happens where a shop gets less than it needs, else empty; with ``shop, product, unit``."""
    phrase = pl.format(
        "{} runs short of {}: it gets {} of the {} it needs", "shop", "product", quantity(brought), quantity(need)
    )
    return pl.when(pl.col(brought) < pl.col(need)).then(phrase)
