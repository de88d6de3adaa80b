"""Orders that are taken to have been received because the bakery records no receipts.

What recorded receipts leave open of orders is in ``scheduled_receipts``.
"""

import dataframely as dy
import polars as pl

from bakery_assets.schemas import Cells, conform, ops

WITHOUT_RECEIPTS_DAYS = 28  # a bakery that recorded no receipt for so long records none
LATER_DAYS = 1  # a receipt up to so long after an order's window may be the order's


class AssumedReceipts(ops.PurchaseOrders):
    """Orders that were received, at the end of their window, though no receipt says so."""


def assumed_receipts(
    cells: dy.DataFrame[Cells],
    purchase_orders: dy.DataFrame[ops.PurchaseOrders],
    stock_receipts: dy.DataFrame[ops.StockReceipts],
) -> dy.DataFrame[AssumedReceipts]:
    """Orders whose window has ended, of a bakery without any receipt in the 28 days before its end and the day after.

    An order that a receipt names was received as that says.
    """
    named = stock_receipts.select("tenant_id", "order_id", "ingredient_id").drop_nulls()
    ended = purchase_orders.join(cells.select("tenant_id", "planned_as_of"), on="tenant_id").filter(
        (pl.col("expected_to") <= pl.col("planned_as_of")) & (pl.col("quantity") > 0)
    )
    open_orders = ended.join(named, on=["tenant_id", "order_id", "ingredient_id"], how="anti").sort("expected_to")
    latest = pl.col("expected_to") + pl.duration(days=LATER_DAYS)
    received = stock_receipts.select("tenant_id", "received_at", last_received_at="received_at").sort("received_at")
    seen = open_orders.with_columns(latest=latest).join_asof(
        received, left_on="latest", right_on="received_at", by="tenant_id", strategy="backward", check_sortedness=False
    )
    records_none = pl.col("last_received_at").is_null() | (
        pl.col("last_received_at") <= pl.col("expected_to") - pl.duration(days=WITHOUT_RECEIPTS_DAYS)
    )
    return conform(
        AssumedReceipts, seen.filter(records_none).sort("tenant_id", "order_id", "ingredient_id", "recorded_at")
    )
