"""The system's own forecasts: trained on what was known at an origin, applied as every day's stage does.

The one place in backtests and replays that knows how models are trained and applied.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

import dataframely as dy
import polars as pl

from bakery_assets.backtesting.baselines import CpuClock, Forecasts, ModelForecasts
from bakery_assets.backtesting.windows import BacktestFacts
from bakery_assets.cells import Frames
from bakery_assets.forecasting import fit_booster, forecast_demand
from bakery_assets.forecasting.forecast import ForecastInputs
from bakery_assets.retraining.stages import TRAINING
from bakery_assets.schemas import Cells, conform, plans
from bakery_assets.stages import run_stage


@dataclass(frozen=True)
class PreviousTraining:
    """What a training leaves for the next.

    Attributes:
        series_models: its models, the next training's incumbents; None before the first.
        untrained: the tenants that got no model, and why.
    """

    series_models: pl.DataFrame | None = None
    untrained: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Training:
    """Trained models, to forecast days with.

    Attributes:
        tables: ``boosters``, and model_versions and series_models of the tenants that could be trained.
        left: what it leaves for the next training.
    """

    tables: Frames
    left: PreviousTraining


def train_system(cells: dy.DataFrame[Cells], known: BacktestFacts, previous: PreviousTraining) -> Training:
    """Train on ``known``: every series, as on a Sunday night.

    The new version is used at once; what keeps a model from being replaced by one that is hardly better is the
    training's own margin against the incumbents.

    Args:
        cells: ``plan_date`` is the first day not used.
    """
    no_models = plans.SeriesModels.create_empty()
    incumbents = no_models if previous.series_models is None else previous.series_models
    boosters = fit_booster(cells, known)
    frames = {**cast(Frames, known), "boosters": boosters, "incumbents": incumbents, "carried_over": no_models}
    outcome = run_stage(TRAINING, frames, cells)
    untrained_models = {"model_versions": plans.ModelVersions.create_empty(), "series_models": no_models}
    return Training(
        {**untrained_models, "boosters": boosters, **outcome.tables},
        PreviousTraining(
            outcome.tables.get("series_models"),
            {cell.tenant_id: failed.reason for cell, failed in sorted(outcome.failed.items())},
        ),
    )


def apply_system(
    cells: dy.DataFrame[Cells], known: BacktestFacts, training: Training
) -> dy.DataFrame[plans.DemandForecasts]:
    """The forecasts of the seven days of ``cells``, made of ``known`` with the models of ``training``."""
    inputs = cast(ForecastInputs, {**cast(Frames, known), **training.tables})
    return forecast_demand(cells, inputs)["demand_forecasts"]


def forecast_system(
    cells: dy.DataFrame[Cells], known: BacktestFacts, previous: PreviousTraining, cpu: CpuClock
) -> tuple[Forecasts, PreviousTraining]:
    """Train on ``known``, then forecast the seven days of ``cells``.

    Args:
        cells: one origin's cells.
        cpu: CPU seconds this process has used.
    """
    started = cpu()
    training = train_system(cells, known, previous)
    trained = cpu()
    forecasts = apply_system(cells, known, training)
    finished = cpu()
    rows = forecasts.rename({"target_date": "date", "yhat": "forecast", "model": "source"})
    return Forecasts(conform(ModelForecasts, rows), trained - started, finished - trained), training.left
