"""Outcomes: what was baked, met by the demand that came; what was left over, what was missing, and what that cost.

What was baked is decided in ``policies``; which days count is decided in ``run``.
"""

from collections.abc import Sequence

import dataframely as dy
import polars as pl

from bakery_assets.forecasting.data.history import SeriesKey
from bakery_assets.keys import SERIES
from bakery_assets.metrics import LOSS_DECIMALS, ratio
from bakery_assets.quantities import DECIMALS, equal, ordered_sum
from bakery_assets.replay.policies import SAMPLE_QUANTILE, PolicyQuantities
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform

RATIO_AND_POLICY = ("critical_ratio", "policy")
INDEX_OF_BASE = 100.0
SUMS = ("baked", "demand", "lost", "leftover", "cost")


class Outcomes(SeriesKey):
    """Every policy's days, met by demand."""

    date = PolicyQuantities.date
    policy = PolicyQuantities.policy
    critical_ratio = PolicyQuantities.critical_ratio
    baked = PolicyQuantities.quantity
    days = dy.Int64(min=1, max=1, description="1; summed up, the days of series that count")
    demand = col.number("Units that customers wanted")
    lost = col.number("Demand that found nothing, in units")
    leftover = col.number("What was baked and found no demand, in units")
    cost = col.number("critical_ratio x lost + (1 - critical_ratio) x leftover, in units")

    @dy.rule()
    def what_is_baked_is_sold_or_left_over(cls) -> pl.Expr:
        """baked - leftover = demand - lost: both are what was sold."""
        return equal(pl.col("baked") - pl.col("leftover"), pl.col("demand") - pl.col("lost"))


def meet_demand(quantities: dy.DataFrame[PolicyQuantities], demand: pl.DataFrame) -> dy.DataFrame[Outcomes]:
    """Single days: what is not sold is gone in the evening.

    The cost of a day at critical ratio r is r x lost + (1 - r) x leftover, the newsvendor's with a price of 1 between
    the cost of a unit that is missing and of one too many; any other price cancels in the index. In expectation it is
    smallest for the quantile of demand at r (Silver, Pyke and Thomas (2017), Inventory and Production Management in
    Supply Chains, 4th edition, section 9.2).

    Args:
        demand: ``SERIES, date, demand`` of the days that count.
    """
    short = pl.col("demand") - pl.col("baked")
    met = (
        quantities.rename({"quantity": "baked"})
        .join(demand, on=[*SERIES, "date"])
        .with_columns(days=1, lost=short.clip(0.0).round(DECIMALS), leftover=(-short).clip(0.0).round(DECIMALS))
        .with_columns(
            cost=(
                pl.col("critical_ratio") * pl.col("lost") + (1.0 - pl.col("critical_ratio")) * pl.col("leftover")
            ).round(LOSS_DECIMALS)
        )
    )
    return conform(Outcomes, met.sort(Outcomes.primary_key()))


def add_up(outcomes: pl.DataFrame, by: Sequence[str] = RATIO_AND_POLICY) -> pl.DataFrame:
    """Sums and ratios of each group ``by``, sorted: ``by``, ``days``, ``SUMS``, then ``waste_share`` leftover / baked,
    ``lost_share`` lost / demand, ``fill_rate`` (demand - lost) / demand and ``cost_index`` 100 x cost / cost of
    ``SAMPLE_QUANTILE`` in the same group; a ratio is null where there is nothing to divide by.

    Args:
        outcomes: rows with ``days`` and ``SUMS``; all policies have the same days, and ``SAMPLE_QUANTILE`` is one of
            them.
        by: what makes a group, ``policy`` the last.
    """
    *group, _ = by
    base = pl.col("cost").filter(pl.col("policy") == SAMPLE_QUANTILE).first()
    return (
        outcomes.group_by(by)
        .agg(pl.col("days").sum(), *(ordered_sum(name).round(DECIMALS) for name in SUMS))
        .with_columns(
            waste_share=ratio(pl.col("leftover"), pl.col("baked")),
            lost_share=ratio(pl.col("lost"), pl.col("demand")),
            fill_rate=ratio(pl.col("demand") - pl.col("lost"), pl.col("demand")),
            cost_index=ratio(INDEX_OF_BASE * pl.col("cost"), base.over(group) if group else base),
        )
        .sort(by)
    )
