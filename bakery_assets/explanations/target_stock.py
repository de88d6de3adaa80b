"""Explanations of targets: every term of how much has to be ready for sale, as JSON.

How targets are chosen is decided in ``target_stock``.
"""

import polars as pl

from bakery_assets.explanations.formats import as_json
from bakery_assets.metrics import QUANTILE_LEVELS

TERMS = (
    *QUANTILE_LEVELS, "basis", "critical_ratio", "days_covered", "expected_leftover", "expected_lost", "is_clamped",
    "level", "margin", "margin_from", "orders", "price", "quantity_at_level", "salvage_value", "shelf_life_days",
    "target_quantity", "unit", "unit_cost", "yhat",
)  # fmt: skip
RULES = {
    "newsvendor": "quantity_at_level = the quantile of demand at the critical ratio (price - unit_cost) / "
    "(price - salvage_value), between q10 and q95",
    "base_stock": "quantity_at_level = S, between q10 and q95, where critical_ratio P(day > S) = "
    "(1 - critical_ratio) / days_covered P(days_covered days < S)",
    "buffer": "quantity_at_level = yhat (1 + buffer)",
    "service_level": "quantity_at_level = the quantile of demand at the service level, between q10 and q95",
}


def target_terms() -> pl.Expr:
    """The terms of a target: what is expected, what it costs to have too little or too much, and what follows."""
    rule = pl.col("basis").replace_strict(list(RULES), list(RULES.values()), return_dtype=pl.String)
    buffer = pl.when(pl.col("basis") == "buffer").then("quantity_buffer")
    terms = {name: pl.col(name) for name in TERMS}
    return as_json(**terms, buffer=buffer, rule=rule, target_rule=pl.lit("max(quantity_at_level, orders)"))
