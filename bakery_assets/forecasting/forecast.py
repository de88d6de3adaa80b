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
from bakery_assets.forecasting.data.context import (
    ContextFacts,
    ForecastContext,
    build_context,
    horizon_closures,
    known_of_history,
)
from bakery_assets.forecasting.data.history import HISTORY_DAYS
from bakery_assets.forecasting.data.holiday_openings import (
    KnownOfHolidays,
    country_closings_from,
    known_closings,
)
from bakery_assets.forecasting.models.day_effects import (
    DayEffects,
    country_day_effects_from,
    estimate_day_effects,
    special_day_observations,
    with_school_effects,
)
from bakery_assets.forecasting.models.smoothing import SMOOTHED_DAYS
from bakery_assets.forecasting.overrides import apply_overrides
from bakery_assets.forecasting.reasoning import reasoning
from bakery_assets.forecasting.registry.decode import VersionsInUse, decode_model_versions
from bakery_assets.forecasting.registry.shared_effects import SharedEffects, effects_in_use
from bakery_assets.forecasting.system_forecasts import FORECAST_KEY, system_forecasts
from bakery_assets.schemas import Cells, conform, ops, plans
from bakery_assets.stages import of_tenants

ROWS_AT_ONCE = 1_000_000  # rows of sales forecast at once without a model; 1.4 M took 700 MB at the peak


class ForecastInputs(ContextFacts):
    """What ``forecast_demand`` reads.

    ``model_versions`` has each trained tenant's version in use, ``series_models`` its series, and ``boosters`` the
    models they share; ``shared_effects`` what tenants without a version have of them.
    ``day_forecasts`` are earlier plans' forecasts of their own day and the next.
    """

    opening_hours: dy.DataFrame[ops.OpeningHours]
    tenant_settings: dy.DataFrame[ops.TenantSettings]
    forecast_overrides: dy.DataFrame[ops.ForecastOverrides]
    model_versions: dy.DataFrame[plans.ModelVersions]
    series_models: dy.DataFrame[plans.SeriesModels]
    boosters: dy.DataFrame[plans.Boosters]
    shared_effects: dy.DataFrame[SharedEffects]
    day_forecasts: dy.DataFrame[plans.DemandForecasts]


class ForecastTables(TypedDict):
    """What ``forecast_demand`` writes."""

    demand_forecasts: dy.DataFrame[plans.DemandForecasts]
    holiday_openings: dy.DataFrame[plans.HolidayOpenings]


def forecast_demand(cells: dy.DataFrame[Cells], inputs: ForecastInputs) -> ForecastTables:
    """Forecast what each product will sell in each shop, for seven days from the plan date.

    A product is forecast in every shop that has sold it; one that was never sold in those that sell its category, if
    it is new, and else as 0 in `main`. There are no rows from the day on which a product is discontinued. A day that
    is not over when the plan is made (``complete_days``) is missing in the history. A human override replaces the
    system's figure, which is kept next to it.

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
    made = []
    if trained.height:
        made.append(_forecast_trained(trained, inputs))
    if others.height or not trained.height:
        made += [_forecast_untrained(group, inputs) for group in _groups(others, inputs)]
    forecasts, openings = (pl.concat(parts) for parts in zip(*made, strict=True))
    return ForecastTables(
        demand_forecasts=conform(plans.DemandForecasts, forecasts.sort(FORECAST_KEY)),
        holiday_openings=conform(plans.HolidayOpenings, openings.sort(plans.HolidayOpenings.primary_key())),
    )


_Made = tuple[dy.DataFrame[plans.DemandForecasts], dy.DataFrame[plans.HolidayOpenings]]


def _groups(cells: pl.DataFrame, inputs: ForecastInputs) -> list[pl.DataFrame]:
    """Cells in groups with one booster, or none, of which they have shared effects, as ``booster_id``; at least one.

    Groups have about ``ROWS_AT_ONCE`` rows of sales, which bounds the memory. There are as many boosters as weeks that
    the cells are of, not as tenants.
    """
    rows = inputs["sales"].group_by("tenant_id").agg(rows=pl.len())
    in_use = effects_in_use(conform(Cells, cells), inputs["shared_effects"])
    counted = cells.join(in_use, on="tenant_id").join(rows, on="tenant_id", how="left").sort("booster_id", "tenant_id")
    group = (pl.col("rows").fill_null(0).cast(pl.Int64).cum_sum() // ROWS_AT_ONCE).alias("group")
    by = ["booster_id", "group"]
    parts = counted.with_columns(group).partition_by(by, maintain_order=True)
    return parts or [counted]


def _forecast_trained(members: pl.DataFrame, inputs: ForecastInputs) -> _Made:
    """Forecasts of tenants with a version, by what it holds."""
    cells, own = conform(Cells, members), _of(members, inputs)
    context = build_context(cells, own, SMOOTHED_DAYS)
    versions = decode_model_versions(context.panel, own["model_versions"], own["series_models"])
    known = KnownOfHolidays(versions.holidays_seen, versions.country_closings, own["opening_hours"])
    return _forecasts(cells, own, context, versions, versions.day_effects, known)


def _forecast_untrained(members: pl.DataFrame, inputs: ForecastInputs) -> _Made:
    """Forecasts of tenants without a version, by what their own history shows, and their country's holidays.

    Args:
        members: one group of ``_groups``.
    """
    cells, own = conform(Cells, members), _of(members, inputs)
    context = build_context(cells, own, HISTORY_DAYS)
    versions = decode_model_versions(context.panel, own["model_versions"], own["series_models"])
    shared = own["shared_effects"].join(members.select("booster_id").unique(), on="booster_id", how="semi")
    observations = special_day_observations(context.panel, context.countries)
    of_days = estimate_day_effects(observations, country_day_effects_from(shared), context.countries)
    effects = with_school_effects(of_days, context.panel)
    in_country = known_closings(country_closings_from(shared), context.countries)
    known = known_of_history(context, in_country, own["opening_hours"])
    return _forecasts(cells, own, context, versions, effects, known)


def _of(members: pl.DataFrame, inputs: ForecastInputs) -> ForecastInputs:
    frames = cast(Frames, inputs)
    return cast(ForecastInputs, {name: of_tenants(frames[name], members) for name in ForecastInputs.__annotations__})


def _forecasts(
    cells: dy.DataFrame[Cells],
    inputs: ForecastInputs,
    context: ForecastContext,
    versions: VersionsInUse,
    effects: dy.DataFrame[DayEffects],
    known: KnownOfHolidays,
) -> _Made:
    closures = horizon_closures(context, context.panel.cells, known)
    forecasts = system_forecasts(
        cells,
        inputs["products"],
        context,
        versions,
        effects,
        closures.predicted,
        inputs["boosters"],
        inputs["day_forecasts"],
    )
    overridden = apply_overrides(forecasts, inputs["forecast_overrides"])
    openings = closures.holidays.join(cells, on="tenant_id").rename({"date": "target_date"})
    return (
        conform(plans.DemandForecasts, overridden.with_columns(reasoning=reasoning())),
        conform(plans.HolidayOpenings, openings),
    )
