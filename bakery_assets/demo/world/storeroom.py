"""The storeroom: what is proposed is ordered, suppliers bring it, some is spilled, and once a week all is counted.

A supplier comes in its window, now and then on a later day or with less, as its reliability says; what does not come is
taken off the order. What is spilled is not written down.
"""

import math
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta

from bakery_assets.demo.days import WEEKDAYS, Row, is_open
from bakery_assets.demo.stock import DELIVERY_FROM, DELIVERY_TO, ORDERED_AT
from bakery_assets.demo.world.house import MAIN, Item
from bakery_assets.demo.world.premises import Premises
from bakery_assets.demo.world.work import Plan, ProposedOrder

SPILLED = 0.01  # of an ingredient's daily use is spilled, spoiled or nibbled a day, and that is not written down
RECEIVED_AFTER, COUNTED_IN = timedelta(minutes=15), timedelta(minutes=20)  # until it is written down


class Storeroom:
    """What is bought, from the order to the shelf."""

    def __init__(self, premises: Premises) -> None:
        self._premises = premises
        self.use = premises.bakery.daily_use()

    def expect(self, orders: Iterable[Row]) -> None:
        """Expect what was ordered before and has not come yet, as rows of the load format."""
        for row in orders:
            window = datetime.fromisoformat(str(row["expected_from"])), datetime.fromisoformat(str(row["expected_to"]))
            if window[0] > self._premises.now:
                ordered = datetime.fromisoformat(str(row["ordered_at"]))
                self._expect(str(row["order_id"]), str(row["ingredient_id"]), str(row["supplier_id"]),
                             float(str(row["quantity"])), window, ordered)  # fmt: skip

    def read_plan(self, plan: Plan) -> None:
        """Place what is due before the next plan: today, and on closed days that follow."""
        premises = self._premises
        next_day = plan.plan_date + timedelta(days=1)
        while not is_open(premises.bakery, next_day):
            next_day += timedelta(days=1)
        due = [each for each in plan.orders if premises.day_of(each.order_by) < next_day]
        at = max(plan.published_at, premises.at(plan.plan_date, ORDERED_AT))
        for each in due:
            premises.do(max(plan.published_at, min(at, each.order_by - timedelta(minutes=5))), self._order(plan, each))

    def spill(self, day: date) -> None:
        """Lose some of everything."""
        dice = self._premises.dice("spill", day.isoformat())
        for name, use in self.use.items():
            amount = float(dice.exponential(SPILLED * use))
            if self._premises.bakery.ingredients[name].unit == "piece":
                amount = math.floor(amount + dice.random())
            self._premises.lose(Item("ingredient", name), amount)

    def count(self) -> None:
        """Count everything that is not thrown away in the evening."""
        premises = self._premises
        items = [Item("ingredient", name) for name in premises.bakery.ingredients]
        items += [Item("product", name) for name, each in premises.bakery.products.items()
                  if each.life > 1 and each.discontinued_days_ago is None]  # fmt: skip
        found = {item: premises.house.held(item, MAIN) for item in items}
        for item, quantity in found.items():
            premises.records.counted(item, round(quantity, 6), premises.now, premises.now + COUNTED_IN)
        premises.reported.count(found, premises.now)

    def _order(self, plan: Plan, order: ProposedOrder) -> Callable[[], None]:
        def act() -> None:
            premises = self._premises
            order_id = f"{plan.plan_date:%Y%m%d}-{order.supplier_id}-{order.deliver_on:%Y%m%d}"
            window = premises.at(order.deliver_on, DELIVERY_FROM), premises.at(order.deliver_on, DELIVERY_TO)
            known = premises.now
            premises.records.ordered(
                order_id, order.ingredient_id, order.supplier_id, order.quantity, window, known, known
            )
            self._expect(order_id, order.ingredient_id, order.supplier_id, order.quantity, window, known)

        return act

    def _expect(
        self, order_id: str, ingredient_id: str, supplier_id: str, quantity: float,
        window: tuple[datetime, datetime], ordered: datetime,
    ) -> None:  # fmt: skip
        """The delivery as it will come: in its window and complete, or now and then short or on a later day."""
        premises, bakery = self._premises, self._premises.bakery
        dice = premises.dice("delivery", order_id)
        comes = window[0] + float(dice.random()) * (window[1] - window[0])
        part = 1.0
        if dice.random() > bakery.suppliers[supplier_id].reliability:
            if dice.random() < 0.5:
                day = premises.day_of(window[0]) + timedelta(days=1)
                while WEEKDAYS[day.weekday()] == "sun" or not is_open(bakery, day):
                    day += timedelta(days=1)
                comes = premises.at(day, DELIVERY_TO)
            else:
                part = 0.75
        pack = bakery.ingredients[ingredient_id].sold_by[supplier_id].pack
        packs = max(pack, round(math.floor(quantity * part / pack + 1e-6) * pack, 4)) if part < 1 else quantity
        brought = min(packs, quantity)

        def receive() -> None:
            day = premises.day_of(premises.now)
            lot_id = f"{ingredient_id}-{day:%Y%m%d}"
            last_day = day + timedelta(days=bakery.ingredients[ingredient_id].life)
            item = Item("ingredient", ingredient_id)
            premises.house.put("received", MAIN, item, lot_id, brought, last_day, premises.now)
            premises.reported.receive(item, lot_id, brought, last_day, premises.now)
            known = premises.now + RECEIVED_AFTER
            premises.records.received(order_id, ingredient_id, lot_id, brought, last_day, premises.now, known)
            if brought < quantity:
                premises.records.ordered(order_id, ingredient_id, supplier_id, brought, window, ordered, known)

        premises.do(comes, receive)
