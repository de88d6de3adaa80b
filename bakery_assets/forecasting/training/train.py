"""Training: the booster that all tenants share, and a model version for each tenant.

``fit_booster`` fits the gradient-boosted model; ``train_models`` chooses, for each series, which blend of
it and smoothing makes its forecast, and learns the rest a forecast needs: the effects of special days, the holidays on
which a shop closes, how far a forecast may be off. Everything comes out as rows of text and numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypedDict, cast

import dataframely as dy
import numpy as np
import polars as pl

from bakery_assets.cells import HORIZON_DAYS, CannotPlan
from bakery_assets.forecasting.data.context import ContextFacts, ForecastContext, build_context, closure_mask_as_of
from bakery_assets.forecasting.data.history import HISTORY_DAYS, SalesFacts, SeriesKey, sales_window
from bakery_assets.forecasting.data.holiday_openings import (
    country_closings,
    country_closings_from,
    known_closings,
)
from bakery_assets.forecasting.data.panel import WEEK, Floats, Integers, Panel
from bakery_assets.forecasting.models.day_effects import (
    CountryDayEffects,
    SpecialDayObservations,
    country_day_effects,
    country_day_effects_from,
    day_effect_matrix,
    estimate_day_effects,
    past_day_effects,
    special_day_observations,
    with_school_effects,
)
from bakery_assets.forecasting.models.day_spread import day_spread, spread_of_days
from bakery_assets.forecasting.models.gradient_boosting import (
    FittedBoosters,
    GradientBoostedModel,
    fit_gradient_boosting,
    fitted_booster,
    holdout_days,
)
from bakery_assets.forecasting.models.intervals import base_level, error_quantiles, residual_scale, smallest_scale
from bakery_assets.forecasting.models.selection import MEMBERS, best_alpha, blend_forecasts, choose, weighted_mean
from bakery_assets.forecasting.models.smoothing import PROFILE_DAYS, SMOOTHED_DAYS, backtest_grid, weekday_profile
from bakery_assets.forecasting.registry.decode import Incumbents, decode_incumbents
from bakery_assets.forecasting.registry.encode import (
    EncodedSeries,
    TrainedSeriesModels,
    TrainedVersions,
    backtest_scores,
    encode_model_versions,
    encode_series_models,
)
from bakery_assets.keys import SERIES
from bakery_assets.schemas import Cells, conform

MIN_HISTORY_DAYS = 3 * WEEK  # less cannot be split into days to learn from and days to compare on


class TrainingInputs(ContextFacts):
    """What ``train_models`` reads.

    ``boosters`` has at most one row, of ``fit_booster``; ``incumbents`` are the models in use; the series
    ``carried_over`` keep theirs as they are.
    """

    boosters: dy.DataFrame[FittedBoosters]
    incumbents: dy.DataFrame[TrainedSeriesModels]
    carried_over: dy.DataFrame[SeriesKey]


class TrainingTables(TypedDict):
    """What ``train_models`` writes."""

    model_versions: dy.DataFrame[TrainedVersions]
    series_models: dy.DataFrame[TrainedSeriesModels]


def fit_booster(cells: dy.DataFrame[Cells], facts: ContextFacts) -> dy.DataFrame[FittedBoosters]:
    """Fit the model that all tenants share, on the series of the tenants given: a sample, or all of them.

    It is fitted twice: without the last weeks, on which ``train_models`` compares it with other models, and
    with them, for use.

    Args:
        cells: one row per tenant; ``plan_date`` is the first day not used.

    Returns:
        One row; no row where there is too little history.
    """
    context, observations = _context_with_observations(cells, facts)
    panel = context.panel
    of_countries = country_day_effects(observations)
    day_effect = _day_effects(context, observations, of_countries, pooled=observations)
    nothing = FittedBoosters.create_empty()
    holdout = holdout_days(panel.history_days)
    if not holdout:
        return nothing
    try:
        # A shift within the weeks held out must not reach the model that has not seen them.
        recorded = replace(panel, demand=panel.recorded_demand)
        holdout_model, _ = fit_gradient_boosting(recorded, day_effect, panel.past - holdout)
        final_model, rows = fit_gradient_boosting(panel, day_effect, panel.past)
    except ValueError:  # not one usable day; smoothing does without
        return nothing
    closings = country_closings(context.days, context.holidays, context.countries)
    return fitted_booster(panel, final_model, holdout_model, holdout, rows, of_countries, closings)


def train_models(cells: dy.DataFrame[Cells], inputs: TrainingInputs, cluster: str | None = None) -> TrainingTables:
    """Train a model version for each tenant.

    Each week of the last eight is forecast as it would have been on its first day, by every model; a series
    takes the blend that was closest, and its errors on these weeks say how far the blend may be off.

    Args:
        cells: one row per tenant; ``plan_date`` is the first day not used and ``planned_as_of`` the instant whose
            facts are used.
        cluster: address of a Dask scheduler to spread the backtest of smoothing over; None: this process.

    Returns:
        Both tables sorted by their keys. A series carried over counts with the model it keeps.

    Raises:
        CannotPlan: a tenant has less than ``MIN_HISTORY_DAYS`` of sales.
    """
    context, observations = _context_with_observations(cells, inputs)
    panel, boosters = context.panel, inputs["boosters"]
    of_countries = country_day_effects_from(boosters)
    day_effect = _day_effects(context, observations, of_countries)
    for tenant, reason in _insufficient_history(_days_of_sales(cells, context.sales)).items():
        raise CannotPlan(f"tenant {tenant} has {reason}")
    weeks = _backtest_weeks(context, boosters)
    origins = [panel.past - WEEK * week for week in range(weeks.max(initial=1), 0, -1)]
    is_compared = np.arange(origins[0], panel.past) >= panel.past - WEEK * weeks[panel.tenant][:, None]
    sold = np.where(is_compared, panel.demand[:, origins[0] :], np.float32(np.nan))
    incumbents = decode_incumbents(panel, inputs["incumbents"], inputs["carried_over"])
    members = _backtest_members(context, day_effect, boosters, incumbents, origins, sold, cluster)
    forecasts = blend_forecasts(members.best)
    tenants = panel.cells.height
    choice = choose(forecasts, sold, panel.tenant, tenants, incumbents.blend, panel.sells_seldom)
    incumbent_yhat = weighted_mean(np.stack([members.incumbent[name] for name in MEMBERS]), incumbents.weights)
    chosen = forecasts[choice.chosen, np.arange(len(panel.tenant))]
    yhat = np.where(incumbents.is_carried_over[:, None], incumbent_yhat, chosen)
    spread = day_spread(panel, day_effect)
    residuals = _scaled_residuals(panel, yhat, sold, origins, spread)
    quantiles, tenant_quantiles, count = error_quantiles(residuals, panel.tenant, tenants)
    profile = weekday_profile(panel.imputed_normal_demand[:, -PROFILE_DAYS:], panel.shop)
    trained = encode_series_models(panel, choice, members.alphas, profile, quantiles, count)
    series = _with_carried_over(trained, inputs["incumbents"], inputs["carried_over"])
    scores = backtest_scores(panel, sold, yhat, incumbent_yhat, forecasts, weeks)
    day_effects = with_school_effects(estimate_day_effects(observations, of_countries, context.countries), panel)
    closings = known_closings(country_closings_from(boosters), context.countries)
    versions = encode_model_versions(
        cells, context, day_effects, closings, spread, boosters, choice, scores, tenant_quantiles, series
    )
    named = series.join(versions.select("tenant_id", "model_version"), on="tenant_id")
    return TrainingTables(
        model_versions=versions,
        series_models=conform(TrainedSeriesModels, named.sort(TrainedSeriesModels.primary_key())),
    )


def insufficient_history(cells: dy.DataFrame[Cells], facts: SalesFacts) -> dict[str, str]:
    """Tenants whose history cannot be split into days to learn from and days to compare on, with a sentence each."""
    window = sales_window(cells, facts, HISTORY_DAYS)
    return _insufficient_history(_days_of_sales(cells, window.rename({"sales_date": "date"})))


def _insufficient_history(days_of_sales: pl.DataFrame) -> dict[str, str]:
    too_few = days_of_sales.filter(pl.col("days") < MIN_HISTORY_DAYS)
    return {
        tenant: f"{days} days of sales; models are trained from {MIN_HISTORY_DAYS} on, until then forecasts come"
        " from the fallbacks"
        for tenant, days in too_few.iter_rows()
    }


def _days_of_sales(cells: pl.DataFrame, sales: pl.DataFrame) -> pl.DataFrame:
    """Days from each tenant's first sale to its plan date: ``tenant_id, days``, 0 without a sale, in their order."""
    first = sales.filter(pl.col("quantity") > 0).group_by("tenant_id").agg(pl.col("date").min())
    return cells.join(first, on="tenant_id", how="left", maintain_order="left").select(
        "tenant_id", days=(pl.col("plan_date") - pl.col("date")).dt.total_days().fill_null(0)
    )


