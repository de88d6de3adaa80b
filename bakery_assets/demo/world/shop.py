"""The shop: customers' orders, sales, tills, theft, and what is thrown away in the evening.

What is stolen is not written down. A till reports when the shop closes, now and then on the next day.
"""

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bakery_assets.demo.days import Row, is_open
from bakery_assets.demo.sales import MORNING_RUSH, RECORDED_AFTER, demand
from bakery_assets.demo.stock import customer_order_rows
from bakery_assets.demo.world.house import MAIN, Item
from bakery_assets.demo.world.premises import Premises

STOLEN = 0.005  # of a product's daily sales
LATE_TILL = 0.04  # share of days whose sales are reported on the next
SLICE = timedelta(minutes=30)


@dataclass
class Till:
    """What a product has sold on a day so far."""

    product_id: str
    day: date
    sold: int = 0
    sold_out_at: time | None = None


class Shop:
    """What is sold and what becomes of the rest."""

    def __init__(self, premises: Premises, last_day: date) -> None:
        self._premises = premises
        self.unreported: set[date] = set()  # days that sold, and whose tills have still to report
        self.asked = {name: each.asked for name, each in demand(premises.bakery, last_day, premises.seed).items()}
        self.reserved: dict[tuple[str, date], int] = defaultdict(int)

    def plan_day(self, day: date) -> None:
        """Orders that customers give on a day, and its sales if it is open."""
        premises = self._premises
        orders = customer_order_rows(
            premises.bakery, day + timedelta(days=1), premises.seed, first_due=day, last_due=day + timedelta(days=22)
        )
        for row in orders:
            given = datetime.fromisoformat(str(row["ordered_at"]))
            if premises.day_of(given) == day:
                premises.do(given, lambda row=row: self.reserve(row))  # type: ignore[misc]
                premises.records.other("customer_orders", given, iter([row]))
        if is_open(premises.bakery, day):
            premises.do(premises.at(day, premises.bakery.trade.opens), lambda: self._open(day))

    def reserve(self, row: Row) -> None:
        """Keep something for a customer, as a row of the load format."""
        due = row["due_date"]
        assert isinstance(due, date)
        self.reserved[str(row["product_id"]), due] += int(float(str(row["quantity"])))

    def close(self, day: date) -> None:
        """Throw away what may not be used any more; what the shop throws away it writes down."""
        premises = self._premises
        known = premises.now + timedelta(minutes=RECORDED_AFTER)
        opened = is_open(premises.bakery, day)
        for (_, item), quantity in premises.house.throw_out(day, opened=opened).items():
            if item.kind == "product" and opened:
                waste_id = f"{day:%Y%m%d}-{item.item_id}-unsold"
                premises.records.thrown(waste_id, item, day, quantity, "unsold", known)
                premises.reported.throw(item, day, quantity, premises.now)
        premises.reported.close(day, premises.now)

    def _open(self, day: date) -> None:
        """Customers come all day, most of them in the morning; those who have ordered first."""
        premises = self._premises
        trade = premises.bakery.trade
        opens, closes = premises.at(day, trade.opens), premises.at(day, trade.closes)
        slices = max(1, round((closes - opens) / SLICE))
        for product_id, product in premises.bakery.products.items():
            if product.discontinued_days_ago is not None:
                continue
            ordered = self.reserved[product_id, day]
            walk_in = 0 if product.to_order else max(0, self.asked[product_id][day] - ordered)
            till = Till(product_id, day)
            bought = 0
            for number in range(slices):
                share = ((number + 1) / slices) ** MORNING_RUSH
                wanted = math.floor(walk_in * share + 1e-9) - bought
                bought += wanted
                wanted += ordered if number == 0 else 0
                last = number == slices - 1
                if wanted or last:
                    at = opens + (number + (0 if number == 0 else 0.5)) * SLICE
                    premises.do(min(at, closes), self._serve(till, wanted))
            dice = premises.dice("theft", product_id, day.isoformat())
            for _ in range(int(dice.poisson(STOLEN * product.sells))):
                at = opens + timedelta(seconds=float(dice.random()) * (closes - opens).total_seconds())
                premises.do(at, self._steal(product_id))
            premises.do(closes, self._cash_up(till, day))

    def _serve(self, till: Till, wanted: int) -> Callable[[], None]:
        def act() -> None:
            given = round(self._premises.house.take("sold", MAIN, Item("product", till.product_id), float(wanted)))
            till.sold += given
            if given < wanted:
                zone = ZoneInfo(self._premises.bakery.tenant.timezone)
                now = self._premises.now.astimezone(zone).time().replace(second=0, microsecond=0)
                till.sold_out_at = till.sold_out_at or now
            elif given:
                till.sold_out_at = None

        return act

    def _steal(self, product_id: str) -> Callable[[], None]:
        return lambda: self._premises.lose(Item("product", product_id), 1.0)

    def _cash_up(self, till: Till, day: date) -> Callable[[], None]:
        premises = self._premises
        is_late = premises.dice("till", day.isoformat()).random() < LATE_TILL

        def act() -> None:
            known = premises.now + timedelta(minutes=RECORDED_AFTER)
            if is_late:
                known = premises.at(day + timedelta(days=1), time(11))
                self.unreported.add(day)
                premises.do(known, lambda: self.unreported.discard(day))
            price = premises.bakery.products[till.product_id].price
            premises.records.sold(till.product_id, day, till.sold, price, till.sold_out_at, known)
            premises.reported.sell(till.product_id, day, till.sold, premises.now)

        return act
