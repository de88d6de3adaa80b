"""The stage: a past day's forecasts against what sold."""

import polars as pl

from bakery_assets.calendars import closed_days
from bakery_assets.cells import Frames
from bakery_assets.validation.actuals import beside_sales
from bakery_assets.validation.aggregate import COUNTS, MEASURES, measured
from bakery_assets.validation.mase_scale import seasonal_naive_scales
from bakery_assets.validation.overrides import score_overrides
from bakery_assets.validation.trend import four_weeks, recent_results, trends
from bakery_assets.validation.validation_days import DAY, days_to_validate, forecasts_by_lead, forecasts_that_count

RUNS = [*DAY, "status", *MEASURES, *COUNTS, "lead_days", "wape_7d", "wape_7d_before", "trend"]
RESULTS = [*DAY, "location_id", "product_id", "yhat", "actual", "error", "is_covered", "is_sold_out", "scale"]


def validate_forecasts(cells: pl.DataFrame, frames: Frames) -> Frames:
    """Compare yesterday's forecasts with yesterday's sales, and likewise days that nobody else would check.

    The forecast that counts is the last made on the day or before, most often that morning's; the others are
    measured by their lead. Shops that did not trade are left out (``sold.beside_sales``). A day on which no shop with
    a forecast traded is not judged, nor is a day that the calendar closes unless one of them sold something.

    Args:
        cells: the columns of ``cells.CELLS``, one row per tenant.
        frames: past_forecasts (columns of demand_forecasts, of the days checked), past_validations (columns of
            validation_results, of the six weeks of cells before), sales, calendar, forecast_overrides.

    Returns:
        validation_runs, one row per day looked at; of days whose status is validated also validation_results, one
        row per product and shop that traded, validation_leads, validation_locations, validation_products and
        override_scores; all sorted by their keys.
    """
    days = days_to_validate(cells, closed_days(frames["calendar"]))
    forecasts = forecasts_by_lead(days, frames["past_forecasts"])
    compared = beside_sales(forecasts, frames["sales"])
    states = _states(days, forecasts_that_count(compared))
    validated = states.filter(pl.col("status") == "validated").select(DAY)
    open_shops = compared.filter("has_traded").join(validated, on=DAY, how="semi", maintain_order="left")
    series = open_shops.select(*DAY, "location_id", "product_id").unique(maintain_order=True)
    scales = seasonal_naive_scales(series, frames["sales"])
    by_lead = open_shops.join(scales, on=series.columns, how="left", maintain_order="left")
    judged = forecasts_that_count(by_lead)
    recent = recent_results(judged, frames["past_validations"])
    day_figures = measured(judged, DAY).drop("forecasts_evaluated", "forecasts_with_actuals")
    products = measured(judged, [*DAY, "product_id"])
    return {
        "validation_runs": states.join(day_figures, on=DAY, how="left")
        .join(trends(validated, recent), on=DAY, how="left")
        .with_columns(pl.col("sold_out_series").fill_null(0), pl.col("trend").fill_null("unknown"))
        .select(RUNS)
        .sort(DAY),
        "validation_results": judged.with_columns(
            error=(pl.col("yhat") - pl.col("actual")).round(6),
            is_covered=pl.col("actual").is_between("q10", "q90"),
        ).select(RESULTS),
        "validation_leads": measured(by_lead, [*DAY, "lead_days"]),
        "validation_locations": measured(judged, [*DAY, "location_id"]),
        "validation_products": products.join(
            four_weeks(products, recent), on=[*DAY, "product_id"], how="left", maintain_order="left"
        ),
        "override_scores": score_overrides(judged, frames["forecast_overrides"]),
    }


def _states(days: pl.DataFrame, compared: pl.DataFrame) -> pl.DataFrame:
    """``days`` with what became of each: status, the forecasts that count, and how many days before they were made."""
    traded = pl.col("has_traded")
    # A till may send zeros for a day on which nobody was there: only a sale says that a closed bakery opened.
    stayed_closed = pl.col("is_closed") & ~pl.col("has_sold")
    counted = compared.group_by(DAY).agg(
        pl.col("lead_days").first(),
        waiting=pl.len().cast(pl.Int32),
        evaluated=traded.sum().cast(pl.Int32),
        forecasts_with_actuals=(traded & pl.col("has_sales")).sum().cast(pl.Int32),
        has_sold=pl.col("has_sold").any(),
    )
    return (
        days.join(counted, on=DAY, how="left")
        .with_columns(
            pl.col("waiting", "evaluated", "forecasts_with_actuals").fill_null(0), pl.col("has_sold").fill_null(False)
        )
        .with_columns(
            status=pl.when(stayed_closed)
            .then(pl.lit("closed"))
            .when(pl.col("waiting") == 0)
            .then(pl.lit("no_forecast"))
            .when(pl.col("evaluated") == 0)
            .then(pl.lit("no_sales"))
            .otherwise(pl.lit("validated")),
            # Where nobody traded, the forecasts that wait for sales.
            forecasts_evaluated=pl.when(pl.col("evaluated") > 0).then("evaluated").otherwise("waiting"),
        )
    )
