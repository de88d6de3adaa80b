"""The yardstick of MASE: how far a series is from what it sold a week before, by itself."""

import polars as pl

from bakery_assets.keys import SERIES
from bakery_assets.validation.validation_days import DAY

WEEKS = 8
LEAST_PAIRS = 7  # fewer pairs of days would be chance, and a chance yardstick near 0 spoils the mean


def seasonal_naive_scales(series: pl.DataFrame, sales: pl.DataFrame) -> pl.DataFrame:
    """Mean absolute difference of a series' sales to those of a week before, over the eight weeks before a day.

    The in-sample error of the seasonal naive method with period 7, by which Hyndman & Koehler (2006, International
    Journal of Forecasting 22, section 2.4) scale errors. From the first sale in the window on; days on which the
    shop did not trade have no sales, days on which only others sold have 0. Both days of a pair lie in the window.
    Sales of days that sold out count as they are.

    Args:
        series: distinct ``tenant_id, plan_date, validation_date, location_id, product_id``.
        sales: columns of ``sales``.

    Returns:
        ``series`` with ``scale``, in units; null where there are fewer than ``LEAST_PAIRS`` pairs or all differences
        are 0.
    """
    key = [*DAY, "location_id", "product_id"]
    checked, span = pl.col("validation_date"), pl.duration(weeks=WEEKS)
    earliest, latest = series["validation_date"].min(), series["validation_date"].max()
    reach = pl.col("sales_date").is_between(pl.lit(earliest, pl.Date) - span, pl.lit(latest, pl.Date))
    recent = sales.filter(reach).select(*SERIES, "sales_date", "quantity")
    traded = recent.select("tenant_id", "location_id", "sales_date").unique()
    known = (
        series.join(traded, on=["tenant_id", "location_id"])
        .filter(pl.col("sales_date").is_between(checked - span, checked, closed="left"))
        .join(recent, on=[*SERIES, "sales_date"], how="left")
        .with_columns(first=pl.col("sales_date").filter(pl.col("quantity").is_not_null()).min().over(key))
        .filter(pl.col("sales_date") >= pl.col("first"))
        .select(*key, "sales_date", pl.col("quantity").fill_null(0.0))
    )
    before = known.select(*key, pl.col("sales_date") + pl.duration(weeks=1), before="quantity")
    difference = (pl.col("quantity") - pl.col("before")).abs()
    scales = (
        known.join(before, on=[*key, "sales_date"])
        .sort(*key, "sales_date")
        .group_by(key, maintain_order=True)
        .agg(pairs=pl.len(), scale=difference.mean().round(6))
        .filter((pl.col("pairs") >= LEAST_PAIRS) & (pl.col("scale") > 0))
    )
    return series.join(scales.drop("pairs"), on=key, how="left", maintain_order="left")
