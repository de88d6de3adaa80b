"""Sales as series: what a baseline is fitted on, which days are scored, and what errors are scaled by."""

from collections.abc import Sequence
from datetime import date, timedelta

import dataframely as dy
import polars as pl

from bakery_assets.backtesting.windows import BacktestFacts
from bakery_assets.calendars import tenant_holidays
from bakery_assets.cells import HORIZON_DAYS
from bakery_assets.forecasting.data.history import SeriesKey
from bakery_assets.keys import SERIES, SHOP
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops

SEASON = 7
NEAR_DAYS = 2  # days before and after a holiday that count as near it
LIVE_DAYS = 28  # a product that has not sold for so long is not on the shelf

SOLD = pl.col("quantity") > 0


class DailySeries(SeriesKey):
    """Every series as recorded, a row per day from the first on which it sold something."""

    date = col.date("The day", primary_key=True)
    y = col.number("Units sold; 0 on a day without a row", minimum=None)


class ScoredDays(SeriesKey):
    """Every day that forecasts are compared on."""

    date = col.date("The day", primary_key=True)
    origin = col.date("Plan date of the forecast that is compared")
    actual = col.number("Units sold; 0 on a day without a row", minimum=None)
    is_open = col.boolean("The shop sold anything that day")
    is_near_holiday = col.boolean(f"A holiday is at most {NEAR_DAYS} days away")
    is_sold_out = col.boolean("It sold out: sales do not show the demand")


class SoldOutDays(SeriesKey):
    """Days on which a series sold out."""

    date = col.date("The day", primary_key=True)


class ErrorScales(SeriesKey):
    """What a series' errors are divided by; empty: too few days, or the series never changed."""

    mase_scale = col.number("Mean absolute difference to a week before, in units", nullable=True)
    rmsse_scale = col.metric("Mean squared difference to the day before, in units squared")


def daily(sales: dy.DataFrame[ops.Sales], until: date) -> dy.DataFrame[DailySeries]:
    """The series up to the day before ``until``, sorted."""
    own = sales.filter(pl.col("sales_date") < until)
    days = (
        own.filter(SOLD)
        .group_by(SERIES)
        .agg(first=pl.col("sales_date").min())
        .select(*SERIES, date=pl.date_ranges("first", pl.lit(until), closed="left"))
        .explode("date")
        .join(own.select(*SERIES, date="sales_date", y="quantity"), on=[*SERIES, "date"], how="left")
        .with_columns(pl.col("y").fill_null(0.0))
        .sort(*SERIES, "date")
    )
    return conform(DailySeries, days)


def scored_days(facts: BacktestFacts, plan_dates: Sequence[date], days: int = HORIZON_DAYS) -> dy.DataFrame[ScoredDays]:
    """The ``days`` from each of ``plan_dates`` on that are scored, sorted by series and date.

    A series counts at an origin when it has sold something in the ``LIVE_DAYS`` before, for every model alike: before
    its first sale nothing shows that there is such a product, and a product that is no longer sold is forecast as
    0 by every model and would only flatter. Days after a tenant's last sale are unknown, not zero, and have no row.
    """
    sales = facts["sales"]
    sold = sales.filter(SOLD)
    last = sold.group_by("tenant_id").agg(last=pl.col("sales_date").max())
    steps = pl.DataFrame({"origin": plan_dates}, schema={"origin": pl.Date})
    horizon = steps.join(pl.DataFrame({"step": range(days)}), how="cross")
    open_days = sold.select(*SHOP, date="sales_date").unique().with_columns(is_open=pl.lit(True))
    live = (
        sold.select(*SERIES, "sales_date")
        .join(steps, how="cross")
        .filter((pl.col("origin") - pl.col("sales_date")).dt.total_days().is_between(1, LIVE_DAYS))
        .select(*SERIES, "origin")
        .unique()
    )
    compared = (
        live.join(horizon, on="origin")
        .select(*SERIES, "origin", date=pl.col("origin") + pl.duration(days=pl.col("step")))
        .join(last, on="tenant_id")
        .filter(pl.col("date") <= pl.col("last"))
        .join(sales.select(*SERIES, date="sales_date", actual="quantity"), on=[*SERIES, "date"], how="left")
        .join(open_days, on=[*SHOP, "date"], how="left")
        .join(_near_holidays(facts, plan_dates), on=["tenant_id", "date"], how="left")
        .join(sold_out_days(facts).with_columns(is_sold_out=pl.lit(True)), on=[*SERIES, "date"], how="left")
        .with_columns(
            pl.col("actual").fill_null(0.0),
            pl.col("is_open", "is_near_holiday", "is_sold_out").fill_null(False),
        )
        .sort(*SERIES, "date")
    )
    return conform(ScoredDays, compared)


