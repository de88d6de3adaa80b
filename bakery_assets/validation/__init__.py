"""Validation: how accurate past forecasts were, day by day, by the metrics of ``bakery_assets.metrics``.

Whether a model is replaced because of it is decided in ``retraining``; alerts and sentences about it are in
``briefing``.
"""

from bakery_assets.validation.validate import validate_forecasts

__all__ = ["validate_forecasts"]
