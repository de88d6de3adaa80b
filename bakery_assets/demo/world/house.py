"""The house: what really lies on the shelves of a demo bakery, lot by lot, and all that ever came and went."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, NamedTuple

Flow = Literal["counted", "received", "baked", "used", "sold", "thrown", "expired", "lost"]
DUST = 1e-9
MAIN = "main"  # a demo bakery sells where it bakes


class Item(NamedTuple):
    """A product or an ingredient."""

    kind: str
    item_id: str


@dataclass
class Lot:
    """What is left of a lot; it may be used until closing of ``last_day``."""

    lot_id: str
    quantity: float
    last_day: date | None
    came: datetime


class House:
    """Lots by place and item. Whatever changes them is also added up in ``flows``, signed, in the item's unit."""

    def __init__(self) -> None:
        self._lots: dict[tuple[str, Item], list[Lot]] = defaultdict(list)
        self.flows: dict[tuple[Item, Flow], float] = defaultdict(float)

    def put(
        self, flow: Flow, place: str, item: Item, lot_id: str, quantity: float, last_day: date | None, came: datetime
    ) -> None:
        """Put a quantity onto a lot; a lot of which something is left keeps the earlier last day."""
        if quantity <= 0:
            return
        self.flows[item, flow] += quantity
        lots = self._lots[place, item]
        same = next((lot for lot in lots if lot.lot_id == lot_id), None)
        if same is None:
            lots.append(Lot(lot_id, quantity, last_day, came))
            lots.sort(key=lambda lot: (lot.last_day or date.max, lot.came, lot.lot_id))
        else:
            same.quantity += quantity
            same.last_day = min(filter(None, (same.last_day, last_day)), default=None)

    def take(self, flow: Flow, place: str, item: Item, quantity: float) -> float:
        """Take up to a quantity, what expires first first; what was there of it."""
        return sum(part.quantity for part in self.taken(flow, place, item, quantity))

    def throw_out(self, through: date, *, opened: bool) -> dict[tuple[str, Item], float]:
        """Throw out what may not be used after a day's closing; how much of what.

        Products that an open shop throws out are ``thrown``, what else has expired is ``expired``.
        """
        gone: dict[tuple[str, Item], float] = {}
        for (place, item), lots in self._lots.items():
            over = [lot for lot in lots if lot.last_day is not None and lot.last_day <= through]
            if over:
                gone[place, item] = sum(lot.quantity for lot in over)
                flow: Flow = "thrown" if opened and item.kind == "product" else "expired"
                self.flows[item, flow] -= gone[place, item]
                self._lots[place, item] = [lot for lot in lots if lot not in over]
        return gone

    def held(self, item: Item, place: str | None = None) -> float:
        """How much of an item is there, in one place or in all."""
        return sum(
            lot.quantity
            for (where, what), lots in self._lots.items()
            if what == item and place in (None, where)
            for lot in lots
        )

    def stock(self) -> dict[Item, float]:
        """How much of everything is there, all places together."""
        total: dict[Item, float] = defaultdict(float)
        for (_, item), lots in self._lots.items():
            total[item] += sum(lot.quantity for lot in lots)
        return dict(total)

    def add_to_last(self, flow: Flow, place: str, item: Item, quantity: float, last_day: date, came: datetime) -> None:
        """Put a quantity onto the lot that came last; where there is none, onto one that keeps to ``last_day``."""
        last = max(self._lots[place, item], key=lambda lot: lot.came, default=None)
        lot_id, until = (f"{flow} {came:%Y-%m-%d}", last_day) if last is None else (last.lot_id, last.last_day)
        self.put(flow, place, item, lot_id, quantity, until, came)

    def taken(self, flow: Flow, place: str, item: Item, quantity: float) -> list[Lot]:
        """Take up to a quantity, what expires first first; the parts, with their lots."""
        parts = []
        lots = self._lots[place, item]
        for lot in list(lots):
            part = min(lot.quantity, quantity)
            if part > DUST:
                lot.quantity -= part
                quantity -= part
                self.flows[item, flow] -= part
                parts.append(Lot(lot.lot_id, part, lot.last_day, lot.came))
            if lot.quantity <= DUST:
                lots.remove(lot)
        return parts
