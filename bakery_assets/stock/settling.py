"""Settling: stock events, in the order in which they happened, become movements of lots.

All items of all tenants go through their first event at once, then through their second, and so on. An item's lots
are slots of a row: arrays of items by slots, a slot without quantity being free. Nothing falls below zero.
"""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import dataframely as dy
import numpy as np
import polars as pl
from numpy.typing import NDArray

from bakery_assets.keys import ITEM
from bakery_assets.quantities import DECIMALS
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform
from bakery_assets.schemas.plans import MOVEMENT_KINDS
from bakery_assets.stock.events import Action, StockEvents

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Columns = dict[str, Any]  # arrays with a value for each event

NEVER = 10_000_000  # expiry, in days since 1970, of what never expires
NOWHERE = -1
ANYWHERE = -2
SLOTS = 4  # lots of an item at once, to begin with
KIND_OF = {
    Action.RECEIVE: "receipt", Action.PRODUCE: "production", Action.CONSUME: "consumption", Action.SELL: "sale",
    Action.DISCARD: "waste",
}  # fmt: skip
CODES = {kind: code for code, kind in enumerate(MOVEMENT_KINDS)}
WRITTEN = ("event", "row", "lot", "place", "quantity", "kind", "is_assumed", "expired_on")


class Lots(dy.Schema):
    """Stock of lots; no row has quantity 0."""

    tenant_id = col.key_text("The bakery", primary_key=True)
    item_kind = col.key_text("What it is", primary_key=True)
    item_id = col.key_text("The item", primary_key=True)
    location_id = col.key_text("Where it is", primary_key=True)
    lot_id = col.key_text("The lot", primary_key=True)
    quantity = col.number("Stock of the lot, in the item's unit")
    expires_on = col.date("Last day it may be used; empty: no expiry", nullable=True)
    arrived_at = col.instant("When the first of it came")


class Promised(dy.Schema):
    """Intermediates that were begun for batches which have not taken them yet."""

    tenant_id = col.key_text("The bakery", primary_key=True)
    item_kind = col.key_text("What it is", primary_key=True)
    item_id = col.key_text("The item", primary_key=True)
    promised = col.number("Quantity, in the item's unit")


@dataclass(frozen=True)
class _Names:
    """What the numbers of items, events, lots and places stand for."""

    items: pl.DataFrame
    events: pl.DataFrame
    lots: pl.DataFrame
    places: pl.DataFrame


@dataclass(frozen=True)
class Settled:
    """What events come to.

    Attributes:
        made: what was begun or has to have been made, with the event's item, location, time and made_on.
        unexplained: what was taken beyond the book and cannot be assumed to have been made.
        taken: the last day of the lot that expires first of what was consumed, by item and source.
        lots: stock that is left.
        promised: of intermediates.
    """

    made: pl.DataFrame
    unexplained: pl.DataFrame
    taken: pl.DataFrame
    lots: dy.DataFrame[Lots]
    promised: dy.DataFrame[Promised]
    written: pl.DataFrame
    names: _Names

    def movements(self) -> pl.DataFrame:
        """Movements by name: item, location_id, lot_id, happened_at (of an expiry empty, with its expired_on), kind,
        quantity, source, is_assumed, and number: the order within an item. Only those that are wanted are spelled out.
        """
        names = self.names
        return (
            self.written.with_row_index("number")
            .join(names.items, on="row", how="left", maintain_order="left")
            .join(names.lots, on="lot", how="left", maintain_order="left")
            .join(names.places, on="place", how="left", maintain_order="left")
            .join(names.events.select("event", "happened_at", "source"), on="event", how="left", maintain_order="left")
            .with_columns(
                kind=pl.col("kind").replace_strict(dict(enumerate(MOVEMENT_KINDS)), return_dtype=pl.String),
                expired_on=_date("expired_on"),
            )
            .select(*ITEM, "location_id", "lot_id", "happened_at", "expired_on", "kind", "quantity", "source",
                    "is_assumed", "number")
        )  # fmt: skip


