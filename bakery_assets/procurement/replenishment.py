"""Replenishment: net requirements with safety stock by day, and the planned orders and deliveries that cover them.

Arrays of items by days, day 0 being the plan date; all items go through the days together. Which deliveries suppliers
offer is in ``offers``, how gross requirements and stock come about is in ``materials``.
"""

from dataclasses import dataclass, replace

import dataframely as dy
import numpy as np
import polars as pl
from numpy.typing import NDArray

from bakery_assets.materials.expiry_buckets import Floats, Ints, expire, issue, last_usable_day, receive, total
from bakery_assets.procurement.offers import Offers
from bakery_assets.quantities import DECIMALS, TOLERANCE
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform

NEVER = 1_000_000  # a day that does not come
NO_OFFER = np.iinfo(np.int64).max
MAX_ROWS = 2**31 - 1


class PlannedOrders(dy.Schema):
    """Orders with the terms of their sums; days are counted from the plan date, quantities in the item's unit."""

    item = col.integer("Row of the item", maximum=MAX_ROWS, primary_key=True)
    offer = col.integer("Row of the offer", maximum=MAX_ROWS)
    needed_day = col.integer("First day on which stock falls below its safety stock", primary_key=True)
    deliver_day = col.integer("Day of delivery")
    usable_day = col.integer("First day whose requirement it covers")
    last_day_covered = col.integer("The next delivery, or the end of the shelf life, comes after it")
    max_shortage_day = col.integer("Day of the largest shortage that the order covers; the sum runs up to it")
    stockout_day = col.integer(
        "First day with an unmet requirement if neither this nor a later order is placed; empty: none", nullable=True
    )
    gross_requirement = col.metric("From needed_day to max_shortage_day, and what was unmet before", nullable=False)
    unmet_before = col.metric("The part of gross_requirement that was unmet before needed_day", nullable=False)
    on_hand = col.metric(
        "Stock on the morning of needed_day, without what expires unused by max_shortage_day", nullable=False
    )
    scheduled_receipts = col.metric(
        "Open orders arriving from needed_day to max_shortage_day, and scheduled_receipts_later", nullable=False
    )
    scheduled_receipts_later = col.metric(
        "Open orders arriving after the last day of requirements and by deliver_day", nullable=False
    )
    net_requirement = col.metric("Above 0", nullable=False)
    quantity = col.metric("Quantity to order, after minimum and pack", nullable=False)
    expires_unused = col.metric("Stock that expires from needed_day on, before max_shortage_day", nullable=False)
    # How on_hand came about, from the plan date to the morning of needed_day.
    used_before = col.metric("Stock used", nullable=False)
    expired_before = col.metric("Stock expired", nullable=False)
    scheduled_receipts_before = col.metric("Open orders received", nullable=False)
    ordered_before = col.metric("Earlier orders of this plan received", nullable=False)

    @dy.rule()
    def orders_cover_the_net_requirement(cls) -> pl.Expr:
        """quantity >= net_requirement > 0."""
        net = pl.col("net_requirement")
        return (net > 0) & (pl.col("quantity") >= net - TOLERANCE)

    @dy.rule()
    def days_follow_each_other(cls) -> pl.Expr:
        """The sum runs from needed_day to a day that the order covers."""
        return pl.col("max_shortage_day").is_between("needed_day", "last_day_covered")


@dataclass(frozen=True)
class MrpRecords:
    """What ordering knows of its items: the records of material requirements planning, one row per item.

    Attributes:
        gross_requirement: items by days.
        scheduled_receipts: open orders, items by the day from which they are usable; may go on after the last day of
            gross_requirement.
        on_hand: expiry buckets on the first morning, items by days + 1 (see ``materials.expiry_buckets``).
        safety_stock: quantity that should always be left.
        shelf_life: days that a delivery keeps.
        late_receipts: the part of scheduled_receipts that was delivered on the day before.
        delay: days from the delivery of a planned order until it is usable.
    """

    gross_requirement: Floats
    scheduled_receipts: Floats
    on_hand: Floats
    safety_stock: Floats
    shelf_life: Ints
    late_receipts: Floats
    delay: Ints


