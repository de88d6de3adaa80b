"""Bootstrap intervals of ratios of sums: how far a figure of some weeks or days could have come out otherwise."""

from typing import Final

import numpy as np
import polars as pl

RESAMPLES: Final = 2_000
CONFIDENCE: Final = 0.95
SEED: Final = 7

Interval = tuple[float, float]


def ratio_interval(numerators: pl.Series, denominators: pl.Series) -> Interval | None:
    """Percentile interval of sum(numerators) / sum(denominators) over resampled blocks.

    A block is a week or a day with all its series: errors of the same day go up and down together, so that series of
    one day are no independent evidence. Source: Efron and Tibshirani (1993), An Introduction to the Bootstrap, sections
    8.6 (blocks) and 13.3 (percentile interval).

    Args:
        numerators: one value a block.
        denominators: of the same blocks.

    Returns:
        The bounds that hold 95 of 100 resamples; None for fewer than two blocks, or where a resample has nothing to
        divide by. The same blocks in the same order always have the same interval.
    """
    blocks = len(numerators)
    if blocks < 2:
        return None
    drawn = np.random.default_rng(SEED).integers(blocks, size=(RESAMPLES, blocks))
    below = denominators.to_numpy().astype(np.float64)[drawn].sum(axis=1)
    if not (below > 0).all():
        return None
    ratios = numerators.to_numpy().astype(np.float64)[drawn].sum(axis=1) / below
    low, high = np.quantile(ratios, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)
