"""Scheduled receipts: open quantities of purchase orders, and the days on which they are expected.

Orders that a plan proposes are in ``procurement``; what was received is stock and in ``stock``.
"""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.keys import INGREDIENT
from bakery_assets.local_time import with_local_times
from bakery_assets.materials.assumed_receipts import assumed_receipts
from bakery_assets.materials.baking_starts import baking_lives, with_usable_day
from bakery_assets.quantities import DECIMALS, ordered_sum
from bakery_assets.schemas import Cells, conform, ops
from bakery_assets.schemas import columns as col
from bakery_assets.tenant_settings import settings_on

GIVEN_UP_DAYS = 90  # an order is not waited for when it is overdue by more than this
EARLY_DAYS = 1  # a receipt without an order number fulfills orders due up to this many days later

LINE = ["tenant_id", "order_id", "ingredient_id"]


class OrderFacts(TypedDict):
    """Orders and what came of them, each fact in its latest correction, and for how long an overdue one counts."""

    tenant_settings: dy.DataFrame[ops.TenantSettings]
    purchase_orders: dy.DataFrame[ops.PurchaseOrders]
    stock_receipts: dy.DataFrame[ops.StockReceipts]


class ScheduledReceiptInputs(OrderFacts):
    """What ``scheduled_receipts`` reads."""

    ingredients: dy.DataFrame[ops.Ingredients]
    shifts: dy.DataFrame[ops.Shifts]


class ScheduledReceipts(dy.Schema):
    """What open purchase orders bring, by ingredient and day."""

    tenant_id = col.tenant_id()
    ingredient_id = col.key_text("The ingredient", primary_key=True)
    day = col.integer("Day of delivery, in days after the plan date", primary_key=True)
    quantity = col.number("Quantity expected before the day's baking, in the ingredient's unit")
    after_baking = col.number("Quantity expected when it has begun, usable the next day, in the ingredient's unit")
    overdue = col.number("Quantity overdue and no longer expected, on day 0, in the ingredient's unit")


class OpenOrders(dy.Schema):
    """Lines of orders of which something is still to come."""

    tenant_id = col.tenant_id()
    order_id = col.key_text("The order", primary_key=True)
    ingredient_id = col.key_text("The ingredient", primary_key=True)
    quantity = col.number("Quantity ordered, in the ingredient's unit")
    open = col.number("Quantity not received, in the ingredient's unit")
    day = col.integer("Day on which it is expected, in days after the plan date; overdue: 0")
    is_expected = col.boolean("It is counted among the scheduled receipts")


class OverdueOrders(dy.Schema):
    """Open quantities of orders whose delivery window has ended."""

    tenant_id = col.tenant_id()
    order_id = col.key_text("The order", primary_key=True)
    ingredient_id = col.key_text("The ingredient", primary_key=True)
    supplier_id = col.text("Who was to deliver it", nullable=True)
    open = col.number("Quantity not received, in the ingredient's unit")
    due_at = dy.Datetime(time_unit="us", description="End of the delivery window, local time")
    is_expected = col.boolean("It is counted among the scheduled receipts of the plan date")


def scheduled_receipts(cells: dy.DataFrame[Cells], inputs: ScheduledReceiptInputs) -> dy.DataFrame[ScheduledReceipts]:
    """Open purchase orders by ingredient and day, sorted.

    What is open of an order is its quantity less what was received for it; a quantity of 0 is a canceled
    order. Receipts of an ingredient that name no order fulfill the oldest orders that were still
    open, placed by then, and due by the day after; what exceeds them fulfills none.

    An order is expected at the end of its delivery window: before the baking of that local day, or after it has begun
    (see ``baking_starts``). An order whose window ended before the planning instant, by the setting
    ``overdue_grace_days`` yesterday at the earliest, is expected today at an hour that is not known; one overdue for
    longer is not counted, which is the safe side, and after 90 days it is given up.
    What a bakery that records no receipts is taken to have received is in stock, see ``assumed_receipts``.
    """
    ingredients, shifts = inputs["ingredients"], inputs["shifts"]
    lives = ingredients.select(*INGREDIENT, baking_life=baking_lives(ingredients, shifts))
    orders = (
        _open_orders(cells, inputs)
        .join(lives, on=INGREDIENT, how="left", maintain_order="left")
        .with_columns(arrives_at=pl.when(~pl.col("is_overdue")).then("ends_at"))
    )
    timed = with_usable_day(orders, shifts, arrives_at="arrives_at")
    is_expected = pl.col("is_expected")
    waits = pl.col("usable_day") > pl.col("day")
    expected = (
        timed.with_columns(
            # With a night shift, what comes in the evening when it has begun misses the baking of the next day.
            day=pl.when(~is_expected).then(0).when(waits).then(pl.col("usable_day") - 1).otherwise("day"),
            quantity=pl.when(is_expected & ~waits).then("open").otherwise(0.0),
            after_baking=pl.when(is_expected & waits).then("open").otherwise(0.0),
            overdue=pl.when(is_expected).then(0.0).otherwise("open"),
        )
        .group_by("tenant_id", "ingredient_id", "day")
        .agg(ordered_sum(name).round(DECIMALS) for name in ("quantity", "after_baking", "overdue"))
        .sort("tenant_id", "ingredient_id", "day")
    )
    return conform(ScheduledReceipts, expected)


