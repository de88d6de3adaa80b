"""Backtesting: what the system and StatsForecast's baselines would have forecast, and how accurate that is.

``windows`` cuts off the future, ``series`` says which days count, ``baselines`` and ``system`` forecast, ``scores``
compares with sales, ``run`` puts these together. Validation of forecasts that were made is in ``validation``.
"""

from bakery_assets.backtesting.baselines import BASELINES
from bakery_assets.backtesting.run import SYSTEM, Backtest, CannotBacktest, run_backtest

__all__ = ["BASELINES", "SYSTEM", "Backtest", "CannotBacktest", "run_backtest"]
