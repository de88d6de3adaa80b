"""Supply: what a kitchen has of each product for the plan date, and when."""

import dataframely as dy
import polars as pl

from bakery_assets.distribution.needs import KITCHEN_PRODUCT, usable_stock
from bakery_assets.kitchens import ServingKitchens
from bakery_assets.materials.assumed_transfers import AssumedTransfers
from bakery_assets.quantities import DECIMALS, ordered_sum
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, plans


class Supply(dy.Schema):
    """Stock of a kitchen, and the batches that add to it; rows of one product add up."""

    tenant_id = col.key_text("The bakery")
    kitchen_id = col.key_text("The kitchen")
    product_id = col.key_text("The product")
    ready_at = col.instant("From when on; empty: it is there when the first goods leave", nullable=True)
    quantity = col.number("How much, in the product's unit")
    has_no_times = col.boolean("A batch of which no times are known; the ledger makes it when its kitchen opens")


def supply(
    served: dy.DataFrame[ServingKitchens],
    balances: dy.DataFrame[plans.StockBalances],
    batches: dy.DataFrame[plans.ProductionBatches],
    on_the_way: dy.DataFrame[AssumedTransfers],
) -> dy.DataFrame[Supply]:
    """What kitchens have: stock that may be used on the plan date, and that day's batches which are not in it yet.

    Batches are made in the kitchen that serves ``main``. What is on the way has left its kitchen, and is still in the
    book of it.
    """
    kitchens = served.select("tenant_id", "kitchen_id").unique()
    gone = on_the_way.group_by(KITCHEN_PRODUCT).agg(gone=ordered_sum("quantity"))
    stock = (
        usable_stock(balances)
        .rename({"location_id": "kitchen_id"})
        .join(kitchens, on=["tenant_id", "kitchen_id"], how="semi")
        .join(gone, on=KITCHEN_PRODUCT, how="left")
        .select(*KITCHEN_PRODUCT, quantity=(pl.col("quantity") - pl.col("gone").fill_null(0.0)).clip(0.0))
    )
    bakes = served.filter(pl.col("location_id") == col.MAIN_LOCATION).select("tenant_id", "kitchen_id")
    batches_to_come = (
        batches.filter((pl.col("schedule_date") == pl.col("plan_date")) & ~pl.col("is_in_stock"))
        .join(bakes, on="tenant_id")
        .select(
            *KITCHEN_PRODUCT, quantity="quantity_planned", ready_at="end_at", has_no_times=pl.col("end_at").is_null()
        )
    )
    rows = pl.concat([stock, batches_to_come], how="diagonal").with_columns(
        pl.col("has_no_times").fill_null(value=False)
    )
    return conform(Supply, rows.with_columns(pl.col("quantity").round(DECIMALS)).sort(*KITCHEN_PRODUCT, "ready_at"))
