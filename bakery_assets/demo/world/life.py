"""Life: what the people of one demo bakery do from hour to hour, and what befalls them.

They work by the plan they read, sell what is there, order what is proposed, write down what they do, and count once a
week. What nobody writes down: flour that is spilled, a piece that is stolen, a batch that gives a piece more or less.
"""

import heapq
import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import numpy as np

from bakery_assets.demo.catalogue import Bakery
from bakery_assets.demo.days import WEEKDAYS, Row, is_open, random_generator, span, weather
from bakery_assets.demo.sales import MORNING_RUSH, RECORDED_AFTER, demand
from bakery_assets.demo.stock import (
    COUNTED_AFTER,
    DELIVERY_FROM,
    DELIVERY_TO,
    ORDERED_AT,
    customer_order_rows,
)  # fmt: skip
from bakery_assets.demo.world.house import House, Item, Lot
from bakery_assets.demo.world.records import Records
from bakery_assets.demo.world.work import Job, Plan, PlannedBatch, ProposedOrder, Taken, steps
from bakery_assets.local_time import local_date, to_instant

MAIN = "main"
SPILLED = 0.01  # of an ingredient's daily use is spilled, spoiled or nibbled a day, and nobody writes it down
STOLEN = 0.005  # of a product's daily sales
# What is lost a day counts as two pieces at least, of an ingredient as what is in two pieces: which lot a piece is
# missing from decides when the book forgets it, and a piece too many is taken to have been made with its ingredients.
PIECES = 2.0
FAILS = 0.006  # share of batches that fail, and are written down
FALLS_SHORT, GIVES_MORE = 0.06, 0.02  # shares of batches that give a few pieces less, or one more
WRITES_SHORT_DOWN = 0.7  # of those that fall short; the others nobody reports
LATE_TILL = 0.04  # share of days whose sales are reported on the next
COUNT_WEEKDAYS = (6, 5)  # stock is counted on Saturday evening, where that is closed on Friday
SLICE = timedelta(minutes=30)
LAST_OF_INSTANT, FIRST_OF_INSTANT = 9, 0


@dataclass(frozen=True)
class Look:
    """What was really there at an instant, and what was lost since the last count without anybody writing it down."""

    at: datetime
    stock: dict[Item, float]
    lost: dict[Item, float]
    lost_a_day: dict[Item, float]
    is_sold_reported: bool


@dataclass(frozen=True)
class Trouble:
    """Something that should not have been: what, on which day, with which item."""

    what: str
    day: date
    item_id: str
    detail: str
    ingredients: frozenset[str] = frozenset()


