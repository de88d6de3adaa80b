"""`bakery return`: goods of an order that went back to the supplier after they were received.

What is rejected at the door is part of the receipt, `bakery receive --rejected`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import polars as pl
import typer

from bakery_assets.commands.record import (
    AT,
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
)


@dataclass(frozen=True)
class Received:
    """What came of an ingredient with an order into one lot, and what of that has gone back since."""

    order_id: str
    item: Item
    lot_id: str
    location_id: str
    quantity: float
    returned: float


@dataclass(frozen=True)
class Returned:
    """What went back of that."""

    of: Received
    return_id: str
    quantity: float
    location_id: str
    reason: str | None
    returned_at: datetime

    @property
    def source(self) -> str:
        """How the ledger names it."""
        return f"return {self.return_id} of lot {self.of.lot_id}"


def return_goods(
    tenant: TENANT,
    order: Annotated[str, typer.Option("--order", help="Purchase order that it came with.")],
    line: Annotated[str | None, typer.Option("--line", help="Only this ingredient of the order.")] = None,
    quantity: Annotated[
        float | None, typer.Option("--quantity", help="What went back; by default what the book has of the lot.", min=0)
    ] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", help="What was wrong with it: a complaint about the supplier.")
    ] = None,
    lot: LOT = None,
    location: Annotated[
        str | None, typer.Option("--location", help="Shop or kitchen it left; by default where it was received.")
    ] = None,
    at: AT = None,
    corrects: Annotated[
        str | None,
        typer.Option("--corrects", help="Return whose quantity, and reason if given, this replaces; 0 takes it back."),
    ] = None,
) -> None:
    """Record what went back to the supplier; stock falls by it."""
    from bakery_assets.commands.stock_book import receipts_and_returns

    reporter = reporter_at(tenant, at)
    came, went = receipts_and_returns(reporter.warehouse, reporter.tenant_id, reporter.timezone, reporter.now)
    went = went.filter(order_id=order)
    found = _received(reporter, came, went, order, line, lot)
    if corrects:
        if quantity is None or at or location:
            raise refused(f"Of return {corrects} the quantity and the reason can be corrected: give --quantity alone.")
        sent = [_corrected(went.filter(return_id=corrects), found, corrects, quantity, reason)]
    else:
        sent = _sent(reporter, found, quantity, location, reason)
    for each in sent:
        _record(reporter, each)
    say(f"Nothing of order {order} is open again by that: what is still needed, the next plan orders.")


def _received(
    reporter: Reporter, came: pl.DataFrame, went: pl.DataFrame, order: str, line: str | None, lot: str | None
) -> list[Received]:
    """What came with an order, of one ingredient or one lot where these are given."""
    key = ["ingredient_id", "lot_id"]
    of_order = (
        came.filter(pl.col("order_id") == order, pl.col("quantity") > 0)
        .group_by(key)
        .agg(pl.col("location_id").first(), pl.col("quantity").sum())
        .join(went.group_by(key).agg(returned=pl.col("quantity").sum()), on=key, how="left")
        .sort(key)
    )
    if of_order.is_empty():
        raise refused(
            f"Nothing was received with order {order}; record what came first: bakery receive --order {order}"
        )
    if line:
        of_order = of_order.filter(ingredient_id=item_named(reporter, line).item_id)
        if of_order.is_empty():
            raise refused(f"Nothing of {line} was received with order {order}.")
    if lot:
        lots = ", ".join(of_order["lot_id"].unique().sort())
        of_order = of_order.filter(lot_id=lot)
        if of_order.is_empty():
            raise refused(f"Order {order} did not come in lot {lot}, but in {lots}.")
    return [
        Received(order, item_named(reporter, f"ingredient {row['ingredient_id']}"), row["lot_id"], row["location_id"],
                 row["quantity"], row["returned"] or 0.0)
        for row in of_order.to_dicts()
    ]  # fmt: skip


def _sent(
    reporter: Reporter, found: list[Received], quantity: float | None, location: str | None, reason: str | None
) -> list[Returned]:
    """A new return: a quantity of one lot, or of each what the book has of it."""
    if quantity is not None and len(found) > 1:
        lots = ", ".join(f"{each.item.item_id} in lot {each.lot_id}" for each in found)
        raise refused(f"Order {found[0].order_id} brought {lots}; say with --line and --lot which of them went back.")
    book, at = reporter.book(), reporter.happened_at
    sent = []
    for each in found:
        there = book.quantity(each.item.key, None, at, each.lot_id)
        own = min(there, each.quantity - each.returned) if quantity is None else quantity
        if quantity is None and own <= 0:
            raise refused(f"The book has nothing of lot {each.lot_id} of {each.item.name}; give --quantity.")
        _refuse_too_much(each, own, each.returned)
        sent.append(Returned(each, reporter.fact_id, own, location or each.location_id, reason, at))
    return sent


def _corrected(
    recorded: pl.DataFrame, found: list[Received], return_id: str, quantity: float, reason: str | None
) -> Returned:
    """A return as it was recorded, with another quantity."""
    lots = {(each.item.item_id, each.lot_id): each for each in found}
    rows = [row for row in recorded.to_dicts() if (row["ingredient_id"], row["lot_id"]) in lots]
    if not rows:
        raise refused(f"Order {found[0].order_id} has no return {return_id}.")
    if len(rows) > 1:
        raise refused(f"Return {return_id} is of {len(rows)} lots; say with --line and --lot which one is corrected.")
    (row,) = rows
    own = lots[row["ingredient_id"], row["lot_id"]]
    _refuse_too_much(own, quantity, own.returned - row["quantity"])
    return Returned(own, return_id, quantity, row["location_id"], reason or row["reason"], row["returned_at"])


def _refuse_too_much(own: Received, quantity: float, returned: float) -> None:
    if quantity > own.quantity - returned:
        name, unit = own.item.name, own.item.unit
        before = f", and {amount(returned, unit)} went back already" if returned else ""
        raise refused(
            f"{amount(own.quantity, unit)} of {name} came with order {own.order_id} in lot {own.lot_id}{before}:"
            f" {amount(quantity, unit)} cannot go back."
        )


def _record(reporter: Reporter, sent: Returned) -> None:
    own, item = sent.of, sent.of.item
    reporter.append(
        "supplier_returns",
        return_id=sent.return_id,
        lot_id=own.lot_id,
        ingredient_id=item.item_id,
        order_id=own.order_id,
        location_id=sent.location_id,
        quantity=sent.quantity,
        reason=sent.reason or "",
        returned_at=sent.returned_at.isoformat(),
    )
    why = f", {sent.reason}" if sent.reason else ""
    change = change_in_book(reporter, item, sent.location_id, sent.source)
    say(
        f"{item.name}: {amount(sent.quantity, item.unit)} of lot {own.lot_id} went back with return"
        f" {sent.return_id}{why}. {change}"
    )
    had = reporter.book().left_by(item.key, sent.source)
    if sent.quantity > had:
        again = f"bakery return --tenant {reporter.tenant_id} --order {own.order_id} --line {item.item_id}"
        say(
            f"That is {amount(sent.quantity - had, item.unit)} more than the book had. If its stock is wrong, count it:"
            f" bakery count {item.item_id} QUANTITY --tenant {reporter.tenant_id}. If the quantity is, correct it; 0"
            f" takes it back: {again} --lot {own.lot_id} --corrects {sent.return_id} --quantity QUANTITY"
        )
