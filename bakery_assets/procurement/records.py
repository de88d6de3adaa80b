"""What ordering works on: the records of each item, the orders planned for it, and how quantities are rounded.

Arrays of items by days, day 0 being the plan date. How orders come about is in ``replenishment``.
"""

from dataclasses import dataclass, fields, replace

import dataframely as dy
import numpy as np
import polars as pl
from numpy.typing import NDArray

from bakery_assets.materials.expiry_buckets import Floats, Ints, last_usable_day
from bakery_assets.procurement.offers import Offers
from bakery_assets.quantities import DECIMALS, TOLERANCE
from bakery_assets.schemas import columns as col

NEVER = 1_000_000  # a day that does not come
NO_LIMIT = np.inf
MAX_ROWS = 2**31 - 1


class PlannedOrders(dy.Schema):
    """Orders with the terms of their sums; days are counted from the plan date, quantities in the item's unit."""

    item = col.integer("Row of the item", maximum=MAX_ROWS, primary_key=True)
    offer = col.integer("Row of the offer", maximum=MAX_ROWS, primary_key=True)
    needed_day = col.integer("First day on which stock falls below its safety stock", primary_key=True)
    deliver_day = col.integer("Day of delivery", primary_key=True)
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
    quantity = col.metric("Quantity to order, after minimum, pack and limits", nullable=False)
    kept_quantity = col.number(
        "What the plan before proposed, where it stays although less is wanted; empty: the quantity is the wanted one",
        nullable=True,
    )
    latest_deliver_day = col.integer(
        "The last delivery in time, where the plan before proposed an earlier one, which stays; empty: it is the last",
        nullable=True,
    )
    added_for_minimum = col.metric(
        "Part of quantity that is ordered for later so that the delivery meets its minimum order value", nullable=False
    )
    limited_to = col.number(
        "What the supplier's largest order and the storage let come; empty: no limit cuts the order", nullable=True
    )
    left_out = col.metric("Part of net_requirement beyond the supplier's largest order or the storage", nullable=False)
    over_storage = col.metric(
        "Part of quantity for which there is no room: the smallest order forces it", nullable=False
    )
    expires_unused = col.metric("Stock that expires from needed_day on, before max_shortage_day", nullable=False)
    # How on_hand came about, from the plan date to the morning of needed_day.
    used_before = col.metric("Stock used", nullable=False)
    expired_before = col.metric("Stock expired", nullable=False)
    scheduled_receipts_before = col.metric("Open orders received", nullable=False)
    ordered_before = col.metric("Earlier orders of this plan received", nullable=False)

    @dy.rule()
    def orders_cover_the_net_requirement(cls) -> pl.Expr:
        """quantity >= net_requirement - left_out, and net_requirement > 0."""
        net = pl.col("net_requirement")
        return (net > 0) & (pl.col("quantity") >= net - pl.col("left_out") - TOLERANCE)

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
        shelf_life: days whose baking a delivery can cover, see ``materials.baking_starts``.
        late_receipts: the part of scheduled_receipts that was delivered on the day before.
        storage_limit: the most of which there may ever be stock; ``NO_LIMIT``: any.
        target_stock: quantity that an order is to leave; where it is not the safety stock, the order is one up to this
            level, and covers its first day.
        reorders: whether an order is placed as soon as no more than the safety stock is left.
    """

    gross_requirement: Floats
    scheduled_receipts: Floats
    on_hand: Floats
    safety_stock: Floats
    shelf_life: Ints
    late_receipts: Floats
    storage_limit: Floats
    target_stock: Floats
    reorders: NDArray[np.bool_]

    def of(self, items: Ints) -> "MrpRecords":
        """The records of some items only, in their order."""
        return MrpRecords(**{each.name: getattr(self, each.name)[items] for each in fields(self)})


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
    delivered = offers.delivery(np.arange(len(latest))[:, None], latest)
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


def most_within(limit: Floats, pack: Floats) -> Floats:
    """The largest multiple of ``pack`` (0: any quantity) that is not above ``limit``."""
    packs = np.floor(np.round(limit / np.where(pack > 0, pack, 1.0), 9))
    return np.where(pack > 0, packs * np.where(pack > 0, pack, 1.0), limit).astype(np.float64).round(DECIMALS)


def days_or_null(days: Ints) -> pl.Series:
    """Days as a column, ``NEVER`` as null."""
    return pl.Series(days).replace(NEVER, None)
