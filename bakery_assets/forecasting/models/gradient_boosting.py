"""One gradient-boosted model for the series of all tenants, fitted by LightGBM.

It forecasts each day of the horizon from what is known when the forecast is made, and knows how many days ahead that is
(direct forecasting with the lead time as a feature; Ben Taieb et al. 2012, A review and comparison of strategies for
multi-step ahead time series forecasting, Expert Systems with Applications 39). The model is kept as LightGBM's own
text. What it sees of a day is in ``data.features``.
"""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from hashlib import sha256
from importlib.metadata import version
from typing import TYPE_CHECKING

import dataframely as dy
import numpy as np
import polars as pl

from bakery_assets.cells import HORIZON_DAYS
from bakery_assets.forecasting.data.features import DAYS_FOR_SEASON, FEATURE_NAMES, LEVEL_DAYS, features
from bakery_assets.forecasting.data.holiday_openings import CountryClosings
from bakery_assets.forecasting.data.panel import WEEK, Flags, Floats, Panel
from bakery_assets.forecasting.models.day_effects import CountryDayEffects
from bakery_assets.schemas import conform, plans

if TYPE_CHECKING:
    import lightgbm

MAX_TRAINING_ROWS = 1_500_000  # days of series that it is fitted on; more took time and did not forecast better
LEADS_PER_DAY = 2  # a day of a series is a row for as many lead times, drawn by chance
ROWS_FOR_THREADS = 200_000
MAX_LEVEL_RATIO = 6.0  # a day that sold more than this many times its level counts as this many
ROUNDS = 300
ROWS_FOR_ALL_ROUNDS = 30_000
# Of a restaurant the trees were off by 26.5% after 300 rounds and by 26.2% after 120, of a café by 43.6% and 42.8%; the
# blend of a chain, which has ten times their rows, by 18.06% after 300 and by 18.12% after 150.
FEW_ROUNDS = 150
HOLDOUT_WEEKS = 8
SEED = 20
SETTINGS = {
    "objective": "tweedie",
    "learning_rate": 0.05,
    "num_leaves": 31,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.6,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "seed": SEED,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}


class FittedBoosters(dy.Schema):
    """Rows of ``boosters`` before they are stored."""

    booster_id = plans.Boosters.booster_id
    trained_through = plans.Boosters.trained_through
    trees = plans.Boosters.trees
    holdout_trees = plans.Boosters.holdout_trees
    holdout_from = plans.Boosters.holdout_from
    parameters = plans.Boosters.parameters
    day_effects = plans.Boosters.day_effects
    holiday_closings = plans.Boosters.holiday_closings


@dataclass(frozen=True)
class GradientBoostedModel:
    """A fitted model as text."""

    text: str

    def forecast(self, panel: Panel, day_effect: Floats, closed: Flags, day: int) -> Floats:
        """Demand of the ``HORIZON_DAYS`` from column ``day`` on, which the panel must not know yet.

        Args:
            day_effect: of ``day_effects.day_effect_matrix``.
            closed: series, past + AHEAD: days known to be closed.

        Returns:
            (series, HORIZON_DAYS), units as if no day were closed; NaN for series that have sold nothing in the
            ``features.WINDOW`` days before.
        """
        series = len(panel.tenant)
        if not series:
            return np.empty((0, HORIZON_DAYS), dtype=np.float32)
        demand = panel.demand[:, : min(day, panel.past)]
        inputs, levels = zip(
            *(features(panel, demand, day_effect, day + step, closed, step + 1) for step in range(HORIZON_DAYS)),
            strict=True,
        )
        ratios = np.asarray(_booster(self.text).predict(np.concatenate(inputs))).reshape(HORIZON_DAYS, series)
        forecasts: Floats = (ratios * np.stack(levels)).T.astype(np.float32)
        return forecasts

    @property
    def is_applicable(self) -> bool:
        """False for a model of an older version of this program, which has seen other features."""
        return _booster(self.text).feature_name() == list(FEATURE_NAMES)

    @property
    def rounds(self) -> int:
        """Rounds of boosting, one tree each."""
        return int(_booster(self.text).num_trees())


def fit_gradient_boosting(panel: Panel, day_effect: Floats, last: int) -> tuple[GradientBoostedModel, int]:
    """Fit on the days before column ``last``; also the number of rows it was fitted on.

    Raises:
        ValueError: there is not one usable day.
    """
    import lightgbm

    matrix, ratios, weights = _training_rows(panel, day_effect, last)
    if panel.history_days < DAYS_FOR_SEASON:
        matrix[:, FEATURE_NAMES.index("day_of_year")] = np.nan
    data = lightgbm.Dataset(matrix, ratios, weight=weights, feature_name=list(FEATURE_NAMES), free_raw_data=True)
    # A second thread on few rows does nothing but wait, and on a busy machine it waits long.
    threads = 1 if len(matrix) < ROWS_FOR_THREADS else 0
    rounds = ROUNDS if len(matrix) >= ROWS_FOR_ALL_ROUNDS else FEW_ROUNDS
    booster = lightgbm.train({**SETTINGS, "num_threads": threads}, data, rounds)
    return GradientBoostedModel(booster.model_to_string()), len(matrix)