@dataclass
class _Book:
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


def settle(
    events: dy.DataFrame[StockEvents],
    lots: dy.DataFrame[Lots],
    promised: dy.DataFrame[Promised],
    expired_through: pl.Series,
    *,
    ends_expired: pl.DataFrame,
    fifo_tenants: pl.Series,
) -> Settled:
    """Settle events into lots.

    Args:
        lots: stock before the first event.
        promised: of it, what intermediates had been begun for.
        expired_through: by event the last day whose lots had expired when it happened, in days since 1970.
        ends_expired: ``tenant_id, expired_through`` at the end.
        fifo_tenants: tenants that issue first in, first out; the others first expired, first out.
    """
    items = pl.concat([events.select(ITEM), lots.select(ITEM), promised.select(ITEM)]).unique().sort(ITEM)
    items = items.with_row_index("row")
    ordered = (
        events.with_columns(expired_through=expired_through)
        .join(items, on=ITEM, how="left", maintain_order="left")
        .sort("row", "happened_at", "action", "location_id", "lot_id", "source", "quantity", nulls_last=True)
        .with_row_index("event")
    )
    lot_codes = _codes(ordered["lot_id"], ordered["new_lot_id"], lots["lot_id"])
    place_codes = _codes(ordered["location_id"], ordered["other_location_id"], lots["location_id"])
    book = _opened(items, lots, promised, lot_codes, place_codes, fifo_tenants)
    columns = _columns(ordered, lot_codes, place_codes)
    rows = columns["row"]
    place_in_item = np.arange(len(rows)) - np.searchsorted(rows, rows)
    by_turn = np.argsort(place_in_item, kind="stable")
    turns = np.searchsorted(place_in_item[by_turn], np.arange(place_in_item.max(initial=-1) + 2))
    for first, last in pairwise(turns):
        _turn(book, by_turn[first:last], columns)
    _expire_at_the_end(book, items, ends_expired)
    return _settled(book, ordered, items, lot_codes, place_codes)


def _codes(*texts: pl.Series) -> pl.DataFrame:
    """A number for each text; numbers sort as the texts do."""
    found = pl.concat([text.cast(pl.String).alias("text") for text in texts]).drop_nulls().unique().sort()
    return found.to_frame().with_row_index("code").with_columns(pl.col("code").cast(pl.Int64))


def _coded(text: pl.Series, codes: pl.DataFrame) -> Ints:
    joined = text.alias("text").to_frame().join(codes, on="text", how="left", maintain_order="left")
    return joined["code"].fill_null(NOWHERE).to_numpy()


def _columns(events: pl.DataFrame, lot_codes: pl.DataFrame, place_codes: pl.DataFrame) -> Columns:
    second = _coded(events["other_location_id"], place_codes)
    return {
        "row": events["row"].cast(pl.Int64).to_numpy(),
        "action": events["action"].cast(pl.Int64).to_numpy(),
        "quantity": events["quantity"].to_numpy(),
        "wasted": events["wasted"].to_numpy(),
        # To the minute, as closing balances keep it.
        "at": events["happened_at"].dt.truncate("1m").to_physical().to_numpy(),
        "lot": _coded(events["lot_id"], lot_codes),
        "new_lot": _coded(events["new_lot_id"], lot_codes),
        "place": _coded(events["location_id"], place_codes),
        "second": np.where(events["takes_anywhere"].to_numpy(), ANYWHERE, second),
        "expires": events["expires_on"].to_physical().cast(pl.Int64).fill_null(NEVER).to_numpy(),
        "takes_back": events["takes_back"].to_numpy(),
        "raised": events["is_raised"].to_numpy(),
        "assumed": events["is_assumed"].to_numpy(),
        "expired_through": events["expired_through"].cast(pl.Int64).to_numpy(),
    }


