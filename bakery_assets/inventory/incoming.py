"""What suppliers have still to bring: open purchase orders, and when they count as coming."""

import polars as pl

from bakery_assets.frames import Frames
from bakery_assets.inventory.stock import DECIMALS, ordered_sum

GRACE_DAYS = 1  # an order this long overdue is still believed, longer is not


def open_orders(cells: pl.DataFrame, frames: Frames) -> pl.DataFrame:
    """Open purchase orders by ingredient and day.

    What is open of an order is its quantity less what was received for it; a quantity of 0 is a cancelled
    order. It is expected on the local date on which its delivery window begins. An order that should
    have come before the plan date counts as coming today while its window ended yesterday or later;
    one overdue for longer is not counted on, which is the safe side.

    Args:
        frames: ``purchase_orders`` and ``stock_receipts``, each fact in its latest correction.

    Returns:
        ``tenant_id, ingredient_id, day`` (0: the plan date), ``quantity`` (counted on) and ``overdue`` (not
        counted on, reported on day 0); one row per ingredient and day, sorted.
    """
    line = ["tenant_id", "order_id", "ingredient_id"]
    received = (
        frames["stock_receipts"]
        .filter(pl.col("order_id").is_not_null())
        .group_by(line)
        .agg(received=ordered_sum("quantity"))
    )
    remaining = (pl.col("quantity") - pl.col("received").fill_null(0.0)).round(DECIMALS)
    orders = (
        frames["purchase_orders"]
        .join(cells.select("tenant_id", "plan_date", "timezone"), on="tenant_id")
        .join(received, on=line, how="left")
        .with_columns(open=remaining)
        .filter(pl.col("open") > 0)
    )
    begins, ends = (
        (pl.col(column) - pl.col("plan_date")).dt.total_days() for column in ("expected_from", "expected_to")
    )
    is_believed = pl.col("ends") >= -GRACE_DAYS
    return (
        _in_local_dates(orders, "expected_from", "expected_to")
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


def _in_local_dates(rows: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Instants as dates on each row's own clock, one ``timezone`` at a time."""
    if rows.is_empty():
        return rows.with_columns(pl.col(columns).dt.date())
    zones = rows.partition_by("timezone", as_dict=True)
    return pl.concat(
        part.with_columns(pl.col(columns).dt.convert_time_zone(str(zone)).dt.date()) for (zone,), part in zones.items()
    )
