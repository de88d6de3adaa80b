"""`bakery count`, `receive`, `done` and `waste`: one fact at a time, as someone in the bakery reports it.

Each fact goes through the same checks as a file of them. What it does to stock is worked out in ``stock``; each command
says what the book had before and after it, at the instant that the fact is about.
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
ITEM = Annotated[str, typer.Argument(metavar="ITEM", help="Product or ingredient, by id or name.")]
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
            raise _refused("; ".join(reasons) or f"{table} was not accepted")


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
    reporter = _reporter(tenant, at)
    found = _item(reporter, item)
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
    change = _change(reporter, found, location, f"count {reporter.local_day}", lot=lot, since=reporter.happened_at)
    _say(f"{found.name}{of_lot}: {_amount(quantity, found.unit)} counted at {_when(reporter)}. {change}")


def receive(
    item: ITEM,
    quantity: QUANTITY,
    tenant: TENANT,
    order: Annotated[str | None, typer.Option("--order", help="Purchase order that it came with.")] = None,
    lot: LOT = None,
    location: LOCATION = "main",
    expires: EXPIRES = None,
    at: AT = None,
) -> None:
    """Record that an ingredient was delivered; it is stock from then on."""
    reporter = _reporter(tenant, at)
    found = _item(reporter, item)
    if found.column != "ingredient_id":
        raise _refused(
            f"{found.name} is made here; receipts are of ingredients. Record what was made with: bakery done"
        )
    if order:
        _refuse_unknown_order(reporter, found, order)
    lot_id, receipt_id = lot or f"{found.item_id}-{reporter.local_day:%Y%m%d}", reporter.fact_id
    reporter.append(
        "stock_receipts",
        receipt_id=receipt_id,
        lot_id=lot_id,
        ingredient_id=found.item_id,
        order_id=order or "",
        location_id=location,
        quantity=quantity,
        expires_on=expires.date() if expires else "",
        received_at=reporter.happened_at.isoformat(),
    )
    fulfills = f", for order {order}" if order else ""
    what = f"{_amount(quantity, found.unit)} received into lot {lot_id} at {_when(reporter)}{fulfills}"
    change = _change(reporter, found, location, f"receipts {receipt_id}", receipt_of=lot_id)
    is_expired = expires is not None and expires.date() < reporter.local_day
    over = f" Its last day was {expires:%Y-%m-%d}, so none of it is stock." if is_expired else ""
    _say(f"{found.name}: {what}. {change}{over}")


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

    reporter = _reporter(tenant, at)
    planned = planned_batch(reporter.warehouse, tenant, batch)
    if planned is None:
        raise _refused(
            f"The latest plans of {tenant} have no batch {batch}; today's are listed by: bakery show --tenant {tenant}"
        )
    if planned.is_preview:
        raise _refused(
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
    thrown = f"{_amount(wasted, planned.unit)} thrown away, " if wasted and not failed else ""
    _say(
        f"Batch {batch}, {planned.name}: {word} at {_when(reporter)}, {_amount(made, planned.unit)} made, {thrown}"
        f"{_amount(planned.quantity, planned.unit)} planned. {_change_by_batch(reporter, batch, planned, before)}"
    )
    if made > planned.quantity * WIDE_MARGIN:
        more = _amount(made - planned.quantity, planned.unit)
        again = f"bakery done {batch} --tenant {tenant} --quantity QUANTITY"
        _say(f"That is {more} more than planned. If it is a mistake, record it again, which replaces this: {again}")


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

    reporter = _reporter(tenant, at)
    found = _item(reporter, item)
    if corrects:
        if lot or at or location != "main":
            raise _refused(f"Of waste {corrects} only its quantity and reason can be corrected; leave the rest out.")
        entry = recorded_waste(reporter.warehouse, tenant, corrects)
        if entry is None or found.item_id not in (entry.product_id, entry.ingredient_id):
            raise _refused(f"{tenant} has no waste {corrects} of {found.name}.")
        waste_id, reason = corrects, reason or entry.reason
    else:
        if lot:
            _refuse_unknown_lot(reporter, found, lot)
        # Without --at it was thrown away some time before now, not after a batch that is taken to be ready by now.
        wasted_at = reporter.happened_at if at else None
        waste_id = reporter.fact_id
        entry = RecordedWaste(None, None, lot, location, reporter.local_day, wasted_at, reason)
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
    when = f"at {_when(reporter, entry.wasted_at)}" if entry.wasted_at else f"on {entry.waste_date}"
    why = f", {reason}" if reason else ""
    change = _change(reporter, found, entry.location_id, f"waste {waste_id}")
    _say(f"{found.name}: {_amount(quantity, found.unit)} thrown away {when}{why}. {change}")
    had = reporter.book().left_by(found.key, f"waste {waste_id}")
    if quantity > had * WIDE_MARGIN:
        more = _amount(quantity - had, found.unit)
        again = f"bakery waste {found.item_id} QUANTITY --tenant {tenant} --corrects {waste_id}"
        _say(f"That is {more} more than the book had. If it is a mistake, correct it; 0 takes it back: {again}")


@dataclass(frozen=True)
class _Item:
    column: str
    item_id: str
    name: str
    unit: str

    @property
    def key(self) -> tuple[str, str]:
        """Kind and id."""
        return self.column.removesuffix("_id"), self.item_id


def _reporter(tenant: str, at: datetime | None) -> Reporter:
    from bakery_assets.commands.selection import selected_tenants
    from bakery_assets.local_time import to_instant
    from resources.clock import utc_now
    from resources.warehouse import Warehouse

    (bakery,) = selected_tenants([tenant])
    now = utc_now()
    happened_at = to_instant(at.date(), at.time(), bakery.timezone) if at else now
    if happened_at > now:
        raise _refused(f"{at} is still to come in {bakery.timezone}; only what has happened is recorded.")
    return Reporter(Warehouse(), tenant, bakery.timezone, now, happened_at)


def _item(reporter: Reporter, named: str) -> _Item:
    """The item of that id or name, whatever its capitals."""
    from difflib import get_close_matches

    from resources.warehouse.briefing import item_names

    items = [_Item(*row) for row in item_names(reporter.warehouse, reporter.tenant_id).iter_rows()]
    by_id = [each for each in items if each.item_id == named]
    found = by_id or [each for each in items if named.casefold() in (each.item_id.casefold(), each.name.casefold())]
    if len(found) == 1:
        return found[0]
    if found:
        kinds = ", ".join(f"{each.column.removesuffix('_id')} {each.item_id}" for each in found)
        raise _refused(f"{named} may be {kinds}; give the id.")
    names = {each.name: each for each in items} | {each.item_id: each for each in items}
    similar = get_close_matches(named, list(names), n=3, cutoff=0.5)
    hint = f"; did you mean {' or '.join(similar)}?" if similar else ""
    raise _refused(f"{reporter.tenant_id} has no product or ingredient {named}{hint}")


def _refuse_unknown_lot(reporter: Reporter, item: _Item, lot: str) -> None:
    lots = reporter.book().lots_at(item.key, reporter.happened_at)
    if lot not in lots:
        has = f"it has {', '.join(lots)}" if lots else "it has nothing of it"
        raise _refused(
            f"The book has no lot {lot} of {item.name} at {_when(reporter)}; {has}. If it is there, count it first:"
            f" bakery count {item.item_id} QUANTITY --lot {lot}. Without --lot, what expires first is taken."
        )


def _refuse_unknown_order(reporter: Reporter, item: _Item, order: str) -> None:
    from bakery_assets.commands.stock_book import orders_of

    known, still_open = orders_of(reporter.warehouse, reporter.tenant_id, reporter.timezone, reporter.now, item.item_id)
    if order not in known:
        listed = ", ".join(f"{number} ({_amount(quantity, item.unit)})" for number, quantity in still_open)
        others = f"; open are {listed}." if listed else ", and no other is open."
        raise _refused(
            f"{reporter.tenant_id} has no order {order} of {item.name}{others}"
            " Leave --order out if it came without one."
        )


def _change(
    reporter: Reporter,
    item: _Item,
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
    of_all = f"; all lots {_amount(book.quantity(item.key, location, at), item.unit)}" if lot else ""
    return f"In the book{where}: {_amount(before, item.unit)} before, {_amount(after, item.unit)} after{of_all}."


def _change_by_batch(reporter: Reporter, batch: str, planned: "PlannedBatch", before: "StockBook") -> str:
    """What a batch that has been recorded makes and takes, and what the book had of that before and has now."""
    from resources.warehouse.briefing import item_names

    after = reporter.book()
    named = [_Item(*row) for row in item_names(reporter.warehouse, reporter.tenant_id).iter_rows()]
    items = {each.key: each for each in named}

    def change(item: _Item) -> str:
        was, now = (book.quantity(item.key, None, reporter.happened_at) for book in (before, after))
        return f"{_amount(was, item.unit)} before, {_amount(now, item.unit)} after"

    taken = [
        f"{_amount(quantity, items[key].unit)} of {items[key].name} ({change(items[key])})"
        for key, quantity in after.taken_by(f"batch {batch}")
    ]
    takes = f"It takes {', '.join(taken)}." if taken else "It takes nothing that the book has."
    return f"In the book: {change(items['product', planned.product_id])}. {takes}"


def _write(path: Path, row: Mapping[str, object]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(row))
        writer.writeheader()
        writer.writerow(row)


def _amount(quantity: float, unit: str) -> str:
    from bakery_assets.briefing.terminal.figures import quantity as shown

    text = shown(quantity, unit)
    return f"{text} pieces" if unit == "piece" else text


def _when(reporter: Reporter, at: datetime | None = None) -> str:
    from zoneinfo import ZoneInfo

    return f"{(at or reporter.happened_at).astimezone(ZoneInfo(reporter.timezone)):%Y-%m-%d %H:%M}"


def _say(text: str) -> None:
    VisibleConsole(highlight=False, soft_wrap=True).print(text, markup=False)


def _refused(text: str) -> typer.Exit:
    VisibleConsole(stderr=True, highlight=False, soft_wrap=True).print(text, markup=False)
    return typer.Exit(2)
