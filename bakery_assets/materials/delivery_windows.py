"""Delivery windows: in which hours an order is expected, and from when on what a planned order brings is usable.

A planned order is usable when the order that is made of it is: open orders count at the end of their windows, see
``baking_starts`` and ``scheduled_receipts``.
"""

from datetime import time
from typing import TypedDict

import dataframely as dy
import numpy as np
import polars as pl

from bakery_assets.keys import INGREDIENT
from bakery_assets.local_time import with_instants, with_local_times
from bakery_assets.materials.baking_starts import baking_lives, baking_starts, planned_delivery_delays, with_usable_day
from bakery_assets.materials.expiry_buckets import Ints
from bakery_assets.schemas import Cells, ops

LAST_MINUTE = time(23, 59)
WEEK = 7
SUPPLIER = ["tenant_id", "supplier_id"]


class WindowFacts(TypedDict):
    """What decides in which hours an order is expected."""

    ingredients: dy.DataFrame[ops.Ingredients]
    suppliers: dy.DataFrame[ops.Suppliers]
    shifts: dy.DataFrame[ops.Shifts]


def with_window(rows: pl.DataFrame, facts: WindowFacts) -> pl.DataFrame:
    """Adds ``expected_from`` and ``expected_to``: the hours in which the supplier delivers, else the local day.

    Where it is not known until when it delivers, what comes is expected by the next day's baking; what is good for a
    single day's baking before that in any case.

    Args:
        rows: ``tenant_id, timezone, ingredient_id, supplier_id, deliver_on``.
    """
    lives = baking_lives(facts["ingredients"], facts["shifts"])
    keeps_a_day = facts["ingredients"].select("tenant_id", "ingredient_id", baking_life=lives)
    begun = baking_starts(facts["shifts"])
    hours = facts["suppliers"].select("tenant_id", "supplier_id", "delivers_from", "delivers_until")
    following = begun.select("tenant_id", "weekday", next_before="days_before", next_starts_at="starts_at")
    timed = (
        rows.join(keeps_a_day, on=["tenant_id", "ingredient_id"], how="left")
        .join(hours, on=["tenant_id", "supplier_id"], how="left")
        .with_columns(
            from_time=pl.col("delivers_from").fill_null(time(0)),
            until_time=pl.col("delivers_until").fill_null(LAST_MINUTE),
            weekday=pl.col("deliver_on").dt.weekday().cast(pl.Int32),
        )
        .join(begun, on=["tenant_id", "weekday"], how="left")
        .with_columns(
            baking_day=pl.col("deliver_on") - pl.duration(days="days_before"), next_weekday=pl.col("weekday") % 7 + 1
        )
        .join(following, left_on=["tenant_id", "next_weekday"], right_on=["tenant_id", "weekday"], how="left")
        .with_columns(
            next_baking_day=pl.col("deliver_on") + pl.duration(days=1 - pl.col("next_before")),
            until_day=pl.col("deliver_on")
            + pl.duration(days=(pl.col("until_time") <= pl.col("from_time")).cast(pl.Int32)),
        )
    )
    for name, day, at in (
        ("expected_from", "deliver_on", "from_time"),
        ("window_ends", "until_day", "until_time"),
        ("baking_at", "baking_day", "starts_at"),
        ("next_baking_at", "next_baking_day", "next_starts_at"),
    ):
        timed = with_instants(timed, name, day=day, wall_time=at)
    # What the plan counts on for a day has to be there when its baking begins, with a night shift the evening before.
    keeps_one_day = pl.col("baking_life") == 1
    begins = pl.when(keeps_one_day).then("baking_at").otherwise("next_baking_at")
    # A supplier's own hours are taken as they are.
    has_hours = pl.col("delivers_until").is_not_null() & ~keeps_one_day.fill_null(value=False)
    ends = pl.when(has_hours).then("window_ends").otherwise(pl.min_horizontal("window_ends", begins))
    return timed.with_columns(expected_to=ends).select(
        *rows.columns, "expected_to", expected_from=pl.min_horizontal("expected_from", "expected_to")
    )


def days_until_usable(lines: pl.DataFrame, cells: dy.DataFrame[Cells], facts: WindowFacts) -> Ints:
    """Days from a delivery until what it brings is usable: lines by the days of a week, the plan date the first.

    Args:
        lines: ``tenant_id, ingredient_id, supplier_id``.
    """
    lives = facts["ingredients"].select(*INGREDIENT, "shelf_life_days")
    waits = planned_delivery_delays(
        lines.join(lives, on=INGREDIENT, how="left", maintain_order="left"), facts["shifts"]
    )
    found = np.repeat(waits[:, None], WEEK, axis=1)
    hours = facts["suppliers"].filter(pl.col("delivers_until").is_not_null()).select(SUPPLIER)
    keeps_no_hours = ~lines["tenant_id"].is_in(facts["shifts"]["tenant_id"].unique().to_list())
    by_hours = (
        lines.select(*SUPPLIER, "ingredient_id")
        .with_row_index("line")
        .filter(keeps_no_hours | pl.Series(waits > 0, dtype=pl.Boolean))
        .join(hours, on=SUPPLIER)
    )
    if by_hours.is_empty():
        return found
    # But for what is good for a single day's baking all that a supplier delivers comes in the same hours.
    week = (
        by_hours.unique(SUPPLIER, keep="first", maintain_order=True)
        .join(cells.select("tenant_id", "plan_date", "timezone"), on="tenant_id")
        .join(pl.DataFrame({"ahead": range(WEEK)}, schema={"ahead": pl.Int64}), how="cross")
        .with_columns(deliver_on=pl.col("plan_date") + pl.duration(days="ahead"))
    )
    due = with_window(week, facts).with_columns(ends_at="expected_to", baking_life=None)
    due = with_local_times(due, expected_to="expected_to")
    day = (pl.col("expected_to").dt.date() - pl.col("plan_date")).dt.total_days()
    timed = with_usable_day(due.with_columns(day=day), facts["shifts"], arrives_at="ends_at")
    spread = by_hours.select("line", *SUPPLIER).join(timed.select(*SUPPLIER, "ahead", "usable_day"), on=SUPPLIER)
    row, ahead, usable = (spread[name].to_numpy() for name in ("line", "ahead", "usable_day"))
    found[row, ahead] = usable - ahead
    return found
