"""One gradient-boosted model for the series of all tenants, fitted by LightGBM and applied day after day.

It forecasts the next day; the following days take its own forecasts for what was sold (recursive). Trees are
kept as LightGBM's own text.
"""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from hashlib import sha256
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from bakery_assets.cells import HORIZON_DAYS
from bakery_assets.forecasting.data.features import DAYS_FOR_SEASON, LEVEL_DAYS, NAMES, features
from bakery_assets.forecasting.data.panel import WEEK, Flags, Floats, Panel

if TYPE_CHECKING:
    import lightgbm

MOST_ROWS = 1_500_000  # days of series that trees are fitted on; more took time and did not forecast better
ROWS_FOR_THREADS = 200_000
LARGEST_RATIO = 6.0  # a day that sold more than this many times its level counts as this many
ROUNDS = 300
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


@dataclass(frozen=True)
class Trees:
    """Fitted trees as text."""

    text: str

    def forecast(self, panel: Panel, factor: Floats, shut: Flags, day: int) -> Floats:
        """Demand of the ``HORIZON_DAYS`` from column ``day`` on, which the panel must not know yet.

        Args:
            factor: of ``factors.factor_matrix``.
            shut: series, past + AHEAD: days known to be closed.

        Returns:
            (series, HORIZON_DAYS), units as if no day were closed; NaN for series that have sold nothing in the
            ``features.WINDOW`` days before.
        """
        model = _model(self.text)
        demand = np.full((len(panel.tenant), day + HORIZON_DAYS), np.nan, dtype=np.float32)
        known = min(day, panel.past)
        demand[:, :known] = panel.demand[:, :known]
        made = np.full((len(panel.tenant), HORIZON_DAYS), np.nan, dtype=np.float32)
        if not len(panel.tenant):
            return made
        for step in range(HORIZON_DAYS):
            at = day + step
            seen, level = features(panel, demand, factor, at, shut)
            made[:, step] = model.predict(seen) * level
            demand[:, at] = np.where(shut[:, at], np.nan, made[:, step])
        return made


def fit_trees(panel: Panel, factor: Floats, last: int) -> tuple[Trees, int]:
    """Fit on the days before column ``last``; also the number of days of series it was fitted on.

    Raises:
        ValueError: there is not one usable day.
    """
    import lightgbm

    chance = np.random.default_rng(SEED)
    shut = panel.is_shut[panel.item]
    closed = shut.copy()
    closed[:, :last] |= (~panel.is_open & panel.is_known)[:, :last]
    first = min(LEVEL_DAYS, max(last - WEEK, WEEK))
    usable = ~np.isnan(panel.demand) & ~shut[:, : panel.past]
    usable[:, :first] = False
    usable[:, last:] = False
    share = min(1.0, MOST_ROWS / max(int(usable.sum()), 1))
    seen, ratios, weights = [], [], []
    typical = _typical_level(panel, last)
    for day in np.flatnonzero(usable.any(axis=0)):
        matrix, level = features(panel, panel.demand, factor, int(day), closed)
        rows = usable[:, day] & (level > 0)
        if share < 1.0:
            rows &= chance.random(len(rows)) < share
        seen.append(_without_some_weather(matrix[rows], chance))
        ratios.append(np.minimum(panel.demand[rows, day] / level[rows], LARGEST_RATIO))
        weights.append(level[rows] / typical[rows])
    if not sum(len(part) for part in ratios):
        raise ValueError("there is no day to fit trees on")
    matrix = np.concatenate(seen)
    if panel.history_days < DAYS_FOR_SEASON:
        matrix[:, NAMES.index("day_of_year")] = np.nan
    data = lightgbm.Dataset(
        matrix, np.concatenate(ratios), weight=np.concatenate(weights), feature_name=list(NAMES), free_raw_data=True
    )
    # A second thread on few rows does nothing but wait, and on a busy machine it waits long.
    threads = 1 if len(matrix) < ROWS_FOR_THREADS else 0
    model = lightgbm.train({**SETTINGS, "num_threads": threads}, data, ROUNDS)
    return Trees(model.model_to_string()), len(matrix)


def _typical_level(panel: Panel, last: int) -> Floats:
    """Mean demand a day of each series' tenant before column ``last``: what one tenant's errors are measured by."""
    demand = panel.demand[:, :last]
    tenants = panel.cells.height
    total = np.bincount(panel.tenant, weights=np.nan_to_num(demand).sum(axis=1), minlength=tenants)
    days = np.bincount(panel.tenant, weights=(~np.isnan(demand)).sum(axis=1), minlength=tenants)
    return np.maximum(total / np.maximum(days, 1), 1e-6)[panel.tenant].astype(np.float32)


def _without_some_weather(matrix: Floats, chance: np.random.Generator) -> Floats:
    """Half of the days without their weather: a forecast knows that of some days to come, and often of none."""
    blind = chance.random(len(matrix)) < 0.5
    for name in ("temperature", "rain"):
        matrix[blind, NAMES.index(name)] = np.nan
    return matrix


@lru_cache(maxsize=8)
def _model(text: str) -> "lightgbm.Booster":
    import lightgbm

    return lightgbm.Booster(model_str=text)


def holdout_days(history_days: int) -> int:
    """How many last days of a history models are compared on: whole weeks, at most a third of it."""
    return min(HOLDOUT_WEEKS, history_days // (3 * WEEK)) * WEEK


def booster_row(panel: Panel, full: Trees, held: Trees, holdout: int, rows: int) -> pl.DataFrame:
    """One row of ``boosters`` without ``trained_at``."""
    newest: date = panel.cells.select(pl.col("plan_date").max()).item()
    parameters = {
        "features": list(NAMES),
        "history_days": panel.history_days,
        "lightgbm": version("lightgbm"),
        "rounds": ROUNDS,
        "rows": rows,
        "series": panel.series.height,
        "settings": SETTINGS,
        "tenants": panel.cells.height,
    }
    return pl.DataFrame(
        {
            "booster_id": [sha256((full.text + held.text).encode()).hexdigest()[:16]],
            "trained_through": [newest - timedelta(days=1)],
            "trees": [full.text],
            "holdout_trees": [held.text],
            "holdout_from": [newest - timedelta(days=holdout)],
            "parameters": [json.dumps(parameters, sort_keys=True)],
        }
    )
