"""Life: one demo bakery from the evening before its first day on, and what was really there whenever someone looks.

Its people work by the plan that they read; what they do is in ``kitchen``, ``storeroom`` and ``shop``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bakery_assets.demo.catalogue import Bakery
from bakery_assets.demo.days import Row, is_open, span, weather
from bakery_assets.demo.stock import COUNTED_AFTER
from bakery_assets.demo.world.house import MAIN, House, Item
from bakery_assets.demo.world.kitchen import Kitchen
from bakery_assets.demo.world.premises import Premises, Trouble
from bakery_assets.demo.world.records import Records
from bakery_assets.demo.world.shop import STOLEN, Shop
from bakery_assets.demo.world.storeroom import SPILLED, Storeroom
from bakery_assets.demo.world.work import Plan
from bakery_assets.local_time import to_instant

# What is lost a day counts as two pieces at least, of an ingredient as what is in two pieces: a piece that is missing
# or too many is no error of the book, nor is one that is taken to have been made with its ingredients.
PIECES = 2.0
COUNT_WEEKDAYS = (6, 5)  # stock is counted on Saturday evening, where that is closed on Friday
NOON = time(12)
LAST_OF_INSTANT = 9


@dataclass(frozen=True)
class Look:
    """What was really there at an instant, and what of it was lost without a word.

    ``lost`` is what would be there as reported, less what is; below 0 where more is there than anybody has reported.
    """

    at: datetime
    stock: dict[Item, float]
    lost: dict[Item, float]
    lost_a_day: dict[Item, float]
    is_sold_reported: bool


class World:
    """One bakery. Time goes on by ``live_until``; ``read_plan`` says what is to be done from then on."""

    def __init__(self, bakery: Bakery, first_day: date, last_day: date, seed: int) -> None:
        self.bakery, self.first_day, self.last_day, self.seed = bakery, first_day, last_day, seed
        begins = to_instant(first_day - timedelta(days=1), bakery.trade.closes, bakery.tenant.timezone)
        self.premises = Premises(bakery, seed, begins + timedelta(minutes=COUNTED_AFTER))
        self.kitchen = Kitchen(self.premises)
        self.storeroom = Storeroom(self.premises)
        self.shop = Shop(self.premises, last_day)
        self._weather = weather(bakery, last_day, seed)
        self._most_in_a_piece = self._most_of_each_ingredient()
        for day in span(first_day, last_day):
            self._plan_day(day)

    @property
    def now(self) -> datetime:
        """Up to when it has lived."""
        return self.premises.now

    @property
    def house(self) -> House:
        """What is there."""
        return self.premises.house

    @property
    def records(self) -> Records:
        """What is written down."""
        return self.premises.records

    @property
    def troubles(self) -> list[Trouble]:
        """What should not have been."""
        return self.premises.troubles

    def begin_with(self, lots: Iterable[Row], orders: Iterable[Row], reserved: Iterable[Row]) -> None:
        """Begin with stock as counted, open orders and customers' orders, as rows of the load format."""
        for row in lots:
            kind = "product" if row["product_id"] else "ingredient"
            item, last_day = Item(kind, str(row[f"{kind}_id"])), row["expires_on"]
            assert isinstance(last_day, date)
            lot_id, quantity = str(row["lot_id"]), float(str(row["quantity"]))
            self.house.put("counted", MAIN, item, lot_id, quantity, last_day, self.now)
            self.premises.reported.receive(item, lot_id, quantity, last_day, self.now)
        self.storeroom.expect(orders)
        for row in reserved:
            self.shop.reserve(row)

    def live_until(self, instant: datetime) -> None:
        """Let everything happen that happens by an instant."""
        self.premises.live_until(instant)

    def look(self) -> Look:
        """What is there now."""
        spilled = {
            Item("ingredient", name): max(SPILLED * use, PIECES * self._most_in_a_piece[name])
            for name, use in self.storeroom.use.items()
        }
        stolen = {
            Item("product", name): max(STOLEN * each.sells, PIECES) for name, each in self.bakery.products.items()
        }
        stock, reported = self.house.stock(), self.premises.reported.house().stock()
        lost = {item: reported.get(item, 0.0) - stock.get(item, 0.0) for item in sorted(stock.keys() | reported.keys())}
        return Look(self.now, stock, lost, spilled | stolen, not self.shop.unreported)

    def read_plan(self, plan: Plan) -> None:
        """Work by a plan from now on: what is begun stays, everything else is done as the new plan says."""
        self.live_until(plan.published_at)
        self.kitchen.read_plan(plan)
        self.storeroom.read_plan(plan)

    def _plan_day(self, day: date) -> None:
        trade, premises = self.bakery.trade, self.premises
        closing = premises.at(day, trade.closes)
        premises.do(closing, lambda: self.shop.close(day), LAST_OF_INSTANT)
        premises.do(premises.at(day, NOON), lambda: self.storeroom.spill(day))
        warm, rain = self._weather[day]
        own = {"tenant_id": self.bakery.tenant.tenant_id, "date": day, "temperature_c": warm, "rain_mm": rain}
        premises.records.other("weather", closing, iter([own]))
        self.shop.plan_day(day)
        counting = next(each for each in COUNT_WEEKDAYS if each != trade.closed_weekday)
        if is_open(self.bakery, day) and day.isoweekday() == counting:
            premises.do(closing + timedelta(minutes=COUNTED_AFTER), self._count, LAST_OF_INSTANT)

    def _count(self) -> None:
        self.storeroom.count()
        self.kitchen.counted_at = self.now

    def _most_of_each_ingredient(self) -> dict[str, float]:
        most = dict.fromkeys(self.bakery.ingredients, 0.0)
        for product_id, product in self.bakery.products.items():
            if not product.to_order:
                for name, quantity in self.bakery.ingredients_per_piece(product_id).items():
                    most[name] = max(most[name], quantity)
        return most
