"""What plans of record had brought to shops, as transfers that are taken to have been made."""

import dataframely as dy
import polars as pl

from bakery_assets.materials.assumed_transfers import AssumedTransfers
from bakery_assets.materials.items import PRODUCT_KIND
from bakery_assets.stock.events import Action, StockEvents
from bakery_assets.stock.recorded import events_of


def distributed(assumed: dy.DataFrame[AssumedTransfers]) -> dy.DataFrame[StockEvents]:
    """A transfer when each trip was to arrive; it moves what the kitchen has then, and no more."""
    return events_of(
        assumed,
        item_kind=pl.lit(PRODUCT_KIND),
        item_id=pl.col("product_id"),
        location_id=pl.col("kitchen_id"),
        other_location_id=pl.col("location_id"),
        happened_at=pl.col("arrives_at"),
        action=int(Action.TRANSFER),
        source=pl.format("distribution {}", "plan_date"),
        is_assumed=pl.lit(True),
    )


def distributed_days(assumed: dy.DataFrame[AssumedTransfers]) -> pl.DataFrame:
    """``tenant_id, item_id, made_on`` of products and days of which something is taken to have been brought."""
    return assumed.select("tenant_id", item_id="product_id", made_on="plan_date").unique()
