"""Hindsight: how good past forecasts were, day by day, and the measures by which that is said."""

from bakery_assets.validation.validate import validate_forecasts

__all__ = ["validate_forecasts"]
