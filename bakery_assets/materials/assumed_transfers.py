"""Transfers that are taken to have been made because a plan of record says so and no recorded transfer says otherwise.

What a plan has brought where is decided in ``distribution``; how a transfer moves stock is in ``stock``.
"""

import dataframely as dy
import polars as pl

from bakery_assets.local_time import with_local_times
from bakery_assets.schemas import Cells, conform, ops, plans


class AssumedTransfers(plans.PublishedDistributions):
    """What has left for shops by the planning instant, as published."""


def assumed_transfers(
    cells: dy.DataFrame[Cells],
    versions: dy.DataFrame[plans.PlanVersions],
    published: dy.DataFrame[plans.PublishedDistributions],
    transfers: dy.DataFrame[ops.Transfers],
) -> dy.DataFrame[AssumedTransfers]:
    """What was to leave by each cell's planning instant, by the version that was in force when it left, sorted.

    A version is in force from its publication to that of the next one of its day. A recorded transfer of the product
    from the same kitchen to the same shop on the local day of arrival replaces all of that day's trips; one of quantity
    0 says that nothing was brought.
    """
    own = cells.select("tenant_id", "timezone", as_of="planned_as_of")
    in_force = (
        versions.drop_nulls("published_at")
        .join(own.select("tenant_id", "as_of"), on="tenant_id")
        .filter(pl.col("published_at") <= pl.col("as_of"))
        .sort("tenant_id", "plan_date", "version")
        .with_columns(until=pl.col("published_at").shift(-1).over("tenant_id", "plan_date"))
        .select("tenant_id", "plan_date", "version", "published_at", "until")
    )
    left = (
        published.join(in_force, on=["tenant_id", "plan_date", "version"])
        .join(own, on="tenant_id")
        .filter(
            (pl.col("published_at") <= pl.col("leaves_at"))
            & (pl.col("until").is_null() | (pl.col("leaves_at") < pl.col("until")))
            & (pl.col("leaves_at") <= pl.col("as_of"))
        )
    )
    brought = transfers.filter(pl.col("product_id").is_not_null()).join(own, on="tenant_id")
    way = ["tenant_id", "product_id", "kitchen_id", "location_id", "day"]
    reported = _with_day(brought, "transferred_at").select(
        "tenant_id", "product_id", "day", kitchen_id="from_location_id", location_id="to_location_id"
    )
    rows = _with_day(left, "arrives_at").join(reported, on=way, how="anti")
    return conform(AssumedTransfers, rows.sort(plans.PublishedDistributions.primary_key()))


def _with_day(rows: pl.DataFrame, instant: str) -> pl.DataFrame:
    return with_local_times(rows, day=instant).with_columns(pl.col("day").dt.date())