def _opened(
    items: pl.DataFrame,
    lots: pl.DataFrame,
    promised: pl.DataFrame,
    lot_codes: pl.DataFrame,
    place_codes: pl.DataFrame,
    fifo_tenants: pl.Series,
) -> _Book:
    held = lots.join(items, on=ITEM, how="left").sort("row", "lot_id", "location_id")
    held = held.with_columns(slot=pl.int_range(pl.len()).over("row"))
    slots = held.select((pl.col("slot").max() + 1).fill_null(0)).item()
    shape = items.height, max(SLOTS, slots)
    owed = items.join(promised, on=ITEM, how="left", maintain_order="left")["promised"].fill_null(0.0)
    book = _Book(
        quantity=np.zeros(shape),
        lot=np.zeros(shape, dtype=np.int64),
        place=np.zeros(shape, dtype=np.int64),
        expires=np.zeros(shape, dtype=np.int64),
        arrived=np.zeros(shape, dtype=np.int64),
        promised=owed.to_numpy().copy(),
        fifo=items["tenant_id"].is_in(fifo_tenants.implode()).to_numpy(),
    )
    at = held["row"].to_numpy(), held["slot"].to_numpy()
    book.quantity[at] = held["quantity"].to_numpy()
    book.lot[at] = _coded(held["lot_id"], lot_codes)
    book.place[at] = _coded(held["location_id"], place_codes)
    book.expires[at] = held["expires_on"].to_physical().cast(pl.Int64).fill_null(NEVER).to_numpy()
    book.arrived[at] = held["arrived_at"].to_physical().to_numpy()
    return book


def _turn(book: _Book, event: Ints, columns: Columns) -> None:
    """One event of each of some items; what has expired by then goes first."""
    _expire(book, event, columns["row"][event], columns["expired_through"][event])
    action = columns["action"][event]
    for each in np.unique(action):
        these = event[action == each]
        own = {name: values[these] for name, values in columns.items()} | {"event": these}
        _ACTIONS[Action(each)](book, own)


def _expire(book: _Book, event: Ints, rows: Ints, through: Ints) -> None:
    gone = (book.quantity[rows] > 0) & (book.expires[rows] <= through[:, None])
    at, slots = np.nonzero(gone)
    if len(at):
        chosen = rows[at], slots
        lost, codes = -book.quantity[chosen], np.full(len(at), CODES["expiry"])
        sure = np.zeros(len(at), dtype=bool)
        days = book.expires[chosen]
        book.written.append((event[at], rows[at], book.lot[chosen], book.place[chosen], lost, codes, sure, days))
        book.quantity[chosen] = 0.0


def _put(book: _Book, rows: Ints, lot: Ints, place: Ints, quantity: Floats, expires: Ints, at: Ints) -> None:
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


def _issue(book: _Book, rows: Ints, wanted: Floats, allowed: Bools) -> Floats:
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


def _here(book: _Book, own: Columns) -> Bools:
    """Slots with stock at the event's location, of its lot where it names one."""
    rows = own["row"]
    of_lot = (own["lot"][:, None] == NOWHERE) | (book.lot[rows] == own["lot"][:, None])
    here: Bools = of_lot & (book.place[rows] == own["place"][:, None]) & (book.quantity[rows] > 0)
    return here


def _rest(wanted: Floats, taken: Floats) -> Floats:
    rest: Floats = np.round(wanted - taken.sum(axis=1), DECIMALS)
    return rest


def _receive(book: _Book, own: Columns) -> None:
    _put(book, own["row"], own["lot"], own["place"], own["quantity"], own["expires"], own["at"])
    book.write(own, "receipt", own["quantity"], own["lot"], own["place"])


def _produce(book: _Book, own: Columns) -> None:
    _put(book, own["row"], own["lot"], own["place"], own["quantity"], own["expires"], own["at"])
    book.write(own, "production", own["quantity"] + own["wasted"], own["lot"], own["place"])
    book.write(own, "waste", -own["wasted"], own["lot"], own["place"])


