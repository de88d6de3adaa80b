"""Pauses: days on which a product was not offered, seen from its sales alone.

A product that sold nearly every day, then nothing for weeks, and now sells again was off the shelf; nobody refused it.
Taken for demand of 0 these days would forecast the next ones far too low. A pause that has not ended is none: a product
that does not come back sells nothing.
"""

import numpy as np
import numpy.typing as npt

SHORTEST_PAUSE = 14  # open days without a sale
LATEST_SALES = 20  # sales before a pause that say how often the product sells
LEAST_CHANCE = 1e-4  # a pause that is likelier than this to come about by chance is none


def ended_pauses(quantity: npt.NDArray[np.float32], is_open: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Days within pauses that have ended: (series, days).

    A product that sells on a share p of its open days has n of them in a row without a sale with a chance of (1 - p)^n.

    Args:
        quantity: (series, days), units sold. is_open: (series, days).
    """
    opened = np.cumsum(is_open, axis=1)
    row, day = np.nonzero(quantity > 0)
    count = opened[row, day]
    number = np.arange(len(row))
    first_of_row = np.searchsorted(row, row)
    earlier = np.maximum(number - LATEST_SALES, first_of_row)
    share = (number - earlier + 1) / np.maximum(count - count[earlier] + 1, 1)
    is_followed = np.append(row[1:] == row[:-1], False) if len(row) else np.zeros(0, dtype=bool)
    following = np.minimum(number + 1, max(len(row) - 1, 0))
    gap = count[following] - count - 1
    chance = np.power(np.maximum(1.0 - share, 0.0), np.maximum(gap, 0))
    is_pause = is_followed & (gap >= SHORTEST_PAUSE) & (chance < LEAST_CHANCE)
    edges = np.zeros((quantity.shape[0], quantity.shape[1] + 1), dtype=np.int64)
    edges[row[is_pause], day[is_pause] + 1] += 1
    edges[row[is_pause], day[following[is_pause]]] -= 1
    return np.cumsum(edges, axis=1)[:, :-1] > 0
