"""Findings about forecasts: products without history, days far off, worsening weeks, days that cannot be validated.

What is asked about holidays is in ``holiday_alerts``.
"""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.briefing.findings import Finding, finding
from bakery_assets.explanations.formats import as_json, percent
from bakery_assets.quantities import DECIMALS
from bakery_assets.schemas import conform, ops, plans
from bakery_assets.schemas.plans import NO_HISTORY
from bakery_assets.validation.trend import STABLE, WEEK

MANY = 3  # more products without history than this share one alert
FAR_OFF = 0.35  # WAPE of a whole day; a bakery's usual one-day-ahead error is about half of this
NOTHING_FORECAST = -1.0  # the bias of a forecast of 0
MUCH_WORSE = 0.25  # relative change of WAPE from week to week; a small bakery's weeks differ by less by chance alone


class ForecastAlertInputs(TypedDict):
    """What ``forecast_findings`` reads."""

    products: dy.DataFrame[ops.Products]
    demand_forecasts: dy.DataFrame[plans.DemandForecasts]
    validation_runs: dy.DataFrame[plans.ValidationRuns]


def forecast_findings(inputs: ForecastAlertInputs) -> list[dy.DataFrame[Finding]]:
    """Findings ``no_history`` by product; ``forecast_off``, ``forecast_worsening`` and ``no_forecast`` once a
    day.
    """
    runs = conform(plans.ValidationRuns, inputs["validation_runs"].sort("tenant_id", "validation_date"))
    return [_no_history(inputs), _forecast_off(runs), _worsening(runs), _no_forecast(runs)]


def last_validated(runs: dy.DataFrame[plans.ValidationRuns]) -> dy.DataFrame[plans.ValidationRuns]:
    """The most recent validated day of each tenant.

    Days with sales but a forecast of 0 are left out: the bakery opened on a closed day, or has no history, which says
    nothing about how good its forecasts are.
    """
    days = (
        runs.filter(pl.col("status") == "validated", pl.col("bias").ne_missing(NOTHING_FORECAST))
        .sort("tenant_id", "validation_date")
        .group_by("tenant_id", maintain_order=True)
        .last()
    )
    return conform(plans.ValidationRuns, days)


def _no_history(inputs: ForecastAlertInputs) -> dy.DataFrame[Finding]:
    """One finding per product, or one for all of them where they are many, or where nothing was sold at all."""
    nothing_known = (pl.col("model") == NO_HISTORY) & (pl.col("yhat") == 0)
    products = (
        inputs["demand_forecasts"]
        .group_by("tenant_id", "plan_date", "product_id")
        .agg(unknown=nothing_known.all())
        .with_columns(is_every=pl.col("unknown").all().over("tenant_id"))
        .filter("unknown")
        .join(inputs["products"].select("tenant_id", "product_id", "name"), on=["tenant_id", "product_id"])
        .sort("tenant_id", "product_id")
        .with_columns(count=pl.len().over("tenant_id").cast(pl.Int64))
    )
    nothing = finding(
        products.filter("is_every").unique("tenant_id", maintain_order=True),
        severity="high",
        kind="no_history",
        message=pl.lit("No sales are known of the time that a plan looks back on, so every forecast is 0."),
        reasoning=as_json(products="count"),
        consequence="Nothing is baked, unless customers have ordered it ahead.",
        suggested_action=(
            "Import the till's sales. If they ended long ago, plan the day after the last one to look at it."
        ),
    )
    products = products.filter(~pl.col("is_every"))
    few = finding(
        products.filter(pl.col("count") <= MANY),
        severity="medium",
        kind="no_history",
        subject="product_id",
        message=pl.format("{}: never sold so far, so the forecast is 0 until it is overridden.", "name"),
        reasoning=as_json(product="name", product_id="product_id"),
        consequence="It is not baked, unless customers have ordered it ahead.",
        suggested_action="Say with a forecast override how much of it is to be sold.",
    )
    together = (
        products.filter(pl.col("count") > MANY)
        .group_by("tenant_id", "plan_date", "count", maintain_order=True)
        .agg(names=pl.col("name"), product_ids=pl.col("product_id"))
    )
    many = finding(
        together,
        severity="medium",
        kind="no_history",
        message=pl.format(
            "{} products have never been sold, so their forecast is 0 until it is overridden: {} and {} more.",
            "count",
            pl.col("names").list.head(MANY).list.join(", "),
            pl.col("count") - MANY,
        ),
        reasoning=as_json(products="names", product_ids="product_ids"),
        consequence="They are not baked, unless customers have ordered them ahead.",
        suggested_action="Say with forecast overrides how much of them is to be sold, or discontinue them.",
    )
    return conform(Finding, pl.concat([nothing, few, many]))