def _begin(book: _Book, own: Columns) -> None:
    """Begin what stock does not cover that no earlier batch was promised; the rest of the stock is promised."""
    rows = own["row"]
    free = np.maximum(book.quantity[rows].sum(axis=1) - book.promised[rows], 0.0)
    begun = np.round(np.maximum(own["quantity"] - free, 0.0), DECIMALS)
    book.promised[rows] += own["quantity"]
    _put(book, rows, own["lot"], own["place"], begun, own["expires"], own["at"])
    book.write(own, "production", begun, own["lot"], own["place"])
    book.made.append((own["event"], begun))


def _take_back(book: _Book, own: Columns) -> None:
    _add_to_last(book, own, own["quantity"], "sale", "sale")


def _add_to_last(book: _Book, own: Columns, quantity: Floats, kind: str, kind_of_new: str) -> None:
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
    _put(book, rows, own["new_lot"], own["place"], new, own["expires"], own["at"])
    book.write(own, kind_of_new, new, own["new_lot"], own["place"])


def _transfer(book: _Book, own: Columns) -> None:
    rows, to = own["row"], own["second"]
    taken = _issue(book, rows, own["quantity"], _here(book, own))
    lot, expires, arrived = book.lot[rows], book.expires[rows], book.arrived[rows]
    book.write_slots(own, "transfer", taken, sign=-1, assumed=own["assumed"])
    book.write_slots(own, "transfer", taken, sign=1, assumed=own["assumed"], at=to)
    for slot in range(taken.shape[1]):
        _put(book, rows, lot[:, slot], to, taken[:, slot], expires[:, slot], arrived[:, slot])
    # A plan's trip takes what there is; what it does not find is no fact that has to be explained.
    rest = np.where(own["assumed"], 0.0, _rest(own["quantity"], taken))
    raised = _make_up(book, own, rest, own["place"])
    book.write(own, "transfer", -raised, own["new_lot"], own["place"])
    book.write(own, "transfer", raised, own["new_lot"], to)
    _put(book, rows, own["new_lot"], to, raised, own["expires"], own["at"])


def _make_up(book: _Book, own: Columns, rest: Floats, place: Ints) -> Floats:
    """What is taken beyond the book was made, where that may be assumed; returns it. Otherwise it is unexplained."""
    raised: Floats = np.where(own["raised"], rest, 0.0)
    book.write(own, "production", raised, own["new_lot"], place, assumed=np.ones(len(rest), dtype=bool))
    book.made.append((own["event"], raised))
    book.missing.append((own["event"], rest - raised))
    return raised


def _take(book: _Book, own: Columns, kind: str) -> None:
    """Take from the location's lots, then from where else is allowed."""
    rows: Ints = own["row"]
    here: Ints = own["place"]
    second: Ints = own["second"]
    rest = _take_of_lot(book, own, kind)
    taken = _issue(book, rows, rest, (book.place[rows] == here[:, None]) & (book.quantity[rows] > 0))
    book.write_slots(own, kind, taken, sign=-1, assumed=own["assumed"])
    rest = _rest(rest, taken)
    if ((second != NOWHERE) & (rest > 0)).any():
        stock = book.quantity[rows] > 0
        anywhere = (second == ANYWHERE)[:, None] & stock
        elsewhere = _issue(book, rows, rest, anywhere)
        book.write_slots(own, kind, elsewhere, sign=-1, assumed=own["assumed"])
        rest = _bring(book, own, kind, _rest(rest, elsewhere), stock & (book.place[rows] == second[:, None]))
    if (own["takes_back"] & (rest > 0)).any():
        rest = _bring(book, own, kind, rest, own["takes_back"][:, None] & (book.quantity[rows] > 0))
    kitchen: Ints = np.where(second >= 0, second, here)
    raised = _make_up(book, own, rest, kitchen)
    carried = np.where(kitchen != here, raised, 0.0)
    everywhere = np.ones(len(rows), dtype=bool)
    book.write(own, "transfer", -carried, own["new_lot"], kitchen, assumed=everywhere)
    book.write(own, "transfer", carried, own["new_lot"], here, assumed=everywhere)
    book.write(own, kind, -raised, own["new_lot"], here)