@dataclass(frozen=True)
class Outlook:
    """Days to come without further orders: items by days from ``start`` on.

    Attributes:
        shortage: unmet requirement so far plus what is missing of the safety stock.
        unmet: requirement since ``start`` that stock has not met yet.
        gross_requirement, scheduled_receipts, expired: sums from ``start``; expired up to the evening before.
    """

    start: int
    shortage: Floats
    unmet: Floats
    gross_requirement: Floats
    scheduled_receipts: Floats
    expired: Floats

    @property
    def shortage_day(self) -> Ints:
        """First day on which stock falls below its safety stock; ``NEVER``: none."""
        return self._first_day(self.shortage > 0)

    @property
    def stockout_day(self) -> Ints:
        """First day with an unmet requirement; ``NEVER``: none."""
        return self._first_day(self.unmet > 0)

    def _first_day(self, holds: NDArray[np.bool_]) -> Ints:
        return np.where(holds.any(axis=1), self.start + holds.argmax(axis=1), NEVER)


@dataclass
class _ToDate:
    """What has become of each item's stock since the plan date: one element per item."""

    used: Floats
    expired: Floats
    scheduled_receipts: Floats
    ordered: Floats


def place_orders(records: MrpRecords, offers: Offers) -> dy.DataFrame[PlannedOrders]:
    """Plan orders so that stock never falls below its safety stock, as far as deliveries allow.

    Day by day: where the stock left after the day's requirement is below the safety stock, the cheapest offer
    that can still be used by that day, and keeps until it, is ordered for its last delivery that can. The order
    covers every requirement until that supplier's next delivery or the end of the shelf life: the largest
    shortage up to then is the net requirement, to which minimum and pack are applied once. The surplus
    is stock for the days that follow. If no offer can deliver in time, the one that delivers first is late, and
    nothing more is ordered until it has arrived. A requirement that stock could not meet stays open until then. An
    order that arrives after the last day of requirements is reduced by what open orders bring after that day and no
    later than it: otherwise what a long lead time has on its way would be ordered anew every morning.

    net_requirement = gross_requirement + safety stock - on_hand - scheduled_receipts, all terms from needed_day to
    max_shortage_day, scheduled_receipts with scheduled_receipts_later. Orders are sorted by item and needed_day.
    """
    count, days = records.gross_requirement.shape
    buckets = records.on_hand.copy()
    planned_receipts = np.zeros_like(records.gross_requirement)
    unmet = np.zeros(count)
    everything, late_until = np.arange(count), np.zeros(count, dtype=np.int64)
    to_date = _ToDate(*(np.zeros(count) for _ in range(4)))
    placed = []
    for day in range(days):
        _receive_open_orders(buckets, everything, day, records)
        receive(buckets, planned_receipts[:, day], last_usable_day(day - records.delay, records.shelf_life))
        to_date.ordered += planned_receipts[:, day]
        left = total(buckets) - records.gross_requirement[:, day] - unmet
        is_short = (np.round(records.safety_stock - left, DECIMALS) > 0) & (late_until <= day)
        orders = _order(np.flatnonzero(is_short), day, buckets, unmet, records, offers, to_date)
        placed.append(orders)
        item, usable_day, quantity = (orders[name].to_numpy() for name in ("item", "usable_day", "quantity"))
        in_time, within = usable_day <= day, usable_day < days
        received = np.zeros(count)
        received[item[in_time]] = quantity[in_time]
        last = np.full(count, -1, dtype=np.int64)
        last[item] = last_usable_day(usable_day - records.delay[item], records.shelf_life[item])
        receive(buckets, received, last)
        planned_receipts[item[within], usable_day[within]] = quantity[within]
        late_until[item] = usable_day
        required = records.gross_requirement[:, day] + unmet
        used = issue(buckets, required)
        unmet = np.round(required - used, DECIMALS)
        to_date.used += used
        to_date.expired += expire(buckets, day)
        to_date.scheduled_receipts += records.scheduled_receipts[:, day]
        to_date.ordered += received
    return conform(PlannedOrders, pl.concat(placed).sort("item", "needed_day"))


