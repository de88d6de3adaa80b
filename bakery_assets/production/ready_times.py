"""Ready times: by when a product has to be ready on each day, and why a batch that is not comes too late."""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.keys import PRODUCT, PRODUCT_DAY, SCHEDULE_DAY
from bakery_assets.local_time import with_instants, with_local_times
from bakery_assets.opening_hours import first_openings
from bakery_assets.production.working_hours import WorkingHours
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops


class ReadyFacts(TypedDict):
    """The facts that ready times follow from."""

    products: dy.DataFrame[ops.Products]
    locations: dy.DataFrame[ops.Locations]
    opening_hours: dy.DataFrame[ops.OpeningHours]
    calendar: dy.DataFrame[ops.Calendar]
    tenant_settings: dy.DataFrame[ops.TenantSettings]


class ReadyTimes(dy.Schema):
    """By when each product has to be ready."""

    tenant_id = col.tenant_id()
    product_id = col.key_text("The product", primary_key=True)
    schedule_date = col.date("Day it is sold first", primary_key=True)
    ready_by = col.instant("When it has to be ready")
    hold_hours = ops.Products.hold_hours


def ready_times(hours: dy.DataFrame[WorkingHours], facts: ReadyFacts) -> dy.DataFrame[ReadyTimes]:
    """Ready times of every product on each day of the horizon, sorted.

    A product is ready at its own time, else when the first goods leave the kitchen, so that they are in the first shop
    when it opens.
    """
    days = hours.select("tenant_id", "timezone", date="schedule_date")
    first = first_openings(
        days, facts["locations"], facts["opening_hours"], facts["calendar"], facts["tenant_settings"]
    )
    opened = days.join(first, on=["tenant_id", "date"]).rename({"date": "schedule_date"})
    products = facts["products"].select(*PRODUCT, "hold_hours", own_time="ready_by")
    times = with_instants(opened.join(products, on="tenant_id"), "own", day="schedule_date", wall_time="own_time")
    ready = times.with_columns(ready_by=pl.coalesce("own", "leaves_at")).sort(PRODUCT_DAY)
    return conform(ReadyTimes, ready)


def with_lateness(batches: pl.DataFrame, hours: dy.DataFrame[WorkingHours]) -> pl.DataFrame:
    """Batches with ``is_late`` and ``late_because``; rows keep their order.

    Of several reasons the first that holds is given: the plan came after work had begun, no shift works for the day,
    work begins too late for what the batch takes, machines are taken by batches before it.

    Args:
        batches: with times, ``minutes`` of all steps, ``ready_by`` and ``work_starts_at``.
    """
    day = hours.select(*SCHEDULE_DAY, "timezone", "shift_starts_at", "has_shifts")
    rows = batches.join(day, on=SCHEDULE_DAY, how="left", maintain_order="left").with_columns(
        is_late=(pl.col("end_at") > pl.col("ready_by")).fill_null(value=False)
    )
    clocks = {"work_starts_at": "work", "shift_starts_at": "shift"}
    rows = with_local_times(rows, **{f"{name}_clock": instant for instant, name in clocks.items()}).with_columns(
        pl.col(f"{name}_clock").dt.strftime("%H:%M") for name in clocks.values()
    )
    alone = pl.col("work_starts_at") + pl.duration(seconds=(pl.col("minutes") * 60).round().cast(pl.Int64))
    because = (
        pl.when(pl.col("work_starts_at") > pl.col("shift_starts_at"))
        .then(pl.format("the day was planned at {}, after work had begun at {}", "work_clock", "shift_clock"))
        .when(pl.col("shift_starts_at").is_null() & pl.col("has_shifts"))
        .then(pl.lit("no shift works for this day"))
        .when(alone > pl.col("ready_by"))
        .then(
            pl.format(
                "work begins at {}, and it takes {} minutes", "work_clock", pl.col("minutes").ceil().cast(pl.Int64)
            )
        )
        .otherwise(pl.lit("the machines are taken by what is baked before it"))
    )
    return rows.with_columns(late_because=pl.when("is_late").then(because)).drop(
        "timezone", "shift_starts_at", "has_shifts", *(f"{name}_clock" for name in clocks.values())
    )
