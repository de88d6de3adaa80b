"""The next open day: until then a plan has to mention order deadlines, because closed days are not planned."""

import dataframely as dy
import polars as pl

from bakery_assets.calendars import closed_days
from bakery_assets.cells import OUTLOOK_DAYS, horizon
from bakery_assets.schemas import Cells, conform, ops
from bakery_assets.schemas import columns as col


class NextOpenDays(dy.Schema):
    """The first day after each tenant's plan date that its own calendar does not close."""

    tenant_id = col.tenant_id()
    next_open_day = col.date("The day; the one after the outlook for a bakery that is closed throughout it")


def next_open_days(cells: dy.DataFrame[Cells], calendar: dy.DataFrame[ops.Calendar]) -> dy.DataFrame[NextOpenDays]:
    """The next open day of each tenant, by tenant."""
    closed = closed_days(calendar).select("tenant_id", target_date="date")
    days = (
        horizon(cells, OUTLOOK_DAYS + 1)
        .filter(pl.col("target_date") > pl.col("plan_date"))
        .join(closed, on=["tenant_id", "target_date"], how="anti")
        .group_by("tenant_id")
        .agg(next_open_day=pl.col("target_date").min())
        .join(cells.select("tenant_id", "plan_date"), on="tenant_id", how="right")
        .select(
            "tenant_id",
            next_open_day=pl.coalesce("next_open_day", pl.col("plan_date") + pl.duration(days=OUTLOOK_DAYS + 1)),
        )
        .sort("tenant_id")
    )
    return conform(NextOpenDays, days)
