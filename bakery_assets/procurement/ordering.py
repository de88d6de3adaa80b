"""Time-phased ordering: when stock falls short, what is ordered, and for which delivery.

Pure arrays: items by days, day 0 being the plan date. All items go through the days together.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from bakery_assets.materials.expiry_buckets import Floats, Ints, expire, last_day, receive, take, total
from bakery_assets.procurement.offers import Offers
from bakery_assets.quantities import DECIMALS

ORDERS = {
    "item": pl.Int64,  # row of the item
    "offer": pl.Int64,  # row of the offer
    "needed_day": pl.Int64,  # first day on which stock falls below its safety stock
    "deliver_day": pl.Int64,
    "last_day_covered": pl.Int64,  # the next delivery, or the end of the shelf life, comes after it
    "decisive_day": pl.Int64,  # day up to which the sum runs: the day of the greatest shortage
    "runs_out_day": pl.Int64,  # first day on which need is unmet if neither this nor a later order is placed
    "gross": pl.Float64,  # need from needed_day to decisive_day, and what was unmet before
    "unmet_before": pl.Float64,  # the part of gross that was unmet before needed_day
    "on_hand": pl.Float64,  # stock on the morning of needed_day, without what expires unused by decisive_day
    "incoming": pl.Float64,  # open orders arriving from needed_day to decisive_day, and incoming_later
    "incoming_later": pl.Float64,  # open orders after the last day of need, by deliver_day
    "net": pl.Float64,
    "quantity": pl.Float64,
    "expires_unused": pl.Float64,  # from needed_day on, before decisive_day
    # How on_hand came about, from the plan date to the morning of needed_day:
    "used_before": pl.Float64,
    "expired_before": pl.Float64,
    "incoming_before": pl.Float64,
    "ordered_before": pl.Float64,  # by earlier orders of this plan
}
NEVER = 1_000_000
NONE = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Needs:
    """What ordering knows of its items.

    Attributes:
        gross: items by days: requirement.
        incoming: items by days: open orders; may go on after the last day of gross.
        on_hand: shelves on the first morning, items by days + 1 (see ``inventory.shelf``).
        safety: stock that should always be left.
        shelf_life: days that a delivery keeps.
    """

    gross: Floats
    incoming: Floats
    on_hand: Floats
    safety: Floats
    shelf_life: Ints


@dataclass(frozen=True)
class Outlook:
    """Days to come without further orders: items by days from ``start`` on.

    Attributes:
        shortage: unmet need so far plus what is missing of the safety stock.
        unmet: need since ``start`` that stock has not met yet.
        gross, incoming, expired: sums from ``start``; expired up to the evening before.
    """

    start: int
    shortage: Floats
    unmet: Floats
    gross: Floats
    incoming: Floats
    expired: Floats

    @property
    def runs_out_day(self) -> Ints:
        """First day with unmet need; ``NEVER``: none."""
        is_unmet = self.unmet > 0
        return np.where(is_unmet.any(axis=1), self.start + is_unmet.argmax(axis=1), NEVER)


@dataclass
class _Past:
    """What has become of each item's stock since the plan date: one element per item."""

    used: Floats
    expired: Floats
    incoming: Floats
    ordered: Floats


