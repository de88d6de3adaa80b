"""Kept proposals: what the plan before proposed stays as it is where the newest figures ask for hardly anything else.

Otherwise proposals move with every forecast ("nervousness", Blackburn, Kropp & Millen 1986, Management Science 32(4)).
Only what can wait is damped: a quantity that is more than enough, and a delivery that comes sooner than it has to. What
is needed sooner or in a larger quantity is ordered at once. How orders come about is in ``replenishment``.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bakery_assets.materials.expiry_buckets import NO_EXPIRY, Floats, Ints, last_usable_day
from bakery_assets.procurement.offers import Offers
from bakery_assets.procurement.records import order_quantity
from bakery_assets.quantities import TOLERANCE


@dataclass(frozen=True)
class Wanted:
    """Orders as the newest figures want them; one element for each.

    Attributes:
        offer, usable: row of the offer, and the day from which the order can be used.
        quantity, net_requirement: to order, and what of it is needed to keep the safety stock.
        left_at_least: what is to be left on ``last_day_covered`` in addition to what the order has too much.
        most: the largest quantity that can come.
        can_come_sooner: whether the order may come before its last delivery in time.
        shelf_life: days that a delivery keeps.
        use_to: what is used from ``first_day`` up to each day of the outlook; ``mean_use`` of a day after it.
    """

    offer: Ints
    usable: Ints
    quantity: Floats
    net_requirement: Floats
    left_at_least: Floats
    last_day_covered: Ints
    most: Floats
    can_come_sooner: NDArray[np.bool_]
    shelf_life: Ints
    use_to: Floats
    mean_use: Floats
    first_day: int


def keep(
    wanted: Wanted, proposed: Floats, delivers: NDArray[np.bool_], offers: Offers
) -> tuple[Ints, Floats, NDArray[np.bool_]]:
    """Days from which the orders are usable, their quantities, and whether the quantity is one of the plan before.

    A quantity stays where it is enough, and what is wanted is less by less than the threshold. A delivery stays where
    it is at most ``early_days`` before the last one in time; of several the first, so that each need takes the next
    proposal and none is left over. Nothing stays of which something would then expire before it is used.

    Args:
        proposed, delivers: offers by days, what is left of the plan before, and the deliveries that can bring more.
    """
    usable, quantity = wanted.usable.copy(), wanted.quantity.copy()
    is_kept = np.zeros(len(usable), dtype=np.bool_)
    is_open = np.ones(len(usable), dtype=np.bool_)
    offer, early_days = wanted.offer, offers.early_days[wanted.offer]
    for early in range(int(early_days.max(initial=0)), -1, -1):
        at = wanted.usable - early
        counts = is_open & (at >= 0) & (at < proposed.shape[1])
        counts &= (early == 0) | (wanted.can_come_sooner & (early <= early_days))
        place = np.clip(at, 0, proposed.shape[1] - 1)
        proposed_then = np.where(counts & delivers[offer, place], proposed[offer, place], 0.0)
        is_there = proposed_then > 0
        if not is_there.any():
            continue
        less = proposed_then - wanted.quantity
        stays = is_there & (less >= -TOLERANCE) & (less < offers.change_threshold[offer] * proposed_then)
        stays &= proposed_then <= wanted.most + TOLERANCE
        in_packs = order_quantity(proposed_then, offers.minimum[offer], offers.pack[offer])
        stays &= np.abs(in_packs - proposed_then) <= TOLERANCE
        stays &= _is_used(wanted, proposed_then, offers.delivery(offer, at))
        comes = stays | (is_there & (early > 0) & _is_used(wanted, wanted.quantity, offers.delivery(offer, at)))
        usable = np.where(comes, at, usable)
        quantity = np.where(stays, proposed_then, quantity)
        is_kept |= stays & (less > TOLERANCE)
        is_open &= ~comes
    return usable, quantity, is_kept


def _is_used(wanted: Wanted, quantity: Floats, delivered: Ints) -> NDArray[np.bool_]:
    """Whether orders that are delivered on ``delivered`` keep for the days that they cover, and what they leave is used
    before it expires, taken that none of it is older."""
    last = last_usable_day(delivered, wanted.shelf_life)
    left = wanted.left_at_least + quantity - wanted.net_requirement
    used = _used_by(wanted, last) - _used_by(wanted, wanted.last_day_covered)
    keeps = (last >= wanted.last_day_covered) & (used >= left - TOLERANCE)
    return (wanted.shelf_life >= NO_EXPIRY) | keeps


def _used_by(wanted: Wanted, day: Ints) -> Floats:
    """What is used from ``first_day`` up to a day, on days after the outlook the mean."""
    days = wanted.use_to.shape[1]
    place = np.clip(day - wanted.first_day, 0, days - 1)
    beyond = np.maximum(day - wanted.first_day - (days - 1), 0)
    used: Floats = wanted.use_to[np.arange(len(day)), place] + beyond * wanted.mean_use
    return used
