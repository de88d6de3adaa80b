"""Demand: what each product will sell in each shop over the next seven days, and how sure that is."""

from bakery_assets.forecasting.forecast import forecast_demand

__all__ = ["forecast_demand"]
