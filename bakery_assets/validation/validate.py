"""The stage: a past day's forecast against what sold."""

import polars as pl

from bakery_assets.frames import Frames, closed_days
from bakery_assets.validation import metrics
from bakery_assets.validation.days import days_to_validate, forecasts_that_count

DAY = ["tenant_id", "plan_date", "validation_date"]
MEASURES = {
    "mae": metrics.mae(),
    "mape": metrics.mape(),
    "rmse": metrics.rmse(),
    "r2": metrics.r2(),
    "accuracy_pct": metrics.accuracy_pct(),
    "wape": metrics.wape(),
    "bias": metrics.bias(),
    "coverage_pct": metrics.coverage_pct(),
}
RUNS = [*DAY, "status", *MEASURES, "forecasts_evaluated", "forecasts_with_actuals"]
RESULTS = [*DAY, "location_id", "product_id", "yhat", "actual", "error", "is_covered"]


def validate_forecasts(cells: pl.DataFrame, frames: Frames) -> Frames:
    """Compare yesterday's forecast with yesterday's sales, and likewise days that nobody else would check.

    A shop has traded on a day when it has a row of sales. There a product forecast but without a row sold 0.
    A shop without any row is silent: its till may be down, so that its forecasts are left out of the measures
    and counts. A day on which no shop with a forecast traded is not judged.

    Args:
        cells: the columns of ``frames.CELLS``, one row per tenant.
        frames: past_forecasts (columns of demand_forecasts, made in the two weeks before), sales, calendar.

    Returns:
        validation_runs, one row per day looked at, and validation_results, one row per product and shop of
        the days whose status is validated, of shops that traded; both sorted by their keys.
    """
    days = days_to_validate(cells, closed_days(frames["calendar"]))
    forecasts = forecasts_that_count(days, frames["past_forecasts"])
    sold = frames["sales"].select(
        "tenant_id", "location_id", "product_id", validation_date="sales_date", actual="quantity"
    )
    compared = (
        forecasts.join(sold, on=["tenant_id", "validation_date", "location_id", "product_id"], how="left")
        .with_columns(has_sales=pl.col("actual").is_not_null(), actual=pl.col("actual").fill_null(0.0))
        .sort(*DAY, "location_id", "product_id")
    )
    traded = compared.join(sold, on=["tenant_id", "validation_date", "location_id"], how="semi", maintain_order="left")
    counted = traded.group_by(DAY).agg(
        evaluated=pl.len().cast(pl.Int32), forecasts_with_actuals=pl.col("has_sales").sum().cast(pl.Int32)
    )
    states = (
        days.join(compared.group_by(DAY).agg(waiting=pl.len().cast(pl.Int32)), on=DAY, how="left")
        .join(counted, on=DAY, how="left")
        .with_columns(
            # Where nobody traded, the forecasts that wait for sales.
            forecasts_evaluated=pl.coalesce("evaluated", "waiting", pl.lit(0, pl.Int32)),
            forecasts_with_actuals=pl.col("forecasts_with_actuals").fill_null(0),
        )
        .with_columns(
            status=pl.when("is_closed")
            .then(pl.lit("closed"))
            .when(pl.col("forecasts_evaluated") == 0)
            .then(pl.lit("no_forecast"))
            .when(pl.col("evaluated").is_null())
            .then(pl.lit("no_sales"))
            .otherwise(pl.lit("validated"))
        )
    )
    judged = traded.join(states.filter(pl.col("status") == "validated"), on=DAY, how="semi", maintain_order="left")
    measured = judged.group_by(DAY, maintain_order=True).agg(**MEASURES).with_columns(pl.col(*MEASURES).round(6))
    return {
        "validation_runs": states.join(measured, on=DAY, how="left").select(RUNS).sort(DAY),
        "validation_results": judged.with_columns(
            error=(pl.col("yhat") - pl.col("actual")).round(6),
            is_covered=pl.col("actual").is_between("q10", "q90"),
        ).select(RESULTS),
    }
