"""Base stock: up to which level to fill what stays fresh for several days.

What is not sold today is sold on the days after, so a leftover costs something only if it outdates. For a shelf life of
one day the level is the newsvendor's quantile, which is in ``demand_distribution``.
"""

import polars as pl

from bakery_assets.metrics import QUANTILE_LEVELS
from bakery_assets.newsvendor.demand_distribution import (
    Levels,
    probability_at_most,
    quantile_at_level,
    sum_of_days,
)
from bakery_assets.quantities import DECIMALS

COVERED = "covered_"  # prefix of the quantiles of the sum over the days covered
HALVINGS = 44  # of a range of at most 1e7 units, down to ``DECIMALS``


def with_shelf_life_demand(
    rows: pl.DataFrame, series: list[str], *, day: str, levels: Levels = QUANTILE_LEVELS
) -> pl.DataFrame:
    """Rows with ``days_covered`` and the distribution of demand over them, in columns that begin ``COVERED``.

    Days covered are the row's own day and those after it on which what is made on it can still be sold, as far as rows
    of the series reach: what is beyond the last is not known. A day without a row, on which the shop is closed, counts
    as a day without demand.

    Args:
        rows: the series' key, ``day``, ``shelf_life_days`` and the quantiles; a day at most once.
        series: the columns that make a series.
        day: the column with the date.
        levels: of the stored quantiles.
    """
    until = pl.col(day) + pl.duration(days=pl.col("shelf_life_days") - 1)
    known = rows.with_columns(last=pl.min_horizontal(until, pl.col(day).max().over(series)))
    days = (pl.col("last") - pl.col(day)).dt.total_days() + 1
    counted = known.with_columns(days_covered=days.cast(pl.Int32))
    ahead = rows.select(*series, pl.col(day).alias("ahead"), *levels)
    several = counted.filter(pl.col("days_covered") > 1).select(*series, day, "last")
    sold_on = several.join(ahead, on=series).filter(pl.col("ahead").is_between(day, "last"))
    summed = sum_of_days(sold_on, [*series, day], levels).rename({name: COVERED + name for name in levels})
    return (
        counted.drop("last")
        .join(summed, on=[*series, day], how="left", maintain_order="left")
        .with_columns(pl.coalesce(COVERED + name, name).alias(COVERED + name) for name in levels)
    )


def with_base_stock(rows: pl.DataFrame, levels: Levels = QUANTILE_LEVELS) -> pl.DataFrame:
    """Rows, in their order, with ``base_stock``, the level S to fill stock up to, in units.

    S balances the sales lost on a day against what outdates: with D1 a day's demand and Dm that of m days,

        (price - cost) P(D1 > S) = (cost - salvage) / m P(Dm < S)

    which is the optimum of lost sales plus the outdating of a base-stock policy, approximated as E[(S - Dm)+] / m a day
    (Chazan & Gal 1977, A Markovian model for a perishable product inventory, Management Science 23; Nahmias 1982,
    Perishable inventory theory: a review, Operations Research 30). In terms of the critical ratio r the factors are r
    and 1 - r. For m = 1 it is P(D1 <= S) = r, the newsvendor's quantile. S lies between the outermost quantiles of D1.

    Args:
        rows: of ``with_shelf_life_demand``, with ``critical_ratio``.
        levels: of the stored quantiles.
    """
    names = list(levels)
    ratio, level = pl.col("critical_ratio"), pl.col("__between")
    gained = ratio * (1.0 - probability_at_most(level, levels))
    outdated = (1.0 - ratio) / pl.col("days_covered") * probability_at_most(level, levels, COVERED)
    solved = rows.with_row_index("__row").with_columns(__low=pl.col(names[0]), __high=pl.col(names[-1]))
    several = solved.filter(pl.col("days_covered") > 1)
    for _ in range(HALVINGS if several.height else 0):
        several = several.with_columns(__between=(pl.col("__low") + pl.col("__high")) / 2.0).with_columns(
            __is_too_low=gained > outdated
        )
        several = several.with_columns(
            __low=pl.when("__is_too_low").then("__between").otherwise("__low"),
            __high=pl.when("__is_too_low").then("__high").otherwise("__between"),
        )
    single = quantile_at_level(ratio, levels).round(DECIMALS)
    found = pl.concat(
        [
            solved.filter(pl.col("days_covered") == 1).with_columns(base_stock=single),
            several.with_columns(base_stock=pl.col("__high").round(DECIMALS)),
        ],
        how="diagonal",
    )
    return found.sort("__row").select(*rows.columns, "base_stock")
