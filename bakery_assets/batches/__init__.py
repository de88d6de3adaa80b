"""Batches: which of the plan of record hold, what batch events say of them, and which events contradict."""
