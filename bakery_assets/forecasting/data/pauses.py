"""Pauses: days on which a product was not offered, seen from its sales alone.

A product that sold nearly every day, then nothing for weeks, and now sells again was off the shelf, not refused.
Taken for demand of 0 these days would forecast the next ones far too low. A pause that has not ended is an absence:
what does not come back sells nothing.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SHORTEST_PAUSE = 14  # open days without a sale
SHORTEST_ABSENCE = 28  # open days without a sale up to the plan date
LATEST_SALES = 20  # sales before a pause that say how often the product sells
DAYS_ADDED = 10  # days without a sale, so that a few sales in a row do not say that a product sells every day
LEAST_CHANCE = 1e-4  # a pause that is likelier than this to come about by chance is none
Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _SaleDays:
    """Days on which a series sold something, series after series.

    Attributes:
        row: the series. day: the column.
        count: open days of the series up to this one.
        share: of its open days with a sale, over the ``LATEST_SALES`` up to this one and ``DAYS_ADDED``.
    """

    row: Integers
    day: Integers
    count: Integers
    share: npt.NDArray[np.float64]


def ended_pauses(quantity: Floats, is_open: Flags) -> Flags:
    """Days within pauses that have ended: (series, days).

    Args:
        quantity: (series, days), units sold. is_open: (series, days).
    """
    sales = _sale_days(quantity, is_open)
    edges = np.zeros((quantity.shape[0], quantity.shape[1] + 1), dtype=np.int64)
    is_followed = sales.row[1:] == sales.row[:-1]
    gap = sales.count[1:] - sales.count[:-1] - 1
    is_pause = is_followed & (gap >= SHORTEST_PAUSE) & (_chance(sales.share[:-1], gap) < LEAST_CHANCE)
    rows = sales.row[:-1][is_pause]
    edges[rows, sales.day[:-1][is_pause] + 1] += 1
    edges[rows, sales.day[1:][is_pause]] -= 1
    return np.cumsum(edges, axis=1)[:, :-1] > 0


def is_absent(quantity: Floats, is_open: Flags) -> Flags:
    """Whether a series has sold nothing for so long, up to the last day, that it is off the shelf: (series,)."""
    sales = _sale_days(quantity, is_open)
    is_last = np.append(sales.row[1:] != sales.row[:-1], np.ones(min(len(sales.row), 1), dtype=bool))
    rows = sales.row[is_last]
    gap = is_open.sum(axis=1)[rows] - sales.count[is_last]
    absent = np.zeros(len(quantity), dtype=bool)
    absent[rows] = (gap >= SHORTEST_ABSENCE) & (_chance(sales.share[is_last], gap) < LEAST_CHANCE)
    return absent


def _sale_days(quantity: Floats, is_open: Flags) -> _SaleDays:
    opened = np.cumsum(is_open, axis=1, dtype=np.int64)
    row, day = np.nonzero(quantity > 0)
    count = opened[row, day]
    number = np.arange(len(row))
    earlier = np.maximum(number - LATEST_SALES, np.searchsorted(row, row))
    share = (number - earlier + 1) / (np.maximum(count - count[earlier] + 1, 1) + DAYS_ADDED)
    return _SaleDays(row, day, count, share)


def _chance(share: npt.NDArray[np.float64], days: Integers) -> npt.NDArray[np.float64]:
    """Of ``days`` in a row without a sale, where each has one with a chance of ``share``: (1 - share)^days."""
    chance: npt.NDArray[np.float64] = np.power(np.maximum(1.0 - share, 0.0), np.maximum(days, 0))
    return chance