def place_orders(needs: Needs, offers: Offers) -> pl.DataFrame:
    """Propose orders so that stock never falls below its safety stock, as far as deliveries allow.

    Day by day: where the stock left after the day's need is below the safety stock, the cheapest offer
    that can still come by that day, and keep until it, is ordered for its last delivery by that day. It
    covers every need until that supplier's next delivery or the end of the shelf life: the greatest
    shortage on the way is the net requirement, to which minimum and pack are applied once. What is over
    is stock for the days that follow. If no offer can come in time, the one that comes first is late, and
    nothing more is ordered until it is there. Need that stock could not meet stays wanted until then. An order
    that comes after the last day of need is less by what open orders bring after that day and no later than it:
    else what a long lead time has on its way would be ordered anew every morning.

    net = gross + safety stock - on_hand - incoming, all terms from needed_day to decisive_day, incoming with
    incoming_later.

    Returns:
        ``ORDERS``, sorted by item and needed_day.
    """
    count, days = needs.gross.shape
    shelf = needs.on_hand.copy()
    proposed = np.zeros_like(needs.gross)
    unmet = np.zeros(count)
    waits_until = np.zeros(count, dtype=np.int64)
    past = _Past(*(np.zeros(count) for _ in range(4)))
    placed = [pl.DataFrame(schema=ORDERS)]
    for day in range(days):
        receive(shelf, needs.incoming[:, day] + proposed[:, day], last_day(day, needs.shelf_life))
        past.ordered += proposed[:, day]
        left = total(shelf) - needs.gross[:, day] - unmet
        short = np.flatnonzero((np.round(needs.safety - left, DECIMALS) > 0) & (waits_until <= day))
        orders = _order(short, day, shelf, unmet, needs, offers, past)
        placed.append(orders)
        item, delivered, quantity = (orders[name].to_numpy() for name in ("item", "deliver_day", "quantity"))
        in_time, within = delivered <= day, (delivered > day) & (delivered < days)
        fresh = np.zeros(count)
        fresh[item[in_time]] = quantity[in_time]
        usable = np.full(count, -1, dtype=np.int64)
        usable[item] = last_day(delivered, needs.shelf_life[item])
        receive(shelf, fresh, usable)
        proposed[item[within], delivered[within]] += quantity[within]
        waits_until[item] = delivered
        wanted = needs.gross[:, day] + unmet
        used = take(shelf, wanted)
        unmet = np.round(wanted - used, DECIMALS)
        past.used += used
        past.expired += expire(shelf, day)
        past.incoming += needs.incoming[:, day]
        past.ordered += fresh
    return pl.concat(placed).sort("item", "needed_day")


def order_quantity(net: Floats, minimum: Floats, pack: Floats) -> Floats:
    """The smallest order that covers ``net``, is at least ``minimum`` and a multiple of ``pack`` (0: any)."""
    least = np.maximum(net, minimum)
    packs = np.ceil(np.round(least / np.where(pack > 0, pack, 1.0), 9))
    return np.where(pack > 0, packs * pack, least).astype(np.float64).round(DECIMALS)


def look_ahead(needs: Needs) -> Outlook:
    """All days to come if nothing is ordered."""
    shelf = needs.on_hand.copy()
    receive(shelf, needs.incoming[:, 0], last_day(0, needs.shelf_life))
    count = len(needs.gross)
    return _ahead(np.arange(count), 0, shelf, np.zeros(count), needs)


