"""Replenishment: net requirements with safety stock by day, and the planned orders and deliveries that cover them.

Arrays of items by days, day 0 being the plan date; all items go through the days together. Which deliveries suppliers
offer is in ``offers``, how gross requirements and stock come about is in ``materials``.
"""

from dataclasses import dataclass

import dataframely as dy
import numpy as np
import polars as pl
from numpy.typing import NDArray

from bakery_assets.materials.expiry_buckets import Floats, Ints, expire, issue, last_usable_day, receive, total
from bakery_assets.procurement.kept_proposals import Wanted, keep
from bakery_assets.procurement.offers import Offers, OpenDeliveries
from bakery_assets.procurement.records import (
    NEVER,
    NO_LIMIT,
    MrpRecords,
    PlannedOrders,
    days_or_null,
    most_within,
    order_quantity,
)
from bakery_assets.quantities import DECIMALS, TOLERANCE
from bakery_assets.schemas import conform

NO_OFFER = np.iinfo(np.int64).max
MAX_SPLITS = 10  # deliveries among which one day's shortage of an item is split


@dataclass(frozen=True)
class Outlook:
    """Days to come without further orders: items by days from ``start`` on.

    Attributes:
        morning: stock after the day's receipts.
        shortage: unmet requirement so far plus what is missing of the safety stock.
        unmet: requirement since ``start`` that stock has not met yet.
        gross_requirement, scheduled_receipts, expired: sums from ``start``; expired up to the evening before.
    """

    start: int
    morning: Floats
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
    """What has become of each item's stock since the plan date: one element per item.

    Attributes:
        mornings: items by days, stock after the day's receipts.
        open: the deliveries that can bring more.
        proposed: offers by days, what is left of the proposals of the plan before.
    """

    used: Floats
    expired: Floats
    scheduled_receipts: Floats
    ordered: Floats
    mornings: Floats
    open: OpenDeliveries
    proposed: Floats


def place_orders(records: MrpRecords, offers: Offers) -> dy.DataFrame[PlannedOrders]:
    """Plan orders so that stock never falls below its safety stock, as far as deliveries allow.

    Day by day: where the stock left after the day's requirement is below the safety stock, the cheapest offer
    that can still be used by that day, and keeps until it, is ordered for its last delivery that can. The order
    covers every requirement until that supplier's next delivery or the end of the shelf life: the largest
    shortage up to then is the net requirement, to which minimum and pack are applied once. The surplus
    is stock for the days that follow. If no offer can deliver in time, the one that delivers first is late, and
    nothing more is ordered until it has arrived. Where a supplier has a largest order, each delivery brings one, and
    the delivery before it what is missing then. A requirement that stock could not meet stays open until then. An
    order that arrives after the last day of requirements is reduced by what open orders bring after that day and no
    later than it: otherwise what a long lead time has on its way would be ordered again every morning.

    Items with a level up to which they are ordered are ordered up to it, instead of for the days until the next
    delivery: their target stock then stands for the safety stock in the sum.

    What the plan before proposed stays where ``kept_proposals`` lets it.

    net_requirement = gross_requirement + safety stock - on_hand - scheduled_receipts, all terms from needed_day to
    max_shortage_day, scheduled_receipts with scheduled_receipts_later. Orders are sorted by item and needed_day.
    """
    count, days = records.gross_requirement.shape
    buckets = records.on_hand.copy()
    planned_receipts = np.zeros_like(records.gross_requirement)
    planned_last = np.full(records.gross_requirement.shape, -1, dtype=np.int64)
    unmet = np.zeros(count)
    everything, late_until = np.arange(count), np.zeros(count, dtype=np.int64)
    used, expired, received, ordered = (np.zeros(count) for _ in range(4))
    deliveries = OpenDeliveries(offers)
    to_date = _ToDate(used, expired, received, ordered, np.zeros((count, days)), deliveries, offers.proposed.copy())
    placed = []
    for day in range(days):
        _receive_open_orders(buckets, everything, day, records)
        receive(buckets, planned_receipts[:, day], planned_last[:, day])
        to_date.ordered += planned_receipts[:, day]
        to_date.mornings[:, day] = total(buckets)
        for _ in range(MAX_SPLITS):
            left = total(buckets) - records.gross_requirement[:, day] - unmet
            missing = np.round(records.safety_stock - left, DECIMALS)
            is_short = ((missing > 0) | (records.reorders & (missing >= 0))) & (late_until <= day)
            if not is_short.any():
                break
            orders, is_full = _order(np.flatnonzero(is_short), day, buckets, unmet, records, offers, to_date)
            placed.append(orders)
            item, usable_day, quantity = (orders[name].to_numpy() for name in ("item", "usable_day", "quantity"))
            last = last_usable_day(orders["deliver_day"].to_numpy(), records.shelf_life[item])
            is_late = (usable_day > day) & (usable_day < days)
            np.add.at(planned_receipts, (item[is_late], usable_day[is_late]), quantity[is_late])
            planned_last[item[is_late], usable_day[is_late]] = last[is_late]
            late_until[item] = usable_day
            is_used = usable_day < to_date.proposed.shape[1]
            to_date.proposed[orders["offer"].to_numpy()[is_used], usable_day[is_used]] = 0.0
            _receive_in_time(item, usable_day, last, quantity, day, buckets, to_date)
            if not is_full:
                break
        required = records.gross_requirement[:, day] + unmet
        used = issue(buckets, required)
        unmet = np.round(required - used, DECIMALS)
        to_date.used += used
        to_date.expired += expire(buckets, day)
        to_date.scheduled_receipts += records.scheduled_receipts[:, day]
    orders = pl.concat([pl.DataFrame(schema=pl.Schema(PlannedOrders)), *placed])
    return conform(PlannedOrders, orders.sort("item", "needed_day", "deliver_day", "offer"))


