"""Demand unconstraining: what would have sold on days that sold out, had there been enough all day.

A day's sales are divided by the share of a typical day's sales that falls into the hours in which the product
could be bought (Lau & Lau 1996, Estimating the demand distributions of single-period items having frequent
stockouts, European Journal of Operational Research 92). The estimate is capped: little was observed of a day
that sold out in its first hour, and a large multiple of little is a guess.
"""

import dataframely as dy
import polars as pl

from bakery_assets.forecasting.data.history import DemandHistory, SeriesKey
from bakery_assets.keys import SERIES
from bakery_assets.quantities import DECIMALS
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops

MAX_UNCONSTRAINED_RATIO = 3.0  # times what was sold
# Models learn from less. Days that sell out early are days of unusual demand, not typical days cut short. The fresh
# chain's days in stock, forecast by models that learned from up to so many times the sales (WAPE; bias; coverage of
# the 80% interval): 3 times 38.6%, +16%; 1.5 times 35.9%, +9.5%, 77.2%; 1.35 times 35.0%, +7.5%, 77.2%; 1.1 times
# 34.4%, +2.8%, 75.6%. Some bias is due, as days in stock are the quieter ones; a model that learns from still less
# learns that there was no further demand, and the days with much demand fall out of the interval.
MAX_TRAINING_RATIO = 1.35
PRIOR_HOURS = 24.0  # hours in stock that the tenant's profile counts for in a series' own
DEFAULT_TRADING_HOURS = (6.0, 18.0)  # where a tenant gives no hourly sales, trade is taken as even between these hours

DAY = [*SERIES, "date"]


class UnconstrainedDays(SeriesKey):
    """Demand of days with hourly sales."""

    date = col.date("Day of the sale", primary_key=True)
    sold = col.number("Units sold; net refunds of an hour count as 0")
    demand = col.number("Estimated demand, in units; as sold where nothing ran out or no profile is known")
    in_stock_share = col.number(
        "Share of a typical day's sales that falls into the hours in stock, as a fraction", maximum=1.0 + 1e-9
    )

    @dy.rule()
    def at_least_sold(cls) -> pl.Expr:
        return pl.col("demand") >= pl.col("sold")


def unconstrain(hourly: dy.DataFrame[ops.SalesHourly]) -> dy.DataFrame[UnconstrainedDays]:
    """Demand of the days that have hourly sales, sorted; hours without a row sold nothing and count as in stock."""
    rows = hourly.rename({"sales_date": "date"}).with_columns(
        pl.col("quantity").clip(lower_bound=0.0), pl.col("in_stock").clip(0.0, 1.0)
    )
    profile = _hourly_profile(rows)
    share = (pl.col("weight") * pl.col("in_stock").fill_null(1.0)).sum() / pl.col("weight").sum()
    days = (
        rows.select(DAY)
        .unique()
        .join(profile, on=SERIES)
        .join(rows.select(*DAY, "hour", "in_stock"), on=[*DAY, "hour"], how="left")
        .group_by(DAY)
        .agg(in_stock_share=pl.when(pl.col("weight").sum() > 0).then(share).otherwise(1.0).first())
    )
    sold = rows.group_by(DAY).agg(sold=pl.col("quantity").sum())
    return conform(UnconstrainedDays, _with_demand(sold.join(days, on=DAY)))


def add_unconstrained_demand(
    sales: dy.DataFrame[ops.Sales], hourly: dy.DataFrame[ops.SalesHourly]
) -> dy.DataFrame[DemandHistory]:
    """Sales with the demand that models learn from, at most ``MAX_TRAINING_RATIO`` times what sold, in their order.

    Hourly sales say best how much of a day was missed. Where there is only the time of the last sale, the
    tenant's hourly profile says it, else trade is taken as even over ``DEFAULT_TRADING_HOURS``. There is no estimate
    for a day that sold out before a third of its trade by its time alone, nor for one on which the product was hardly
    in stock and nothing sold.
    """
    by_hour = unconstrain(hourly).filter(pl.col("in_stock_share") < 1.0)
    estimates = pl.concat([by_hour, _by_last_sale(sales, hourly, by_hour)])
    # A day on which it was hardly in stock and nothing sold is not a day without demand.
    is_unseen = (pl.col("sold") == 0) & (pl.col("in_stock_share") < 1.0 / MAX_UNCONSTRAINED_RATIO)
    # Rounded, so that the order in which hours are added up does not change the training data.
    capped = pl.min_horizontal("demand", pl.col("sold") * MAX_TRAINING_RATIO).round(DECIMALS)
    estimated = estimates.select(*DAY, is_unseen=is_unseen, demand=pl.when(~is_unseen).then(capped))
    rows = sales.join(estimated, left_on=[*SERIES, "sales_date"], right_on=DAY, how="left", maintain_order="left")
    return conform(
        DemandHistory,
        rows.select(
            *SERIES,
            "revenue",
            "demand",
            pl.col("quantity").clip(lower_bound=0.0),
            date="sales_date",
            is_sold_out=pl.col("sold_out_at").is_not_null() | pl.col("is_unseen").fill_null(False),
        ),
    )


