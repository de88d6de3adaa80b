"""StatsForecast's baselines: every one refitted at every origin, with the same closures as the system.

They are fitted on the series without closed days, forecast 0 for days on which the shop will be closed, and never a
quantity below 0. A series too short for a model, or one that it fails on, is forecast by SeasonalNaive, and one of less
than a week by the mean of its days; how often that happened is reported.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

import dataframely as dy
import numpy as np
import polars as pl

from bakery_assets.backtesting.closures import ClosedSeriesDays, without_closed_days
from bakery_assets.backtesting.series import SEASON, DailySeries
from bakery_assets.cells import HORIZON_DAYS
from bakery_assets.forecasting.data.history import SeriesKey
from bakery_assets.keys import SERIES
from bakery_assets.metrics import QUANTILE_LEVELS
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform

CpuClock = Callable[[], float]
# Each quantile is an end of the interval that holds as many percent of days; the forecast stands for q50.
QUANTILES: Mapping[str, str] = {"q10": "lo-80", "q80": "hi-60", "q90": "hi-80", "q95": "hi-90"}
INTERVAL_PERCENTS = [60, 80, 90]
WINDOWS = 4  # weeks that SeasonalWindowAverage averages
CONFORMAL_WINDOWS = 8  # weeks of its own errors that its interval is made of


class ModelForecasts(SeriesKey):
    """One model's forecasts from one origin."""

    date = col.date("Day forecast", primary_key=True)
    forecast = col.metric("Expected sales, in units", nullable=False)
    q10 = col.metric("Quantile, in units; empty: the model has none")
    q50 = col.metric("Quantile, in units; empty: the model has none")
    q80 = col.metric("Quantile, in units; empty: the model has none")
    q90 = col.metric("Quantile, in units; empty: the model has none")
    q95 = col.metric("Quantile, in units; empty: the model has none")
    source = col.key_text("The model that made the row")


@dataclass(frozen=True)
class Forecasts:
    """One model's forecasts from one origin, and what they cost.

    Attributes:
        train_seconds: CPU seconds of fitting; None where nothing was fitted.
        predict_seconds: CPU seconds of forecasting.
    """

    rows: dy.DataFrame[ModelForecasts]
    train_seconds: float | None
    predict_seconds: float


@dataclass(frozen=True)
class Baseline:
    """A StatsForecast model, and the fewest days it is fitted on."""

    build: Callable[[], Any]
    min_days: int


def _seasonal_naive() -> Any:
    from statsforecast.models import SeasonalNaive

    return SeasonalNaive(SEASON)


def _window_average() -> Any:
    from statsforecast.models import SeasonalWindowAverage
    from statsforecast.utils import ConformalIntervals

    errors = ConformalIntervals(h=HORIZON_DAYS, n_windows=CONFORMAL_WINDOWS)
    return SeasonalWindowAverage(SEASON, WINDOWS, prediction_intervals=errors)


def _auto_ets() -> Any:
    from statsforecast.models import AutoETS

    return AutoETS(SEASON)


def _auto_ces() -> Any:
    from statsforecast.models import AutoCES

    return AutoCES(SEASON)


# A seasonal model needs two seasons to separate the season from noise; AutoCES diverges on fewer.
BASELINES: Mapping[str, Baseline] = {
    "SeasonalNaive": Baseline(_seasonal_naive, SEASON),
    "SeasonalWindowAverage": Baseline(_window_average, SEASON * WINDOWS),
    "AutoETS": Baseline(_auto_ets, SEASON * 2),
    "AutoCES": Baseline(_auto_ces, SEASON * 2),
}


def forecast_baseline(
    name: str, series: dy.DataFrame[DailySeries], closed: dy.DataFrame[ClosedSeriesDays], cpu: CpuClock
) -> Forecasts:
    """Fit a baseline on every series without its closed days, and forecast the seven days after its last.

    Args:
        name: of ``BASELINES``.
        series: as recorded; all end on the same day.
        closed: days ahead on which the shop will be closed; forecast and quantiles are 0.
        cpu: CPU seconds this process has used.
    """
    baseline = BASELINES[name]
    ids = series.group_by(SERIES, maintain_order=True).agg(days=pl.len()).with_row_index("unique_id")
    numbered = without_closed_days(series).join(ids, on=SERIES, maintain_order="left")
    enough = numbered.filter(pl.col("days") >= baseline.min_days)
    fitted, train_seconds, predict_seconds = _fit_and_predict(name, baseline, enough, cpu)
    rows = (
        _fallback(numbered)
        .join(fitted, on=["unique_id", "date"], how="left")
        .with_columns(is_fitted=pl.col("fitted").is_finite().fill_null(False))
        .with_columns(
            forecast=pl.when("is_fitted").then("fitted").otherwise("fallback"),
            source=pl.when("is_fitted").then("fitted_by").otherwise("fallback_by"),
            **{level: pl.when("is_fitted", pl.col(level).is_finite()).then(level) for level in QUANTILES},
        )
        .join(ids, on="unique_id")
        .join(closed.with_columns(is_closed=pl.lit(True)), on=[*SERIES, "date"], how="left")
        .with_columns(q50="forecast")
        .with_columns(
            pl.when("is_closed").then(0.0).otherwise(pl.col(figure).clip(lower_bound=0.0)).alias(figure)
            for figure in ("forecast", *QUANTILE_LEVELS)
        )
        .sort(*SERIES, "date")
    )
    return Forecasts(conform(ModelForecasts, rows), train_seconds, predict_seconds)