def _forecast_off(runs: dy.DataFrame[plans.ValidationRuns]) -> dy.DataFrame[Finding]:
    off = last_validated(runs).filter(pl.col("wape") > FAR_OFF)
    direction = pl.when(pl.col("bias") > 0).then(pl.lit("too much")).otherwise(pl.lit("too little"))
    return finding(
        off,
        severity="medium",
        kind="forecast_off",
        stake=pl.col("wape"),
        message=pl.format(
            "The forecast for {} was {} off, over all {} {}.",
            pl.col("validation_date").dt.strftime("%a %-d %b"),
            percent("wape"),
            percent(pl.col("bias").abs()),
            direction,
        ),
        reasoning=as_json(
            validation_date="validation_date",
            wape="wape",
            bias="bias",
            limit=pl.lit(FAR_OFF),
            forecasts_with_actuals="forecasts_with_actuals",
        ),
        consequence="Unless something special explains that day, today's forecast may be as far off.",
        suggested_action="Look through today's forecast first, and override what you know better.",
    )


def _worsening(runs: dy.DataFrame[plans.ValidationRuns]) -> dy.DataFrame[Finding]:
    """A trend needs twice ``WEEK`` validated days."""
    now, before = pl.col("wape_7d"), pl.col("wape_7d_before")
    change = pl.when(before > 0).then(now / before - 1.0)
    is_much = now > before * (1.0 + MUCH_WORSE)
    return finding(
        last_validated(runs).filter(pl.col("trend") == "worsening"),
        severity=pl.when(is_much).then(pl.lit("medium")).otherwise(pl.lit("low")),
        kind="forecast_worsening",
        stake=change.fill_null(0.0).clip(0.0),
        message=pl.format(
            "Forecasts are getting worse: over the last {} days checked they were {} off, over the {} before {}.",
            pl.lit(WEEK),
            percent("wape_7d"),
            pl.lit(WEEK),
            percent("wape_7d_before"),
        ),
        reasoning=as_json(
            through="validation_date",
            days_each=pl.lit(WEEK),
            wape_7d="wape_7d",
            wape_7d_before="wape_7d_before",
            relative_change=change.round(DECIMALS),
            stable_within=pl.lit(STABLE),
            medium_above=pl.lit(MUCH_WORSE),
        ),
        consequence="Unless something that has passed explains it, more will be left over or run out.",
        suggested_action="Look for what changed, such as prices, opening hours or a till that reports late.",
    )


def _no_forecast(runs: dy.DataFrame[plans.ValidationRuns]) -> dy.DataFrame[Finding]:
    yesterday = pl.col("validation_date") == pl.col("plan_date") - pl.duration(days=1)
    return finding(
        runs.filter(yesterday & (pl.col("status") == "no_forecast")),
        severity="low",
        kind="no_forecast",
        message=pl.lit("Yesterday had not been planned, so its forecast cannot be checked."),
        reasoning=as_json(validation_date="validation_date"),
        suggested_action="Nothing, unless planning fails often: then look at its runs.",
    )