def _near_holidays(facts: BacktestFacts, plan_dates: Sequence[date]) -> pl.DataFrame:
    """Days from two days before a holiday to two days after it: ``tenant_id, date, is_near_holiday``."""
    first = min(plan_dates) - timedelta(days=NEAR_DAYS)
    last = max(plan_dates) + timedelta(days=HORIZON_DAYS + NEAR_DAYS)
    around = pl.DataFrame({"days": range(-NEAR_DAYS, NEAR_DAYS + 1)})
    return (
        tenant_holidays(facts["tenants"], facts["calendar"], first, last)
        .join(around, how="cross")
        .select("tenant_id", date=pl.col("date") + pl.duration(days=pl.col("days")), is_near_holiday=pl.lit(value=True))
        .unique()
    )


def sold_out_days(facts: BacktestFacts) -> dy.DataFrame[SoldOutDays]:
    """Days on which ``sold_out_at`` is given, or an hour's ``in_stock`` is below 1.

    Where the calendar gives opening hours for the day, only hours within them count.
    """
    of_calendar = facts["calendar"].filter(
        pl.col("product_id").is_null(), pl.col("opens").is_not_null(), pl.col("closes").is_not_null()
    )
    opening = of_calendar.group_by("tenant_id", "date").agg(opens=pl.col("opens").min(), closes=pl.col("closes").max())
    over_midnight = pl.col("closes") <= pl.col("opens")
    is_opening = (pl.col("hour") >= pl.col("opens").dt.hour()) & (
        over_midnight | (pl.time(pl.col("hour")) < pl.col("closes"))
    )
    by_hour = (
        facts["sales_hourly"]
        .filter(pl.col("in_stock") < 1)
        .select(*SERIES, "hour", date="sales_date")
        .join(opening, on=["tenant_id", "date"], how="left")
        .filter(is_opening.fill_null(True))
        .select(*SERIES, "date")
    )
    by_day = facts["sales"].filter(pl.col("sold_out_at").is_not_null()).select(*SERIES, date="sales_date")
    return conform(SoldOutDays, pl.concat([by_hour, by_day]).unique())


def error_scales(series: dy.DataFrame[DailySeries]) -> dy.DataFrame[ErrorScales]:
    """In-sample errors of naive forecasts of the days before the first origin.

    ``mase_scale`` is the mean absolute error of the seasonal naive forecast, |y(t) - y(t-7)| (Hyndman and Koehler,
    "Another look at measures of forecast accuracy", IJF 22 (2006)); ``rmsse_scale`` the mean squared error of the naive
    forecast, (y(t) - y(t-1))^2, from the first sale on (M5 competition: Makridakis et al., IJF 38 (2022)).

    Args:
        series: up to the first origin.
    """
    y = pl.col("y")
    scales = series.group_by(SERIES, maintain_order=True).agg(
        mase_scale=(y - y.shift(SEASON)).abs().mean(), rmsse_scale=((y - y.shift(1)) ** 2).mean()
    )
    usable = [pl.when(pl.col(name) > 0).then(pl.col(name)).alias(name) for name in ("mase_scale", "rmsse_scale")]
    return conform(ErrorScales, scales.with_columns(usable))