def _training_rows(panel: Panel, day_effect: Floats, last: int) -> tuple[Floats, Floats, Floats]:
    """Features, demand over level, and weights of the days before column ``last``, at most ``MAX_TRAINING_ROWS``."""
    rng = np.random.default_rng(SEED)
    by_calendar = panel.is_closed[panel.item]
    closed = by_calendar.copy()
    closed[:, :last] |= (~panel.is_open & panel.is_observed)[:, :last]
    first = min(LEVEL_DAYS, max(last - WEEK, WEEK))
    is_usable = ~np.isnan(panel.demand) & ~by_calendar[:, : panel.past]
    is_usable[:, :first] = False
    is_usable[:, last:] = False
    share = min(1.0, MAX_TRAINING_ROWS / max(LEADS_PER_DAY * int(is_usable.sum()), 1))
    inputs, ratios, weights = [], [], []
    typical = _typical_level(panel, last)
    for day in np.flatnonzero(is_usable.any(axis=0)):
        for lead_days in 1 + rng.choice(HORIZON_DAYS, LEADS_PER_DAY, replace=False):
            matrix, level = features(panel, panel.demand, day_effect, int(day), closed, int(lead_days))
            rows = is_usable[:, day] & (level > 0)
            if share < 1.0:
                rows &= rng.random(len(rows)) < share
            inputs.append(_without_some_weather(matrix[rows], rng))
            ratios.append(np.minimum(panel.demand[rows, day] / level[rows], MAX_LEVEL_RATIO))
            weights.append(level[rows] / typical[rows])
    if not sum(len(part) for part in ratios):
        raise ValueError("there is no day to fit a model on")
    return np.concatenate(inputs), np.concatenate(ratios), np.concatenate(weights)


def _typical_level(panel: Panel, last: int) -> Floats:
    """Mean demand a day of each series' tenant before column ``last``: what a tenant's errors are scaled by."""
    demand = panel.demand[:, :last]
    tenants = panel.cells.height
    total = np.bincount(panel.tenant, weights=np.nan_to_num(demand).sum(axis=1), minlength=tenants)
    days = np.bincount(panel.tenant, weights=(~np.isnan(demand)).sum(axis=1), minlength=tenants)
    return np.maximum(total / np.maximum(days, 1), 1e-6)[panel.tenant].astype(np.float32)


def _without_some_weather(matrix: Floats, rng: np.random.Generator) -> Floats:
    """Half of the days without their weather: a forecast knows that of some days to come, and often of none."""
    is_masked = rng.random(len(matrix)) < 0.5
    for name in ("temperature", "rain"):
        matrix[is_masked, FEATURE_NAMES.index(name)] = np.nan
    return matrix


@lru_cache(maxsize=8)
def _booster(text: str) -> "lightgbm.Booster":
    import lightgbm

    return lightgbm.Booster(model_str=text)


def holdout_days(history_days: int) -> int:
    """How many last days of a history models are backtested on: whole weeks, at most a third of it."""
    return min(HOLDOUT_WEEKS, history_days // (3 * WEEK)) * WEEK


def fitted_booster(
    panel: Panel,
    final_model: GradientBoostedModel,
    holdout_model: GradientBoostedModel,
    holdout: int,
    rows: int,
    of_countries: dy.DataFrame[CountryDayEffects],
    closings: dy.DataFrame[CountryClosings],
) -> dy.DataFrame[FittedBoosters]:
    """The row of a booster.

    Args:
        final_model: fitted on all days. holdout_model: fitted without the last ``holdout`` days.
        rows: that ``final_model`` was fitted on.
        of_countries: what the panel's tenants show of holidays. closings: which share of their shops closes on them.
    """
    newest: date = panel.cells.select(pl.col("plan_date").max()).item()
    parameters = {
        "features": list(FEATURE_NAMES),
        "history_days": panel.history_days,
        "lightgbm": version("lightgbm"),
        "rounds": final_model.rounds,
        "rows": rows,
        "series": panel.series.height,
        "settings": SETTINGS,
        "tenants": panel.cells.height,
    }
    row = {
        "booster_id": sha256((final_model.text + holdout_model.text).encode()).hexdigest()[:16],
        "trained_through": newest - timedelta(days=1),
        "trees": final_model.text,
        "holdout_trees": holdout_model.text,
        "holdout_from": newest - timedelta(days=holdout),
        "parameters": json.dumps(parameters, sort_keys=True),
        "day_effects": json.dumps(of_countries.to_dicts(), sort_keys=True),
        "holiday_closings": json.dumps(closings.to_dicts(), sort_keys=True),
    }
    return conform(FittedBoosters, pl.DataFrame([row]))
