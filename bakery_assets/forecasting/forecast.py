"""The stage: from facts and trained models to the demand forecasts of seven days, each with every term of its sum.

A trained tenant's series are forecast by the blend that its champion version has chosen: a weighted mean of gradient
boosting and of smoothed normal days times the effects of what is special. Nothing is fitted here; that is in
``training``. A tenant without a trained version is forecast from its own history by the same smoothing with default
parameters, and its rows say so.
"""

from typing import TypedDict, cast

import dataframely as dy
import polars as pl

from bakery_assets.cells import CannotPlan, Frames
from bakery_assets.complete_days import without_incomplete_days
from bakery_assets.forecasting.data.closures import HolidayClosurePattern, holiday_closure_pattern
from bakery_assets.forecasting.data.context import ContextFacts, ForecastContext, build_context, horizon_closures
from bakery_assets.forecasting.data.history import HISTORY_DAYS
from bakery_assets.forecasting.models.day_effects import (
    CountryDayEffects,
    DayEffects,
    estimate_day_effects,
    special_day_observations,
)
from bakery_assets.forecasting.models.smoothing import SMOOTHED_DAYS
from bakery_assets.forecasting.overrides import apply_overrides
from bakery_assets.forecasting.reasoning import reasoning
from bakery_assets.forecasting.registry.decode import VersionsInUse, decode_model_versions
from bakery_assets.forecasting.system_forecasts import FORECAST_KEY, system_forecasts
from bakery_assets.schemas import Cells, conform, ops, plans
from bakery_assets.stages import of_tenants

ROWS_AT_ONCE = 1_000_000  # rows of sales forecast at once without a model; 1.4 M took 700 MB at the peak


class ForecastInputs(ContextFacts):
    """What ``forecast_demand`` reads.

    ``model_versions`` has each trained tenant's version in use, ``series_models`` its series, and ``boosters`` the
    models they share. ``day_forecasts`` are earlier plans' forecasts of their own day and the next.
    """

    opening_hours: dy.DataFrame[ops.OpeningHours]
    tenant_settings: dy.DataFrame[ops.TenantSettings]
    forecast_overrides: dy.DataFrame[ops.ForecastOverrides]
    model_versions: dy.DataFrame[plans.ModelVersions]
    series_models: dy.DataFrame[plans.SeriesModels]
    boosters: dy.DataFrame[plans.Boosters]
    day_forecasts: dy.DataFrame[plans.DemandForecasts]


class ForecastTables(TypedDict):
    """What ``forecast_demand`` writes."""

    demand_forecasts: dy.DataFrame[plans.DemandForecasts]


def forecast_demand(cells: dy.DataFrame[Cells], inputs: ForecastInputs) -> ForecastTables:
    """Forecast what each product will sell in each shop, for seven days from the plan date.

    A product is forecast in every shop that has sold it; one that was never sold is forecast as 0 in
    `main`. There are no rows from the day on which a product is discontinued. A day that is not over
    when the plan is made (``complete_days``) is missing in the history. A human override replaces the system's
    figure, which is kept next to it.

    Returns:
        Rows sorted by their key; quantities in the product's unit. Figures add up: a product's demand
        is the sum over its shops, a shop's the sum over its products, because every figure is made once, for a product
        in a shop, and nowhere else.

    Raises:
        CannotPlan: a tenant has no products.
    """
    without_products = cells.join(inputs["products"], on="tenant_id", how="anti").get_column("tenant_id").sort()
    if len(without_products):
        raise CannotPlan(f"tenant {without_products[0]} has no products; load products for it, or suspend it")
    sales, hourly = without_incomplete_days(cells, inputs["sales"], inputs["sales_hourly"], inputs)
    inputs = cast(ForecastInputs, {**inputs, "sales": sales, "sales_hourly": hourly})
    trained = cells.join(inputs["model_versions"], on="tenant_id", how="semi")
    others = cells.join(inputs["model_versions"], on="tenant_id", how="anti")
    forecasts = []
    if trained.height:
        forecasts.append(_forecast_trained(trained, inputs))
    if others.height or not trained.height:
        forecasts += [_forecast_untrained(group, inputs) for group in _groups(others, inputs["sales"])]
    return ForecastTables(demand_forecasts=conform(plans.DemandForecasts, pl.concat(forecasts).sort(FORECAST_KEY)))


def _groups(cells: pl.DataFrame, sales: pl.DataFrame) -> list[pl.DataFrame]:
    """Cells in groups of about ``ROWS_AT_ONCE`` rows of sales, which bounds the memory; at least one group."""
    rows = sales.group_by("tenant_id").agg(rows=pl.len())
    counted = cells.join(rows, on="tenant_id", how="left").sort("tenant_id")
    group = (pl.col("rows").fill_null(0).cast(pl.Int64).cum_sum() // ROWS_AT_ONCE).alias("group")
    return counted.with_columns(group).partition_by("group", maintain_order=True, include_key=False) or [cells]


def _forecast_trained(members: pl.DataFrame, inputs: ForecastInputs) -> pl.DataFrame:
    """Forecasts of tenants with a version, by what it holds."""
    cells, own = conform(Cells, members), _of(members, inputs)
    context = build_context(cells, own, SMOOTHED_DAYS)
    versions = decode_model_versions(context.panel, own["model_versions"], own["series_models"])
    return _forecasts(cells, own, context, versions, versions.day_effects, versions.closure_pattern)


def _forecast_untrained(members: pl.DataFrame, inputs: ForecastInputs) -> pl.DataFrame:
    """Forecasts of tenants without a version, by what their own history shows."""
    cells, own = conform(Cells, members), _of(members, inputs)
    context = build_context(cells, own, HISTORY_DAYS)
    versions = decode_model_versions(context.panel, own["model_versions"], own["series_models"])
    observations = special_day_observations(context.panel, context.countries)
    effects = estimate_day_effects(observations, CountryDayEffects.create_empty(), context.countries)
    pattern = holiday_closure_pattern(context.days, context.holidays)
    return _forecasts(cells, own, context, versions, effects, pattern)


def _of(members: pl.DataFrame, inputs: ForecastInputs) -> ForecastInputs:
    frames = cast(Frames, inputs)
    return cast(ForecastInputs, {name: of_tenants(frames[name], members) for name in ForecastInputs.__annotations__})


def _forecasts(
    cells: dy.DataFrame[Cells],
    inputs: ForecastInputs,
    context: ForecastContext,
    versions: VersionsInUse,
    effects: dy.DataFrame[DayEffects],
    pattern: dy.DataFrame[HolidayClosurePattern],
) -> dy.DataFrame[plans.DemandForecasts]:
    closures = horizon_closures(context, context.panel.cells, pattern)
    forecasts = system_forecasts(
        cells, inputs["products"], context, versions, effects, closures, inputs["boosters"], inputs["day_forecasts"]
    )
    overridden = apply_overrides(forecasts, inputs["forecast_overrides"])
    return conform(plans.DemandForecasts, overridden.with_columns(reasoning=reasoning()))
