"""Models: the members of a blend, how they are weighed, and the quantiles of their errors."""