def by_delivery_cycle(records: MrpRecords, offers: Offers, unknown: NDArray[np.bool_]) -> MrpRecords:
    """The records with which items of unknown stock are ordered: each delivery brings what is needed until the next.

    Of these items nothing is required on days that no delivery can cover: what is used then has to be there already,
    and nothing says that it is not.

    Args:
        unknown: whether the stock of each item is not known; then it counts as none, and safety stock has to be 0.
    """
    count, days = records.gross_requirement.shape
    day = np.arange(days)
    latest = offers.latest_delivery[:, :days]
    delivered = latest - records.delay[offers.item][:, None]
    keeps = (latest >= 0) & (last_usable_day(delivered, records.shelf_life[offers.item][:, None]) >= day)
    can_come = np.zeros((count, days), dtype=np.bool_)
    np.logical_or.at(can_come, offers.item, keeps)
    required = np.where(unknown[:, None] & ~can_come, 0.0, records.gross_requirement)
    return replace(records, gross_requirement=required)


def order_quantity(net_requirement: Floats, minimum: Floats, pack: Floats) -> Floats:
    """The smallest order that covers the net requirement, at least ``minimum``, a multiple of ``pack`` (0: any)."""
    least = np.maximum(net_requirement, minimum)
    packs = np.ceil(np.round(least / np.where(pack > 0, pack, 1.0), 9))
    return np.where(pack > 0, packs * pack, least).astype(np.float64).round(DECIMALS)


def days_or_null(days: Ints) -> pl.Series:
    """Days as a column, ``NEVER`` as null."""
    return pl.Series(days).replace(NEVER, None)


def look_ahead(records: MrpRecords) -> Outlook:
    """The days from the plan date on, if nothing is ordered."""
    buckets = records.on_hand.copy()
    count = len(records.gross_requirement)
    _receive_open_orders(buckets, np.arange(count), 0, records)
    return _ahead(np.arange(count), 0, buckets, np.zeros(count), records)


def _receive_open_orders(buckets: Floats, items: Ints, day: int, records: MrpRecords) -> None:
    """Add to the buckets of ``items`` what open orders make usable on ``day``."""
    late, shelf_life = records.late_receipts[items, day], records.shelf_life[items]
    receive(buckets, records.scheduled_receipts[items, day] - late, last_usable_day(day, shelf_life))
    receive(buckets, late, last_usable_day(day - 1, shelf_life))


def _order(
    short: Ints, day: int, buckets: Floats, unmet: Floats, records: MrpRecords, offers: Offers, to_date: _ToDate
) -> pl.DataFrame:
    """The orders to place for the items that are short on ``day``."""
    offer, usable = _choose(day, records, offers)
    short = short[offer[short] >= 0]
    if not len(short):
        return pl.DataFrame(schema=pl.Schema(PlannedOrders))
    days = records.gross_requirement.shape[1]
    offer, usable = offer[short], usable[short]
    delivered = usable - records.delay[short]
    ahead = _ahead(short, day, buckets[short], unmet[short], records)
    before_next = np.minimum(
        offers.next_delivery[offer, usable] - 1, last_usable_day(delivered, records.shelf_life[short])
    )
    covered = np.minimum(before_next, days - 1)
    begins = np.minimum(np.maximum(usable, day), days - 1)
    span = np.arange(day, days)
    counts = (span >= begins[:, None]) & (span <= covered[:, None])
    shortage = np.where(counts, ahead.shortage, -1.0)
    largest = shortage.argmax(axis=1)
    rows = np.arange(len(short))
    due = np.arange(days, records.scheduled_receipts.shape[1])
    later = np.where(due <= usable[:, None], records.scheduled_receipts[short, days:], 0.0).sum(axis=1)
    net = np.maximum(np.round(shortage[rows, largest] - later, DECIMALS), 0.0)
    arrived = records.scheduled_receipts[short, day]
    morning = total(buckets[short]) - arrived
    expired = ahead.expired[rows, largest]
    frame = pl.DataFrame(
        {
            "item": short,
            "offer": offer,
            "needed_day": np.full(len(short), day),
            "deliver_day": delivered,
            "usable_day": usable,
            "last_day_covered": covered,
            "max_shortage_day": day + largest,
            "stockout_day": days_or_null(ahead.stockout_day),
            "gross_requirement": unmet[short] + ahead.gross_requirement[rows, largest],
            "unmet_before": unmet[short],
            "on_hand": np.maximum(morning - expired, 0.0),
            "scheduled_receipts": ahead.scheduled_receipts[rows, largest] - np.maximum(expired - morning, 0.0) + later,
            "scheduled_receipts_later": later,
            "net_requirement": net,
            "quantity": order_quantity(net, offers.minimum[offer], offers.pack[offer]),
            "expires_unused": expired,
            "used_before": to_date.used[short],
            "expired_before": to_date.expired[short],
            "scheduled_receipts_before": to_date.scheduled_receipts[short],
            "ordered_before": to_date.ordered[short],
        },
        schema=pl.Schema(PlannedOrders),
    )
    return frame.filter(pl.col("net_requirement") > 0).with_columns(pl.col(pl.Float64).round(DECIMALS))