def look_ahead(records: MrpRecords) -> Outlook:
    """The days from the plan date on, if nothing is ordered."""
    buckets = records.on_hand.copy()
    count = len(records.gross_requirement)
    _receive_open_orders(buckets, np.arange(count), 0, records)
    return _ahead(np.arange(count), 0, buckets, np.zeros(count), records, records.safety_stock)


def _receive_open_orders(buckets: Floats, items: Ints, day: int, records: MrpRecords) -> None:
    """Add to the buckets of ``items`` what open orders make usable on ``day``."""
    late, shelf_life = records.late_receipts[items, day], records.shelf_life[items]
    receive(buckets, records.scheduled_receipts[items, day] - late, last_usable_day(day, shelf_life))
    receive(buckets, late, last_usable_day(day - 1, shelf_life))


def _receive_in_time(
    item: Ints, usable_day: Ints, last_day: Ints, quantity: Floats, day: int, buckets: Floats, to_date: _ToDate
) -> None:
    """Add the orders that are usable by ``day`` to the stock of that day and of the days since they came."""
    row = np.flatnonzero(usable_day <= day)
    items = item[row]
    received, last = np.zeros(len(buckets)), np.full(len(buckets), -1, dtype=np.int64)
    received[items] = quantity[row]
    last[items] = last_day[row]
    receive(buckets, received, last)
    to_date.ordered += received
    since = np.arange(to_date.mornings.shape[1])
    lies_there = (since >= usable_day[row][:, None]) & (since <= day)
    to_date.mornings[items] += np.where(lies_there, quantity[row][:, None], 0.0)


