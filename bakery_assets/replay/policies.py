"""Policies: how much each would bake of every product on a morning, from the days before it.

A policy sees sales of the days before the morning only; who keeps the future away is ``backtesting.windows``. Days on
which the shop was closed, that is sold nothing of anything, do not count as same weekdays.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import dataframely as dy
import polars as pl

from bakery_assets.backtesting.series import LIVE_DAYS, SOLD, daily
from bakery_assets.forecasting.data.history import SeriesKey
from bakery_assets.keys import PRODUCT, SERIES, SHOP
from bakery_assets.metrics import QUANTILE_LEVELS
from bakery_assets.newsvendor.base_stock import with_base_stock, with_shelf_life_demand
from bakery_assets.quantities import DECIMALS
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops, plans

SYSTEM = "system"
SAMPLE_QUANTILE = "sample_quantile"
SAMPLE_WEEKS = 12
AVERAGED_WEEKS = 4  # as StatsForecast's SeasonalWindowAverage has them in the backtest
BUFFER = 1.1
NOISE = 1e-9  # relative: 0.7 of 10 days is the 7th, though floating numbers may say 7.000000000000001

POLICIES: Mapping[str, str] = {
    SYSTEM: "this system's: the forecast's quantile at the critical ratio; of what keeps several days, the base stock",
    "last_same_weekday": "what the last same weekday sold",
    "mean_of_last_four_same_weekdays": "the mean of the last four same weekdays",
    "window_average_plus_10": "the mean of the last four same weekdays and 10% more",
    SAMPLE_QUANTILE: "the quantile of the last twelve same weekdays at the critical ratio",
}


class SameWeekdaySales(SeriesKey):
    """What a morning's series sold on its last same weekdays."""

    sold = dy.List(
        dy.Float64(),
        min_length=1,
        max_length=SAMPLE_WEEKS,
        description="Units sold on the last same weekdays on which the shop was open, the latest first",
    )


class AskedRatios(dy.Schema):
    """The critical ratios at which every product is baked, and for how long it is sold."""

    tenant_id = col.tenant_id()
    product_id = col.key_text("The product", primary_key=True)
    critical_ratio = dy.Float64(primary_key=True, min=0.0, max=1.0, description="Critical ratio, a fraction")
    shelf_life_days = col.integer("Days on which what is baked can be sold; 1: what is left is gone in the evening")


class PolicyQuantities(SeriesKey):
    """What each policy would have baked."""

    date = col.date("The day", primary_key=True)
    policy = col.choice("Who would have baked it", POLICIES, primary_key=True)
    critical_ratio = dy.Float64(primary_key=True, min=0.0, max=1.0, description="Critical ratio, a fraction")
    quantity = col.number("Units baked")


def same_weekday_sales(sales: dy.DataFrame[ops.Sales], morning: date) -> dy.DataFrame[SameWeekdaySales]:
    """The last ``SAMPLE_WEEKS`` days of the morning's weekday on which each series' shop was open, sorted by series.

    A day on which the shop was open and the product did not sell counts as 0, from its first sale on; net refunds count
    as 0. A series without such a day has the mean of its shop's open days of the last ``LIVE_DAYS`` instead. A series
    that has none of these either has no row.

    Args:
        sales: of days before ``morning``.
    """
    opened = sales.filter(SOLD).select(*SHOP, date="sales_date").unique()
    days = daily(sales, morning).join(opened, on=[*SHOP, "date"], how="semi").with_columns(pl.col("y").clip(0.0))
    same = (
        days.filter(pl.col("date").dt.weekday() == morning.isoweekday())
        .sort("date", descending=True)
        .group_by(SERIES, maintain_order=True)
        .agg(sold=pl.col("y").head(SAMPLE_WEEKS))
    )
    recent = days.filter(pl.col("date") >= morning - timedelta(days=LIVE_DAYS))
    others = recent.join(same, on=SERIES, how="anti").group_by(SERIES).agg(sold=pl.col("y").sort().mean().implode())
    return conform(SameWeekdaySales, pl.concat([same, others.select(same.columns)]).sort(SERIES))


def quantities_of_bakers(
    same_weekdays: dy.DataFrame[SameWeekdaySales],
    morning: date,
    policies: Sequence[str],
    ratios: dy.DataFrame[AskedRatios],
) -> dy.DataFrame[PolicyQuantities]:
    """What ``policies``, the system excepted, would bake on a morning; some look at the critical ratio, some do not."""
    sold = pl.col("sold")
    averaged = sold.list.head(AVERAGED_WEEKS).list.mean()
    by_policy = {
        "last_same_weekday": sold.list.first(),
        "mean_of_last_four_same_weekdays": averaged,
        "window_average_plus_10": BUFFER * averaged,
        SAMPLE_QUANTILE: sample_quantile(sold, pl.col("critical_ratio")),
    }
    asked = same_weekdays.join(ratios, on=PRODUCT)
    rows = [
        asked.select(
            *SERIES,
            "critical_ratio",
            date=pl.lit(morning),
            policy=pl.lit(policy),
            quantity=by_policy[policy].round(DECIMALS),
        )
        for policy in policies
        if policy != SYSTEM
    ]
    return conform(PolicyQuantities, pl.concat(rows)) if rows else PolicyQuantities.create_empty()


def quantities_of_system(
    forecasts: dy.DataFrame[plans.DemandForecasts],
    series: pl.DataFrame,
    morning: date,
    ratios: dy.DataFrame[AskedRatios],
) -> dy.DataFrame[PolicyQuantities]:
    """What has to be there by the morning's forecasts, 0 for a series without one.

    As in plans that is the quantile at the critical ratio, and for what keeps several days its base-stock level
    (``newsvendor.base_stock``).

    Args:
        forecasts: of the morning and the days after it.
        series: ``SERIES`` of all that is replayed.
    """
    asked = series.select(SERIES).join(ratios, on=PRODUCT)
    key = [*SERIES, "critical_ratio"]
    days = asked.join(forecasts.select(*SERIES, "target_date", *QUANTILE_LEVELS), on=SERIES)
    covered = with_shelf_life_demand(days, key, day="target_date").filter(pl.col("target_date") == morning)
    levels = with_base_stock(covered).select(*key, quantity="base_stock")
    rows = asked.join(levels, on=key, how="left", maintain_order="left").with_columns(pl.col("quantity").fill_null(0.0))
    return conform(PolicyQuantities, rows.with_columns(date=pl.lit(morning), policy=pl.lit(SYSTEM)))


def sample_quantile(sample: pl.Expr, level: pl.Expr) -> pl.Expr:
    """The smallest of a sample that at least ``level`` of it does not exceed, for a column of lists.

    Source: the sample average approximation of the newsvendor, Levi, Perakis and Uichanco (2015), The data-driven
    newsvendor problem, Operations Research 63.
    """
    place = (sample.list.len() * level * (1 - NOISE)).ceil().cast(pl.Int64).clip(1)
    return sample.list.sort().list.get(place - 1)
