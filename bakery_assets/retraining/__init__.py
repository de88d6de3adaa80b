"""Retraining: which series need new models and why, and whether a new version does better than the champion.

When a tenant is due for retraining is decided in ``due.retraining``; models are fitted in ``forecasting.training`` and
kept by ``resources.warehouse.model_registry``.
"""