def _take_of_lot(book: _Book, own: Columns, kind: str) -> Floats:
    """Take from the lot that an event names, wherever it is; returns what is still wanted.

    That left the house as well, so other lots give it: the lot's name is wrong then, not the quantity.
    """
    rows: Ints = own["row"]
    rest: Floats = own["quantity"]
    of_lot = (own["lot"] != NOWHERE)[:, None] & (book.lot[rows] == own["lot"][:, None])
    if not of_lot.any():
        return rest
    for allowed in (of_lot & (book.place[rows] == own["place"][:, None]), of_lot):
        taken = _issue(book, rows, rest, allowed & (book.quantity[rows] > 0))
        book.write_slots(own, kind, taken, sign=-1, assumed=own["assumed"])
        rest = _rest(rest, taken)
    return rest


def _bring(book: _Book, own: Columns, kind: str, wanted: Floats, allowed: Bools) -> Floats:
    """Take from the slots allowed what was brought from there without a word; returns what is still wanted."""
    everywhere = np.ones(len(wanted), dtype=bool)
    brought = _issue(book, own["row"], wanted, allowed)
    book.write_slots(own, "transfer", brought, sign=-1, assumed=everywhere)
    book.write_slots(own, "transfer", brought, sign=1, assumed=everywhere, at=own["place"])
    book.write_slots(own, kind, brought, sign=-1, assumed=own["assumed"], at=own["place"])
    return _rest(wanted, brought)


def _consume(book: _Book, own: Columns) -> None:
    book.promised[own["row"]] = np.maximum(np.round(book.promised[own["row"]] - own["quantity"], DECIMALS), 0.0)
    _take(book, own, "consumption")


def _sell(book: _Book, own: Columns) -> None:
    _take(book, own, "sale")


def _discard(book: _Book, own: Columns) -> None:
    _take(book, own, "waste")


def _count_lot(book: _Book, own: Columns) -> None:
    """Set a lot to what was found; it keeps its last day unless the count names one."""
    rows, found = own["row"], own["quantity"]
    same = _here(book, own)
    is_there = same.any(axis=1)
    slot = same.argmax(axis=1)
    chosen = rows[is_there], slot[is_there]
    difference = np.where(is_there, np.round(found - book.quantity[rows, slot], DECIMALS), 0.0)
    book.write(own, "adjustment", difference, own["lot"], own["place"])
    named = own["expires"][is_there]
    book.quantity[chosen] = np.round(found[is_there], DECIMALS)
    book.expires[chosen] = np.where(named == NEVER, book.expires[chosen], named)
    new = np.where(is_there, 0.0, found)
    _put(book, rows, own["lot"], own["place"], new, own["expires"], own["at"])
    book.write(own, "count", new, own["lot"], own["place"])


def _count_item(book: _Book, own: Columns) -> None:
    """Bring the lots of a location to what was found of all: less is taken as issued, more is of the last lot."""
    rows = own["row"]
    here = _here(book, own)
    stock = np.where(here, book.quantity[rows], 0.0).sum(axis=1)
    difference = np.round(own["quantity"] - stock, DECIMALS)
    taken = _issue(book, rows, np.maximum(-difference, 0.0), here)
    book.write_slots(own, "adjustment", taken, sign=-1, assumed=own["assumed"])
    _add_to_last(book, own, np.maximum(difference, 0.0), "adjustment", "count")


_ACTIONS = {
    Action.RECEIVE: _receive,
    Action.PRODUCE: _produce,
    Action.BEGIN: _begin,
    Action.TAKE_BACK: _take_back,
    Action.TRANSFER: _transfer,
    Action.CONSUME: _consume,
    Action.SELL: _sell,
    Action.EXPECT_SALE: _sell,
    Action.DISCARD: _discard,
    Action.COUNT_LOT: _count_lot,
    Action.COUNT_ITEM: _count_item,
}


