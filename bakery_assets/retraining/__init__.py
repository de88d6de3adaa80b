"""Retraining: which series need new models and why, and whether a new version does better than the champion.

Which bakeries are due for it is decided in ``due.retraining``.
"""
