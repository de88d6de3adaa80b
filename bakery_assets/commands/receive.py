"""`bakery receive`: what was delivered, an ingredient at a time or all that an order has open.

A receipt that is begun with ``--draft`` is no stock yet; receiving the order again finishes it.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated

import polars as pl
import typer

from bakery_assets.commands.record import (
    AT,
    EXPIRES,
    LOCATION,
    LOT,
    TENANT,
    Item,
    Reporter,
    amount,
    change_in_book,
    item_named,
    refused,
    reporter_at,
    say,
    shown_time,
)


@dataclass(frozen=True)
class Delivered:
    """What came of an item, and on which receipt that is recorded."""

    item: Item
    quantity: float
    receipt_id: str
    lot_id: str
    expires_on: date | None
    rejected: float = 0.0
    complaint: str | None = None

    def with_complaint(self, rejected: float | None, complaint: str | None) -> "Delivered":
        """The same with what is reported now of what was wrong with it; what a draft says of that stays."""
        return replace(
            self,
            rejected=self.rejected if rejected is None else rejected,
            complaint=complaint or self.complaint,
        )


def receive(
    tenant: TENANT,
    item: Annotated[
        str | None, typer.Argument(metavar="ITEM", help="Ingredient, by id or name; by default all of the order.")
    ] = None,
    quantity: Annotated[float | None, typer.Argument(metavar="QUANTITY", help="Quantity, in the item's unit.")] = None,
    order: Annotated[str | None, typer.Option("--order", help="Purchase order that it came with.")] = None,
    line: Annotated[str | None, typer.Option("--line", help="Only this ingredient of the order.")] = None,
    line_quantity: Annotated[
        float | None, typer.Option("--quantity", help="What came of it; by default what is open of the order.")
    ] = None,
    draft: Annotated[
        bool, typer.Option("--draft", help="It is there and still to be checked: no stock until it is received again.")
    ] = False,
    rejected: Annotated[
        float | None,
        typer.Option("--rejected", help="What came beyond QUANTITY and was not accepted; with --complaint.", min=0.0),
    ] = None,
    complaint: Annotated[
        str | None, typer.Option("--complaint", help="What was wrong with what came, also where it was accepted.")
    ] = None,
    lot: LOT = None,
    location: LOCATION = "main",
    expires: EXPIRES = None,
    at: AT = None,
) -> None:
    """Record what was delivered; it is stock from then on."""
    reporter = reporter_at(tenant, at)
    _refuse_vague_complaint(order, rejected, complaint)
    expires_on = expires.date() if expires else None
    if item is None:
        found = _of_order(reporter, order, line, line_quantity, rejected, lot, expires_on)
    else:
        if quantity is None or line or line_quantity is not None:
            raise refused("Of an ITEM give its QUANTITY; --line and --quantity are for what an order brings.")
        found = [_of_item(reporter, item_named(reporter, item), quantity, order, lot, expires_on)]
    if rejected and len(found) > 1:
        raise refused(f"Order {order} has {len(found)} ingredients open; say with --line which one was rejected.")
    for each in found:
        _record(reporter, each.with_complaint(rejected, complaint), order, location, draft=draft)
    if order and not draft:
        _say_what_is_open(reporter, order)
    _update_alerts(reporter)


def _of_item(
    reporter: Reporter, item: Item, quantity: float, order: str | None, lot: str | None, expires_on: date | None
) -> Delivered:
    """One ingredient, with or without an order."""
    if item.column != "ingredient_id":
        raise refused(f"{item.name} is made here; receipts are of ingredients. Record what was made with: bakery done")
    if order:
        _refuse_unknown_order(reporter, item, order)
    return Delivered(item, quantity, reporter.fact_id, lot or _lot_of_day(reporter, item), expires_on)


def _of_order(
    reporter: Reporter,
    order: str | None,
    line: str | None,
    quantity: float | None,
    rejected: float | None,
    lot: str | None,
    expires_on: date | None,
) -> list[Delivered]:
    """All that is open of an order, or one of its ingredients; where nothing is given, what a draft of it says."""
    from bakery_assets.commands.stock_book import orders_of
    from resources.warehouse.deliveries import draft_receipts

    if order is None:
        raise refused("Say what came: an ITEM with its QUANTITY, or --order with the number of the order.")
    known, still_open = orders_of(reporter.warehouse, reporter.tenant_id, reporter.timezone, reporter.now)
    if known.filter(order_id=order).is_empty():
        numbers = still_open["order_id"].unique().sort()
        listed = f"open are {', '.join(numbers)}" if len(numbers) else "and no order is open"
        raise refused(f"{reporter.tenant_id} has no order {order}; {listed}.")
    wanted = still_open.filter(order_id=order)
    drafts = draft_receipts(reporter.warehouse, reporter.tenant_id, order)
    if line:
        one = item_named(reporter, line).item_id
        wanted = wanted.filter(ingredient_id=one)
        if wanted.is_empty():
            raise refused(
                f"Order {order} has nothing open of {line}. What came beyond it: bakery receive {one} QUANTITY"
            )
    if wanted.is_empty():
        raise refused(f"Nothing is open of order {order}: all of it has been received, or it was canceled.")
    if (quantity is not None or lot or expires_on) and wanted.height > 1:
        raise refused(f"Order {order} has {wanted.height} ingredients open; say with --line which one this is about.")
    receipt_id = reporter.fact_id
    found = []
    for ingredient_id, still in wanted.select("ingredient_id", "open").iter_rows():
        item = item_named(reporter, ingredient_id)
        begun = drafts.filter(ingredient_id=ingredient_id).head(1)
        if begun.is_empty():
            came = max(still - (rejected or 0.0), 0.0) if quantity is None else quantity
            found.append(Delivered(item, came, receipt_id, lot or _lot_of_day(reporter, item), expires_on))
            continue
        draft = begun.row(0, named=True)
        arrived = draft["quantity"] + draft["rejected_quantity"]
        drafted = draft["quantity"] if rejected is None else max(arrived - rejected, 0.0)
        came = drafted if quantity is None else quantity
        found.append(
            Delivered(
                item, came, draft["receipt_id"], draft["lot_id"], expires_on or draft["expires_on"],
                draft["rejected_quantity"], draft["complaint"],
            )
        )  # fmt: skip
    return found


def _record(reporter: Reporter, came: Delivered, order: str | None, location: str, *, draft: bool) -> None:
    item = came.item
    reporter.append(
        "stock_receipts",
        receipt_id=came.receipt_id,
        lot_id=came.lot_id,
        ingredient_id=item.item_id,
        order_id=order or "",
        location_id=location,
        quantity=came.quantity,
        expires_on=came.expires_on or "",
        received_at=reporter.happened_at.isoformat(),
        state="draft" if draft else "confirmed",
        rejected_quantity=came.rejected,
        complaint=came.complaint or "",
    )
    fulfills = f", for order {order}" if order else ""
    what = f"{amount(came.quantity, item.unit)} received into lot {came.lot_id} at {shown_time(reporter)}{fulfills}"
    if draft:
        say(f"{item.name}: {what}. It is a draft, and no stock until it is received again without --draft.")
        return
    change = change_in_book(reporter, item, location, f"receipts {came.receipt_id}", receipt_of=came.lot_id)
    is_expired = came.expires_on is not None and came.expires_on < reporter.local_day
    if came.rejected:
        change = f"{amount(came.rejected, item.unit)} rejected: {came.complaint}. {change}"
    over = f" Its last day was {came.expires_on:%Y-%m-%d}, so none of it is stock." if is_expired else ""
    say(f"{item.name}: {what}. {change}{over}")


def _refuse_vague_complaint(order: str | None, rejected: float | None, complaint: str | None) -> None:
    if rejected and not (complaint or "").strip():
        raise refused("Say with --complaint what was wrong with what was rejected.")
    if (rejected or complaint) and order is None:
        raise refused("Say with --order which order it came with: a complaint is about a supplier's delivery.")


def _say_what_is_open(reporter: Reporter, order: str) -> None:
    from bakery_assets.commands.stock_book import orders_of

    _, still_open = orders_of(reporter.warehouse, reporter.tenant_id, reporter.timezone, reporter.now)
    rest = still_open.filter(order_id=order).select("ingredient_id", "open").rows()
    named = [(item_named(reporter, ingredient_id), quantity) for ingredient_id, quantity in rest]
    if named:
        listed = ", ".join(f"{item.name} {amount(quantity, item.unit)}" for item, quantity in named)
        say(f"Still open of order {order}: {listed}. If no more comes, record the order again with what did.")
    else:
        say(f"Order {order} is complete.")


def _refuse_unknown_order(reporter: Reporter, item: Item, order: str) -> None:
    from bakery_assets.commands.stock_book import orders_of

    lines, open_lines = orders_of(reporter.warehouse, reporter.tenant_id, reporter.timezone, reporter.now)
    of_item = pl.col("ingredient_id") == item.item_id
    if order not in lines.filter(of_item)["order_id"]:
        still_open = open_lines.filter(of_item).select("order_id", "open").rows()
        listed = ", ".join(f"{number} ({amount(quantity, item.unit)})" for number, quantity in still_open)
        others = f"; open are {listed}." if listed else ", and no other is open."
        raise refused(
            f"{reporter.tenant_id} has no order {order} of {item.name}{others}"
            " Leave --order out if it came without one."
        )


def _lot_of_day(reporter: Reporter, item: Item) -> str:
    return f"{item.item_id}-{reporter.local_day:%Y%m%d}"


def _update_alerts(reporter: Reporter) -> None:
    """Alerts about this bakery's deliveries are right at once, and not at the watch's next minute."""
    from resources.clock import utc_now
    from resources.warehouse.deliveries import watch_deliveries

    watch_deliveries(reporter.warehouse, utc_now(), [reporter.tenant_id])
