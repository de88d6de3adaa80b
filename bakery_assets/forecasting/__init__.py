"""Demand forecasting: what each product will sell in each shop over the next seven days, and how sure that is.

``data`` has the matrices that models see, ``models`` the models, ``registry`` trained versions as rows, ``training``
what is fitted once a week, ``forecast`` the stage that applies it.
"""

from bakery_assets.forecasting.forecast import forecast_demand
from bakery_assets.forecasting.training.train import fit_booster, insufficient_history, train_models

__all__ = ["fit_booster", "forecast_demand", "insufficient_history", "train_models"]
