"""Training: what is fitted once a week and applied by every forecast until the next training.

When a series is due for it, and whether a new version is promoted, is in ``retraining``.
"""
