"""Baking starts: from when in a day deliveries come too late for its baking.

A delivery counts from the end of its window. What arrives when a day's baking has begun does not cover that day; where
the hour is not known, it is usable the next day. A bakery without shifts has no hours: deliveries cover their own day.
What keeps for a single day comes before that day's baking; where the night shift begins on the evening of the delivery,
it covers the day whose baking is begun then.
When batches start on the machines is in ``production.timing``.
"""

import dataframely as dy
import polars as pl

from bakery_assets.local_time import with_instants
from bakery_assets.materials.expiry_buckets import Ints
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops


class BakingStarts(dy.Schema):
    """When baking starts, by weekday, on the bakery's own clock; weekdays without a shift have no row."""

    tenant_id = col.tenant_id()
    weekday = col.integer("ISO weekday of the day baked for, 1: Monday", minimum=1, maximum=7, primary_key=True)
    days_before = col.integer("1: on the evening before", maximum=1)
    starts_at = col.time("Local start of the first shift")


def baking_starts(shifts: dy.DataFrame[ops.Shifts]) -> dy.DataFrame[BakingStarts]:
    """The first start of work for each weekday; a shift that ends on the next day works for that day."""
    overnight = (pl.col("ends_at") <= pl.col("starts_at")).cast(pl.Int32)
    first = (
        shifts.with_columns(days_before=overnight, weekday=(pl.col("weekday") - 1 + overnight) % 7 + 1)
        .sort("tenant_id", "weekday", -pl.col("days_before"), "starts_at")
        .unique(["tenant_id", "weekday"], keep="first", maintain_order=True)
    )
    return conform(BakingStarts, first)


def with_usable_day(deliveries: pl.DataFrame, shifts: dy.DataFrame[ops.Shifts], *, arrives_at: str) -> pl.DataFrame:
    """Deliveries with ``usable_day``, the first day, counted from the plan date, whose baking they cover.

    When a day without a shift is baked for is not known: what comes then is for the next, but for what keeps only for
    the day on which it comes.

    Args:
        deliveries: ``tenant_id, timezone, plan_date``, ``day`` of arrival on the bakery's clock, the instant
            ``arrives_at``, null: not known, and ``baking_life``, as of ``baking_lives``.
    """
    starts = baking_starts(shifts)
    keeps_hours = starts.select("tenant_id", keeps_hours=True).unique()
    rows = deliveries.join(keeps_hours, on="tenant_id", how="left")
    for ahead in (0, 1):
        on = pl.col("plan_date") + pl.duration(days=pl.col("day") + ahead)
        rows = (
            rows.with_columns(weekday=on.dt.weekday().cast(pl.Int32))
            .join(starts, on=["tenant_id", "weekday"], how="left")
            .with_columns(on=on - pl.duration(days="days_before"))
        )
        rows = with_instants(rows, f"start_{ahead}", day="on", wall_time="starts_at").drop(
            "weekday", "days_before", "starts_at", "on"
        )
    in_time, tomorrow = ((pl.col(arrives_at) <= pl.col(f"start_{ahead}")).fill_null(value=False) for ahead in (0, 1))
    in_time |= (pl.col("baking_life") == 1) & pl.col("start_0").is_null() & pl.col(arrives_at).is_not_null()
    waits = pl.when(in_time).then(0).when(tomorrow | pl.any_horizontal(pl.col(arrives_at, "start_1").is_null())).then(1)
    usable = pl.col("day") + pl.when(pl.col("keeps_hours").is_null()).then(0).otherwise(waits.otherwise(2))
    return rows.with_columns(usable_day=usable).drop("keeps_hours", "start_0", "start_1")


def baking_lives(items: pl.DataFrame, shifts: dy.DataFrame[ops.Shifts]) -> pl.Series:
    """Days whose baking a delivery can cover, its own day the first of them: the shelf life; null: no expiry.

    What keeps for a single day is good for a second one in a bakery with a night shift, which begins the baking of the
    next day before the day is over.

    Args:
        items: ``tenant_id``, and ``shelf_life_days``, null: no expiry.
    """
    at_night = baking_starts(shifts).filter(pl.col("days_before") > 0)["tenant_id"].unique()
    life = pl.col("shelf_life_days")
    begins_before = (life == 1) & pl.col("tenant_id").is_in(at_night.to_list())
    return items.select(pl.when(begins_before).then(2).otherwise(life).cast(pl.Int32).alias("baking_life")).to_series()


def planned_delivery_delays(items: pl.DataFrame, shifts: dy.DataFrame[ops.Shifts]) -> Ints:
    """Days from the delivery of a planned order, whose hour is not known, until it is usable: 0 or 1 for each item.

    What is good for a single day's baking is delivered before it, or it could never be used.

    Args:
        items: ``tenant_id``, and ``shelf_life_days``, null: no expiry.
    """
    keeps_hours = items["tenant_id"].is_in(shifts["tenant_id"].unique().to_list())
    keeps = baking_lives(items, shifts).fill_null(2) > 1
    return (keeps_hours & keeps).cast(pl.Int64).to_numpy()