def _choose(day: int, records: MrpRecords, offers: Offers) -> tuple[Ints, Ints]:
    """For each item the offer to take for a requirement on ``day`` (-1: none) and the day from which it is usable.

    Where there is no offer, the day says nothing.
    """
    count, last = len(records.gross_requirement), offers.delivers.shape[1]
    chosen = np.full(count, -1, dtype=np.int64)
    if not len(offers.item):
        return chosen, chosen.copy()
    latest, later = offers.latest_delivery[:, day], offers.next_delivery[:, day]
    number = np.arange(len(offers.item))
    delivered = latest - records.delay[offers.item]
    in_time = (latest >= 0) & (last_usable_day(delivered, records.shelf_life[offers.item]) >= day)
    items, starts = np.unique(offers.item, return_index=True)
    best = np.minimum.reduceat(np.where(in_time, number, NO_OFFER), starts)
    soonest = np.minimum.reduceat(np.where(later < last, later * len(number) + number, NO_OFFER), starts)
    is_late = (best == NO_OFFER) & (soonest < NO_OFFER)
    chosen[items] = np.where(best < NO_OFFER, best, np.where(is_late, soonest % len(number), -1))
    usable = np.zeros(count, dtype=np.int64)
    found = chosen[items]
    usable[items] = np.where(is_late, later[found], latest[found])
    return chosen, usable


def _ahead(items: Ints, start: int, buckets: Floats, unmet: Floats, records: MrpRecords) -> Outlook:
    """Let the days from ``start`` on pass without orders; the receipts of ``start`` are in ``buckets`` already."""
    days = records.gross_requirement.shape[1]
    buckets = buckets.copy()
    ahead = Outlook(start, *(np.zeros((len(items), days - start)) for _ in range(5)))
    expired = np.zeros(len(items))
    for place, day in enumerate(range(start, days)):
        if place:
            _receive_open_orders(buckets, items, day, records)
        required = records.gross_requirement[items, day] + unmet
        unmet = np.round(required - issue(buckets, required), DECIMALS)
        missing = np.maximum(records.safety_stock[items] - total(buckets), 0.0)
        ahead.unmet[:, place] = unmet
        ahead.shortage[:, place] = np.round(unmet + missing, DECIMALS)
        ahead.expired[:, place] = expired
        expired = expired + expire(buckets, day)
    required_so_far = np.cumsum(records.gross_requirement[items, start:], axis=1)
    received_so_far = np.cumsum(records.scheduled_receipts[items, start:days], axis=1)
    ahead.gross_requirement[:] = np.round(required_so_far, DECIMALS)
    ahead.scheduled_receipts[:] = np.round(received_so_far, DECIMALS)
    return ahead
