"""Expiry buckets: stock by last usable day, issued first expired, first out (FEFO) over a horizon of days.

Buckets are an array of items by days: column ``d`` holds what may be used up to and on day ``d`` of the horizon (0 is
the plan date), the last column what lasts longer. Lots with the same last usable day share a bucket, which changes no
total, so thousands of items go through a day at once. Stock lot by lot is in ``stock``.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bakery_assets.quantities import DECIMALS, ordered_sum

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NO_EXPIRY = 100_000  # shelf life, in days, of what never expires


@dataclass(frozen=True)
class StockFlow:
    """What a horizon does to stock; each array has items by days, in each item's unit."""

    opening: Floats
    consumption: Floats
    expired: Floats
    closing: Floats


def simulate_stock(
    gross_requirement: Floats, on_hand: Floats, receipts: Floats, receipts_after: Floats, shelf_life: Ints
) -> StockFlow:
    """Stock day by day: receipts arrive, the gross requirement is issued FEFO, further receipts arrive, in the evening
    stock past its last usable day expires. What cannot be met is not carried over to a later day.

    closing = opening + receipts + receipts_after - consumption - expired, and each day opens with the closing of the
    day before.

    Args:
        gross_requirement: items by days.
        on_hand: buckets on the first morning, items by days + 1.
        receipts: items by days; usable from their day on for ``shelf_life`` days.
        receipts_after: the same, but too late for the requirement of their own day.
        shelf_life: days by item, at least 1; ``NO_EXPIRY``: forever.
    """
    buckets = on_hand.copy()
    flow = StockFlow(*(np.zeros_like(gross_requirement) for _ in range(4)))
    for day in range(gross_requirement.shape[1]):
        flow.opening[:, day] = total(buckets)
        receive(buckets, receipts[:, day], last_usable_day(day, shelf_life))
        flow.consumption[:, day] = issue(buckets, gross_requirement[:, day])
        receive(buckets, receipts_after[:, day], last_usable_day(day, shelf_life))
        flow.expired[:, day] = expire(buckets, day)
        flow.closing[:, day] = total(buckets)
    return flow


def issue(buckets: Floats, required: Floats) -> Floats:
    """Issue up to the required quantity of each item, first to expire first; returns the quantities issued."""
    before = np.cumsum(buckets, axis=1) - buckets
    taken = np.minimum(np.maximum(required[:, None] - before, 0.0), buckets)
    issued = np.minimum(required, total(buckets))
    buckets -= taken
    np.round(buckets, DECIMALS, out=buckets)
    return issued


def receive(buckets: Floats, quantity: Floats, last: Ints) -> None:
    """Add each item's quantity to the bucket of its last usable day (negative: it cannot be used and is left out)."""
    rows = np.flatnonzero((quantity > 0) & (last >= 0))
    columns = np.minimum(last[rows], buckets.shape[1] - 1)
    buckets[rows, columns] = np.round(buckets[rows, columns] + quantity[rows], DECIMALS)


def expire(buckets: Floats, day: int) -> Floats:
    """Remove stock whose last usable day is ``day``; returns its quantity by item."""
    expired: Floats = buckets[:, day].copy()
    buckets[:, day] = 0.0
    return expired


def total(buckets: Floats) -> Floats:
    """Stock of each item over all its buckets."""
    stock: Floats = np.round(buckets.sum(axis=1), DECIMALS)
    return stock


def last_usable_day(received: int | Ints, shelf_life: Ints) -> Ints:
    """Last usable day of what is received on a day: a shelf life of one day ends that evening."""
    return received + shelf_life - 1


def by_day(rows: pl.DataFrame, items: pl.DataFrame, on: list[str], value: str, days: int) -> Floats:
    """An array of items by days from rows that name the item, ``day`` and ``value``, at most one for each.

    Args:
        items: the key columns ``on`` and ``row``, the item's position in the array.
    """
    placed = rows.filter(pl.col("day").is_between(0, days - 1)).join(items.select(*on, "row"), on=on)
    array = np.zeros((items.height, days))
    array[placed["row"].to_numpy(), placed["day"].to_numpy()] = placed[value].round(DECIMALS).to_numpy()
    return array


def expiry_buckets(lots: pl.DataFrame, items: pl.DataFrame, on: list[str], days: int) -> Floats:
    """Buckets of ``items`` from lots with ``last_usable_day`` (0: the plan date; null: no expiry) and ``quantity``."""
    buckets = (
        lots.with_columns(day=pl.col("last_usable_day").fill_null(days).clip(upper_bound=days))
        .group_by(*on, "day")
        .agg(ordered_sum("quantity"))
    )
    return by_day(buckets, items, on, "quantity", days + 1)


def shelf_lives(shelf_life_days: pl.Series) -> Ints:
    """Shelf lives in days as an array; null: ``NO_EXPIRY``."""
    return shelf_life_days.cast(pl.Int64).fill_null(NO_EXPIRY).to_numpy()
