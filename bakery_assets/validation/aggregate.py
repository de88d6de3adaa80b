"""Accuracy metrics of groups of forecasts: by day, by lead, by shop, by product.

The formulas are in ``bakery_assets.metrics``; what they are grouped by is the primary key of a schema.
"""

from typing import TypeVar

import dataframely as dy
import polars as pl

from bakery_assets import metrics
from bakery_assets.quantities import DECIMALS
from bakery_assets.schemas import conform, plans
from bakery_assets.validation.mase_scale import ScaledForecasts

METRICS = {
    "mae": metrics.mae(),
    "mape": metrics.mape(),
    "rmse": metrics.rmse(),
    "r2": metrics.r2(),
    "accuracy": metrics.accuracy(),
    "wape": metrics.wape(),
    "mase": metrics.mase(),
    "bias": metrics.bias(),
    "coverage": metrics.coverage(),
    "pinball": metrics.pinball(),
}

Group = TypeVar("Group", bound=plans.AccuracyMetrics)


class _DayKey(plans.PlanRow):
    validation_date = plans.ValidationRuns.validation_date


class DayMetrics(_DayKey, plans.AccuracyMetrics):
    """Accuracy of a validated day's forecasts."""


class _ProductKey(_DayKey):
    product_id = plans.ValidationProducts.product_id


class ProductMetrics(_ProductKey, plans.AccuracyMetrics):
    """Accuracy of a validated day's forecasts, by product over all shops."""


def aggregate_metrics(group: type[Group], rows: dy.DataFrame[ScaledForecasts]) -> dy.DataFrame[Group]:
    """Metrics of the rows of each primary key of ``group``, sorted by it.

    Rows that sold out are counted and not measured: their demand is not known, and actuals below demand would favor
    forecasts that are too low.

    Args:
        rows: sorted by their key.
    """
    key = group.primary_key()
    counts = rows.group_by(key).agg(
        forecasts_evaluated=pl.len(),
        forecasts_with_actuals=pl.col("has_sales").sum(),
        sold_out_series=pl.col("is_sold_out").sum(),
    )
    figures = (
        rows.filter(~pl.col("is_sold_out"))
        .group_by(key, maintain_order=True)
        .agg(**METRICS)
        .with_columns(pl.col(*METRICS).round(DECIMALS) + 0.0)  # 0 has no sign
    )
    return conform(group, counts.join(figures, on=key, how="left").sort(key))