def open_orders(cells: dy.DataFrame[Cells], facts: OrderFacts) -> dy.DataFrame[OpenOrders]:
    """The lines from which ``scheduled_receipts`` come, sorted by key."""
    return conform(OpenOrders, _open_orders(cells, facts).sort(LINE))


def overdue_orders(cells: dy.DataFrame[Cells], inputs: ScheduledReceiptInputs) -> dy.DataFrame[OverdueOrders]:
    """Open orders whose delivery window ended before the planning instant, sorted; without those given up."""
    overdue = _open_orders(cells, inputs).filter("is_overdue")
    named = overdue.with_columns(due_at="expected_to")
    return conform(OverdueOrders, named.sort("tenant_id", "order_id", "ingredient_id"))


def _open_orders(cells: dy.DataFrame[Cells], inputs: OrderFacts) -> pl.DataFrame:
    """Orders with what is ``open`` of them, the ``day`` on which it is expected and whether it still is."""
    arrived = assumed_receipts(cells, inputs["purchase_orders"], inputs["stock_receipts"])
    orders = _less_unnamed_receipts(_less_named_receipts(cells, inputs), cells, inputs["stock_receipts"])
    days = cells.select("tenant_id", date="plan_date")
    grace = settings_on(days, inputs["tenant_settings"], ("overdue_grace_days",))
    ends = (pl.col("expected_to").dt.date() - pl.col("plan_date")).dt.total_days()
    return (
        orders.join(arrived, on=LINE, how="anti", maintain_order="left")
        .join(grace.drop("date"), on="tenant_id", maintain_order="left")
        .filter(pl.col("open") > 0, ends >= -GIVEN_UP_DAYS)
        .with_columns(
            day=ends.clip(0),
            is_overdue=pl.col("ends_at") < pl.col("planned_as_of"),
            is_expected=ends >= -pl.col("overdue_grace_days"),
        )
    )


def _less_named_receipts(cells: pl.DataFrame, inputs: OrderFacts) -> pl.DataFrame:
    """Orders with what is ``open`` of them above 0, their times on the tenant's clock."""
    received = (
        inputs["stock_receipts"]
        .filter(pl.col("order_id").is_not_null())
        .group_by(LINE)
        .agg(received=ordered_sum("quantity"))
    )
    orders = (
        inputs["purchase_orders"]
        .join(cells, on="tenant_id")
        .with_columns(ends_at="expected_to")
        .join(received, on=LINE, how="left")
        .with_columns(open=(pl.col("quantity") - pl.col("received").fill_null(0.0)).round(DECIMALS))
        .filter(pl.col("open") > 0)
    )
    return with_local_times(orders, expected_from="expected_from", expected_to="expected_to", ordered_at="ordered_at")


def _less_unnamed_receipts(orders: pl.DataFrame, cells: pl.DataFrame, receipts: pl.DataFrame) -> pl.DataFrame:
    """Subtract receipts that name no order from ``open``, beginning with the order that could be fulfilled first.

    An order can be fulfilled ``since`` it was placed, and not before the day ahead of its own. With A the sum that
    orders took up of the receipts up to a moment, C what could be fulfilled by then and R what was received:
    A = min(A before + receipt, C), which over all receipts is R + min(0, least C - R at any receipt).
    """
    due = pl.col("expected_from").dt.truncate("1d") - pl.duration(days=EARLY_DAYS)
    orders = orders.with_columns(since=pl.max_horizontal("ordered_at", due))
    unnamed = receipts.filter(pl.col("order_id").is_null()).join(cells.select("tenant_id", "timezone"), on="tenant_id")
    moments = pl.concat(
        [
            orders.select(*INGREDIENT, at="since", fulfillable="open", received=pl.lit(0.0)),
            with_local_times(unnamed, received_at="received_at").select(
                *INGREDIENT, at="received_at", fulfillable=pl.lit(0.0), received="quantity"
            ),
        ]
    )
    running = (
        moments.group_by(*INGREDIENT, "at")
        .agg(ordered_sum("fulfillable"), ordered_sum("received"))
        .sort(*INGREDIENT, "at")
        .with_columns(pl.col("fulfillable", "received").cum_sum().over(INGREDIENT), is_receipt=pl.col("received") > 0)
    )
    least = (pl.col("fulfillable") - pl.col("received")).filter("is_receipt").min()
    fulfilled = running.group_by(INGREDIENT).agg(
        fulfilled=pl.col("received").last() + pl.min_horizontal(least.fill_null(0.0), pl.lit(0.0))
    )
    before = pl.col("open").cum_sum().over(INGREDIENT) - pl.col("open")
    taken = (pl.col("fulfilled") - before).clip(0.0).clip(upper_bound=pl.col("open"))
    return (
        orders.sort(*INGREDIENT, "since", "expected_from", "order_id")
        .join(fulfilled, on=INGREDIENT, how="left", maintain_order="left")
        .with_columns(open=(pl.col("open") - taken).round(DECIMALS))
    )
