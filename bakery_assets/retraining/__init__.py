"""Retraining: which bakeries are due, which series need it and why, and whether a new version did better."""

from bakery_assets.retraining.due import DueTraining, ScheduledTraining, due_trainings

__all__ = ["DueTraining", "ScheduledTraining", "due_trainings"]
