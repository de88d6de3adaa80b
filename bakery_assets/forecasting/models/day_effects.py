"""How much a special day sells compared with a normal one, learnt from the tenant's own past.

A factor is the sum of what such days sold over the sum of what normal days would have, drawn towards a
more general factor while there is little evidence: the name's towards the kind's, the kind's towards 1
(an empirical-Bayes ratio; Efron & Morris 1975, Data analysis using Stein's estimator).
"""

import numpy as np
import polars as pl

from bakery_assets.calendars import HOLIDAY
from bakery_assets.forecasting.data.panel import AHEAD, WEEK, Floats, Panel

PRIOR_DAYS = 1.0  # days of evidence that the more general factor counts for
LARGEST_FACTOR = 5.0  # of one kind of day, and of all that falls on one day together

KIND = ["tenant_id", "kind"]
NAME = [*KIND, "name"]


def evidence(panel: Panel) -> pl.DataFrame:
    """What days that are special in one way only sold, beside what normal days would have.

    Only such days are looked at, so that one effect is not taken for another. A closed holiday sold 0; any other
    closed day says nothing.

    Returns:
        ``NAME, day, sold, normal``: one row per tenant, name and column of the panel, in units.
    """
    expected = panel.expected[0][:, : panel.past]
    ways = panel.kinds.filter(pl.col("day") < panel.past, pl.len().over("item", "day") == 1)
    at = (ways["item"].to_numpy(), ways["day"].to_numpy())
    sums = {}
    for name, days in (("open", panel.is_open), ("kept", panel.is_known & ~panel.is_open)):
        use = days & (expected > 0) & ~panel.is_sold_out
        sold = np.where(np.isnan(panel.demand), panel.quantity, panel.demand)
        for what, values in (("sold", sold), ("normal", expected)):
            matrix = np.zeros((panel.items.height, panel.past))
            np.add.at(matrix, panel.item, np.where(use, values, 0.0))
            sums[f"{what}_{name}"] = matrix[at]
    kept = pl.when(pl.col("kind") == HOLIDAY).then(pl.col("normal_kept")).otherwise(0.0)
    return (
        ways.with_columns(**{name: pl.Series(values) for name, values in sums.items()})
        .with_columns(normal=pl.col("normal_open") + kept)
        .filter(pl.col("normal") > 0)
        .join(panel.items.with_row_index("item"), on="item")
        .group_by(*NAME, "day")
        .agg(sold=pl.col("sold_open").sum(), normal=pl.col("normal").sum())
        .sort(*NAME, "day")
    )


def learn_factors(seen: pl.DataFrame) -> pl.DataFrame:
    """Factors of names and, where the name is null, of kinds: ``NAME, factor, days``, sorted.

    Args:
        seen: of ``evidence``; the days are distinct dates of it.
    """
    sums = (pl.col("sold").sum(), pl.col("normal").sum(), pl.col("day").n_unique().alias("days"))
    kinds = (
        seen.group_by(KIND)
        .agg(sums)
        .with_columns(name=pl.lit(None, pl.String), factor=_drawn_towards(pl.lit(1.0)))
    )  # fmt: skip
    names = (
        seen.group_by(NAME)
        .agg(sums)
        .join(kinds.select(*KIND, general="factor"), on=KIND)
        .with_columns(factor=_drawn_towards(pl.col("general")))
    )
    columns = [*NAME, "factor", "days"]
    both = pl.concat([kinds.select(columns), names.select(columns)])
    return both.with_columns(pl.col("factor").round(6)).sort(NAME)


