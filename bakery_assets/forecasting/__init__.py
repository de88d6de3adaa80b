"""Demand: what each product will sell in each shop over the next seven days, and how sure that is."""

from bakery_assets.forecasting.forecast import READS as FORECAST_READS
from bakery_assets.forecasting.forecast import forecast_demand
from bakery_assets.forecasting.training.train import fit_booster, too_young, train_models

__all__ = ["FORECAST_READS", "fit_booster", "forecast_demand", "too_young", "train_models"]
