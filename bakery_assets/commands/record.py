"""`bakery count`, `done` and `waste`: one fact at a time, as someone in the bakery reports it.

Each fact goes through the same checks as a file of them. What it does to stock is worked out in ``stock``; each command
says what the book had before and after it, at the instant that the fact is about. Deliveries are in ``receive``.
"""

import csv
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bakery_assets.commands.terminal import VisibleConsole

if TYPE_CHECKING:
    from bakery_assets.commands.stock_book import StockBook
    from resources.warehouse import Warehouse
    from resources.warehouse.briefing import PlannedBatch

WIDE_MARGIN = 1.25  # of what is planned, or in the book; whoever reports more has mostly mistyped it

TENANT = Annotated[str, typer.Option("--tenant", help="The bakery.")]
ITEM = Annotated[str, typer.Argument(metavar="ITEM", help="Product, ingredient or intermediate, by id or name.")]
KINDS = {"product_id": "product", "ingredient_id": "ingredient", "recipe_id": "intermediate"}
QUANTITY = Annotated[float, typer.Argument(metavar="QUANTITY", help="Quantity, in the item's unit.")]
LOCATION = Annotated[str, typer.Option("--location", help="Shop or kitchen.")]
LOT = Annotated[str | None, typer.Option("--lot", help="The lot.")]
AT = Annotated[
    datetime | None,
    typer.Option("--at", formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"], help="Local time it happened; now by default."),
]
EXPIRES = Annotated[datetime | None, typer.Option("--expires", formats=["%Y-%m-%d"], help="Last day it may be used.")]


@dataclass(frozen=True)
class Reporter:
    """The bakery that something is reported of, and when that happened."""

    warehouse: "Warehouse"
    tenant_id: str
    timezone: str
    now: datetime
    happened_at: datetime

    @property
    def local_day(self) -> date:
        """The bakery's date when it happened."""
        from bakery_assets.local_time import local_date

        return local_date(self.happened_at, self.timezone)

    @property
    def fact_id(self) -> str:
        """A name for the fact that no other has."""
        return f"{self.now:%Y%m%dT%H%M%S%f}"

    def book(self) -> "StockBook":
        """What the book says by all that is known now."""
        from bakery_assets.commands.stock_book import stock_book

        return stock_book(self.warehouse, self.tenant_id, self.timezone, self.now)

    def append(self, table: str, **values: object) -> None:
        """Append one fact, known from now on.

        Raises:
            typer.Exit: it was refused; why is printed.
        """
        from resources.warehouse.intake import load_folder, quarantine_reasons

        row = {"tenant_id": self.tenant_id, **values, "recorded_at": self.now.isoformat()}
        with tempfile.TemporaryDirectory() as folder:
            _write(Path(folder) / f"{table}.csv", row)
            report = load_folder(self.warehouse, Path(folder), now=self.now)
        if report.quarantined or report.refused:
            reasons = quarantine_reasons(self.warehouse, f"{table}.csv", self.tenant_id, since=self.now)
            raise refused("; ".join(reasons) or f"{table} was not accepted")


def count(
    item: ITEM,
    quantity: QUANTITY,
    tenant: TENANT,
    lot: LOT = None,
    location: LOCATION = "main",
    expires: EXPIRES = None,
    at: AT = None,
) -> None:
    """Record what was counted of an item, or of one of its lots; the book is set to it."""
    reporter = reporter_at(tenant, at)
    found = item_named(reporter, item)
    lot_id = lot or ""
    reporter.append(
        "stock_lots",
        lot_id=lot_id,
        **{found.column: found.item_id},
        location_id=location,
        quantity=quantity,
        expires_on=expires.date() if expires else "",
        counted_at=reporter.happened_at.isoformat(),
    )
    of_lot = f", lot {lot}" if lot else ""
    change = change_in_book(
        reporter, found, location, f"count {reporter.local_day}", lot=lot, since=reporter.happened_at
    )
    say(f"{found.name}{of_lot}: {amount(quantity, found.unit)} counted at {shown_time(reporter)}. {change}")


def done(
    batch: Annotated[str, typer.Argument(metavar="BATCH", help="Number of the batch, such as 20260105-003.")],
    tenant: TENANT,
    quantity: Annotated[
        float | None, typer.Option("--quantity", help="Good units made; by default as planned, less those wasted.")
    ] = None,
    wasted: Annotated[
        float,
        typer.Option(
            "--wasted", min=0, help="Units made and thrown away beyond the good ones; they took ingredients, too."
        ),
    ] = 0.0,
    failed: Annotated[bool, typer.Option("--failed", help="Nothing of it can be sold.")] = False,
    reason: Annotated[str | None, typer.Option("--reason", help="Why it failed.")] = None,
    who: Annotated[str | None, typer.Option("--who", help="Who reports it.")] = None,
    at: AT = None,
) -> None:
    """Record that a batch is finished, or that it failed; it replaces what was assumed of it."""
    from resources.warehouse.briefing import planned_batch

    reporter = reporter_at(tenant, at)
    planned = planned_batch(reporter.warehouse, tenant, batch)
    if planned is None:
        raise refused(
            f"The latest plans of {tenant} have no batch {batch}; today's are listed by: bakery show --tenant {tenant}"
        )
    if planned.is_preview:
        raise refused(
            f"Batch {batch} is a preview of {planned.schedule_date:%a %-d %b}: until that day has a plan of its own the"
            " number may go to another batch. Record it once that plan is there."
        )
    made = 0.0 if failed else max(planned.quantity - wasted, 0.0) if quantity is None else quantity
    before = reporter.book()
    reporter.append(
        "batch_events",
        plan_date=planned.schedule_date,
        batch_number=batch,
        event="failed" if failed else "finished",
        quantity=made,
        # What failed has taken its ingredients; without this the book would have them back.
        wasted_quantity=planned.quantity if failed else wasted,
        happened_at=reporter.happened_at.isoformat(),
        who=who or "",
        product_id=planned.product_id,
        **({"reason": reason} if reason else {}),
    )
    word = "failed" if failed else "finished"
    thrown = f"{amount(wasted, planned.unit)} thrown away, " if wasted and not failed else ""
    say(
        f"Batch {batch}, {planned.name}: {word} at {shown_time(reporter)}, {amount(made, planned.unit)} made, {thrown}"
        f"{amount(planned.quantity, planned.unit)} planned. {_change_by_batch(reporter, batch, planned, before)}"
    )
    if made > planned.quantity * WIDE_MARGIN:
        more = amount(made - planned.quantity, planned.unit)
        again = f"bakery done {batch} --tenant {tenant} --quantity QUANTITY"
        say(f"That is {more} more than planned. If it is a mistake, record it again, which replaces this: {again}")


def waste(
    item: ITEM,
    quantity: QUANTITY,
    tenant: TENANT,
    reason: Annotated[str | None, typer.Option("--reason", help="Why it was thrown away.")] = None,
    lot: LOT = None,
    location: LOCATION = "main",
    at: AT = None,
    corrects: Annotated[
        str | None,
        typer.Option(
            "--corrects", help="Record of waste whose quantity, and reason if given, this replaces; 0 takes it back."
        ),
    ] = None,
) -> None:
    """Record what was thrown away; stock falls by it."""
    from resources.warehouse.briefing import RecordedWaste, recorded_waste

    reporter = reporter_at(tenant, at)
    found = item_named(reporter, item)
    if corrects:
        if lot or at or location != "main":
            raise refused(f"Of waste {corrects} only its quantity and reason can be corrected; leave the rest out.")
        entry = recorded_waste(reporter.warehouse, tenant, corrects)
        if entry is None or getattr(entry, found.column) != found.item_id:
            raise refused(f"{tenant} has no waste {corrects} of {found.name}.")
        waste_id, reason = corrects, reason or entry.reason
    else:
        if lot:
            _refuse_unknown_lot(reporter, found, lot)
        # Without --at it was thrown away some time before now, not after a batch that is taken to be ready by now.
        wasted_at = reporter.happened_at if at else None
        waste_id = reporter.fact_id
        entry = RecordedWaste(None, None, None, lot, location, reporter.local_day, wasted_at, reason)
    reporter.append(
        "waste",
        waste_id=waste_id,
        **{found.column: found.item_id},
        lot_id=entry.lot_id or "",
        location_id=entry.location_id,
        waste_date=entry.waste_date,
        quantity=quantity,
        reason=reason or "",
        wasted_at=entry.wasted_at.isoformat() if entry.wasted_at else "",
    )
    when = f"at {shown_time(reporter, entry.wasted_at)}" if entry.wasted_at else f"on {entry.waste_date}"
    why = f", {reason}" if reason else ""
    source = f"waste {waste_id}"
    change = change_in_book(reporter, found, entry.location_id, source)
    book = reporter.book()
    say(f"{found.name}: {amount(quantity, found.unit)} thrown away {when}{why}. {change}")
    had = book.left_by(found.key, source)
    if found.column == "recipe_id" and quantity > had:
        taken = _listed(book.taken_by(source), _items(reporter))
        made = amount(quantity - had, found.unit)
        say(f"{made} of it is taken to have been made for that{f', of {taken}' if taken else ''}.")
    if quantity > had * WIDE_MARGIN:
        more = amount(quantity - had, found.unit)
        again = f"bakery waste {found.item_id} QUANTITY --tenant {tenant} --corrects {waste_id}"
        say(f"That is {more} more than the book had. If it is a mistake, correct it; 0 takes it back: {again}")


@dataclass(frozen=True)
class Item:
    """A product, an ingredient or an intermediate."""

    column: str
    item_id: str
    name: str
    unit: str

    @property
    def key(self) -> tuple[str, str]:
        """Kind and id."""
        return KINDS[self.column], self.item_id


def reporter_at(tenant: str, at: datetime | None) -> Reporter:
    """Who reports of a bakery what happened at a local time, by default now; exits where that is still to come."""
    from bakery_assets.commands.selection import selected_tenants
    from bakery_assets.local_time import to_instant
    from resources.clock import utc_now
    from resources.warehouse import Warehouse

    (bakery,) = selected_tenants([tenant])
    now = utc_now()
    happened_at = to_instant(at.date(), at.time(), bakery.timezone) if at else now
    if happened_at > now:
        raise refused(f"{at} is still to come in {bakery.timezone}; only what has happened is recorded.")
    return Reporter(Warehouse(), tenant, bakery.timezone, now, happened_at)


def item_named(reporter: Reporter, named: str) -> Item:
    """The item of that id or name, or of its kind and id, whatever its capitals."""
    from difflib import get_close_matches

    items = list(_items(reporter).values())
    for each in items:
        if named.casefold() == " ".join(each.key).casefold():
            return each
    by_id = [each for each in items if each.item_id == named]
    found = by_id or [each for each in items if named.casefold() in (each.item_id.casefold(), each.name.casefold())]
    if len(found) == 1:
        return found[0]
    if found:
        kinds = " or ".join(f"'{' '.join(each.key)}'" for each in found)
        raise refused(f"{named} may be {kinds}; say which of these.")
    names = {each.name: each for each in items} | {each.item_id: each for each in items}
    similar = get_close_matches(named, list(names), n=3, cutoff=0.5)
    hint = f"; did you mean {' or '.join(similar)}?" if similar else ""
    raise refused(f"{reporter.tenant_id} has no product, ingredient or intermediate {named}{hint}")


def _items(reporter: Reporter) -> dict[tuple[str, str], Item]:
    """What the bakery keeps in stock, by kind and id."""
    from resources.warehouse.briefing import item_names

    items = [Item(*row) for row in item_names(reporter.warehouse, reporter.tenant_id).iter_rows()]
    return {each.key: each for each in items}


def _listed(quantities: "list[tuple[tuple[str, str], float]]", items: dict[tuple[str, str], Item]) -> str:
    return ", ".join(f"{amount(quantity, items[key].unit)} of {items[key].name}" for key, quantity in quantities)


def _refuse_unknown_lot(reporter: Reporter, item: Item, lot: str) -> None:
    lots = reporter.book().lots_at(item.key, reporter.happened_at)
    if lot not in lots:
        has = f"it has {', '.join(lots)}" if lots else "it has nothing of it"
        raise refused(
            f"The book has no lot {lot} of {item.name} at {shown_time(reporter)}; {has}. If it is there, count it:"
            f" bakery count {item.item_id} QUANTITY --lot {lot}. Without --lot, what expires first is taken."
        )


def change_in_book(
    reporter: Reporter,
    item: Item,
    location: str,
    source: str,
    *,
    lot: str | None = None,
    since: datetime | None = None,
    receipt_of: str | None = None,
) -> str:
    """What the book had at the instant of a fact that has been recorded, without it and with it."""
    book, at = reporter.book(), reporter.happened_at
    before, after = book.around(item.key, location, at, source, lot_id=lot, since=since, receipt_of=receipt_of)
    where = ("" if location == "main" else f" of {location}") + (f", lot {lot}" if lot else "")
    of_all = f"; all lots {amount(book.quantity(item.key, location, at), item.unit)}" if lot else ""
    return f"In the book{where}: {amount(before, item.unit)} before, {amount(after, item.unit)} after{of_all}."


def _change_by_batch(reporter: Reporter, batch: str, planned: "PlannedBatch", before: "StockBook") -> str:
    """What a batch that has been recorded makes and takes, and what the book had of that before and has now."""
    after = reporter.book()
    items = _items(reporter)

    def change(item: Item) -> str:
        was, now = (book.quantity(item.key, None, reporter.happened_at) for book in (before, after))
        return f"{amount(was, item.unit)} before, {amount(now, item.unit)} after"

    taken = [
        f"{amount(quantity, items[key].unit)} of {items[key].name} ({change(items[key])})"
        for key, quantity in after.taken_by(f"batch {batch}")
    ]
    takes = f"It takes {', '.join(taken)}." if taken else "It takes nothing that the book has."
    return f"In the book: {change(items['product', planned.product_id])}. {takes}"


def _write(path: Path, row: Mapping[str, object]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(row))
        writer.writeheader()
        writer.writerow(row)


def amount(quantity: float, unit: str) -> str:
    """A quantity with its unit, for people."""
    from bakery_assets.briefing.terminal.figures import quantity as shown

    text = shown(quantity, unit)
    return f"{text} pieces" if unit == "piece" else text


def shown_time(reporter: Reporter, at: datetime | None = None) -> str:
    """An instant on the bakery's clock, by default when it happened."""
    from zoneinfo import ZoneInfo

    return f"{(at or reporter.happened_at).astimezone(ZoneInfo(reporter.timezone)):%Y-%m-%d %H:%M}"


def say(text: str) -> None:
    """Print what was done."""
    VisibleConsole(highlight=False, soft_wrap=True).print(text, markup=False)


def refused(text: str) -> typer.Exit:
    """Print why nothing was recorded; the exit to raise."""
    VisibleConsole(stderr=True, highlight=False, soft_wrap=True).print(text, markup=False)
    return typer.Exit(2)