def factors_so_far(seen: pl.DataFrame, panel: Panel) -> pl.DataFrame:
    """What ``learn_factors`` would have said of every special day on its own morning: ``NAME, day, factor``.

    Models learn from these, so that they meet in training what they will meet in use: a factor that has not
    seen the day it speaks of. A day that is special in several ways is no evidence, but has its factors.
    """
    items = panel.items.with_row_index("item").select("item", "tenant_id")
    special = panel.kinds.filter(pl.col("day") < panel.past).join(items, on="item").select(*NAME, "day").unique()
    counted = special.join(seen, on=[*NAME, "day"], how="left").with_columns(
        pl.col("sold", "normal").fill_null(0.0), is_seen=pl.col("normal").is_not_null()
    )
    sums = (pl.col("sold").sum(), pl.col("normal").sum(), pl.col("is_seen").any())
    by_kind = counted.group_by(*KIND, "day").agg(sums)
    kinds = _before(by_kind, KIND).with_columns(general=_drawn_towards(pl.lit(1.0)).fill_null(1.0))
    return (
        _before(counted, NAME)
        .join(kinds.select(*KIND, "day", "general"), on=[*KIND, "day"])
        .select(*NAME, "day", factor=pl.coalesce(_drawn_towards(pl.col("general")), "general"))
        .sort(*NAME, "day")
    )


def _before(counted: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Sums over the days seen before each day, null where there are none."""
    ordered = counted.sort(*key, "day").with_columns(days=pl.col("is_seen").cast(pl.Int64))
    sums = [(pl.col(name).cum_sum() - pl.col(name)).over(key).alias(name) for name in ("sold", "normal", "days")]
    return ordered.with_columns(sums).with_columns(
        pl.when(pl.col("days") > 0).then(pl.col(name)).alias(name) for name in ("sold", "normal", "days")
    )


def _drawn_towards(general: pl.Expr) -> pl.Expr:
    prior = PRIOR_DAYS * pl.col("normal") / pl.col("days")
    return ((pl.col("sold") + prior * general) / (pl.col("normal") + prior)).clip(0.0, LARGEST_FACTOR)


def factors_ahead(panel: Panel, learnt: pl.DataFrame, first: int | None = None) -> pl.DataFrame:
    """Factors of the special days from the plan date on.

    Args:
        learnt: of ``learn_factors``.
        first: the column to begin with instead of the plan date's.

    Returns:
        ``item, day, factor, factors``: the product of the factors, at most ``LARGEST_FACTOR``, and the list of
        them as ``{days_seen, factor, kind, name}``.
    """
    kinds = learnt.filter(pl.col("name").is_null()).select(*KIND, kind_factor="factor", kind_days="days")
    names = learnt.filter(pl.col("name").is_not_null()).select(*NAME, name_factor="factor", name_days="days")
    return (
        panel.kinds.filter(pl.col("day") >= (panel.past if first is None else first))
        .join(panel.items.with_row_index("item").select("item", "tenant_id"), on="item")
        .join(kinds, on=KIND, how="left")
        .join(names, on=NAME, how="left")
        .with_columns(
            factor=pl.coalesce("name_factor", "kind_factor", pl.lit(1.0)),
            days_seen=pl.coalesce("name_days", "kind_days", pl.lit(0)),
        )
        .sort("item", "day", "kind")
        .group_by("item", "day", maintain_order=True)
        .agg(
            pl.col("factor").product().clip(upper_bound=LARGEST_FACTOR),
            factors=pl.struct("days_seen", "factor", "kind", "name"),
        )
    )


def factor_matrix(panel: Panel, learnt: pl.DataFrame, so_far: pl.DataFrame | None = None) -> Floats:
    """The factor of every column, 1 on normal days: (items, past + AHEAD).

    Args:
        learnt: of ``learn_factors``, for the days from the plan date on.
        so_far: of ``factors_so_far``, for the days before it; None: ``learnt`` for the week before it, at which
            the features of the days ahead look back, and 1 before.
    """
    matrix = np.ones((panel.items.height, panel.past + AHEAD), dtype=np.float32)
    ahead = factors_ahead(panel, learnt, max(panel.past - WEEK, 0) if so_far is None else None)
    matrix[ahead["item"].to_numpy(), ahead["day"].to_numpy()] = ahead["factor"].to_numpy()
    if so_far is not None:
        tenants = panel.items.with_row_index("item").select("item", "tenant_id")
        past = (
            panel.kinds.filter(pl.col("day") < panel.past)
            .join(tenants, on="item")
            .join(so_far, on=[*NAME, "day"])
            .group_by("item", "day")
            .agg(pl.col("factor").product().clip(upper_bound=LARGEST_FACTOR))
        )
        matrix[past["item"].to_numpy(), past["day"].to_numpy()] = past["factor"].to_numpy()
    return matrix
