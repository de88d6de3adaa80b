"""Actions: what an event of each kind does to the lots of its item, and what it writes down of it.

Each function takes one event of some items, all of the same kind, as columns; no item has two of them.
"""

import numpy as np

from bakery_assets.quantities import DECIMALS
from bakery_assets.stock.book import (
    ANYWHERE,
    NEVER,
    NOWHERE,
    Book,
    Bools,
    Columns,
    Floats,
    Ints,
    issue,
    not_given,
    put,
    slots_here,
)
from bakery_assets.stock.events import Action


def _receive(book: Book, own: Columns) -> None:
    put(book, own["row"], own["lot"], own["place"], own["quantity"], own["expires"], own["at"])
    book.write(own, "receipt", own["quantity"], own["lot"], own["place"])


def _produce(book: Book, own: Columns) -> None:
    put(book, own["row"], own["lot"], own["place"], own["quantity"], own["expires"], own["at"])
    book.write(own, "production", own["quantity"] + own["wasted"], own["lot"], own["place"])
    book.write(own, "waste", -own["wasted"], own["lot"], own["place"])


def _begin(book: Book, own: Columns) -> None:
    """Begin what stock does not cover that no earlier batch was promised; the rest of the stock is promised."""
    rows = own["row"]
    free = np.maximum(book.quantity[rows].sum(axis=1) - book.promised[rows], 0.0)
    begun = np.round(np.maximum(own["quantity"] - free, 0.0), DECIMALS)
    book.promised[rows] += own["quantity"]
    put(book, rows, own["lot"], own["place"], begun, own["expires"], own["at"])
    book.write(own, "production", begun, own["lot"], own["place"])
    book.made.append((own["event"], begun))


def _take_back(book: Book, own: Columns) -> None:
    _add_to_last(book, own, own["quantity"], "sale", "sale")


def _add_to_last(book: Book, own: Columns, quantity: Floats, kind: str, kind_of_new: str) -> None:
    """Add to the location's lot that came last; where there is none, to a new one."""
    rows = own["row"]
    here = (book.place[rows] == own["place"][:, None]) & (book.quantity[rows] > 0)
    is_there = here.any(axis=1) & (quantity > 0)
    last = np.lexsort((book.lot[rows], np.where(here, book.arrived[rows], np.iinfo(np.int64).min), here), axis=1)[:, -1]
    chosen = rows[is_there], last[is_there]
    more = np.where(is_there, quantity, 0.0)
    book.write(own, kind, more, book.lot[rows, last], own["place"])
    book.quantity[chosen] = np.round(book.quantity[chosen] + quantity[is_there], DECIMALS)
    new = np.where(is_there, 0.0, quantity)
    put(book, rows, own["new_lot"], own["place"], new, own["expires"], own["at"])
    book.write(own, kind_of_new, new, own["new_lot"], own["place"])


def _transfer(book: Book, own: Columns) -> None:
    rows, to = own["row"], own["second"]
    taken = issue(book, rows, own["quantity"], slots_here(book, own))
    lot, expires, arrived = book.lot[rows], book.expires[rows], book.arrived[rows]
    book.write_slots(own, "transfer", taken, sign=-1, assumed=own["assumed"])
    book.write_slots(own, "transfer", taken, sign=1, assumed=own["assumed"], at=to)
    for slot in range(taken.shape[1]):
        put(book, rows, lot[:, slot], to, taken[:, slot], expires[:, slot], arrived[:, slot])
    # A plan's trip takes what there is; what it does not find is no fact that has to be explained.
    rest = np.where(own["assumed"], 0.0, not_given(own["quantity"], taken))
    raised = _make_up(book, own, rest, own["place"])
    book.write(own, "transfer", -raised, own["new_lot"], own["place"])
    book.write(own, "transfer", raised, own["new_lot"], to)
    put(book, rows, own["new_lot"], to, raised, own["expires"], own["at"])


def _make_up(book: Book, own: Columns, rest: Floats, place: Ints) -> Floats:
    """What is taken beyond the book was made, where that may be assumed; returns it. Otherwise it is unexplained."""
    raised: Floats = np.where(own["raised"], rest, 0.0)
    book.write(own, "production", raised, own["new_lot"], place, assumed=np.ones(len(rest), dtype=bool))
    book.made.append((own["event"], raised))
    book.missing.append((own["event"], rest - raised))
    return raised


