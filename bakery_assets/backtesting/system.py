"""The system's own forecasts from one origin: trained on what was known then, applied as every day's stage does.

The one place in the backtest that knows how models are trained and applied.
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


def forecast_system(
    cells: dy.DataFrame[Cells], known: BacktestFacts, previous: PreviousTraining, cpu: CpuClock
) -> tuple[Forecasts, PreviousTraining]:
    """Train on ``known``, then forecast the seven days of ``cells``.

    Every series is trained every week and the new version is used at once; what keeps a model from being
    replaced by one that is hardly better is the training's own margin against the incumbents.

    Args:
        cells: one origin's cells.
        cpu: CPU seconds this process has used.
    """
    started = cpu()
    facts = cast(Frames, known)
    untrained_models = {
        "model_versions": plans.ModelVersions.create_empty(),
        "series_models": plans.SeriesModels.create_empty(),
    }
    no_models = untrained_models["series_models"]
    incumbents = no_models if previous.series_models is None else previous.series_models
    boosters = fit_booster(cells, known)
    frames = {**facts, "boosters": boosters, "incumbents": incumbents, "carried_over": no_models}
    outcome = run_stage(TRAINING, frames, cells)
    trained = cpu()
    inputs = cast(ForecastInputs, {**facts, **untrained_models, "boosters": boosters, **outcome.tables})
    forecasts = forecast_demand(cells, inputs)["demand_forecasts"]
    finished = cpu()
    rows = forecasts.rename({"target_date": "date", "yhat": "forecast", "model": "source"})
    return (
        Forecasts(conform(ModelForecasts, rows), trained - started, finished - trained),
        PreviousTraining(
            outcome.tables.get("series_models"),
            {cell.tenant_id: failed.reason for cell, failed in sorted(outcome.failed.items())},
        ),
    )
