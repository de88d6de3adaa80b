"""The stage: past days' forecasts against sales, by the rule of ``validation_days``."""

from typing import TypedDict, cast

import dataframely as dy
import polars as pl

from bakery_assets.complete_days import incomplete_days
from bakery_assets.metrics import error, is_covered
from bakery_assets.quantities import DECIMALS
from bakery_assets.schemas import Cells, conform, ops, plans
from bakery_assets.validation.actuals import ForecastsWithActuals, join_actuals
from bakery_assets.validation.aggregate import DayMetrics, ProductMetrics, aggregate_metrics
from bakery_assets.validation.mase_scale import ScaledForecasts, add_mase_scale
from bakery_assets.validation.override_scores import score_overrides
from bakery_assets.validation.trend import RecentResults, rank_products, recent_results, weekly_trends
from bakery_assets.validation.validation_days import (
    DAY,
    ValidationDays,
    days_to_validate,
    forecasts_by_lead,
    forecasts_that_count,
)


class ValidationInputs(TypedDict):
    """What ``validate_forecasts`` reads: of earlier cells what ``validation_days`` reaches back to, and facts."""

    past_forecasts: dy.DataFrame[plans.DemandForecasts]
    past_validations: dy.DataFrame[plans.ValidationResults]
    sales: dy.DataFrame[ops.Sales]
    calendar: dy.DataFrame[ops.Calendar]
    forecast_overrides: dy.DataFrame[ops.ForecastOverrides]
    opening_hours: dy.DataFrame[ops.OpeningHours]
    tenant_settings: dy.DataFrame[ops.TenantSettings]


class ValidationTables(TypedDict):
    """What ``validate_forecasts`` writes: every day has a run, days with status ``validated`` also the others."""

    validation_runs: dy.DataFrame[plans.ValidationRuns]
    validation_results: dy.DataFrame[plans.ValidationResults]
    validation_leads: dy.DataFrame[plans.ValidationLeads]
    validation_locations: dy.DataFrame[plans.ValidationLocations]
    validation_products: dy.DataFrame[plans.ValidationProducts]
    override_scores: dy.DataFrame[plans.OverrideScores]


def validate_forecasts(cells: dy.DataFrame[Cells], inputs: ValidationInputs) -> ValidationTables:
    """Compare yesterday's forecasts with yesterday's sales, and likewise the closed days before it.

    The forecast that counts is the last made on the day or before, most often that morning's; the others are
    aggregated by their lead. Shops that did not trade are left out (``actuals.join_actuals``). A day on which no shop
    with a forecast traded is not validated, nor is a day that the calendar closes unless one of them sold something. A
    shop's day that is not complete (``complete_days``) is left out; where that leaves nothing, the day is
    ``incomplete`` until its closing sales arrive and it is validated again.
    """
    days = days_to_validate(cells, inputs["calendar"])
    forecasts = forecasts_by_lead(days, inputs["past_forecasts"])
    shop_days = forecasts.select("tenant_id", "location_id", sales_date="validation_date")
    incomplete = incomplete_days(cells, shop_days, inputs["sales"], inputs)
    sales = cast(
        dy.DataFrame[ops.Sales],
        inputs["sales"].join(incomplete, on=incomplete.columns, how="anti", maintain_order="left"),
    )
    compared = join_actuals(forecasts, sales)
    states = _states(days, forecasts_that_count(compared), incomplete)
    validated = conform(ValidationDays, states.filter(pl.col("status") == "validated"))
    of_shops_that_traded = compared.filter("has_traded").join(validated, on=DAY, how="semi", maintain_order="left")
    by_lead = add_mase_scale(conform(ForecastsWithActuals, of_shops_that_traded), sales)
    evaluated = forecasts_that_count(by_lead)
    recent = recent_results(evaluated, inputs["past_validations"])
    return ValidationTables(
        validation_runs=_runs(states, validated, evaluated, recent),
        validation_results=conform(
            plans.ValidationResults,
            evaluated.with_columns(error=error().round(DECIMALS), is_covered=is_covered()),
        ),
        validation_leads=aggregate_metrics(plans.ValidationLeads, by_lead),
        validation_locations=aggregate_metrics(plans.ValidationLocations, evaluated),
        validation_products=_products(evaluated, recent),
        override_scores=score_overrides(evaluated, inputs["forecast_overrides"]),
    )


def _states(days: pl.DataFrame, compared: pl.DataFrame, incomplete: pl.DataFrame) -> pl.DataFrame:
    """``days`` with the status of each, the forecasts that count, and how many days before they were made."""
    traded = pl.col("has_traded")
    # A till may send zeros for a day on which the shop was closed: only a sale says that a closed bakery opened.
    stayed_closed = pl.col("is_closed") & ~pl.col("has_sold")
    counted = compared.group_by(DAY).agg(
        pl.col("lead_days").first(),
        forecasts=pl.len(),
        evaluated=traded.sum(),
        forecasts_with_actuals=(traded & pl.col("has_sales")).sum(),
        has_sold=pl.col("has_sold").any(),
    )
    waits = incomplete.select("tenant_id", validation_date="sales_date", waits=pl.lit(value=True)).unique()
    return (
        days.join(counted, on=DAY, how="left")
        .join(waits, on=["tenant_id", "validation_date"], how="left", maintain_order="left")
        .with_columns(
            pl.col("forecasts", "evaluated", "forecasts_with_actuals").fill_null(0),
            pl.col("has_sold").fill_null(False),
        )
        .with_columns(
            status=pl.when(stayed_closed)
            .then(pl.lit("closed"))
            .when(pl.col("forecasts") == 0)
            .then(pl.lit("no_forecast"))
            .when((pl.col("evaluated") == 0) & pl.col("waits").fill_null(value=False))
            .then(pl.lit("incomplete"))
            .when(pl.col("evaluated") == 0)
            .then(pl.lit("no_sales"))
            .otherwise(pl.lit("validated")),
            # Where no shop traded, the forecasts that wait for sales.
            forecasts_evaluated=pl.when(pl.col("evaluated") > 0).then("evaluated").otherwise("forecasts"),
        )
    )


def _runs(
    states: pl.DataFrame,
    validated: dy.DataFrame[ValidationDays],
    evaluated: dy.DataFrame[ScaledForecasts],
    recent: dy.DataFrame[RecentResults],
) -> dy.DataFrame[plans.ValidationRuns]:
    # The counts of forecasts are those of the states, which days without metrics have, too.
    metrics = aggregate_metrics(DayMetrics, evaluated).drop("forecasts_evaluated", "forecasts_with_actuals")
    runs = (
        states.join(metrics, on=DAY, how="left")
        .join(weekly_trends(validated, recent), on=DAY, how="left")
        .with_columns(pl.col("sold_out_series").fill_null(0), pl.col("trend").fill_null("unknown"))
        .sort(DAY)
    )
    return conform(plans.ValidationRuns, runs)


def _products(
    evaluated: dy.DataFrame[ScaledForecasts], recent: dy.DataFrame[RecentResults]
) -> dy.DataFrame[plans.ValidationProducts]:
    products = aggregate_metrics(ProductMetrics, evaluated)
    ranks = rank_products(products, recent)
    return conform(
        plans.ValidationProducts,
        products.join(ranks, on=ProductMetrics.primary_key(), how="left", maintain_order="left"),
    )
