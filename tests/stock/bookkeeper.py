"""A bookkeeper: the same ledger in plain Python, one bakery and one item at a time, by dicts and loops.

It knows nothing of ``bakery_assets.stock``. It reads facts as rows (dicts), as a till or a person would write them, and
knows one bakery in UTC that opens at 07:00 and closes at 18:00 every day, in the locations ``main`` and ``shop``, of
which ``main`` bakes for both.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

Row = dict[str, Any]
KITCHEN = "main"
ORDER = ("receipt", "production", "begin", "return", "transfer", "consumption", "sale", "waste", "sent back",
         "count lot", "count item")  # fmt: skip
DUST = 1e-7


def opens(day: date) -> datetime:
    return datetime.combine(day, time(7), UTC)


def closes(day: date) -> datetime:
    return datetime.combine(day, time(18), UTC)


@dataclass
class Lot:
    """What is left of a lot in one place."""

    quantity: float
    last_day: date | None
    came: datetime


@dataclass
class Event:
    """Something that happened to an item."""

    at: datetime
    what: str
    quantity: float
    place: str = KITCHEN
    lot: str | None = None
    last_day: date | None = None
    to: str | None = None
    day: date | None = None
    source: str = ""
    all_reported: bool = False
    is_assumed: bool = False
    others_help: bool = False

    def turn(self) -> tuple[Any, ...]:
        """Events at one instant come in a fixed order."""
        return self.at, ORDER.index(self.what), self.place, self.lot is None, self.lot or "", self.source, self.quantity


@dataclass
class Account:
    """The lots of one item, and what is known of how it came to be so."""

    fifo: bool
    life: int | None = None
    is_made: bool = False
    lots: dict[tuple[str, str], Lot] = field(default_factory=dict)
    promised: float = 0.0
    moved: float = 0.0
    made: list[Event] = field(default_factory=list)
    unexplained: float = 0.0
    sent_back_unseen: float = 0.0  # of it
    scrapped: float = 0.0  # of batches, when they were ready
    used_up_to: dict[str, date] = field(default_factory=dict)  # by source, the first last day of the lots consumed

    def settle(self, events: list[Event], until: datetime) -> None:
        """Let all that happened until an instant happen."""
        for event in sorted(events, key=Event.turn):
            if event.at <= until:
                self.expire(event.at)
                self.happen(event)
        self.expire(until)

    def expire(self, now: datetime) -> None:
        for key, lot in list(self.lots.items()):
            if lot.last_day is not None and closes(lot.last_day) < now:
                self.moved -= lot.quantity
                del self.lots[key]

    def put(self, place: str, name: str, quantity: float, last_day: date | None, came: datetime) -> None:
        if quantity < DUST:
            return
        lot = self.lots.get((place, name))
        if lot is None:
            self.lots[place, name] = Lot(quantity, last_day, came.replace(second=0, microsecond=0))
        else:
            lot.quantity += quantity
            days = [day for day in (lot.last_day, last_day) if day is not None]
            lot.last_day = min(days) if days else None
        self.moved += quantity

    def take(self, quantity: float, place: str | None, name: str | None) -> list[tuple[str, str, float, Lot]]:
        """Take from the lots in their turn; what each gave."""
        given = []
        for key in sorted(self.lots, key=self.turn):
            lot = self.lots[key]
            if (place is None or key[0] == place) and (name is None or key[1] == name) and quantity > DUST:
                part = min(quantity, lot.quantity)
                quantity -= part
                lot.quantity -= part
                self.moved -= part
                given.append((*key, part, lot))
                if lot.quantity < DUST:
                    del self.lots[key]
        return given

    def turn(self, key: tuple[str, str]) -> tuple[Any, ...]:
        lot = self.lots[key]
        last, came = lot.last_day or date.max, lot.came
        return (came, last, key[1], key[0]) if self.fifo else (last, came, key[1], key[0])

    def happen(self, event: Event) -> None:
        here = {name: lot for (place, name), lot in self.lots.items() if place == event.place}
        match event.what:
            case "receipt" | "production":
                assert event.lot is not None
                self.put(event.place, event.lot, event.quantity, event.last_day, event.at)
            case "begin":
                assert event.lot is not None
                last_day = event.last_day
                free = max(sum(lot.quantity for lot in self.lots.values()) - self.promised, 0.0)
                begun = max(event.quantity - free, 0.0)
                self.promised += event.quantity
                self.put(event.place, event.lot, begun, last_day, event.at)
                self.note(event, begun)
            case "return":
                self.add_to_last(here, event, event.quantity, f"returned {event.day}")
            case "transfer":
                assert event.to is not None
                given = self.take(event.quantity, event.place, event.lot)
                for _, name, part, lot in given:
                    self.put(event.to, name, part, lot.last_day, lot.came)
                rest = event.quantity - sum(part for *_, part, _ in given)
                if event.is_assumed:
                    pass  # a plan's trip takes what there is
                elif not self.may_raise(event):
                    self.unexplained += max(rest, 0.0)
                elif rest > DUST:
                    assert event.day is not None
                    self.put(event.to, f"baked {event.day}", rest, self.last_day(event.day), event.at)
                    self.note(event, rest)
            case "count lot":
                assert event.lot is not None
                lot = self.lots.get((event.place, event.lot))
                if lot is None:
                    self.put(event.place, event.lot, event.quantity, event.last_day, event.at)
                else:
                    self.moved += event.quantity - lot.quantity
                    lot.quantity = event.quantity
                    lot.last_day = event.last_day or lot.last_day
                    if lot.quantity < DUST:
                        del self.lots[event.place, event.lot]
            case "count item":
                missing = sum(lot.quantity for lot in here.values()) - event.quantity
                if missing > DUST:
                    self.take(missing, event.place, None)
                elif missing < -DUST:
                    assert event.day is not None
                    self.add_to_last(here, event, -missing, f"counted {event.day}")
            case _:
                self.use(event)

    def add_to_last(self, here: dict[str, Lot], event: Event, quantity: float, new: str) -> None:
        if here:
            name = max(here, key=lambda each: (here[each].came, each))
            here[name].quantity += quantity
            self.moved += quantity
        else:
            self.put(event.place, new, quantity, event.last_day, event.at)

    def use(self, event: Event) -> None:
        """Consumption, sales, waste and what is sent back: from here, then from where else it may have come."""
        if event.what == "consumption":
            self.promised = max(self.promised - event.quantity, 0.0)
        given, rest = [], event.quantity
        if event.lot is not None:
            given += self.take(rest, event.place, event.lot)
            given += self.take(event.quantity - sum(part for *_, part, _ in given), None, event.lot)
            rest = event.quantity - sum(part for *_, part, _ in given)
        given += self.take(rest, event.place, None)
        rest = event.quantity - sum(part for *_, part, _ in given)
        anywhere = event.what in ("consumption", "sent back") or (event.what == "waste" and event.day is None)
        if anywhere:
            given += self.take(rest, None, None)
            rest = event.quantity - sum(part for *_, part, _ in given)
        elif event.place != KITCHEN:
            rest -= sum(part for *_, part, _ in self.take(rest, KITCHEN, None))
        if event.others_help:
            rest -= sum(part for *_, part, _ in self.take(rest, None, None))
        days = [lot.last_day for *_, lot in given if lot.last_day is not None]
        if event.what == "consumption" and days:
            self.used_up_to[event.source] = min([*days, self.used_up_to.get(event.source, date.max)])
        if rest > DUST:
            if self.may_raise(event):
                self.note(event, rest)
            else:
                self.unexplained += rest
                self.sent_back_unseen += rest if event.what == "sent back" else 0.0

    def may_raise(self, event: Event) -> bool:
        return self.is_made and not event.all_reported and (event.lot is None or event.what == "waste")

    def note(self, event: Event, quantity: float) -> None:
        if quantity > DUST:
            self.made.append(Event(event.at, event.what, quantity, day=event.day, source=event.source))

    def last_day(self, made_on: date) -> date | None:
        return None if self.life is None else made_on + timedelta(days=self.life - 1)


def holding(events: list[Row]) -> list[Row]:
    """The events of a batch that hold: one end at most, and of what led to it nothing that is later than what follows.

    Finished and failed: what was written down last. Neither can be cancelled afterwards; otherwise, again, what was
    written down last. Of two written down at once the later one, and then the one that made less.
    """

    def last(*rows: Row | None) -> Row | None:
        some = [row for row in rows if row is not None]
        less = ("finished", "failed", "cancelled")
        return max(
            some, key=lambda row: (row["recorded_at"], row["happened_at"], less.index(row["event"])), default=None
        )

    by_kind = {row["event"]: row for row in events}
    done, cancelled = last(by_kind.get("finished"), by_kind.get("failed")), by_kind.get("cancelled")
    if done and cancelled and cancelled["happened_at"] > done["happened_at"]:
        cancelled = None
    end = last(done, cancelled)
    found = [end] if end else []
    for kind in ("quality_check", "started", "confirmed"):
        row = by_kind.get(kind)
        if row and not (found and row["happened_at"] > found[-1]["happened_at"]):
            found.append(row)
    return found


@dataclass
class Bakery:
    """One bread that keeps two days, from a dough that is begun a day ahead, from flour that keeps."""

    facts: dict[str, list[Row]]
    now: datetime
    fifo: bool = False
    bread_life: int = 2
    dough_per_bread: float = 0.5
    flour_per_dough: float = 0.6
    salt_per_bread: float = 10.0
    limiting: frozenset[tuple[str, str]] = frozenset()  # what is made, and of what it keeps no longer than
    limits: dict[tuple[str, str], date] = field(default_factory=dict)  # by what is made and what for

    def known(self, table: str, *key: str) -> list[Row]:
        """Facts known by now, of each the latest record."""
        latest: dict[tuple[Any, ...], Row] = {}
        for row in sorted(self.facts.get(table, []), key=lambda each: each["recorded_at"]):
            if row["recorded_at"] <= self.now:
                latest[tuple(row.get(name) for name in key)] = row
        return list(latest.values())

    def stock(self) -> dict[str, Account]:
        """The accounts of bread, dough, flour and salt, settled until the limits of what was made are those found."""
        while True:
            accounts = self.settled()
            found: dict[tuple[str, str], date] = {}
            for made, component in self.limiting:
                for source, last_day in accounts[component].used_up_to.items():
                    found[made, source] = min(last_day, found.get((made, source), date.max))
            if found == self.limits:
                return accounts
            self.limits = found

    def limited(self, made: str, source: str, last_day: date | None) -> date | None:
        days = [day for day in (last_day, self.limits.get((made, source))) if day is not None]
        return min(days) if days else None

    def settled(self) -> dict[str, Account]:
        bread = Account(self.fifo, life=self.bread_life, is_made=True)
        batches = self.batches()
        events = self.counts("product_id", "bread") + self.moves("bread")
        events += [
            Event(made_at, "production", quantity, lot=f"baked {day}", source=f"batch {number}",
                  last_day=self.limited("bread", f"batch {number}", bread.last_day(day)))
            for number, day, _, made_at, quantity, *_ in batches if made_at is not None
        ]  # fmt: skip
        bread.scrapped = sum(wasted for *_, made_at, _, _, _, wasted in batches if made_at and made_at <= self.now)
        reported = {day for _, day, *_ in batches}
        all_reported = reported - {day for _, day, *_, is_reported, _ in batches if not is_reported}
        sold = self.sales()
        thrown = [row for row in self.known("waste", "waste_id") if row["product_id"] == "bread"]
        used: list[tuple[datetime, float, str]] = []
        days = {day for _, day in sold} | {row["waste_date"] for row in thrown}
        eventful = {row["plan_date"] for row in self.known("batch_events", "plan_date", "batch_number", "event")}
        first = self.first_day()
        for day in days:
            quantity = sum(amount for (_, each), amount in sold.items() if each == day)
            quantity += sum(
                row["quantity"] for row in thrown
                if row["waste_date"] == day and self.thrown_away_at(row) >= opens(day)
            )  # fmt: skip
            if quantity > DUST and day not in self.planned_days() and day not in reported | eventful and day >= first:
                events.append(
                    Event(
                        opens(day),
                        "production",
                        quantity,
                        lot=f"baked {day}",
                        last_day=self.limited("bread", f"baking {day}", bread.last_day(day)),
                    )
                )
                used.append((opens(day), quantity, f"baking {day}"))
        for (place, day), amount in sold.items():
            if day >= first:
                what, last = ("sale", None) if amount > 0 else ("return", bread.last_day(day))
                cuts = sorted(
                    {each.at for each in events if each.what.startswith("count") and each.place in (place, KITCHEN)
                     and opens(day) < each.at < min(closes(day), self.now)}
                )  # fmt: skip
                done, end = 0.0, min(closes(day), self.now)
                for at in [*cuts, end]:
                    share = 1.0 if at == end else (at - opens(day)) / (end - opens(day))
                    events.append(Event(at, what, abs(amount) * (share - done), place, day=day, last_day=last,
                                        source=f"sales {day}", all_reported=day in all_reported))  # fmt: skip
                    done = share
        events += [
            Event(self.thrown_away_at(row), "waste", row["quantity"], row["location_id"],
                  lot=row.get("lot_id"), day=row["waste_date"], source=f"waste {row['waste_id']}",
                  all_reported=row["waste_date"] in all_reported)
            for row in thrown if (row.get("wasted_at") or closes(row["waste_date"])).date() >= first
        ]  # fmt: skip
        trips = self.trips()
        days_of_trips = {trip.day for trip in trips}
        for each in events:
            each.all_reported = each.all_reported or (each.what == "transfer" and each.day in all_reported)
            each.others_help = each.what in ("sale", "waste") and each.day in days_of_trips
        events += trips
        bread.settle(events, self.now)
        raised = [(opens(event.day), event.quantity, f"baking {event.day}") for event in bread.made if event.day]
        dough, flour, salt = self.materials(used + raised, batches)
        return {"bread": bread, "dough": dough, "flour": flour, "salt": salt}

    def materials(
        self, used: list[tuple[datetime, float, str]], batches: list[tuple[Any, ...]]
    ) -> tuple[Account, Account, Account]:
        """Dough begun the day before and flour for it; salt with the bread."""
        needs: dict[tuple[datetime, str], float] = {}
        for at, quantity, source in used:
            needs[at, source] = needs.get((at, source), 0.0) + quantity
        taken = [(at, quantity, source) for (at, source), quantity in needs.items()]
        taken += [(at, quantity, f"batch {number}") for number, _, at, _, _, quantity, *_ in batches]
        known = {
            f"batch {row['batch_number']}": row["planned_since"] for row in self.facts.get("published_batches", [])
        }
        dough = Account(self.fifo, is_made=True)
        # A dough that was thrown away and is not there was made for that.
        events = self.counts("recipe_id", "dough") + self.scrapped("recipe_id", "dough")
        for at, quantity, source in taken:
            wanted = quantity * self.dough_per_bread
            if wanted > DUST:
                due = at - timedelta(days=1)
                begun = min(max(due, known.get(source, due)), at)
                last_day = self.limited("dough", source, None)
                events.append(Event(begun, "begin", wanted, lot=f"for {source}", source=source, last_day=last_day))
                events.append(Event(at, "consumption", wanted, source=source))
        dough.settle(events, self.now)
        flour = Account(self.fifo)
        events = (
            self.counts("ingredient_id", "flour")
            + self.deliveries("flour")
            + self.returns("flour")
            + self.scrapped("ingredient_id", "flour")
        )
        events += [
            Event(each.at, "consumption", each.quantity * self.flour_per_dough, source=each.source)
            for each in dough.made
        ]
        flour.settle(events, self.now)
        salt = Account(self.fifo)
        events = (
            self.counts("ingredient_id", "salt")
            + self.deliveries("salt")
            + self.returns("salt")
            + self.scrapped("ingredient_id", "salt")
        )
        events += [Event(at, "consumption", quantity * self.salt_per_bread, source=source)
                   for at, quantity, source in taken if quantity > DUST]  # fmt: skip
        salt.settle(events, self.now)
        return dough, flour, salt

    def first_day(self) -> date:
        """The first day that anything but sales and waste is about."""
        days = [self.now.date()]
        days += [(row["counted_at"] or row["recorded_at"]).date() for row in self.all_counts()]
        days += [row["received_at"].date() for row in self.known("stock_receipts", "receipt_id", "lot_id")]
        days += [row["transferred_at"].date() for row in self.known("transfers", "transfer_id")]
        for row in self.known("batch_events", "plan_date", "batch_number", "event"):
            days += [row["plan_date"], row["happened_at"].date()]
        return min([*days, *self.planned_days()])

    def all_counts(self) -> list[Row]:
        key = ("lot_id", "product_id", "ingredient_id", "recipe_id", "location_id", "when")
        rows = [row | {"when": row["counted_at"] or row["recorded_at"]} for row in self.facts.get("stock_lots", [])]
        return Bakery({"stock_lots": rows}, self.now).known("stock_lots", *key)

    def counts(self, column: str, item: str) -> list[Event]:
        life = self.bread_life if item == "bread" else None
        found = []
        for row in self.all_counts():
            if row.get(column) == item:
                at = row["counted_at"] or row["recorded_at"]
                what, last_day = "count lot" if row["lot_id"] else "count item", row["expires_on"]
                if what == "count item" and last_day is None and life:
                    last_day = at.date() + timedelta(days=life - 1)
                found.append(Event(at, what, row["quantity"], row["location_id"], row["lot_id"], last_day, day=at.date(),
                                   source=f"count {at.date()}"))  # fmt: skip
        return found

    def deliveries(self, item: str) -> list[Event]:
        return [
            Event(row["received_at"], "receipt", row["quantity"], row["location_id"], row["lot_id"], row["expires_on"],
                  source=f"receipts {row['receipt_id']}")
            for row in self.known("stock_receipts", "receipt_id", "lot_id") if row["ingredient_id"] == item
        ]  # fmt: skip

    def returns(self, item: str) -> list[Event]:
        """What went back to the supplier; a lot whose last day was over was gone by then."""
        last_days: dict[str, date] = {}
        for row in self.known("stock_receipts", "receipt_id", "lot_id"):
            if row["ingredient_id"] == item and row["expires_on"]:
                last_days[row["lot_id"]] = min(row["expires_on"], last_days.get(row["lot_id"], date.max))
        return [
            Event(row["returned_at"], "sent back", row["quantity"], row["location_id"], row["lot_id"],
                  source=f"return {row['return_id']} of lot {row['lot_id']}")
            for row in self.known("supplier_returns", "return_id", "lot_id")
            if row["ingredient_id"] == item and last_days.get(row["lot_id"], date.max) >= row["returned_at"].date()
        ]  # fmt: skip

    def scrapped(self, column: str, item: str) -> list[Event]:
        return [
            Event(self.thrown_away_at(row), "waste", row["quantity"], row["location_id"],
                  row.get("lot_id"), source=f"waste {row['waste_id']}")
            for row in self.known("waste", "waste_id") if row[column] == item
        ]  # fmt: skip

    def moves(self, item: str) -> list[Event]:
        return [
            Event(row["transferred_at"], "transfer", row["quantity"], row["from_location_id"], row["lot_id"],
                  to=row["to_location_id"], day=row["transferred_at"].date(), source=f"transfer {row['transfer_id']}")
            for row in self.known("transfers", "transfer_id") if row["product_id"] == item
        ]  # fmt: skip

    def thrown_away_at(self, row: Row) -> datetime:
        """When it says; else at closing, or at a count of it that day, made after someone wrote the waste down."""
        if row.get("wasted_at"):
            return row["wasted_at"]
        item = next(name for name in ("product_id", "ingredient_id", "recipe_id") if row[name])
        counted = [
            each["when"] for each in self.all_counts()
            if each.get(item) == row[item] and each["location_id"] == row["location_id"]
            and each["when"].date() == row["waste_date"] and each["when"] >= row["recorded_at"]
        ]  # fmt: skip
        return min([closes(row["waste_date"]), self.now, *counted])

    def trips(self) -> list[Event]:
        """What plans had brought to the shop by now, as long as no one wrote down what was brought that day."""
        reported = {
            row["transferred_at"].date() for row in self.known("transfers", "transfer_id")
            if (row["product_id"], row["from_location_id"], row["to_location_id"]) == ("bread", KITCHEN, "shop")
        }  # fmt: skip
        found = []
        for row in self.facts.get("published_distributions", []):
            out = {
                each["version"]: each["published_at"] for each in self.facts["plan_versions"]
                if each["plan_date"] == row["plan_date"] and each["published_at"] <= self.now
            }  # fmt: skip
            at_that_time = [version for version, published in out.items() if published <= row["leaves_at"]]
            is_last = bool(at_that_time) and max(at_that_time) == row["version"]
            if is_last and row["leaves_at"] <= self.now and row["arrives_at"].date() not in reported:
                found.append(
                    Event(row["arrives_at"], "transfer", row["quantity"], KITCHEN, to="shop", day=row["plan_date"],
                          source=f"distribution {row['plan_date']}", is_assumed=True)
                )  # fmt: skip
        return found

    def sales(self) -> dict[tuple[str, date], float]:
        rows = self.known("sales", "location_id", "sales_date")
        return {(row["location_id"], row["sales_date"]): row["quantity"] for row in rows if row["quantity"]}

    def planned_days(self) -> set[date]:
        return {row["plan_date"] for row in self.facts.get("plan_versions", []) if row["published_at"] <= self.now}

    def batches(self) -> list[tuple[Any, ...]]:
        """Number, day, when it took its ingredients, when it was ready, good units, units it took for, is reported of, wasted."""
        reported: dict[tuple[date, str], list[Row]] = {}
        for row in self.known("batch_events", "plan_date", "batch_number", "event"):
            reported.setdefault((row["plan_date"], row["batch_number"]), []).append(row)
        found = []
        days = self.planned_days()
        rows = {(row["schedule_date"], row["batch_number"]): row for row in self.facts.get("published_batches", [])
                if row["plan_date"] in days and row["plan_date"] == row["schedule_date"]}  # fmt: skip
        for key in sorted({*rows, *reported}):
            plan, events = rows.get(key), holding(reported.get(key, []))
            if plan is None and not any(event["product_id"] for event in events):
                continue
            start = plan["start_at"] if plan else opens(key[0])
            end = plan["end_at"] if plan else opens(key[0])
            confirmed = next((event["quantity"] for event in events if event["event"] == "confirmed"), None)
            planned = confirmed or (plan["quantity_planned"] if plan else 0.0)
            begins = plan["begins_at"] or start if plan else None
            while plan is not None and begins < plan["planned_since"] and begins < start:
                begins = min(begins + timedelta(days=1), start)  # its dough was due before anyone knew of it
            happens = plan is not None and plan["planned_since"] <= begins <= self.now
            last = next((event for event in events if event["event"] in ("finished", "failed", "cancelled")), None)
            starts = [
                event["happened_at"]
                for kind in ("quality_check", "started")
                for event in events
                if event["event"] == kind
            ]
            if last is not None and last["event"] == "cancelled":
                happens = bool(starts)
            elif any(event["event"] != "cancelled" for event in events):
                happens = True
            if not happens:
                continue
            took_at = starts[-1] if starts else min(start, last["happened_at"]) if last else start
            made, took, wasted, made_at = planned, planned, 0.0, max(end + (took_at - start), took_at)
            if last is not None and last["event"] == "finished":
                made = planned if last["quantity"] is None else last["quantity"]
                wasted, made_at = last["wasted_quantity"] or 0.0, last["happened_at"]
                took = made + wasted
            elif last is not None:
                lost = (last["quantity"] or 0.0) + (last["wasted_quantity"] or 0.0)
                made, took, made_at = 0.0, lost or planned, None
            found.append((key[1], key[0], took_at, made_at, made, took, last is not None, wasted))
        return found