def _order(
    short: Ints, day: int, buckets: Floats, unmet: Floats, records: MrpRecords, offers: Offers, to_date: _ToDate
) -> tuple[pl.DataFrame, bool]:
    """The orders to place for the items that are short on ``day``, and whether a delivery among them can bring no more.

    Each order is cut to the supplier's largest order and to what can be stored: it then covers as many days as fit.
    """
    offer, usable = _choose(day, records, offers, to_date.open)
    short = short[offer[short] >= 0]
    if not len(short):
        return pl.DataFrame(schema=pl.Schema(PlannedOrders)), False
    days = records.gross_requirement.shape[1]
    offer, usable = offer[short], usable[short]
    delivered = offers.delivery(offer, usable)
    target = records.target_stock[short]
    ahead = _ahead(short, day, buckets[short], unmet[short], records, target)
    before_next = np.minimum(
        to_date.open.following[offer, usable] - 1, last_usable_day(delivered, records.shelf_life[short])
    )
    begins = np.minimum(np.maximum(usable, day), days - 1)
    due = np.arange(days, records.scheduled_receipts.shape[1])
    later = np.where(due <= usable[:, None], records.scheduled_receipts[short, days:], 0.0).sum(axis=1)
    room = np.maximum(records.storage_limit[short] - _stock_then(short, usable, day, ahead, to_date), 0.0)
    # An order up to a level looks at the stock of its first day; what later days take brings the next one.
    lasts = np.where(target > records.safety_stock[short], begins, np.minimum(before_next, days - 1))
    limits = _limits(offer, begins, lasts, ahead, later, room, offers)
    fits, is_full, covered = limits.fits, limits.is_full, limits.covered
    shortage = _within(ahead.shortage, day, begins, covered)
    largest = shortage.argmax(axis=1)
    rows = np.arange(len(short))
    net = np.maximum(np.round(shortage[rows, largest] - later, DECIMALS), 0.0)
    quantity = np.where(is_full, fits, order_quantity(net, offers.minimum[offer], offers.pack[offer]))
    received_since = ahead.scheduled_receipts[rows, covered - day] - ahead.scheduled_receipts[rows, largest]
    wanted = Wanted(
        offer=offer,
        usable=usable,
        quantity=quantity,
        net_requirement=net,
        left_at_least=target + received_since,
        last_day_covered=covered,
        most=np.where(is_full, 0.0, fits),
        # Where storage is limited, it would have to be looked at on more days.
        can_come_sooner=~is_full & (usable <= day) & (records.storage_limit[short] == NO_LIMIT),
        shelf_life=records.shelf_life[short],
        use_to=ahead.gross_requirement,
        mean_use=records.gross_requirement[short].mean(axis=1),
        first_day=day,
    )
    usable, quantity, is_kept = keep(wanted, to_date.proposed, to_date.open.delivers, offers)
    by_store = is_full & (fits < offers.maximum[offer] - TOLERANCE)
    closes = is_full | (offers.maximum[offer] < NO_LIMIT)
    to_date.open.close(offer[closes], usable[closes], by_store[closes])
    arrived = records.scheduled_receipts[short, day]
    morning = total(buckets[short]) - arrived
    expired = ahead.expired[rows, largest]
    frame = pl.DataFrame(
        {
            "item": short,
            "offer": offer,
            "needed_day": np.full(len(short), day),
            "deliver_day": offers.delivery(offer, usable),
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
            "quantity": quantity,
            "kept_quantity": pl.Series(quantity).set(pl.Series(~is_kept), None),
            "latest_deliver_day": pl.Series(delivered).set(pl.Series(usable == wanted.usable), None),
            "added_for_minimum": np.zeros(len(short)),
            "limited_to": pl.Series(fits, nan_to_null=True).set(pl.Series(~is_full), None),
            "left_out": np.maximum(net - quantity, 0.0),
            "over_storage": np.maximum(quantity - room, 0.0),
            "expires_unused": expired,
            "used_before": to_date.used[short],
            "expired_before": to_date.expired[short],
            "scheduled_receipts_before": to_date.scheduled_receipts[short],
            "ordered_before": to_date.ordered[short],
        },
        schema=pl.Schema(PlannedOrders),
    )
    has_order = (pl.col("net_requirement") > 0) & (pl.col("quantity") > 0)
    return frame.filter(has_order).with_columns(pl.col(pl.Float64).round(DECIMALS)), bool(is_full.any())


@dataclass(frozen=True)
class _Limits:
    """What the supplier's terms and the storage let come of each order.

    Attributes:
        fits: the most that can come, in packs.
        is_full: whether that is less than what is wanted.
        covered: the last day that is covered; without an order's limit the last that it could cover.
    """

    fits: Floats
    is_full: NDArray[np.bool_]
    covered: Ints