def _fit_and_predict(
    name: str, baseline: Baseline, series: pl.DataFrame, cpu: CpuClock
) -> tuple[pl.DataFrame, float, float]:
    """StatsForecast's forecasts (``unique_id, date, fitted, fitted_by``, ``QUANTILES``), and the seconds of both."""
    if series.is_empty():
        number, text = pl.lit(None, pl.Float64), pl.lit(None, pl.String)
        none = dict.fromkeys(("fitted", *QUANTILES), number)
        return series.select("unique_id", "date", **none, fitted_by=text), 0.0, 0.0
    from statsforecast import StatsForecast

    _compile(name)
    model = baseline.build()
    model.alias = "fitted"
    panel = series.select("unique_id", ds="date", y="y")
    with _quietly():
        forecaster = StatsForecast(models=[model], freq="1d", n_jobs=1, fallback_model=_seasonal_naive())
        started = cpu()
        forecaster.fit(panel)
        trained = cpu()
        for each in forecaster.fitted_[:, 0]:
            _keep_last_season(each)
        predicted = forecaster.predict(HORIZON_DAYS, level=INTERVAL_PERCENTS)
        finished = cpu()
    fitted_by = pl.DataFrame(
        {
            "unique_id": forecaster.uids,
            "fitted_by": [
                name if type(each) is type(model) else type(each).__name__ for each in forecaster.fitted_[:, 0]
            ],
        },
        schema_overrides={"unique_id": panel.schema["unique_id"]},
    )
    rows = predicted.join(fitted_by, on="unique_id").select(
        "unique_id",
        date=pl.col("ds").cast(pl.Date),
        fitted=pl.col("fitted").cast(pl.Float64),
        fitted_by="fitted_by",
        **{quantile: pl.col(f"fitted-{end}").cast(pl.Float64) for quantile, end in QUANTILES.items()},
    )
    return rows, trained - started, finished - trained


@cache
def _compile(name: str) -> None:
    """Let numba compile the model once, so that the seconds reported are those of the model and not of the compiler."""
    from statsforecast import StatsForecast

    days = pl.Series(range(SEASON * CONFORMAL_WINDOWS))
    panel = pl.DataFrame(
        {
            "unique_id": days * 0,
            "ds": [date(2024, 1, 1) + timedelta(days=day) for day in days],
            "y": 20.0 + days % SEASON + days * 37 % 11,
        }
    )
    with _quietly():
        model = StatsForecast(models=[BASELINES[name].build()], freq="1d", fallback_model=_seasonal_naive())
        model.fit(panel).predict(HORIZON_DAYS, level=INTERVAL_PERCENTS)


def _keep_last_season(fitted: Any) -> None:
    """Make AutoCES's interval affordable: 0.04 s a series where it took 0.6, ten times its fit.

    It simulates 5,000 paths and draws noise for the state of every past day, of which only the last season's
    can matter; the others are taken from it. The point forecast stays what it was.
    """
    if type(fitted).__name__ != "AutoCES":
        return
    model = fitted.model_
    season = 1 if model["seasontype"] == "N" else model["m"]
    first = model["n"]
    fitted.model_ = {**model, "states": model["states"][first : first + season], "n": 0}


def _fallback(series: pl.DataFrame) -> pl.DataFrame:
    """Last week's day, or the mean where there was no such day: ``unique_id, date, fallback, fallback_by``."""
    ends = series.group_by("unique_id", maintain_order=True).agg(mean=pl.col("y").mean(), last=pl.col("date").max())
    ahead = ends.join(pl.DataFrame({"step": range(1, HORIZON_DAYS + 1)}), how="cross").with_columns(
        date=pl.col("last") + pl.duration(days=pl.col("step"))
    )
    week_before = series.select("unique_id", pl.col("date") + pl.duration(days=SEASON), seen="y")
    return ahead.join(week_before, on=["unique_id", "date"], how="left").select(
        "unique_id",
        "date",
        fallback=pl.coalesce("seen", "mean"),
        fallback_by=pl.when(pl.col("seen").is_null()).then(pl.lit("mean")).otherwise(pl.lit("SeasonalNaive")),
    )


@contextmanager
def _quietly() -> Iterator[None]:
    """No warnings about series that never change."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        yield
