"""The system's own forecasts from one origin: trained on what was known then, applied as every morning does.

The one place here that knows how models are trained and applied.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

import dataframely as dy
import polars as pl

from bakery_assets.backtesting.baselines import FORECASTS, CpuClock, Forecasts
from bakery_assets.cells import Frames
from bakery_assets.forecasting import fit_booster, forecast_demand
from bakery_assets.forecasting.forecast import ForecastInputs
from bakery_assets.forecasting.models.intervals import LEVELS
from bakery_assets.retraining.stages import TRAINING
from bakery_assets.schemas import Cells
from bakery_assets.stages import run_stage


@dataclass(frozen=True)
class Trained:
    """What a training left for the next.

    Attributes:
        series_models: its models, the next training's incumbents; None before the first.
        untrained: the tenants that got no model, and why.
    """

    series_models: pl.DataFrame | None = None
    untrained: Mapping[str, str] = field(default_factory=dict)


def forecast_system(cells: pl.DataFrame, known: Frames, before: Trained, cpu: CpuClock) -> tuple[Forecasts, Trained]:
    """Train on ``known``, then forecast the seven days of ``cells``.

    Every series is trained every week and the new version is used at once; what keeps a model from being
    replaced by one that is hardly better is the training's own margin against ``before``.

    Args:
        cells: one origin's cells.
        known: of ``windows.known_before``.
        before: what the week before's training left.
        cpu: CPU seconds this process has used.
    """
    began = cpu()
    none = known["series_models"]
    incumbents = none if before.series_models is None else before.series_models
    boosters = fit_booster(cells, known)
    frames = {**known, "boosters": boosters, "incumbents": incumbents, "carried_over": none}
    outcome = run_stage(TRAINING, frames, cells)
    trained = cpu()
    applied = {**known, "boosters": boosters, **outcome.tables}
    made = forecast_demand(cast(dy.DataFrame[Cells], cells), cast(ForecastInputs, applied))["demand_forecasts"]
    done = cpu()
    rows = made.select(
        "tenant_id",
        "location_id",
        "product_id",
        date="target_date",
        forecast="yhat",
        **{name: name for name in LEVELS},
        source="model",
    ).cast(FORECASTS)
    untrained = {cell.tenant_id: failed.reason for cell, failed in sorted(outcome.failed.items())}
    return (
        Forecasts(rows, trained - began, done - trained),
        Trained(outcome.tables.get("series_models"), untrained),
    )
