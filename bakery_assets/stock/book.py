"""The book: stock of all items at once, lot by lot, and the movements that are written down of it.

An item's lots are slots of a row: arrays of items by slots, a slot without quantity being free. Nothing falls below
zero. Which event moves what is in ``actions``.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bakery_assets.quantities import DECIMALS
from bakery_assets.schemas.plans import MOVEMENT_KINDS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Columns = dict[str, Any]  # arrays with a value for each event

NEVER = 10_000_000  # expiry, in days since 1970, of what never expires
NOWHERE = -1
ANYWHERE = -2
SLOTS = 4  # lots of an item at once, to begin with
CODES = {kind: code for code, kind in enumerate(MOVEMENT_KINDS)}


@dataclass
class Book:
    """State of all items, and what was written down so far."""

    quantity: Floats
    lot: Ints
    place: Ints
    expires: Ints
    arrived: Ints
    promised: Floats
    fifo: Bools
    written: list[tuple[NDArray[Any], ...]] = field(default_factory=list)
    made: list[tuple[Ints, Floats]] = field(default_factory=list)
    missing: list[tuple[Ints, Floats]] = field(default_factory=list)
    consumed: list[tuple[Ints, Ints]] = field(default_factory=list)  # events, and last days of the lots they took

    def write(
        self, own: Columns, kind: str, quantity: Floats, lot: Ints, place: Ints, *, assumed: Bools | None = None
    ) -> None:
        """Write a movement of each event down, those of quantity 0 left out."""
        moved = np.flatnonzero(quantity)
        if len(moved):
            flags = own["assumed"] if assumed is None else assumed
            codes, never = np.full(len(moved), CODES[kind]), np.full(len(moved), NEVER)
            whose = own["event"][moved], own["row"][moved]
            self.written.append((*whose, lot[moved], place[moved], quantity[moved], codes, flags[moved], never))

    def write_slots(
        self, own: Columns, kind: str, quantity: Floats, *, sign: int, assumed: Bools, at: Ints | None = None
    ) -> None:
        """Write a movement of each slot down; ``at``: of the lots of another place, as if they were at this one."""
        event, slot = np.nonzero(quantity)
        if len(event):
            rows = own["row"][event]
            place = self.place[rows, slot] if at is None else at[event]
            codes, never = np.full(len(event), CODES[kind]), np.full(len(event), NEVER)
            moved = sign * quantity[event, slot]
            if kind == "consumption":
                self.consumed.append((own["event"][event], self.expires[rows, slot]))
            lot = self.lot[rows, slot]
            self.written.append((own["event"][event], rows, lot, place, moved, codes, assumed[event], never))

    def grow(self) -> None:
        """More slots."""
        more = ((0, 0), (0, SLOTS))
        self.quantity = np.pad(self.quantity, more)
        self.lot, self.place = np.pad(self.lot, more), np.pad(self.place, more)
        self.expires, self.arrived = np.pad(self.expires, more), np.pad(self.arrived, more)


def expire(book: Book, event: Ints, rows: Ints, through: Ints) -> None:
    gone = (book.quantity[rows] > 0) & (book.expires[rows] <= through[:, None])
    at, slots = np.nonzero(gone)
    if len(at):
        chosen = rows[at], slots
        lost, codes = -book.quantity[chosen], np.full(len(at), CODES["expiry"])
        sure = np.zeros(len(at), dtype=bool)
        days = book.expires[chosen]
        book.written.append((event[at], rows[at], book.lot[chosen], book.place[chosen], lost, codes, sure, days))
        book.quantity[chosen] = 0.0


def put(book: Book, rows: Ints, lot: Ints, place: Ints, quantity: Floats, expires: Ints, at: Ints) -> None:
    """Put quantities above 0 into slots; a lot of which something is left expires with the first of it."""
    some = np.flatnonzero(quantity > 0)
    rows, lot, place, quantity = rows[some], lot[some], place[some], quantity[some]
    expires, at = expires[some], at[some]
    same = (book.lot[rows] == lot[:, None]) & (book.place[rows] == place[:, None]) & (book.quantity[rows] > 0)
    is_there = same.any(axis=1)
    if not (is_there | (book.quantity[rows] == 0).any(axis=1)).all():
        book.grow()
        same = np.pad(same, ((0, 0), (0, SLOTS)))
    chosen = rows, np.where(is_there, same.argmax(axis=1), (book.quantity[rows] == 0).argmax(axis=1))
    book.lot[chosen], book.place[chosen] = lot, place
    book.expires[chosen] = np.where(is_there, np.minimum(book.expires[chosen], expires), expires)
    book.arrived[chosen] = np.where(is_there, np.minimum(book.arrived[chosen], at), at)
    book.quantity[chosen] = np.round(book.quantity[chosen] + quantity, DECIMALS)


def issue(book: Book, rows: Ints, wanted: Floats, allowed: Bools) -> Floats:
    """Take up to ``wanted`` from the slots allowed, by each tenant's way of issuing; what each slot gave."""
    stock = np.where(allowed, book.quantity[rows], 0.0)
    fifo = book.fifo[rows][:, None]
    expires, arrived = book.expires[rows], book.arrived[rows]
    first, then = np.where(fifo, arrived, expires), np.where(fifo, expires, arrived)
    order = np.lexsort((book.place[rows], book.lot[rows], then, first), axis=1)
    stock = np.take_along_axis(stock, order, axis=1)
    before = np.cumsum(stock, axis=1) - stock
    taken = np.empty_like(stock)
    given = np.round(np.clip(wanted[:, None] - before, 0.0, stock), DECIMALS)
    np.put_along_axis(taken, order, given, axis=1)
    book.quantity[rows] = np.round(book.quantity[rows] - taken, DECIMALS)
    return taken


def slots_here(book: Book, own: Columns) -> Bools:
    """Slots with stock at the event's location, of its lot where it names one."""
    rows = own["row"]
    of_lot = (own["lot"][:, None] == NOWHERE) | (book.lot[rows] == own["lot"][:, None])
    here: Bools = of_lot & (book.place[rows] == own["place"][:, None]) & (book.quantity[rows] > 0)
    return here


def not_given(wanted: Floats, taken: Floats) -> Floats:
    rest: Floats = np.round(wanted - taken.sum(axis=1), DECIMALS)
    return rest
