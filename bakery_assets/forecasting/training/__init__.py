"""Training: what is fitted once a week, and only applied every morning."""