def _context_with_observations(
    cells: dy.DataFrame[Cells], facts: ContextFacts
) -> tuple[ForecastContext, dy.DataFrame[SpecialDayObservations]]:
    context = build_context(cells, facts, HISTORY_DAYS)
    return context, special_day_observations(context.panel, context.countries)


def _day_effects(
    context: ForecastContext,
    observations: dy.DataFrame[SpecialDayObservations],
    of_countries: dy.DataFrame[CountryDayEffects],
    pooled: dy.DataFrame[SpecialDayObservations] | None = None,
) -> Floats:
    effects = with_school_effects(estimate_day_effects(observations, of_countries, context.countries), context.panel)
    return day_effect_matrix(context.panel, effects, past_day_effects(observations, context.panel, pooled))


def _backtest_weeks(context: ForecastContext, boosters: pl.DataFrame) -> Integers:
    """How many last weeks each tenant is compared on: as many as its own history and the booster's holdout allow."""
    cells = context.panel.cells
    days = _days_of_sales(cells, context.sales)["days"]
    weeks = np.array([holdout_days(each) // WEEK for each in days], dtype=np.int64)
    if boosters.height:
        held_out = (cells["plan_date"] - boosters["holdout_from"][0]).dt.total_days().to_numpy()
        weeks = np.minimum(weeks, held_out // WEEK)
    return np.maximum(weeks, 1)


@dataclass(frozen=True)
class _BacktestedMembers:
    """Forecasts of each member from each origin, (series, origins * HORIZON_DAYS), in units.

    Attributes:
        best: with the best smoothing parameters.
        incumbent: with those in use.
        alphas: by family of smoothing, the best point of its grid per series.
    """

    best: Mapping[str, Floats]
    incumbent: Mapping[str, Floats]
    alphas: Mapping[str, Integers]


def _backtest_members(
    context: ForecastContext,
    day_effect: Floats,
    boosters: dy.DataFrame[FittedBoosters],
    incumbents: Incumbents,
    origins: list[int],
    sold: Floats,
    cluster: str | None,
) -> _BacktestedMembers:
    """Forecast every week from its origin, with the booster that has not seen the weeks; the champion's own has."""
    panel = context.panel
    past = [panel.as_of(day) for day in origins]
    effect = np.concatenate([day_effect[panel.item, day : day + HORIZON_DAYS] for day in origins], axis=1)
    series = np.arange(len(panel.tenant))
    recent = [
        each.imputed_normal_demand[:, max(day - SMOOTHED_DAYS, 0) : day]
        for each, day in zip(past, origins, strict=True)
    ]
    profiles = [
        weekday_profile(each.imputed_normal_demand[:, max(day - PROFILE_DAYS, 0) : day], each.shop)
        for each, day in zip(past, origins, strict=True)
    ]
    best, in_use, alphas = {}, {}, {}
    for family, grid in backtest_grid(recent, profiles, cluster).items():
        forecasts = grid * effect[None]
        alphas[family] = best_alpha(forecasts, sold, panel.tenant, panel.cells.height)
        best[family] = forecasts[alphas[family], series]
        incumbent = incumbents.alphas[family]
        in_use[family] = forecasts[np.where(incumbent >= 0, incumbent, alphas[family]), series]
    if boosters.height:
        holdout_model = GradientBoostedModel(boosters["holdout_trees"][0])
        tree_forecasts = np.concatenate(
            [
                holdout_model.forecast(each, day_effect, closure_mask_as_of(context, each, day), day)
                for each, day in zip(past, origins, strict=True)
            ],
            axis=1,
        )
    else:
        tree_forecasts = np.full_like(best["level"], np.nan)
    return _BacktestedMembers({"trees": tree_forecasts, **best}, {"trees": tree_forecasts, **in_use}, alphas)


def _scaled_residuals(panel: Panel, yhat: Floats, sold: Floats, origins: list[int], spread: Floats) -> Floats:
    width = np.concatenate(
        [
            residual_scale(
                yhat[:, number * HORIZON_DAYS : (number + 1) * HORIZON_DAYS],
                base_level(panel.imputed_normal_demand[:, :day]),
                smallest_scale(panel.imputed_normal_demand[:, :day], panel.tenant),
            )
            for number, day in enumerate(origins)
        ],
        axis=1,
    ) * spread_of_days(panel, spread, range(origins[0], panel.past))
    with np.errstate(invalid="ignore", divide="ignore"):
        scaled_residual = (sold - yhat) / width
    return np.where(width > 0, scaled_residual, np.nan).astype(np.float32)


def _with_carried_over(
    series: dy.DataFrame[EncodedSeries], incumbents: pl.DataFrame, carried_over: pl.DataFrame
) -> dy.DataFrame[EncodedSeries]:
    kept = incumbents.join(carried_over.select(SERIES), on=SERIES, how="semi").join(series, on=SERIES, how="semi")
    both = pl.concat([series.join(kept, on=SERIES, how="anti"), kept.select(series.columns)])
    return cast(dy.DataFrame[EncodedSeries], both)
