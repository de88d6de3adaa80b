"""Settling: stock events, in the order in which they happened, become movements of lots.

All items of all tenants go through their first event at once, then through their second, and so on. The arrays that
hold their lots are in ``book``, what an event does to them is in ``actions``.
"""

from dataclasses import dataclass
from itertools import pairwise

import dataframely as dy
import numpy as np
import polars as pl

from bakery_assets.keys import ITEM
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform
from bakery_assets.schemas.plans import MOVEMENT_KINDS
from bakery_assets.stock.actions import ACTIONS
from bakery_assets.stock.book import ANYWHERE, NEVER, NOWHERE, SLOTS, Book, Columns, Floats, Ints, expire
from bakery_assets.stock.events import Action, StockEvents

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
) -> Book:
    held = lots.join(items, on=ITEM, how="left").sort("row", "lot_id", "location_id")
    held = held.with_columns(slot=pl.int_range(pl.len()).over("row"))
    slots = held.select((pl.col("slot").max() + 1).fill_null(0)).item()
    shape = items.height, max(SLOTS, slots)
    owed = items.join(promised, on=ITEM, how="left", maintain_order="left")["promised"].fill_null(0.0)
    book = Book(
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


def _turn(book: Book, event: Ints, columns: Columns) -> None:
    """One event of each of some items; what has expired by then goes first."""
    expire(book, event, columns["row"][event], columns["expired_through"][event])
    action = columns["action"][event]
    for each in np.unique(action):
        these = event[action == each]
        own = {name: values[these] for name, values in columns.items()} | {"event": these}
        ACTIONS[Action(each)](book, own)


def _expire_at_the_end(book: Book, items: pl.DataFrame, ends: pl.DataFrame) -> None:
    through = items.join(ends, on="tenant_id", how="left", maintain_order="left")["expired_through"].cast(pl.Int64)
    rows = np.arange(items.height)
    expire(book, np.full(items.height, -1), rows, through.to_numpy())


def _settled(
    book: Book, events: pl.DataFrame, items: pl.DataFrame, lot_codes: pl.DataFrame, place_codes: pl.DataFrame
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
