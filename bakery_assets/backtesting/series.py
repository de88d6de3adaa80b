"""Sales as series: what a baseline is fitted on, what is scored, and what errors are scaled by."""

from collections.abc import Sequence
from datetime import date

import polars as pl

from bakery_assets.cells import HORIZON_DAYS, Frames
from bakery_assets.keys import SERIES, SHOP

SEASON = 7
LIVE_DAYS = 28  # a product that has not sold for so long is not on the shelf

SOLD = pl.col("quantity") > 0


def daily(sales: pl.DataFrame, until: date) -> pl.DataFrame:
    """The series as recorded: ``SERIES, date, y``, sorted; a day without a row sold nothing.

    A series begins on the first day it sold something and ends on the day before ``until``.
    """
    own = sales.filter(pl.col("sales_date") < until)
    return (
        own.filter(SOLD)
        .group_by(SERIES)
        .agg(first=pl.col("sales_date").min())
        .select(*SERIES, date=pl.date_ranges("first", pl.lit(until), closed="left"))
        .explode("date")
        .join(own.select(*SERIES, date="sales_date", y="quantity"), on=[*SERIES, "date"], how="left")
        .with_columns(pl.col("y").fill_null(0.0))
        .sort(*SERIES, "date")
    )


def scored_days(frames: Frames, plan_dates: Sequence[date]) -> pl.DataFrame:
    """Every day that a forecast is compared on: ``SERIES, origin, date, actual, is_open, is_sold_out``.

    A series counts at an origin when it has sold something in the ``LIVE_DAYS`` before, for every model alike: before
    its first sale nothing tells that there is such a product, and a product that is no longer sold is forecast as
    nothing by everybody and would only flatter. Days after a tenant's last sale are unknown, not zero, and
    are no rows. ``is_open``: the shop sold anything that day. ``is_sold_out``: sales do not show the demand.
    """
    sales = frames["sales"]
    sold = sales.filter(SOLD)
    last = sold.group_by("tenant_id").agg(last=pl.col("sales_date").max())
    steps = pl.DataFrame({"origin": plan_dates}, schema={"origin": pl.Date})
    days = steps.join(pl.DataFrame({"step": range(HORIZON_DAYS)}), how="cross")
    open_days = sold.select(*SHOP, date="sales_date").unique().with_columns(is_open=pl.lit(True))
    live = (
        sold.select(*SERIES, "sales_date")
        .join(steps, how="cross")
        .filter((pl.col("origin") - pl.col("sales_date")).dt.total_days().is_between(1, LIVE_DAYS))
        .select(*SERIES, "origin")
        .unique()
    )
    return (
        live.join(days, on="origin")
        .select(*SERIES, "origin", date=pl.col("origin") + pl.duration(days=pl.col("step")))
        .join(last, on="tenant_id")
        .filter(pl.col("date") <= pl.col("last"))
        .join(sales.select(*SERIES, date="sales_date", actual="quantity"), on=[*SERIES, "date"], how="left")
        .join(open_days, on=[*SHOP, "date"], how="left")
        .join(sold_out_days(frames).with_columns(is_sold_out=pl.lit(True)), on=[*SERIES, "date"], how="left")
        .select(
            *SERIES,
            "origin",
            "date",
            pl.col("actual").fill_null(0.0),
            pl.col("is_open").fill_null(False),
            pl.col("is_sold_out").fill_null(False),
        )
        .sort(*SERIES, "date")
    )


def sold_out_days(frames: Frames) -> pl.DataFrame:
    """Days on which a series sold out: ``SERIES, date``, distinct.

    Either ``sold_out_at`` is given, or an hour's ``in_stock`` is below 1. Where the calendar gives opening
    hours for the day, only hours within them count.
    """
    of_calendar = frames["calendar"].filter(
        pl.col("product_id").is_null(), pl.col("opens").is_not_null(), pl.col("closes").is_not_null()
    )
    opening = of_calendar.group_by("tenant_id", "date").agg(opens=pl.col("opens").min(), closes=pl.col("closes").max())
    over_midnight = pl.col("closes") <= pl.col("opens")
    is_opening = (pl.col("hour") >= pl.col("opens").dt.hour()) & (
        over_midnight | (pl.time(pl.col("hour")) < pl.col("closes"))
    )
    by_hour = (
        frames["sales_hourly"]
        .filter(pl.col("in_stock") < 1)
        .select(*SERIES, "hour", date="sales_date")
        .join(opening, on=["tenant_id", "date"], how="left")
        .filter(is_opening.fill_null(True))
        .select(*SERIES, "date")
    )
    by_day = frames["sales"].filter(pl.col("sold_out_at").is_not_null()).select(*SERIES, date="sales_date")
    return pl.concat([by_hour, by_day]).unique()


def error_scales(series: pl.DataFrame) -> pl.DataFrame:
    """What a series' errors are divided by, from the days before the first origin.

    Args:
        series: of ``daily``, up to the first origin.

    Returns:
        ``SERIES, mase_scale, rmsse_scale``. ``mase_scale``: mean absolute in-sample error of the seasonal naive
        forecast, |y(t) - y(t-7)| (Hyndman and Koehler, "Another look at measures of forecast accuracy", IJF 22
        (2006)). ``rmsse_scale``: mean squared in-sample error of the naive forecast, (y(t) - y(t-1))^2, from the
        first sale on (M5 competition: Makridakis et al., IJF 38 (2022)). Null where there are too few days, or
        where the series never changed.
    """
    y = pl.col("y")
    scales = series.group_by(SERIES, maintain_order=True).agg(
        mase_scale=(y - y.shift(SEASON)).abs().mean(), rmsse_scale=((y - y.shift(1)) ** 2).mean()
    )
    return scales.with_columns(
        pl.when(pl.col(name) > 0).then(pl.col(name)).alias(name) for name in ("mase_scale", "rmsse_scale")
    )
