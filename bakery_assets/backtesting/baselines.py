"""StatsForecast's baselines: every one fitted anew at every origin, on the series as recorded.

A series too short for a model, or one that it fails on, is forecast by SeasonalNaive, and one of less than a
week by the mean of its days; how often that happened is told.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

import numpy as np
import polars as pl

from bakery_assets.backtesting.series import SEASON
from bakery_assets.cells import HORIZON_DAYS
from bakery_assets.forecasting.models.intervals import LEVELS
from bakery_assets.keys import SERIES

CpuClock = Callable[[], float]
LEVEL = 80  # percent of days that the interval from q10 to q90 should hold
WINDOWS = 4  # weeks that SeasonalWindowAverage averages
CONFORMAL_WINDOWS = 8  # weeks of its own errors that its interval is made of

FORECASTS = pl.Schema(
    {
        "tenant_id": pl.String(),
        "location_id": pl.String(),
        "product_id": pl.String(),
        "date": pl.Date(),
        "forecast": pl.Float64(),
        **dict.fromkeys(LEVELS, pl.Float64()),
        "source": pl.String(),
    }
)


@dataclass(frozen=True)
class Forecasts:
    """One model's forecasts from one origin, and what they cost.

    Attributes:
        rows: ``FORECASTS``; ``source`` says which model really made the row.
        train_seconds: CPU seconds of fitting; None where nothing was fitted.
        predict_seconds: CPU seconds of forecasting.
    """

    rows: pl.DataFrame
    train_seconds: float | None
    predict_seconds: float


@dataclass(frozen=True)
class Baseline:
    """A StatsForecast model, and the fewest days it is given."""

    build: Callable[[], Any]
    fewest_days: int


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


# Two seasons are the least that a seasonal model can be told from noise by; AutoCES explodes on fewer.
BASELINES: Mapping[str, Baseline] = {
    "SeasonalNaive": Baseline(_seasonal_naive, SEASON),
    "SeasonalWindowAverage": Baseline(_window_average, SEASON * WINDOWS),
    "AutoETS": Baseline(_auto_ets, SEASON * 2),
    "AutoCES": Baseline(_auto_ces, SEASON * 2),
}


def forecast_baseline(name: str, series: pl.DataFrame, cpu: CpuClock) -> Forecasts:
    """Fit a baseline on every series and forecast the seven days after its last.

    Args:
        name: of ``BASELINES``.
        series: of ``series.daily``: all end on the same day.
        cpu: CPU seconds this process has used.
    """
    baseline = BASELINES[name]
    ids = series.group_by(SERIES, maintain_order=True).agg(days=pl.len()).with_row_index("unique_id")
    numbered = series.join(ids, on=SERIES, maintain_order="left")
    made, train_seconds, predict_seconds = _made(
        name, baseline, numbered.filter(pl.col("days") >= baseline.fewest_days), cpu
    )
    simple = _simple(numbered)
    rows = (
        simple.join(made, on=["unique_id", "date"], how="left")
        .with_columns(is_made=pl.col("made").is_finite().fill_null(False))
        .with_columns(
            forecast=pl.when("is_made").then("made").otherwise("simple"),
            source=pl.when("is_made").then("made_by").otherwise("simple_by"),
            **{low: pl.when("is_made", pl.col(low).is_finite()).then(low) for low in ("q10", "q90")},
        )
        .join(ids, on="unique_id")
        .with_columns(q50="forecast", q80=None, q95=None)
        .select(FORECASTS.names())
        .sort(*SERIES, "date")
    )
    return Forecasts(rows.cast(FORECASTS), train_seconds, predict_seconds)


def _made(name: str, baseline: Baseline, series: pl.DataFrame, cpu: CpuClock) -> tuple[pl.DataFrame, float, float]:
    """What StatsForecast says: ``unique_id, date, made, q10, q90, made_by``."""
    if series.is_empty():
        number, text = pl.lit(None, pl.Float64), pl.lit(None, pl.String)
        return series.select("unique_id", "date", made=number, q10=number, q90=number, made_by=text), 0.0, 0.0
    from statsforecast import StatsForecast

    _compile(name)
    model = baseline.build()
    model.alias = "made"
    panel = series.select("unique_id", ds="date", y="y")
    with _quietly():
        forecaster = StatsForecast(models=[model], freq="1d", n_jobs=1, fallback_model=_seasonal_naive())
        began = cpu()
        forecaster.fit(panel)
        fitted = cpu()
        for each in forecaster.fitted_[:, 0]:
            _keep_last_season(each)
        predicted = forecaster.predict(HORIZON_DAYS, level=[LEVEL])
        done = cpu()
    makers = pl.DataFrame(
        {
            "unique_id": forecaster.uids,
            "made_by": [
                name if type(each) is type(model) else type(each).__name__ for each in forecaster.fitted_[:, 0]
            ],
        },
        schema_overrides={"unique_id": panel.schema["unique_id"]},
    )
    rows = predicted.join(makers, on="unique_id").select(
        "unique_id",
        date=pl.col("ds").cast(pl.Date),
        made=pl.col("made").cast(pl.Float64),
        q10=pl.col(f"made-lo-{LEVEL}").cast(pl.Float64),
        q90=pl.col(f"made-hi-{LEVEL}").cast(pl.Float64),
        made_by="made_by",
    )
    return rows, fitted - began, done - fitted


@cache
def _compile(name: str) -> None:
    """Let numba compile the model once, so that the seconds told are those of the model and not of the compiler."""
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
        model.fit(panel).predict(HORIZON_DAYS, level=[LEVEL])


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


def _simple(series: pl.DataFrame) -> pl.DataFrame:
    """Last week's day, or the mean where there was no such day: ``unique_id, date, simple, simple_by``."""
    ends = series.group_by("unique_id", maintain_order=True).agg(mean=pl.col("y").mean(), last=pl.col("date").max())
    ahead = ends.join(pl.DataFrame({"step": range(1, HORIZON_DAYS + 1)}), how="cross").with_columns(
        date=pl.col("last") + pl.duration(days=pl.col("step"))
    )
    week_before = series.select("unique_id", pl.col("date") + pl.duration(days=SEASON), seen="y")
    return ahead.join(week_before, on=["unique_id", "date"], how="left").select(
        "unique_id",
        "date",
        simple=pl.coalesce("seen", "mean"),
        simple_by=pl.when(pl.col("seen").is_null()).then(pl.lit("mean")).otherwise(pl.lit("SeasonalNaive")),
    )


@contextmanager
def _quietly() -> Iterator[None]:
    """No warnings about series that never change."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        yield
