"""Scores of a backtest: how accurate each model's forecasts were, one row a model; see docs/backtesting.md.

Every ratio is a fraction (0.21: 21 percent) and null where nothing can be divided. The formulas are in ``metrics``.
"""

import dataframely as dy
import polars as pl

from bakery_assets import metrics
from bakery_assets.backtesting.baselines import ModelForecasts
from bakery_assets.backtesting.series import ErrorScales, ScoredDays
from bakery_assets.keys import SERIES
from bakery_assets.metrics import QUANTILE_LEVELS
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform

PINBALL_LEVELS = {name: QUANTILE_LEVELS[name] for name in ("q10", "q50", "q90")}  # of the contract's ``pinball``
NOT_FORECAST = "not_forecast"

SHOWS_DEMAND = ~pl.col("is_sold_out")
HAS_INTERVAL = pl.col("q10").is_not_null() & pl.col("q90").is_not_null()


class ComparedDays(ScoredDays):
    """Every model's forecasts next to what sold; every model has the same days."""

    model = col.key_text("The model compared", primary_key=True)
    forecast = ModelForecasts.forecast
    q10 = ModelForecasts.q10
    q50 = ModelForecasts.q50
    q80 = ModelForecasts.q80
    q90 = ModelForecasts.q90
    q95 = ModelForecasts.q95
    source = ModelForecasts.source


class ModelScores(dy.Schema):
    """Accuracy of each model; days that sold out count in ``wape_sales`` only, since they do not show demand."""

    model = col.key_text("The model", primary_key=True)
    wape = col.metric("WAPE, as a fraction")
    wape_open = col.metric("WAPE of days on which the shop was open, as a fraction")
    mape = col.metric("MAPE of days with sales, as a fraction")
    mase = col.metric("Mean over the series of their MASE")
    rmsse = col.metric("Mean over the series of their RMSSE")
    bias = col.metric("Sum of errors over sum of sales, as a fraction")
    pinball = col.metric("Mean pinball loss at 10, 50 and 90 percent over sum of sales, of days with an interval")
    pinball_open = col.metric("Mean pinball loss at all five levels over sum of sales, of open days with an interval")
    coverage80 = col.metric("Share of open days with an interval whose sales lay between q10 and q90, as a fraction")
    coverage80_all_days = col.metric("The same of all days, closed ones too")
    interval_share = col.metric("Share of days with an interval, as a fraction")
    wape_sales = col.metric("WAPE of all days against what sold, as a fraction")


SCORES = tuple(name for name in ModelScores.column_names() if name != "model")


def compared_days(scored: dy.DataFrame[ScoredDays], model: str, forecasts: pl.DataFrame) -> dy.DataFrame[ComparedDays]:
    """A model's forecasts next to what sold; a day without a forecast counts as a forecast of 0.

    Args:
        forecasts: ``ModelForecasts`` with their ``origin``.
    """
    days = scored.join(forecasts, on=[*SERIES, "origin", "date"], how="left", maintain_order="left").with_columns(
        pl.col("forecast").fill_null(0.0), pl.col("source").fill_null(NOT_FORECAST), model=pl.lit(model)
    )
    return conform(ComparedDays, days)


def score(days: dy.DataFrame[ComparedDays], scales: dy.DataFrame[ErrorScales]) -> dy.DataFrame[ModelScores]:
    """Score every model, sorted."""
    shown = days.filter(SHOWS_DEMAND)
    with_interval = shown.filter(HAS_INTERVAL)
    of_series = (
        shown.join(scales, on=SERIES)
        .group_by("model", *SERIES)
        .agg(mase=metrics.mase("forecast"), rmsse=metrics.rmsse("forecast"))
        .sort("model", *SERIES)
    )
    scores = days.group_by("model").agg(wape_sales=metrics.wape("forecast"))
    for part in (
        shown.group_by("model").agg(
            wape=metrics.wape("forecast"),
            mape=metrics.mape("forecast"),
            bias=metrics.bias("forecast"),
            interval_share=HAS_INTERVAL.mean(),
        ),
        shown.filter("is_open").group_by("model").agg(wape_open=metrics.wape("forecast")),
        with_interval.group_by("model").agg(
            pinball=metrics.pinball(PINBALL_LEVELS), coverage80_all_days=metrics.coverage()
        ),
        with_interval.filter("is_open")
        .group_by("model")
        .agg(pinball_open=metrics.pinball(), coverage80=metrics.coverage()),
        of_series.group_by("model").agg(pl.col("mase", "rmsse").mean()),
    ):
        scores = scores.join(part, on="model", how="left")
    return conform(ModelScores, scores.sort("model"))


def pinball_by_level(days: dy.DataFrame[ComparedDays]) -> dict[str, dict[str, float | None]]:
    """Pinball loss over sum of sales of open days with an interval, by model and quantile."""
    losses = (
        days.filter("is_open", SHOWS_DEMAND, HAS_INTERVAL)
        .group_by("model")
        .agg(metrics.pinball({name: level}).alias(name) for name, level in QUANTILE_LEVELS.items())
    )
    found = {row.pop("model"): row for row in losses.iter_rows(named=True)}
    return {model: found.get(model, dict.fromkeys(QUANTILE_LEVELS)) for model in days["model"].unique().sort()}
