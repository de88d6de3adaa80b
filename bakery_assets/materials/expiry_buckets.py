"""Stock as a shelf sorted by last usable day: first expired, first out over a horizon of days.

A shelf is an array of items by last day: column ``b`` holds what may be used up to and on day ``b`` of the
horizon (0 is the plan date), the last column what outlasts it. Lots of the same last day are one heap,
which changes no total, so thousands of items go through a day at once.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bakery_assets.quantities import DECIMALS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

KEEPS = 100_000  # shelf life, in days, of what never expires


@dataclass(frozen=True)
class Flow:
    """What a horizon does to shelves; each array has items by days, in each item's unit."""

    opening: Floats
    consumption: Floats
    expired: Floats
    closing: Floats


def use_days(required: Floats, on_hand: Floats, receipts: Floats, shelf_life: Ints) -> Flow:
    """Let every day of a horizon pass: receipts arrive, what is required is taken first expired first, and
    in the evening what is past its last day goes. What cannot be met is not owed to a later day.

    closing = opening + receipts - consumption - expired, and each day opens with what the last closed with.

    Args:
        required: items by days.
        on_hand: shelves on the first morning, items by days + 1.
        receipts: items by days; usable from their day on for ``shelf_life`` days.
        shelf_life: days by item, at least 1; ``KEEPS``: for ever.
    """
    shelf = on_hand.copy()
    flow = Flow(*(np.zeros_like(required) for _ in range(4)))
    for day in range(required.shape[1]):
        flow.opening[:, day] = total(shelf)
        receive(shelf, receipts[:, day], last_day(day, shelf_life))
        flow.consumption[:, day] = take(shelf, required[:, day])
        flow.expired[:, day] = expire(shelf, day)
        flow.closing[:, day] = total(shelf)
    return flow


def take(shelf: Floats, wanted: Floats) -> Floats:
    """Take what is wanted from each item's shelf, first to expire first; returns what there was of it."""
    before = np.cumsum(shelf, axis=1) - shelf
    taken = np.minimum(np.maximum(wanted[:, None] - before, 0.0), shelf)
    had = np.minimum(wanted, total(shelf))
    shelf -= taken
    np.round(shelf, DECIMALS, out=shelf)
    return had


def receive(shelf: Floats, quantity: Floats, last: Ints) -> None:
    """Put a quantity on each item's shelf, usable up to and on ``last`` (a day; negative: not at all)."""
    rows = np.flatnonzero((quantity > 0) & (last >= 0))
    columns = np.minimum(last[rows], shelf.shape[1] - 1)
    shelf[rows, columns] = np.round(shelf[rows, columns] + quantity[rows], DECIMALS)


def expire(shelf: Floats, day: int) -> Floats:
    """Clear what had its last day; returns how much that was."""
    gone: Floats = shelf[:, day].copy()
    shelf[:, day] = 0.0
    return gone


def total(shelf: Floats) -> Floats:
    """Everything on each item's shelf."""
    everything: Floats = np.round(shelf.sum(axis=1), DECIMALS)
    return everything


def last_day(received: int | Ints, shelf_life: Ints) -> Ints:
    """Last day of what is received on a day: a shelf life of one day ends that evening."""
    return received + shelf_life - 1


def by_day(rows: pl.DataFrame, items: pl.DataFrame, on: list[str], value: str, days: int) -> Floats:
    """An array of items by days from rows that name the item, ``day`` and ``value``, at most one for each.

    Args:
        items: the key columns ``on`` and ``row``, the item's place in the array.
    """
    placed = rows.filter(pl.col("day").is_between(0, days - 1)).join(items.select(*on, "row"), on=on)
    array = np.zeros((items.height, days))
    array[placed["row"].to_numpy(), placed["day"].to_numpy()] = placed[value].round(DECIMALS).to_numpy()
    return array


def shelves(lots: pl.DataFrame, items: pl.DataFrame, on: list[str], days: int) -> Floats:
    """Shelves of ``items`` from lots with ``last_day`` (counted from the plan date; null: keeps) and ``quantity``."""
    heaps = (
        lots.with_columns(day=pl.col("last_day").fill_null(days).clip(upper_bound=days))
        .group_by(*on, "day")
        .agg(pl.col("quantity").sort().sum())
    )
    return by_day(heaps, items, on, "quantity", days + 1)


def shelf_lives(shelf_life_days: pl.Series) -> Ints:
    """Shelf lives as an array; null: keeps."""
    return shelf_life_days.cast(pl.Int64).fill_null(KEEPS).to_numpy()