def _take(book: Book, own: Columns, kind: str) -> None:
    """Take from the location's lots, then from where else is allowed."""
    rows: Ints = own["row"]
    here: Ints = own["place"]
    second: Ints = own["second"]
    rest = _take_of_lot(book, own, kind)
    taken = issue(book, rows, rest, (book.place[rows] == here[:, None]) & (book.quantity[rows] > 0))
    book.write_slots(own, kind, taken, sign=-1, assumed=own["assumed"])
    rest = not_given(rest, taken)
    if ((second != NOWHERE) & (rest > 0)).any():
        stock = book.quantity[rows] > 0
        anywhere = (second == ANYWHERE)[:, None] & stock
        elsewhere = issue(book, rows, rest, anywhere)
        book.write_slots(own, kind, elsewhere, sign=-1, assumed=own["assumed"])
        rest = _bring(book, own, kind, not_given(rest, elsewhere), stock & (book.place[rows] == second[:, None]))
    if (own["takes_back"] & (rest > 0)).any():
        rest = _bring(book, own, kind, rest, own["takes_back"][:, None] & (book.quantity[rows] > 0))
    kitchen: Ints = np.where(second >= 0, second, here)
    raised = _make_up(book, own, rest, kitchen)
    carried = np.where(kitchen != here, raised, 0.0)
    everywhere = np.ones(len(rows), dtype=bool)
    book.write(own, "transfer", -carried, own["new_lot"], kitchen, assumed=everywhere)
    book.write(own, "transfer", carried, own["new_lot"], here, assumed=everywhere)
    book.write(own, kind, -raised, own["new_lot"], here)


def _take_of_lot(book: Book, own: Columns, kind: str) -> Floats:
    """Take from the lot that an event names, wherever it is; returns what is still wanted.

    That left the house as well, so other lots give it: the lot's name is wrong then, not the quantity.
    """
    rows: Ints = own["row"]
    rest: Floats = own["quantity"]
    of_lot = (own["lot"] != NOWHERE)[:, None] & (book.lot[rows] == own["lot"][:, None])
    if not of_lot.any():
        return rest
    for allowed in (of_lot & (book.place[rows] == own["place"][:, None]), of_lot):
        taken = issue(book, rows, rest, allowed & (book.quantity[rows] > 0))
        book.write_slots(own, kind, taken, sign=-1, assumed=own["assumed"])
        rest = not_given(rest, taken)
    return rest


def _bring(book: Book, own: Columns, kind: str, wanted: Floats, allowed: Bools) -> Floats:
    """Take from the slots allowed what was brought from there without a word; returns what is still wanted."""
    everywhere = np.ones(len(wanted), dtype=bool)
    brought = issue(book, own["row"], wanted, allowed)
    book.write_slots(own, "transfer", brought, sign=-1, assumed=everywhere)
    book.write_slots(own, "transfer", brought, sign=1, assumed=everywhere, at=own["place"])
    book.write_slots(own, kind, brought, sign=-1, assumed=own["assumed"], at=own["place"])
    return not_given(wanted, brought)


def _consume(book: Book, own: Columns) -> None:
    book.promised[own["row"]] = np.maximum(np.round(book.promised[own["row"]] - own["quantity"], DECIMALS), 0.0)
    _take(book, own, "consumption")


def _sell(book: Book, own: Columns) -> None:
    _take(book, own, "sale")


def _discard(book: Book, own: Columns) -> None:
    _take(book, own, "waste")


def _send_back(book: Book, own: Columns) -> None:
    _take(book, own, "supplier_return")


def _count_lot(book: Book, own: Columns) -> None:
    """Set a lot to what was found; it keeps its last day unless the count names one."""
    rows, found = own["row"], own["quantity"]
    same = slots_here(book, own)
    is_there = same.any(axis=1)
    slot = same.argmax(axis=1)
    chosen = rows[is_there], slot[is_there]
    difference = np.where(is_there, np.round(found - book.quantity[rows, slot], DECIMALS), 0.0)
    book.write(own, "adjustment", difference, own["lot"], own["place"])
    named = own["expires"][is_there]
    book.quantity[chosen] = np.round(found[is_there], DECIMALS)
    book.expires[chosen] = np.where(named == NEVER, book.expires[chosen], named)
    new = np.where(is_there, 0.0, found)
    put(book, rows, own["lot"], own["place"], new, own["expires"], own["at"])
    book.write(own, "count", new, own["lot"], own["place"])


def _count_item(book: Book, own: Columns) -> None:
    """Bring the lots of a location to what was found of all: less is taken as issued, more is of the last lot."""
    rows = own["row"]
    here = slots_here(book, own)
    stock = np.where(here, book.quantity[rows], 0.0).sum(axis=1)
    difference = np.round(own["quantity"] - stock, DECIMALS)
    taken = issue(book, rows, np.maximum(-difference, 0.0), here)
    book.write_slots(own, "adjustment", taken, sign=-1, assumed=own["assumed"])
    _add_to_last(book, own, np.maximum(difference, 0.0), "adjustment", "count")


ACTIONS = {
    Action.RECEIVE: _receive,
    Action.PRODUCE: _produce,
    Action.BEGIN: _begin,
    Action.TAKE_BACK: _take_back,
    Action.TRANSFER: _transfer,
    Action.CONSUME: _consume,
    Action.SELL: _sell,
    Action.EXPECT_SALE: _sell,
    Action.DISCARD: _discard,
    Action.SEND_BACK: _send_back,
    Action.COUNT_LOT: _count_lot,
    Action.COUNT_ITEM: _count_item,
}
