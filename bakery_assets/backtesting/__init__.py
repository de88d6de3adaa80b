"""Backtesting: what this system and StatsForecast's baselines would have forecast, and how near they came."""

from bakery_assets.backtesting.baselines import BASELINES
from bakery_assets.backtesting.run import SYSTEM, Backtest, CannotBacktest, run_backtest

__all__ = ["BASELINES", "SYSTEM", "Backtest", "CannotBacktest", "run_backtest"]