def _expire_at_the_end(book: _Book, items: pl.DataFrame, ends: pl.DataFrame) -> None:
    through = items.join(ends, on="tenant_id", how="left", maintain_order="left")["expired_through"].cast(pl.Int64)
    rows = np.arange(items.height)
    _expire(book, np.full(items.height, -1), rows, through.to_numpy())


def _settled(
    book: _Book, events: pl.DataFrame, items: pl.DataFrame, lot_codes: pl.DataFrame, place_codes: pl.DataFrame
) -> Settled:
    types = {"event": pl.Int64, "row": pl.Int64, "lot": pl.Int64, "place": pl.Int64, "quantity": pl.Float64,
             "kind": pl.Int64, "is_assumed": pl.Boolean, "expired_on": pl.Int64}  # fmt: skip
    columns = [np.concatenate(parts) for parts in zip(*book.written, strict=True)] or [np.zeros(0)] * len(WRITTEN)
    written = pl.DataFrame(
        {name: pl.Series(values).cast(types[name]) for name, values in zip(WRITTEN, columns, strict=True)}
    )
    items = items.with_columns(pl.col("row").cast(pl.Int64))
    events = events.with_columns(pl.col("event").cast(pl.Int64))
    lots = lot_codes.rename({"code": "lot", "text": "lot_id"})
    places = place_codes.rename({"code": "place", "text": "location_id"})
    row, slot = np.nonzero(book.quantity)
    held = pl.DataFrame(
        {"row": row, "lot": book.lot[row, slot], "place": book.place[row, slot], "quantity": book.quantity[row, slot],
         "expires_on": book.expires[row, slot], "arrived_at": book.arrived[row, slot]},
    ).join(items, on="row").join(lots, on="lot").join(places, on="place")  # fmt: skip
    held = held.with_columns(
        expires_on=_date("expires_on"), arrived_at=pl.col("arrived_at").cast(pl.Datetime("us", "UTC"))
    )
    owed = items.with_columns(promised=pl.Series(book.promised, dtype=pl.Float64)).filter(pl.col("promised") > 0)
    return Settled(
        _amounts(book.made, events),
        _amounts(book.missing, events),
        _last_days(book.consumed, events),
        conform(Lots, held.sort(*ITEM, "location_id", "lot_id")),
        conform(Promised, owed.sort(ITEM)),
        written,
        _Names(items, events, lots, places),
    )


def _date(days: str) -> pl.Expr:
    return pl.when(pl.col(days) != NEVER).then(pl.col(days).cast(pl.Int32).cast(pl.Date))


def _last_days(parts: list[tuple[Ints, Ints]], events: pl.DataFrame) -> pl.DataFrame:
    """``tenant_id, item_kind, item_id, source, last_day`` of what was consumed from lots that expire."""
    event = np.concatenate([part[0] for part in parts]) if parts else np.zeros(0, dtype=np.int64)
    expires = np.concatenate([part[1] for part in parts]) if parts else np.zeros(0, dtype=np.int64)
    taken = pl.DataFrame({"event": event, "expires": expires}).filter(pl.col("expires") != NEVER)
    return (
        taken.join(events.select("event", *ITEM, "source"), on="event")
        .group_by(*ITEM, "source")
        .agg(last_day=pl.col("expires").min().cast(pl.Int32).cast(pl.Date))
    )


def _amounts(parts: list[tuple[Ints, Floats]], events: pl.DataFrame) -> pl.DataFrame:
    """Events with the ``amount`` of each that is above 0."""
    event = np.concatenate([part[0] for part in parts]) if parts else np.zeros(0, dtype=np.int64)
    amount = np.concatenate([part[1] for part in parts]) if parts else np.zeros(0)
    some = pl.DataFrame({"event": event, "amount": amount}).filter(pl.col("amount") > 0)
    return some.join(events, on="event", how="inner").sort("event")