@dataclass
class World:
    """One bakery. Time goes on by ``live_until``; ``read_plan`` says what is to be done from then on."""

    bakery: Bakery
    first_day: date
    last_day: date
    seed: int
    house: House = field(default_factory=House)
    troubles: list[Trouble] = field(default_factory=list)
    batches_made: int = 0

    def __post_init__(self) -> None:
        tenant = self.bakery.tenant
        self.records = Records(tenant.tenant_id)
        self.now = self._at(self.first_day - timedelta(days=1), self.bakery.trade.closes, COUNTED_AFTER)
        self._begins = self._counted = self.now
        self._turns = count()
        self._agenda: list[tuple[datetime, int, int, Callable[[], None]]] = []
        self._jobs: dict[tuple[date, str], Job] = {}
        self._plan_number = 0
        self._lost: dict[tuple[Item, date | None], float] = defaultdict(float)
        self._unreported: set[date] = set()
        self._asked = {name: each.asked for name, each in demand(self.bakery, self.last_day, self.seed).items()}
        self._reserved: dict[tuple[str, date], int] = defaultdict(int)
        self._weather = weather(self.bakery, self.last_day, self.seed)
        self._use = self.bakery.daily_use()
        self._most_in_a_piece = dict.fromkeys(self._use, 0.0)
        for product_id, product in self.bakery.products.items():
            for name, quantity in self.bakery.ingredients_per_piece(product_id).items():
                if not product.to_order:
                    self._most_in_a_piece[name] = max(self._most_in_a_piece[name], quantity)
        for day in span(self.first_day, self.last_day):
            self._plan_day(day)

    # What is there on the evening before.

    def begin_with(self, lots: Iterable[Row], orders: Iterable[Row], reserved: Iterable[Row]) -> None:
        """Begin with stock as counted, open orders and customers' orders, as rows of the load format."""
        for row in lots:
            kind = "product" if row["product_id"] else "ingredient"
            item, last_day = Item(kind, str(row[f"{kind}_id"])), row["expires_on"]
            assert isinstance(last_day, date)
            self.house.put("counted", MAIN, item, str(row["lot_id"]), _number(row["quantity"]), last_day, self.now)
        for row in orders:
            window = datetime.fromisoformat(str(row["expected_from"])), datetime.fromisoformat(str(row["expected_to"]))
            if window[0] > self.now:
                self._expect(str(row["order_id"]), str(row["ingredient_id"]), str(row["supplier_id"]),
                             _number(row["quantity"]), window)  # fmt: skip
        for row in reserved:
            self._reserve(row)

    # Time goes on.

    def live_until(self, instant: datetime) -> None:
        """Let everything happen that happens by an instant."""
        while self._agenda and self._agenda[0][0] <= instant:
            self.now, _, _, act = heapq.heappop(self._agenda)
            act()
        self.now = max(self.now, instant)

    def look(self) -> Look:
        """What is there now."""
        spilled = {
            Item("ingredient", name): max(SPILLED * use, PIECES * self._most_in_a_piece[name])
            for name, use in self._use.items()
        }
        stolen = {
            Item("product", name): max(STOLEN * each.sells, PIECES) for name, each in self.bakery.products.items()
        }
        lost: dict[Item, float] = defaultdict(float)
        for (item, _), quantity in self._lost.items():
            lost[item] += quantity
        return Look(self.now, self.house.stock(), dict(lost), spilled | stolen, not self._unreported)

    def read_plan(self, plan: Plan) -> None:
        """Work by a plan from now on: what is begun stays, everything else is done as the new plan says."""
        self.live_until(plan.published_at)
        self._plan_number += 1
        planned = {(batch.schedule_date, batch.batch_number): batch for batch in plan.batches}
        for key, job in list(self._jobs.items()):
            if job.is_over or key[0] < plan.plan_date:
                continue
            if not job.is_begun:
                del self._jobs[key]
            elif planned.get(key) != job.batch:
                became = planned.get(key)
                self._trouble("restarted", key[0], job.batch.product_id, f"batch {key[1]}: {job.batch} became {became}")
                self._lose_what_was_begun_in_vain(job, 0)
                del self._jobs[key]
        for key, batch in planned.items():
            if key not in self._jobs:
                self._take_on(plan, batch)
        self._place_orders(plan)

    def _do(self, at: datetime, act: Callable[[], None], rank: int = 5) -> None:
        heapq.heappush(self._agenda, (at, rank, next(self._turns), act))

    def _at(self, day: date, clock: time, minutes: int = 0) -> datetime:
        return to_instant(day, clock, self.bakery.tenant.timezone) + timedelta(minutes=minutes)

    def _dice(self, *names: str) -> np.random.Generator:
        return random_generator(self.seed, self.bakery.tenant.tenant_id, "world", *names)

    def _trouble(self, what: str, day: date, item_id: str, detail: str, ingredients: Iterable[str] = ()) -> None:
        self.troubles.append(Trouble(what, day, item_id, detail, frozenset(ingredients)))

    # Baking.

    def _take_on(self, plan: Plan, batch: PlannedBatch) -> None:
        """Do a batch's steps when they are due; a dough that was due before the plan came is begun at once."""
        job = Job(batch)
        self._jobs[batch.schedule_date, batch.batch_number] = job
        for at, needs in steps(self.bakery, batch).items():
            if self._begins <= at < plan.published_at:
                late = plan.published_at - at
                self._trouble("begun_too_late", batch.schedule_date, batch.product_id,
                              f"batch {batch.batch_number}: work was due {late} before the plan came")  # fmt: skip
            self._do(max(at, plan.published_at), self._step(job, needs, self._plan_number))
        self._do(batch.end_at, self._end(job, self._plan_number), FIRST_OF_INSTANT)

    def _holds(self, job: Job, plan_number: int) -> bool:
        """Whether a step that a plan asked for is still to be done: plans since then have kept its batch."""
        key = job.batch.schedule_date, job.batch.batch_number
        return self._jobs.get(key) is job and (job.is_begun or plan_number == self._plan_number)

    def _step(self, job: Job, needs: dict[str, float], plan_number: int) -> Callable[[], None]:
        def act() -> None:
            if not self._holds(job, plan_number):
                return
            job.is_begun = True
            for name, quantity in needs.items():
                there = self.house.held(Item("ingredient", name), MAIN)
                if there < quantity * job.share - 1e-6:
                    job.share = there / quantity
                    job.missing.add(name)
            for name, quantity in needs.items():
                item = Item("ingredient", name)
                parts = self.house.taken("used", MAIN, item, quantity * job.share)
                taken = sum(part.quantity for part in parts)
                self._follow(item, parts)
                unseen = sum(lost for (lost_item, _), lost in self._lost.items() if lost_item == item)
                unknown = min(quantity - taken, max(self.house.held(item, MAIN) + unseen, 0.0))
                job.taken.append(Taken(self.now, name, taken, quantity, unknown))
                self._lost[item, None] -= unknown

        return act

    def _end(self, job: Job, plan_number: int) -> Callable[[], None]:
        def act() -> None:
            if not self._holds(job, plan_number):
                return
            job.is_over = True
            self.batches_made += 1
            self._come_out(job)

        return act

    def _come_out(self, job: Job) -> None:
        """What a batch gives: as planned, a few pieces less, one more, nothing; or what its ingredients were for."""
        batch = job.batch
        item = Item("product", batch.product_id)
        full = math.floor(batch.quantity * job.share + 1e-6)
        dice = self._dice("batch", batch.batch_number, batch.schedule_date.isoformat())
        chance, known = dice.random(), self.now + timedelta(minutes=10)
        made, unseen = full, 0
        if job.missing:
            names = ", ".join(sorted(job.missing))
            self._trouble("short_of_ingredients", batch.schedule_date, batch.product_id,
                          f"batch {batch.batch_number}: {full} of {batch.quantity:.0f} made, not enough {names}",
                          job.missing)  # fmt: skip
            self.records.ended(batch, full, 0.0, f"not enough {names}", self.now, known)
            self._lose_what_was_begun_in_vain(job, full)
        elif chance < FAILS:
            made = 0
            self.records.ended(batch, 0.0, batch.quantity, "burnt", self.now, known)
        elif chance < FAILS + FALLS_SHORT:
            made = full - min(full, 1 + int(dice.integers(0, max(1, full // 30) + 1)))
            if dice.random() < WRITES_SHORT_DOWN:
                self.records.ended(batch, made, full - made, "misshapen", self.now, known)
            else:
                unseen = full - made
        elif chance < FAILS + FALLS_SHORT + GIVES_MORE:
            made = full + 1
            unseen = -1
        life = self.bakery.products[batch.product_id].life
        last_day = batch.schedule_date + timedelta(days=life - 1)
        self._lost[item, last_day] += unseen
        self.house.put("baked", MAIN, item, f"baked {batch.schedule_date}", made, last_day, self.now)
        self._say_whether_it_is_late(batch)

    def _lose_what_was_begun_in_vain(self, job: Job, made: float) -> None:
        """Doughs that were begun for more than what could be made are gone; those before the last count are counted."""
        for each in job.taken:
            if each.at > self._counted:
                in_vain = each.quantity - each.whole * made / job.batch.quantity
                self._lost[Item("ingredient", each.ingredient_id), None] += each.unknown + in_vain

    def _say_whether_it_is_late(self, batch: PlannedBatch) -> None:
        opens = self._at(batch.schedule_date, self.bakery.trade.opens)
        if self.now > opens:
            late = (self.now - opens).total_seconds() / 60
            detail = f"batch {batch.batch_number}: {batch.quantity:.0f} came {late:.0f} minutes after opening"
            self._trouble("not_ready", batch.schedule_date, batch.product_id, detail)

    # Selling.

    def _plan_day(self, day: date) -> None:
        trade = self.bakery.trade
        closing = self._at(day, trade.closes)
        self._do(closing, lambda: self._close(day), LAST_OF_INSTANT)
        self._do(self._at(day, time(12)), lambda: self._spill(day))
        warm, rain = self._weather[day]
        own = {"tenant_id": self.bakery.tenant.tenant_id, "date": day, "temperature_c": warm, "rain_mm": rain}
        self.records.other("weather", closing, iter([own]))
        orders = customer_order_rows(
            self.bakery, day + timedelta(days=1), self.seed, first_due=day, last_due=day + timedelta(days=22)
        )
        given = [row for row in orders if local_date(_instant(row), self.bakery.tenant.timezone) == day]
        for row in given:
            self._do(_instant(row), lambda row=row: self._reserve(row))  # type: ignore[misc]
            self.records.other("customer_orders", _instant(row), iter([row]))
        if is_open(self.bakery, day):
            self._do(self._at(day, trade.opens), lambda: self._open(day))
            if day.isoweekday() == next(each for each in COUNT_WEEKDAYS if each != trade.closed_weekday):
                self._do(closing + timedelta(minutes=COUNTED_AFTER), self._count, LAST_OF_INSTANT)

    def _reserve(self, row: Row) -> None:
        due = row["due_date"]
        assert isinstance(due, date)
        self._reserved[str(row["product_id"]), due] += int(_number(row["quantity"]))

    def _open(self, day: date) -> None:
        """Customers come all day, most of them in the morning; those who have ordered first."""
        trade = self.bakery.trade
        opens, closes = self._at(day, trade.opens), self._at(day, trade.closes)
        slices = max(1, round((closes - opens) / SLICE))
        for product_id, product in self.bakery.products.items():
            if product.discontinued_days_ago is not None:
                continue
            ordered = self._reserved[product_id, day]
            walk_in = 0 if product.to_order else max(0, self._asked[product_id][day] - ordered)
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
                    self._do(min(at, closes), self._serve(till, wanted))
            dice = self._dice("theft", product_id, day.isoformat())
            for _ in range(int(dice.poisson(STOLEN * product.sells))):
                at = opens + timedelta(seconds=float(dice.random()) * (closes - opens).total_seconds())
                self._do(at, self._steal(product_id))
            self._do(closes, self._cash_up(till, day))

    def _serve(self, till: "Till", wanted: int) -> Callable[[], None]:
        def act() -> None:
            item = Item("product", till.product_id)
            parts = self.house.taken("sold", MAIN, item, float(wanted))
            given = round(sum(part.quantity for part in parts))
            self._follow(item, parts)
            till.sold += given
            if given < wanted:
                zone = ZoneInfo(self.bakery.tenant.timezone)
                till.sold_out_at = till.sold_out_at or self.now.astimezone(zone).time().replace(second=0, microsecond=0)
            elif given:
                till.sold_out_at = None

        return act

    def _follow(self, item: Item, parts: list[Lot]) -> None:
        """What the book sells of a lot that is over it has too much of the next; what it lacks it takes from there."""
        for part in parts:
            for key in [key for key, lost in self._lost.items() if key[0] == item and lost > 0]:
                last_day = key[1]
                if last_day is not None and part.last_day is not None and last_day < part.last_day:
                    moved = min(self._lost[key], part.quantity)
                    self._lost[key] -= moved
                    self._lost[item, part.last_day] += moved
        for key in [key for key, lost in self._lost.items() if key[0] == item and lost < 0]:
            next_lot = self.house.next_last_day(MAIN, item)
            if key[1] is not None and (next_lot is None or next_lot > key[1]):
                self._pass_on(item, self._lost.pop(key), next_lot)

    def _steal(self, product_id: str) -> Callable[[], None]:
        def act() -> None:
            self._lose(Item("product", product_id), 1.0)

        return act

    def _cash_up(self, till: "Till", day: date) -> Callable[[], None]:
        is_late = self._dice("till", day.isoformat()).random() < LATE_TILL

        def act() -> None:
            known = self.now + timedelta(minutes=RECORDED_AFTER)
            if is_late:
                known = self._at(day + timedelta(days=1), time(11))
                self._unreported.add(day)
                self._do(known, lambda: self._unreported.discard(day))
            price = self.bakery.products[till.product_id].price
            self.records.sold(till.product_id, day, till.sold, price, till.sold_out_at, known)

        return act

    def _close(self, day: date) -> None:
        """Throw away what may not be used any more; what the shop throws away it writes down."""
        known = self.now + timedelta(minutes=RECORDED_AFTER)
        opened = is_open(self.bakery, day)
        gone = self.house.throw_out(day, opened=opened)
        for (_, item), quantity in gone.items():
            if item.kind == "product" and opened:
                self.records.thrown(item, day, quantity, "unsold", known)
        for item, last_day in list(self._lost):
            if last_day is not None and last_day <= day:
                lost = self._lost.pop((item, last_day))
                if lost < 0 and opened:  # on a closed day it expires here and there, and nobody writes anything down
                    self._pass_on(item, lost, self.house.next_last_day(MAIN, item))

    def _pass_on(self, item: Item, lost: float, next_lot: date | None) -> None:
        """What the book lacks of a lot that is over it takes from the next, or takes to have been made in addition."""
        if next_lot is not None:
            self._lost[item, next_lot] += lost
            return
        made = PlannedBatch(
            "", local_date(self.now, self.bakery.tenant.timezone), item.item_id, 1.0, self.now, self.now
        )
        for needs in steps(self.bakery, made).values():
            for name, quantity in needs.items():
                self._lost[Item("ingredient", name), None] += lost * quantity

    # What befalls the stock, and what is done about it.

    def _spill(self, day: date) -> None:
        dice = self._dice("spill", day.isoformat())
        for name, use in self._use.items():
            amount = float(dice.exponential(SPILLED * use))
            if self.bakery.ingredients[name].unit == "piece":
                amount = math.floor(amount + dice.random())
            self._lose(Item("ingredient", name), amount)

    def _lose(self, item: Item, quantity: float) -> None:
        """Lose a quantity without anybody knowing, until it is counted, or what is left of its lot is thrown away."""
        for lot in self.house.taken("lost", MAIN, item, quantity):
            self._lost[item, lot.last_day] += lot.quantity

    def _count(self) -> None:
        """Count everything that is not thrown away in the evening."""
        known = self.now + timedelta(minutes=20)
        items = [Item("ingredient", name) for name in self.bakery.ingredients]
        items += [Item("product", name) for name, each in self.bakery.products.items()
                  if each.life > 1 and each.discontinued_days_ago is None]  # fmt: skip
        for item in items:
            self.records.counted(item, round(self.house.held(item, MAIN), 6), self.now, known)
        self._lost.clear()
        self._counted = self.now

    # Ordering.

    def _place_orders(self, plan: Plan) -> None:
        """Place what is due before the next plan: today, and on closed days that follow."""
        zone = self.bakery.tenant.timezone
        next_day = plan.plan_date + timedelta(days=1)
        while not is_open(self.bakery, next_day):
            next_day += timedelta(days=1)
        due = [each for each in plan.orders if local_date(each.order_by, zone) < next_day]
        at = max(plan.published_at, self._at(plan.plan_date, ORDERED_AT))
        for each in due:
            self._do(max(plan.published_at, min(at, each.order_by - timedelta(minutes=5))), self._order(plan, each))

    def _order(self, plan: Plan, order: ProposedOrder) -> Callable[[], None]:
        def act() -> None:
            order_id = f"{plan.plan_date:%Y%m%d}-{order.supplier_id}-{order.deliver_on:%Y%m%d}"
            window = self._at(order.deliver_on, DELIVERY_FROM), self._at(order.deliver_on, DELIVERY_TO)
            self.records.ordered(order_id, order.ingredient_id, order.supplier_id, order.quantity, window, self.now)
            self._expect(order_id, order.ingredient_id, order.supplier_id, order.quantity, window)

        return act

    def _expect(
        self, order_id: str, ingredient_id: str, supplier_id: str, quantity: float, window: tuple[datetime, datetime]
    ) -> None:
        """The delivery as it will come: in its window and complete, or now and then short or on a later day."""
        dice = self._dice("delivery", order_id)
        comes = window[0] + float(dice.random()) * (window[1] - window[0])
        part = 1.0
        if dice.random() > self.bakery.suppliers[supplier_id].reliability:
            if dice.random() < 0.5:
                day = local_date(window[0], self.bakery.tenant.timezone) + timedelta(days=1)
                while WEEKDAYS[day.weekday()] == "sun" or not is_open(self.bakery, day):
                    day += timedelta(days=1)
                comes = self._at(day, DELIVERY_TO)
            else:
                part = 0.75
        pack = self.bakery.ingredients[ingredient_id].sold_by[supplier_id].pack
        brought = max(pack, round(math.floor(quantity * part / pack + 1e-6) * pack, 4)) if part < 1 else quantity
        self._do(comes, self._receive(order_id, ingredient_id, min(brought, quantity)))

    def _receive(self, order_id: str, ingredient_id: str, quantity: float) -> Callable[[], None]:
        def act() -> None:
            day = local_date(self.now, self.bakery.tenant.timezone)
            lot_id = f"{ingredient_id}-{day:%Y%m%d}"
            last_day = day + timedelta(days=self.bakery.ingredients[ingredient_id].life)
            self.house.put("received", MAIN, Item("ingredient", ingredient_id), lot_id, quantity, last_day, self.now)
            known = self.now + timedelta(minutes=15)
            self.records.received(order_id, ingredient_id, lot_id, quantity, last_day, self.now, known)

        return act


@dataclass
class Till:
    """What a product has sold on a day so far."""

    product_id: str
    day: date
    sold: int = 0
    sold_out_at: time | None = None


def _number(value: object) -> float:
    return float(str(value))


def _instant(row: Row) -> datetime:
    return datetime.fromisoformat(str(row["ordered_at"]))
