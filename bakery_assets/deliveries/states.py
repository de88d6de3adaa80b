"""States of purchase orders, from facts alone: what was ordered, whether it has left, changed, and what came of it.

``plans.order_states_as_of`` is the same in SQL; a test holds both equal.
"""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.deliveries.watch import ORDER
from bakery_assets.materials.scheduled_receipts import LINE
from bakery_assets.quantities import TOLERANCE, ordered_sum
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops

ORDER_STATES = ("ordered", "sent", "confirmed", "changed", "partly_received", "received", "short", "cancelled")
TERMS = ("supplier_id", "quantity", "expected_from", "expected_to")


class OrderHistory(TypedDict):
    """Every record of orders and their events that is known, and receipts, each in its latest record."""

    purchase_orders: dy.DataFrame[ops.PurchaseOrders]
    order_events: dy.DataFrame[ops.OrderEvents]
    stock_receipts: dy.DataFrame[ops.StockReceipts]


class OrderStates(dy.Schema):
    """How far each purchase order is."""

    tenant_id = col.tenant_id()
    order_id = col.key_text("The order", primary_key=True)
    supplier_id = col.key_text("The supplier, as recorded last")
    state = col.choice("How far it is", ORDER_STATES)
    expected_from = col.instant("Start of the first window of its lines")
    expected_to = col.instant("End of the last window of its lines")
    ordered_at = col.instant("When it was ordered")
    sent_at = col.instant("When it left last; empty: no one has said so", nullable=True)
    confirmed_at = col.instant("When the supplier confirmed it last; empty: no one has said so", nullable=True)
    changed_at = col.instant("When a record last changed it; empty: never", nullable=True)
    received_at = col.instant("When something of it came last; empty: nothing has", nullable=True)
    lines = col.integer("Ingredients ordered; canceled ones do not count")
    lines_received = col.integer("Of these, those of which all has come")


def order_states(history: OrderHistory) -> dy.DataFrame[OrderStates]:
    """The state of every order, sorted by key.

    Only receipts that name the order count, and only confirmed ones. Nothing of a cancelled order has come, and all its
    lines have quantity 0. All has come of a received one; of a short one less than its records said when the first of
    it came, and a later record says that no more is expected. A change counts until the order is sent or confirmed
    again.
    """
    records = history["purchase_orders"].sort(*LINE, "recorded_at")
    last_received = pl.col("received_at").max()
    receipts = history["stock_receipts"].filter((pl.col("state") == "confirmed") & pl.col("order_id").is_not_null())
    came = receipts.group_by(LINE).agg(came=ordered_sum("quantity"))
    of_orders = receipts.group_by(ORDER).agg(first_came=pl.col("received_at").min(), received_at=last_received)
    differs = pl.any_horizontal(pl.col(name) != pl.col(name).shift().over(LINE) for name in TERMS).fill_null(
        value=False
    )
    lines = (
        records.with_columns(differs=differs)
        .join(of_orders.select(*ORDER, "first_came"), on=ORDER, how="left")
        .group_by(LINE, maintain_order=True)
        .agg(
            pl.col("supplier_id", "quantity", "expected_from", "expected_to").last(),
            pl.col("ordered_at").min(),
            last_recorded_at=pl.col("recorded_at").last(),
            changed_at=pl.col("recorded_at").filter("differs").max(),
            agreed=pl.coalesce(
                pl.col("quantity").filter(pl.col("recorded_at") <= pl.col("first_came")).last(),
                pl.col("quantity").first(),
            ),
        )
        .join(came, on=LINE, how="left")
        .with_columns(pl.col("came").fill_null(0.0))
    )
    is_full, is_ordered = pl.col("came") >= pl.col("quantity") - TOLERANCE, pl.col("quantity") > 0
    orders = (
        lines.sort(*ORDER, "last_recorded_at", "ingredient_id")
        .group_by(ORDER, maintain_order=True)
        .agg(
            pl.col("supplier_id").last(),
            pl.col("expected_from").min(),
            pl.col("expected_to").max(),
            pl.col("ordered_at").min(),
            pl.col("changed_at").max(),
            lines=is_ordered.sum(),
            lines_received=(is_full & is_ordered).sum(),
            is_full=is_full.all(),
            has_come=(pl.col("came") > 0).any(),
            is_short=(pl.col("came") < pl.col("agreed") - TOLERANCE).any(),
        )
        .join(_last_events(history["order_events"]), on=ORDER, how="left")
        .join(of_orders.select(*ORDER, "received_at"), on=ORDER, how="left")
    )
    return conform(OrderStates, orders.with_columns(state=_state()).sort(ORDER))


def _last_events(events: dy.DataFrame[ops.OrderEvents]) -> pl.DataFrame:
    """Of each order when it was sent and confirmed last, and when that was recorded."""

    def last(event: str, column: str) -> pl.Expr:
        return pl.col(column).filter(pl.col("event") == event).max()

    return events.group_by(ORDER).agg(
        sent_at=last("sent", "happened_at"),
        confirmed_at=last("confirmed", "happened_at"),
        reported_at=pl.col("recorded_at").max(),
    )


def _state() -> pl.Expr:
    is_changed = (pl.col("changed_at") > pl.col("reported_at")).fill_null(pl.col("changed_at").is_not_null())
    return (
        pl.when((pl.col("lines") == 0) & ~pl.col("has_come"))
        .then(pl.lit("cancelled"))
        .when(pl.col("has_come") & pl.col("is_full") & pl.col("is_short"))
        .then(pl.lit("short"))
        .when(pl.col("has_come") & pl.col("is_full"))
        .then(pl.lit("received"))
        .when("has_come")
        .then(pl.lit("partly_received"))
        .when(is_changed)
        .then(pl.lit("changed"))
        .when(pl.col("confirmed_at").is_not_null())
        .then(pl.lit("confirmed"))
        .when(pl.col("sent_at").is_not_null())
        .then(pl.lit("sent"))
        .otherwise(pl.lit("ordered"))
    )
