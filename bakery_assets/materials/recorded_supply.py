"""Recorded supply: of which ingredients facts tell what there is, because orders, deliveries or counts are recorded.

What a bakery has bought without recording it is not in the book. Then the book says how much there is at least, and
where it has nothing it says nothing: the stock is unknown, which is not the same as zero.
"""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.keys import INGREDIENT
from bakery_assets.local_time import with_local_times
from bakery_assets.materials.assumed_receipts import WITHOUT_RECEIPTS_DAYS
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops

COUNT_HOLDS_DAYS = 1  # what was counted yesterday or today is known, whatever was found


class RecordedSupply(TypedDict):
    """The facts that tell of stock of ingredients."""

    stock_lots: dy.DataFrame[ops.StockLots]
    stock_receipts: dy.DataFrame[ops.StockReceipts]
    purchase_orders: dy.DataFrame[ops.PurchaseOrders]


class UnknownIngredients(dy.Schema):
    """Ingredients of which no fact tells what is there, unless the book has some."""

    tenant_id = col.tenant_id()
    ingredient_id = col.key_text("The ingredient", primary_key=True)


def unknown_ingredients(
    cells: pl.DataFrame, ingredients: dy.DataFrame[ops.Ingredients], facts: RecordedSupply
) -> dy.DataFrame[UnknownIngredients]:
    """Ingredients of bakeries without an order or a receipt in 28 days, but for those counted yesterday or today.

    An order that was made of an approved proposal tells nothing of what is there: it is no record of the bakery's own,
    and the first one must not turn unknown stock into none.

    Args:
        cells: ``tenant_id, timezone, planned_as_of``.
    """
    instants = cells.select("tenant_id", "timezone", "planned_as_of")
    since = pl.col("planned_as_of") - pl.duration(days=WITHOUT_RECEIPTS_DAYS)
    own_orders = facts["purchase_orders"].filter(pl.col("proposed_on").is_null())
    recording = pl.concat(
        rows.join(instants, on="tenant_id").filter(pl.col(happened) > since).select("tenant_id")
        for rows, happened in ((facts["stock_receipts"], "received_at"), (own_orders, "expected_to"))
    )
    counted = (
        facts["stock_lots"]
        .filter(pl.col("ingredient_id").is_not_null())
        .join(instants, on="tenant_id")
        .with_columns(counted_at=pl.coalesce("counted_at", "recorded_at"))
    )
    days = with_local_times(counted, counted="counted_at", today="planned_as_of").with_columns(
        age=(pl.col("today").dt.date() - pl.col("counted").dt.date()).dt.total_days()
    )
    unknown = (
        ingredients.join(cells.select("tenant_id"), on="tenant_id", how="semi")
        .join(recording.unique(), on="tenant_id", how="anti")
        .join(days.filter(pl.col("age") <= COUNT_HOLDS_DAYS), on=INGREDIENT, how="anti")
    )
    return conform(UnknownIngredients, unknown.sort(INGREDIENT))
