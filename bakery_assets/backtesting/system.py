"""The system's own forecasts from one origin: trained before it as every week, applied as every day's stage does.

The one place in backtests and replays that knows how models are trained and applied.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import dataframely as dy
import polars as pl

from bakery_assets.backtesting.baselines import CpuClock, Forecasts, ModelForecasts
from bakery_assets.backtesting.windows import BacktestFacts
from bakery_assets.cells import Frames
from bakery_assets.forecasting import fit_booster, forecast_demand
from bakery_assets.forecasting.adaptive_levels import DAYS
from bakery_assets.forecasting.forecast import ForecastInputs
from bakery_assets.forecasting.registry.shared_effects import SharedEffects, shared_effects_of
from bakery_assets.retraining.stages import TRAINING
from bakery_assets.schemas import Cells, conform, plans
from bakery_assets.stages import run_stage

KEPT_FORECASTS = DAYS  # origins, which are a day or a week apart


@dataclass(frozen=True)
class TrainedModels:
    """What a training leaves, for forecasts and for the next training.

    Attributes:
        boosters: the model that all tenants share, at most one row. shared_effects: what it holds besides trees.
        tables: ``model_versions`` and ``series_models`` of the tenants that were trained.
        untrained: the tenants that got no model, and why.
        train_seconds: CPU seconds.
    """

    boosters: dy.DataFrame[plans.Boosters]
    shared_effects: dy.DataFrame[SharedEffects]
    tables: Frames
    untrained: Mapping[str, str] = field(default_factory=dict)
    train_seconds: float = 0.0


def no_models() -> TrainedModels:
    """What there is before the first training."""
    return TrainedModels(
        plans.Boosters.create_empty(),
        SharedEffects.create_empty(),
        {
            "model_versions": plans.ModelVersions.create_empty(),
            "series_models": plans.SeriesModels.create_empty(),
        },
    )


def train_system(
    cells: dy.DataFrame[Cells], known: BacktestFacts, previous: TrainedModels, cpu: CpuClock
) -> TrainedModels:
    """Train every series on ``known``.

    Args:
        cells: one row per tenant; ``plan_date`` is the first day not used.
        previous: of a week before; its models are the incumbents.
        cpu: CPU seconds this process has used.
    """
    started = cpu()
    boosters = fit_booster(cells, known)
    nothing = no_models().tables
    frames = {
        **cast(Frames, known),
        "boosters": boosters,
        "incumbents": previous.tables["series_models"],
        "carried_over": nothing["series_models"],
    }
    outcome = run_stage(TRAINING, frames, cells)
    reasons = {cell.tenant_id: failed.reason for cell, failed in sorted(outcome.failed.items())}
    return TrainedModels(
        cast(dy.DataFrame[plans.Boosters], boosters),
        shared_effects_of(boosters, min(cells["planned_as_of"].to_list())),
        {**nothing, **outcome.tables},
        reasons,
        cpu() - started,
    )


def apply_system(
    cells: dy.DataFrame[Cells],
    known: BacktestFacts,
    trained: TrainedModels,
    past_forecasts: Sequence[dy.DataFrame[plans.DemandForecasts]],
) -> dy.DataFrame[plans.DemandForecasts]:
    """The forecasts of the seven days of ``cells``, made of ``known``.

    Args:
        past_forecasts: what this function has returned at earlier origins, from the earliest on.
    """
    day_forecasts = pl.concat([plans.DemandForecasts.create_empty(), *past_forecasts[-KEPT_FORECASTS:]])
    inputs = cast(
        ForecastInputs,
        {
            **known,
            "boosters": trained.boosters,
            "shared_effects": trained.shared_effects,
            "day_forecasts": day_forecasts,
            **trained.tables,
        },
    )
    return forecast_demand(cells, inputs)["demand_forecasts"]


def forecast_system(
    cells: dy.DataFrame[Cells],
    known: BacktestFacts,
    trained: TrainedModels,
    past_forecasts: list[dy.DataFrame[plans.DemandForecasts]],
    cpu: CpuClock,
) -> Forecasts:
    """Forecast the seven days of ``cells``.

    Args:
        cells: one origin's cells.
        known: the facts that the forecast is made from.
        past_forecasts: those of earlier origins; this origin's are added.
        cpu: CPU seconds this process has used.
    """
    started = cpu()
    forecasts = apply_system(cells, known, trained, past_forecasts)
    past_forecasts.append(forecasts)
    finished = cpu()
    rows = forecasts.rename({"target_date": "date", "yhat": "forecast", "model": "source"})
    return Forecasts(conform(ModelForecasts, rows), trained.train_seconds, finished - started)
