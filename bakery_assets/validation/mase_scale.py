"""The scale of MASE: the error that the seasonal naive method makes on a series' own past sales."""

import dataframely as dy
import polars as pl

from bakery_assets.keys import SERIES
from bakery_assets.metrics import mae
from bakery_assets.quantities import DECIMALS
from bakery_assets.schemas import conform, ops, plans
from bakery_assets.validation.actuals import ForecastsWithActuals
from bakery_assets.validation.validation_days import DAY

WEEKS = 8
MIN_PAIRS = 7  # fewer pairs of days are chance, and a chance scale near 0 spoils the mean


class ScaledForecasts(ForecastsWithActuals):
    """Forecasts with actuals and with the scale of MASE."""

    mase_scale = plans.ValidationResults.mase_scale


def add_mase_scale(
    compared: dy.DataFrame[ForecastsWithActuals], sales: dy.DataFrame[ops.Sales]
) -> dy.DataFrame[ScaledForecasts]:
    """Mean absolute difference of a series' sales to those of a week before, over the ``WEEKS`` weeks before the day.

    The in-sample error of the seasonal naive method with period 7, by which Hyndman & Koehler (2006, International
    Journal of Forecasting 22, section 2.4) scale errors. From the first sale in the window on; days on which the
    shop did not trade have no sales, days on which only other products sold have 0. Both days of a pair lie in the
    window. Sales of days that sold out count as they are. Null where there are fewer than ``MIN_PAIRS`` pairs or all
    differences are 0.
    """
    key = [*DAY, "location_id", "product_id"]
    series = compared.select(key).unique(maintain_order=True)
    scales = _scales(_trading_days(series, sales), key)
    scaled = compared.join(scales, on=key, how="left", maintain_order="left")
    return conform(ScaledForecasts, scaled)


def _trading_days(series: pl.DataFrame, sales: pl.DataFrame) -> pl.DataFrame:
    """``quantity`` of each series on each ``sales_date`` of its window on which its shop traded."""
    key = series.columns
    validated, span = pl.col("validation_date"), pl.duration(weeks=WEEKS)
    earliest, latest = series["validation_date"].min(), series["validation_date"].max()
    reach = pl.col("sales_date").is_between(pl.lit(earliest, pl.Date) - span, pl.lit(latest, pl.Date))
    recent = sales.filter(reach).select(*SERIES, "sales_date", "quantity")
    traded = recent.select("tenant_id", "location_id", "sales_date").unique()
    return (
        series.join(traded, on=["tenant_id", "location_id"])
        .filter(pl.col("sales_date").is_between(validated - span, validated, closed="left"))
        .join(recent, on=[*SERIES, "sales_date"], how="left")
        .with_columns(first=pl.col("sales_date").filter(pl.col("quantity").is_not_null()).min().over(key))
        .filter(pl.col("sales_date") >= pl.col("first"))
        .select(*key, "sales_date", pl.col("quantity").fill_null(0.0))
    )


def _scales(days: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    week_before = days.select(*key, pl.col("sales_date") + pl.duration(weeks=1), week_before="quantity")
    return (
        days.join(week_before, on=[*key, "sales_date"])
        .sort(*key, "sales_date")
        .group_by(key, maintain_order=True)
        .agg(pairs=pl.len(), mase_scale=mae("week_before", "quantity").round(DECIMALS))
        .filter((pl.col("pairs") >= MIN_PAIRS) & (pl.col("mase_scale") > 0))
        .drop("pairs")
    )
