"""How much a special day sells compared with a normal one, learnt from the tenant's own past.

A factor is the sum of what such days sold over the sum of what normal days would have, drawn towards a
more general factor while there is little evidence: the name's towards the kind's, the kind's towards 1
(an empirical-Bayes ratio; Efron & Morris 1975, Data analysis using Stein's estimator).
"""

import polars as pl

from bakery_assets.forecasting.calendar_features import HOLIDAY
from bakery_assets.forecasting.history import SERIES

PRIOR_DAYS = 1.0  # days of evidence that the more general factor counts for
LARGEST_FACTOR = 5.0  # of one kind of day, and of all that falls on one day together


def learn_factors(history: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Factors of kinds of day and of the names within a kind.

    Only days that are special in one way are looked at, so that one effect is not taken for another.
    A closed holiday sold 0; any other closed day says nothing.

    Args:
        history: of ``regular_series``.

    Returns:
        ``tenant_id, kind, kind_factor, kind_days`` and ``tenant_id, kind, name, name_factor, name_days``;
        the days are distinct dates of evidence.
    """
    one_kind = (
        history.filter(pl.col("kinds").list.len() == 1, "is_known", pl.col("expected") > 0)
        .with_columns(pl.col("kinds").list.first().alias("special"))
        .unnest("special")
        .filter(pl.col("is_open") | (pl.col("kind") == HOLIDAY))
        .sort(*SERIES, "date")
    )
    evidence = (pl.col("quantity").sum().alias("sold"), pl.col("expected").sum().alias("normal"))
    days = pl.col("date").n_unique()
    kinds = (
        one_kind.group_by("tenant_id", "kind", maintain_order=True)
        .agg(*evidence, kind_days=days)
        .select("tenant_id", "kind", "kind_days", kind_factor=_drawn_towards(pl.lit(1.0), "kind_days"))
    )
    names = (
        one_kind.group_by("tenant_id", "kind", "name", maintain_order=True)
        .agg(*evidence, name_days=days)
        .join(kinds, on=["tenant_id", "kind"])
        .select(
            "tenant_id", "kind", "name", "name_days",
            name_factor=_drawn_towards(pl.col("kind_factor"), "name_days"),
        )
    )  # fmt: skip
    return kinds, names


def _drawn_towards(general: pl.Expr, days: str) -> pl.Expr:
    prior = PRIOR_DAYS * pl.col("normal") / pl.col(days)
    return ((pl.col("sold") + prior * general) / (pl.col("normal") + prior)).clip(0.0, LARGEST_FACTOR)


def apply_factors(rows: pl.DataFrame, factors: tuple[pl.DataFrame, pl.DataFrame]) -> pl.DataFrame:
    """Look up the factors of days to come.

    Args:
        rows: with ``tenant_id, product_id, date, kinds``, distinct by the first three.

    Returns:
        ``tenant_id, product_id, date, factor, factors`` for the special days among ``rows``: the product
        of the factors, at most ``LARGEST_FACTOR``, and the list of them as ``{days_seen, factor, kind, name}``.
    """
    kinds, names = factors
    return (
        rows.filter(pl.col("kinds").list.len() > 0)
        .select("tenant_id", "product_id", "date", special="kinds")
        .explode("special")
        .unnest("special")
        .join(kinds, on=["tenant_id", "kind"], how="left")
        .join(names, on=["tenant_id", "kind", "name"], how="left")
        .with_columns(
            factor=pl.coalesce("name_factor", "kind_factor", pl.lit(1.0)).round(6),
            days_seen=pl.coalesce("name_days", "kind_days", pl.lit(0)),
        )
        .sort("tenant_id", "product_id", "date", "kind")
        .group_by("tenant_id", "product_id", "date", maintain_order=True)
        .agg(
            pl.col("factor").product().clip(upper_bound=LARGEST_FACTOR),
            factors=pl.struct("days_seen", "factor", "kind", "name"),
        )
    )