def _by_last_sale(sales: pl.DataFrame, hourly: pl.DataFrame, by_hour: pl.DataFrame) -> pl.DataFrame:
    """As ``unconstrain``, of the days that have the time of their last sale and are not in ``by_hour``."""
    timed = sales.filter(pl.col("sold_out_at").is_not_null()).select(
        *SERIES, date="sales_date", sold=pl.col("quantity").clip(lower_bound=0.0), hour=_hour("sold_out_at")
    )
    return _with_demand(
        timed.join(by_hour, on=DAY, how="anti", maintain_order="left")
        .join(_tenant_profile(hourly), on="tenant_id", how="left")
        .with_columns(
            in_stock_share=pl.when(pl.col("hours").list.sum() > 0)
            .then(_share_before(pl.col("hours"), pl.col("hour")))
            .otherwise(_share_of_default_hours(pl.col("hour")))
        )
        .filter(pl.col("in_stock_share") >= 1.0 / MAX_UNCONSTRAINED_RATIO)
    )


def _with_demand(days: pl.DataFrame) -> pl.DataFrame:
    share = pl.col("in_stock_share").clip(1.0 / MAX_UNCONSTRAINED_RATIO, 1.0)
    return days.select(*DAY, "sold", (pl.col("sold") / share).alias("demand"), "in_stock_share").sort(DAY)


def _hourly_profile(rows: pl.DataFrame) -> pl.DataFrame:
    """Units a series sells in an hour in stock, shrunk towards its tenant's: ``SERIES, hour, weight``.

    The tenant's rate of an hour is scaled to the series: a series that is never in stock in the evening still
    has an evening.
    """
    stocked = rows.with_columns(sold=pl.col("quantity") * (pl.col("in_stock") > 0))
    own = stocked.group_by(*SERIES, "hour").agg(pl.col("sold").sum(), stock=pl.col("in_stock").sum())
    tenant = own.group_by("tenant_id", "hour").agg(rate=pl.col("sold").sum() / pl.col("stock").sum().clip(1e-9))
    grid = own.select(SERIES).unique().join(tenant, on="tenant_id").join(own, on=[*SERIES, "hour"], how="left")
    stock = pl.col("stock").fill_null(0.0)
    size = (pl.col("sold").sum() / (pl.col("rate") * stock).sum().clip(1e-9)).over(SERIES)
    return grid.select(
        *SERIES,
        "hour",
        weight=(pl.col("sold").fill_null(0.0) + PRIOR_HOURS * pl.col("rate") * size) / (stock + PRIOR_HOURS),
    )


def _tenant_profile(hourly: pl.DataFrame) -> pl.DataFrame:
    """Units sold in each hour of the day: ``tenant_id, hours``, a list of 24."""
    sold = hourly.group_by("tenant_id", "hour").agg(pl.col("quantity").sum().clip(lower_bound=0.0))
    grid = (
        sold.select("tenant_id")
        .unique()
        .join(pl.DataFrame({"hour": range(24)}, schema={"hour": sold["hour"].dtype}), how="cross")
    )
    return (
        grid.join(sold, on=["tenant_id", "hour"], how="left")
        .sort("tenant_id", "hour")
        .group_by("tenant_id", maintain_order=True)
        .agg(hours=pl.col("quantity").fill_null(0.0))
    )


def _hour(column: str) -> pl.Expr:
    return pl.col(column).dt.hour() + pl.col(column).dt.minute() / 60


def _share_before(hours: pl.Expr, at: pl.Expr) -> pl.Expr:
    whole = at.floor().cast(pl.Int64)
    current = hours.list.get(whole).fill_null(0.0) * (at - at.floor())
    return (hours.list.head(whole).list.sum() + current) / hours.list.sum()


def _share_of_default_hours(at: pl.Expr) -> pl.Expr:
    first, last = DEFAULT_TRADING_HOURS
    return ((at - first) / (last - first)).clip(0.0, 1.0)
