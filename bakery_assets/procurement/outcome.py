"""Outcome of planned orders: stock and expiry when all of them come, in the outlook and in weeks of mean use after it.

What minimum quantities and packs leave over may expire only after the days that are planned, so these are not enough.
How orders come about is in ``replenishment``.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from bakery_assets.materials.expiry_buckets import Floats, expire, issue, last_usable_day, receive, total
from bakery_assets.procurement.records import MrpRecords
from bakery_assets.quantities import DECIMALS

DAYS_AFTER = 28  # days after the outlook in which stock is used as on its mean day


@dataclass(frozen=True)
class Outcome:
    """Items by days, of the outlook and of ``DAYS_AFTER`` more.

    Attributes:
        morning: stock after the day's receipts.
        closing: stock in the evening, after what expires.
        expired: stock that expires in the evening.
        short: of the outlook, requirement not met so far plus what is missing of the safety stock.
    """

    morning: Floats
    closing: Floats
    expired: Floats
    short: Floats


def mean_use(records: MrpRecords) -> Floats:
    """Mean requirement of a day of the outlook, by item."""
    mean: Floats = records.gross_requirement.mean(axis=1)
    return mean


def outcome(records: MrpRecords, orders: pl.DataFrame, days_after: int = DAYS_AFTER) -> Outcome:
    """What becomes of the stock of every item with its open and planned orders; nothing more is ordered later.

    Stock on hand that lasts longer than the outlook is taken to keep.

    Args:
        days_after: days after the outlook, at most ``DAYS_AFTER``.
    """
    count, planned = records.gross_requirement.shape
    days = planned + days_after
    buckets = np.zeros((count, days + 1))
    buckets[:, :planned] = records.on_hand[:, :planned]
    buckets[:, days] = records.on_hand[:, planned]
    required = np.concatenate(
        [records.gross_requirement, np.repeat(mean_use(records)[:, None], days_after, axis=1)], axis=1
    ).round(DECIMALS)
    in_time, late = (np.zeros((count, days)) for _ in range(2))
    known = min(records.scheduled_receipts.shape[1], days)
    late[:, :known] = records.late_receipts[:, :known]
    in_time[:, :known] = records.scheduled_receipts[:, :known] - late[:, :known]
    proposed = orders.filter(pl.col("usable_day") < days).sort("usable_day")
    item, usable, quantity = (proposed[name].to_numpy() for name in ("item", "usable_day", "quantity"))
    last = np.minimum(last_usable_day(proposed["deliver_day"].to_numpy(), records.shelf_life[item]), days)
    of_day = np.searchsorted(usable, np.arange(days + 1))
    morning, closing, expired = (np.zeros((count, days)) for _ in range(3))
    found = Outcome(morning, closing, expired, short=np.zeros((count, planned)))
    unmet = np.zeros(count)
    for day in range(days):
        receive(buckets, in_time[:, day], last_usable_day(day, records.shelf_life))
        receive(buckets, late[:, day], last_usable_day(day - 1, records.shelf_life))
        row = slice(of_day[day], of_day[day + 1])
        np.add.at(buckets, (item[row], last[row]), np.where(last[row] >= 0, quantity[row], 0.0))
        found.morning[:, day] = total(buckets)
        wanted = required[:, day] + unmet
        used = issue(buckets, wanted)
        # What could not be met waits for the next delivery of the plan, and no longer than the plan goes.
        unmet = np.round(wanted - used, DECIMALS) if day < planned else np.zeros(count)
        if day < planned:
            found.short[:, day] = unmet + np.maximum(records.safety_stock - total(buckets), 0.0)
        found.expired[:, day] = expire(buckets, day)
        found.closing[:, day] = total(buckets)
    return found