def _limits(
    offer: Ints, begins: Ints, covered: Ints, ahead: Outlook, later: Floats, room: Floats, offers: Offers
) -> _Limits:
    """Cut each order to what can come; it then covers as many days from ``begins`` on as fit, at least one.

    Args:
        later: what open orders bring after the last day of requirements, which reduces the order.
        room: what can be stored.
    """
    minimum, pack = offers.minimum[offer], offers.pack[offer]
    least = order_quantity(np.zeros(len(offer)), minimum, pack)
    fits = most_within(np.minimum(offers.maximum[offer], room), pack)
    is_out = (_within(ahead.unmet, ahead.start, begins, covered) > 0).any(axis=1)
    # Without it something could not be baked: then the smallest order comes even where there is no room for all of it.
    fits = np.where((fits >= least) & (fits > 0), fits, np.where(is_out & (room < least), least, 0.0))
    running = np.maximum.accumulate(_within(ahead.shortage, ahead.start, begins, covered), axis=1)
    wanted = order_quantity(np.maximum(running[:, -1] - later, 0.0), minimum, pack)
    is_full = (wanted > fits + TOLERANCE) & (running[:, -1] > later)
    that_fit = (_within(running, ahead.start, begins, covered) >= 0) & (running - later[:, None] <= fits[:, None])
    cut = np.minimum(begins + np.maximum(that_fit.sum(axis=1) - 1, 0), covered)
    return _Limits(fits, is_full, np.where(is_full, cut, covered))


def _within(values: Floats, day: int, first: Ints, last: Ints) -> Floats:
    """Values of items by days from ``day`` on; -1 on days before ``first`` or after ``last`` of the item."""
    span = np.arange(day, day + values.shape[1])
    found: Floats = np.where((span >= first[:, None]) & (span <= last[:, None]), values, -1.0)
    return found


def _stock_then(items: Ints, usable: Ints, day: int, ahead: Outlook, to_date: _ToDate) -> Floats:
    """The most stock of each item, without the order, from the day on which it is usable up to ``day``, or on that day
    if it comes later."""
    since = np.arange(day + 1)
    lies_there = since >= usable[:, None]
    so_far = np.where(lies_there, to_date.mornings[items][:, : day + 1], 0.0).max(axis=1)
    place = np.clip(usable - day, 0, ahead.morning.shape[1] - 1)
    found: Floats = np.where(usable > day, ahead.morning[np.arange(len(items)), place], so_far)
    return found


def _choose(day: int, records: MrpRecords, offers: Offers, deliveries: OpenDeliveries) -> tuple[Ints, Ints]:
    """For each item the offer to take for a requirement on ``day`` (-1: none) and the day from which it is usable.

    Where there is no offer, the day says nothing.
    """
    count, last = len(records.gross_requirement), offers.delivers.shape[1]
    chosen = np.full(count, -1, dtype=np.int64)
    if not len(offers.item):
        return chosen, chosen.copy()
    latest, later = deliveries.latest[:, day], deliveries.following[:, day]
    number = np.arange(len(offers.item))
    delivered = offers.delivery(number, latest)
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


def _ahead(items: Ints, start: int, buckets: Floats, unmet: Floats, records: MrpRecords, level: Floats) -> Outlook:
    """Let the days from ``start`` on pass without orders; the receipts of ``start`` are in ``buckets`` already.

    Args:
        level: stock of each item that is to be left on every day.
    """
    days = records.gross_requirement.shape[1]
    buckets = buckets.copy()
    ahead = Outlook(start, *(np.zeros((len(items), days - start)) for _ in range(6)))
    expired = np.zeros(len(items))
    for place, day in enumerate(range(start, days)):
        if place:
            _receive_open_orders(buckets, items, day, records)
        ahead.morning[:, place] = total(buckets)
        required = records.gross_requirement[items, day] + unmet
        unmet = np.round(required - issue(buckets, required), DECIMALS)
        missing = np.maximum(level - total(buckets), 0.0)
        ahead.unmet[:, place] = unmet
        ahead.shortage[:, place] = np.round(unmet + missing, DECIMALS)
        ahead.expired[:, place] = expired
        expired = expired + expire(buckets, day)
    required_so_far = np.cumsum(records.gross_requirement[items, start:], axis=1)
    received_so_far = np.cumsum(records.scheduled_receipts[items, start:days], axis=1)
    ahead.gross_requirement[:] = np.round(required_so_far, DECIMALS)
    ahead.scheduled_receipts[:] = np.round(received_so_far, DECIMALS)
    return ahead