def _order(
    short: Ints, day: int, shelf: Floats, unmet: Floats, needs: Needs, offers: Offers, past: _Past
) -> pl.DataFrame:
    """The orders to place for the items that are short on ``day``."""
    offer, delivered = _choose(day, needs, offers)
    short = short[offer[short] >= 0]
    if not len(short):
        return pl.DataFrame(schema=ORDERS)
    days = needs.gross.shape[1]
    offer, delivered = offer[short], delivered[short]
    ahead = _ahead(short, day, shelf[short], unmet[short], needs)
    following = offers.following[offer, delivered]
    covered = np.minimum(np.minimum(following - 1, last_day(delivered, needs.shelf_life[short])), days - 1)
    covered = np.where(delivered >= days, days - 1, covered)
    begins = np.minimum(np.maximum(delivered, day), days - 1)
    span = np.arange(day, days)
    counts = (span >= begins[:, None]) & (span <= covered[:, None])
    shortage = np.where(counts, ahead.shortage, -1.0)
    decisive = shortage.argmax(axis=1)
    rows = np.arange(len(short))
    due = np.arange(days, needs.incoming.shape[1])
    later = np.where(due <= delivered[:, None], needs.incoming[short, days:], 0.0).sum(axis=1)
    net = np.maximum(np.round(shortage[rows, decisive] - later, DECIMALS), 0.0)
    arrived = needs.incoming[short, day]
    morning = total(shelf[short]) - arrived
    lost = ahead.expired[rows, decisive]
    frame = pl.DataFrame(
        {
            "item": short,
            "offer": offer,
            "needed_day": np.full(len(short), day),
            "deliver_day": delivered,
            "last_day_covered": covered,
            "decisive_day": day + decisive,
            "runs_out_day": ahead.runs_out_day,
            "gross": unmet[short] + ahead.gross[rows, decisive],
            "unmet_before": unmet[short],
            "on_hand": np.maximum(morning - lost, 0.0),
            "incoming": ahead.incoming[rows, decisive] - np.maximum(lost - morning, 0.0) + later,
            "incoming_later": later,
            "net": net,
            "quantity": order_quantity(net, offers.minimum[offer], offers.pack[offer]),
            "expires_unused": lost,
            "used_before": past.used[short],
            "expired_before": past.expired[short],
            "incoming_before": past.incoming[short],
            "ordered_before": past.ordered[short],
        },
        schema=ORDERS,
    )
    return frame.filter(pl.col("net") > 0).with_columns(pl.col(pl.Float64).round(DECIMALS))


def _choose(day: int, needs: Needs, offers: Offers) -> tuple[Ints, Ints]:
    """For each item the offer to take for a need on ``day`` (-1: none) and its delivery day."""
    count, last = len(needs.gross), offers.delivers.shape[1]
    chosen = np.full(count, -1, dtype=np.int64)
    if not len(offers.item):
        return chosen, chosen.copy()
    latest, later = offers.latest[:, day], offers.following[:, day]
    number = np.arange(len(offers.item))
    in_time = (latest >= 0) & (last_day(latest, needs.shelf_life[offers.item]) >= day)
    items, starts = np.unique(offers.item, return_index=True)
    best = np.minimum.reduceat(np.where(in_time, number, NONE), starts)
    soonest = np.minimum.reduceat(np.where(later < last, later * len(number) + number, NONE), starts)
    is_late = (best == NONE) & (soonest < NONE)
    chosen[items] = np.where(best < NONE, best, np.where(is_late, soonest % len(number), -1))
    delivered = np.full(count, -1, dtype=np.int64)
    found = chosen[items]
    delivered[items] = np.where(found < 0, -1, np.where(is_late, later[found], latest[found]))
    return chosen, delivered


def _ahead(items: Ints, start: int, shelf: Floats, unmet: Floats, needs: Needs) -> Outlook:
    """Let the days from ``start`` on pass without orders; the receipts of ``start`` are on the shelf already."""
    days = needs.gross.shape[1]
    shelf = shelf.copy()
    ahead = Outlook(start, *(np.zeros((len(items), days - start)) for _ in range(5)))
    lost = np.zeros(len(items))
    for place, day in enumerate(range(start, days)):
        if place:
            receive(shelf, needs.incoming[items, day], last_day(day, needs.shelf_life[items]))
        wanted = needs.gross[items, day] + unmet
        unmet = np.round(wanted - take(shelf, wanted), DECIMALS)
        missing = np.maximum(needs.safety[items] - total(shelf), 0.0)
        ahead.unmet[:, place] = unmet
        ahead.shortage[:, place] = np.round(unmet + missing, DECIMALS)
        ahead.expired[:, place] = lost
        lost = lost + expire(shelf, day)
    ahead.gross[:] = np.round(np.cumsum(needs.gross[items, start:], axis=1), DECIMALS)
    ahead.incoming[:] = np.round(np.cumsum(needs.incoming[items, start:days], axis=1), DECIMALS)
    return ahead
