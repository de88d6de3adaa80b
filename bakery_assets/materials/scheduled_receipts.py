"""Scheduled receipts: open quantities of purchase orders, and the days on which they are expected.

Orders that a plan proposes are in ``procurement``; what was received is stock and in ``stock``.
"""

import polars as pl

from bakery_assets.cells import Frames
from bakery_assets.keys import INGREDIENT
from bakery_assets.local_time import with_local_times
from bakery_assets.quantities import DECIMALS, ordered_sum

GRACE_DAYS = 1  # an order overdue by up to this is still expected, one overdue by more is not
EARLY_DAYS = 1  # a receipt without an order number fulfills orders due up to this many days later

LINE = ["tenant_id", "order_id", "ingredient_id"]


def scheduled_receipts(cells: pl.DataFrame, frames: Frames) -> pl.DataFrame:
    """Open purchase orders by ingredient and day.

    What is open of an order is its quantity less what was received for it; a quantity of 0 is a cancelled
    order. What came of an ingredient and names no order is taken for the oldest orders that were still
    open, placed by then, and due by the day after; what exceeds them is for none.

    An order is expected on the local date on which its delivery window begins. An order that should have come
    before the plan date counts as coming today while its window ended yesterday or later; one overdue for
    longer is not counted on, which is the safe side.

    Args:
        frames: ``purchase_orders`` and ``stock_receipts``, each fact in its latest correction.

    Returns:
        ``tenant_id, ingredient_id, day`` (0: the plan date), ``quantity`` (counted on) and ``overdue`` (not
        counted on, reported on day 0); one row per ingredient and day, sorted.
    """
    orders = _less_unnamed_receipts(_less_named_receipts(cells, frames), cells, frames["stock_receipts"])
    begins, ends = (
        (pl.col(column).dt.date() - pl.col("plan_date")).dt.total_days() for column in ("expected_from", "expected_to")
    )
    is_believed = pl.col("ends") >= -GRACE_DAYS
    return (
        orders.filter(pl.col("open") > 0)
        .with_columns(day=begins.clip(0), ends=ends)
        .with_columns(
            day=pl.when(is_believed).then("day").otherwise(0),
            quantity=pl.when(is_believed).then("open").otherwise(0.0),
            overdue=pl.when(is_believed).then(0.0).otherwise("open"),
        )
        .group_by("tenant_id", "ingredient_id", "day")
        .agg(ordered_sum("quantity").round(DECIMALS), ordered_sum("overdue").round(DECIMALS))
        .sort("tenant_id", "ingredient_id", "day")
    )


def _less_named_receipts(cells: pl.DataFrame, frames: Frames) -> pl.DataFrame:
    """Orders with what is ``open`` of them above 0, their times on the tenant's clock."""
    received = (
        frames["stock_receipts"]
        .filter(pl.col("order_id").is_not_null())
        .group_by(LINE)
        .agg(received=ordered_sum("quantity"))
    )
    orders = (
        frames["purchase_orders"]
        .join(cells.select("tenant_id", "plan_date", "timezone"), on="tenant_id")
        .join(received, on=LINE, how="left")
        .with_columns(open=(pl.col("quantity") - pl.col("received").fill_null(0.0)).round(DECIMALS))
        .filter(pl.col("open") > 0)
    )
    return with_local_times(orders, expected_from="expected_from", expected_to="expected_to", ordered_at="ordered_at")


def _less_unnamed_receipts(orders: pl.DataFrame, cells: pl.DataFrame, receipts: pl.DataFrame) -> pl.DataFrame:
    """Take receipts that name no order off ``open``, from the order that could first be answered on.

    An order can be answered ``since`` it was placed, and not before the day ahead of its own. With A the sum that
    orders took up of the receipts up to a moment, C what could be answered by then and R what came:
    A = min(A before + receipt, C), which over all receipts is R + min(0, least C - R at any receipt).
    """
    due = pl.col("expected_from").dt.truncate("1d") - pl.duration(days=EARLY_DAYS)
    orders = orders.with_columns(since=pl.max_horizontal("ordered_at", due))
    unnamed = receipts.filter(pl.col("order_id").is_null()).join(cells.select("tenant_id", "timezone"), on="tenant_id")
    moments = pl.concat(
        [
            orders.select(*INGREDIENT, at="since", answerable="open", came=pl.lit(0.0)),
            with_local_times(unnamed, received_at="received_at").select(
                *INGREDIENT, at="received_at", answerable=pl.lit(0.0), came="quantity"
            ),
        ]
    )
    running = (
        moments.group_by(*INGREDIENT, "at")
        .agg(ordered_sum("answerable"), ordered_sum("came"))
        .sort(*INGREDIENT, "at")
        .with_columns(pl.col("answerable", "came").cum_sum().over(INGREDIENT), is_receipt=pl.col("came") > 0)
    )
    least = (pl.col("answerable") - pl.col("came")).filter("is_receipt").min()
    answered = running.group_by(INGREDIENT).agg(
        answered=pl.col("came").last() + pl.min_horizontal(least.fill_null(0.0), pl.lit(0.0))
    )
    before = pl.col("open").cum_sum().over(INGREDIENT) - pl.col("open")
    taken = (pl.col("answered") - before).clip(0.0).clip(upper_bound=pl.col("open"))
    return (
        orders.sort(*INGREDIENT, "since", "expected_from", "order_id")
        .join(answered, on=INGREDIENT, how="left", maintain_order="left")
        .with_columns(open=(pl.col("open") - taken).round(DECIMALS))
    )
