"""Reported: what would be in the house had all gone as people wrote it down, or as planned where they wrote nothing.

No book can know more than that, so the book is held against it: what lies between this and the house is what went
unseen since the last count, or is not written down yet. It knows nothing of the book nor how that is kept. From the
last count on all is lived through again in the order in which it happened, with what is known of it by now:

- a batch took what it needs, as far as that is there, and gave what was planned; once it is written down how it ended,
  what is needed for what it made and wasted;
- what was sold or thrown away beyond what is there was baked in addition and took its ingredients, unless all batches
  of that product and day are written down;
- of what is written down with its day only, it happened when the shop closed.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from operator import itemgetter

from bakery_assets.demo.catalogue import Bakery
from bakery_assets.demo.world.house import MAIN, Flow, House, Item
from bakery_assets.demo.world.work import Needs, PlannedBatch

Event = tuple[datetime, int, Callable[[House], None]]  # of one instant the smaller number comes first
RECEIVED, BAKED, BEGUN, SOLD, THROWN, EXPIRED = range(6)


@dataclass
class _ReportedBatch:
    """A batch that has begun: the pieces that it gave, and those that it took ingredients for."""

    planned: float
    made: float
    taken_for: float
    is_written: bool = False


class Reported:
    """The stock of one bakery as it is reported."""

    def __init__(self, bakery: Bakery, begins: datetime) -> None:
        self._bakery = bakery
        self._counted, self._counted_at = House(), begins
        self._events: list[Event] = []
        self._batches: dict[tuple[str, date, str], _ReportedBatch] = {}

    def house(self) -> House:
        """What would be there now."""
        house = deepcopy(self._counted)
        for _, _, happen in sorted(self._events, key=itemgetter(0, 1)):
            happen(house)
        return house

    def receive(self, item: Item, lot_id: str, quantity: float, last_day: date, at: datetime) -> None:
        """An ingredient came, or what there was to begin with."""
        self._note(at, RECEIVED, lambda house: house.put("received", MAIN, item, lot_id, quantity, last_day, at))

    def begin(self, batch: PlannedBatch, needs: Needs, at: datetime) -> None:
        """A step of a batch is done, which needs so much for the whole batch."""
        reported = self._of(batch)

        def happen(house: House) -> None:
            for name, whole in needs.items():
                house.take("used", MAIN, Item("ingredient", name), whole * reported.taken_for / reported.planned)

        self._note(at, BEGUN, happen)

    def come_out(self, batch: PlannedBatch, at: datetime) -> None:
        """A batch is ready."""
        reported, item = self._of(batch), Item("product", batch.product_id)
        last_day = batch.schedule_date + timedelta(days=self._bakery.products[batch.product_id].life - 1)
        lot_id = f"baked {batch.schedule_date}"
        self._note(at, BAKED, lambda house: house.put("baked", MAIN, item, lot_id, reported.made, last_day, at))

    def write(self, batch: PlannedBatch, made: float, wasted: float) -> None:
        """It is written down how a batch ended."""
        reported = self._of(batch)
        reported.made, reported.taken_for, reported.is_written = made, made + wasted, True

    def sell(self, product_id: str, day: date, quantity: float, closed: datetime) -> None:
        """Pieces were sold on a day."""
        self._note(closed, SOLD, self._gone("sold", product_id, day, quantity))

    def throw(self, item: Item, day: date, quantity: float, closed: datetime) -> None:
        """Pieces or an ingredient were thrown away on a day."""
        if item.kind == "product":
            self._note(closed, THROWN, self._gone("thrown", item.item_id, day, quantity))
        else:
            self._note(closed, THROWN, lambda house: _take(house, "thrown", item, quantity))

    def close(self, day: date, closed: datetime) -> None:
        """What may not be used any more is gone."""
        self._note(closed, EXPIRED, lambda house: _expire(house, day))

    def count(self, found: dict[Item, float], at: datetime) -> None:
        """Items are counted: what is missing is taken as it would be used, more is of the lot that came last."""
        house = self.house()
        for item, quantity in found.items():
            more = quantity - house.held(item, MAIN)
            if more < 0:
                house.take("counted", MAIN, item, -more)
            elif more > 0:
                kept = self._bakery.products if item.kind == "product" else self._bakery.ingredients
                last_day = at.date() + timedelta(days=kept[item.item_id].life - 1)
                house.add_to_last("counted", MAIN, item, more, last_day, at)
        self._counted, self._counted_at, self._events = house, at, []

    def _note(self, at: datetime, rank: int, happen: Callable[[House], None]) -> None:
        if at >= self._counted_at:  # what happened before the count was counted
            self._events.append((at, rank, happen))

    def _of(self, batch: PlannedBatch) -> _ReportedBatch:
        key = batch.product_id, batch.schedule_date, batch.batch_number
        return self._batches.setdefault(key, _ReportedBatch(batch.quantity, batch.quantity, batch.quantity))

    def _gone(self, flow: Flow, product_id: str, day: date, quantity: float) -> Callable[[House], None]:
        def happen(house: House) -> None:
            missing = quantity - house.take(flow, MAIN, Item("product", product_id), quantity)
            if missing > 0 and not self._is_all_written(product_id, day):
                for name, each in self._bakery.ingredients_per_piece(product_id).items():
                    house.take("used", MAIN, Item("ingredient", name), each * missing)

        return happen

    def _is_all_written(self, product_id: str, day: date) -> bool:
        """Whether it is written down of all batches how they ended; of those that were cancelled there was nothing."""
        begun = [each for key, each in self._batches.items() if key[:2] == (product_id, day) and each.taken_for]
        return bool(begun) and all(each.is_written for each in begun)


def _take(house: House, flow: Flow, item: Item, quantity: float) -> None:
    house.take(flow, MAIN, item, quantity)


def _expire(house: House, day: date) -> None:
    house.throw_out(day, opened=False)
