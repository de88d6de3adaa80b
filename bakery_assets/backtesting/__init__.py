"""Backtesting: what the system and StatsForecast's baselines would have forecast, and how accurate that is.

``windows`` cuts off the future, ``series`` says which days count, ``closures`` what baselines know of closed days,
``baselines`` and ``system`` forecast, ``scores``, ``coverage`` and ``skill`` compare with sales and with each other,
``figures`` and ``run`` put these together. Validation of forecasts that were made is in ``validation``.
"""

from bakery_assets.backtesting.baselines import BASELINES
from bakery_assets.backtesting.figures import EVENING, SYSTEM, SYSTEMS, accuracy_figures
from bakery_assets.backtesting.run import Backtest, CannotBacktest, run_backtest

__all__ = [
    "BASELINES",
    "EVENING",
    "SYSTEM",
    "SYSTEMS",
    "Backtest",
    "CannotBacktest",
    "accuracy_figures",
    "run_backtest",
]
