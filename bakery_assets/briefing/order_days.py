"""Until when a morning has to speak of order deadlines: the next morning that will be planned."""

import polars as pl

from bakery_assets.calendars import closed_days
from bakery_assets.cells import OUTLOOK_DAYS, horizon


def next_mornings(cells: pl.DataFrame, calendar: pl.DataFrame) -> pl.DataFrame:
    """The first day after each tenant's plan date that its own calendar does not close, for closed days are not
    planned: ``tenant_id, next_morning``.

    A bakery closed throughout the outlook has no morning within reach of its orders: the day behind the outlook.
    """
    closed = closed_days(calendar).select("tenant_id", target_date="date")
    return (
        horizon(cells, OUTLOOK_DAYS + 1)
        .filter(pl.col("target_date") > pl.col("plan_date"))
        .join(closed, on=["tenant_id", "target_date"], how="anti")
        .group_by("tenant_id")
        .agg(next_morning=pl.col("target_date").min())
        .join(cells.select("tenant_id", "plan_date"), on="tenant_id", how="right")
        .select(
            "tenant_id",
            next_morning=pl.coalesce("next_morning", pl.col("plan_date") + pl.duration(days=OUTLOOK_DAYS + 1)),
        )
        .sort("tenant_id")
    )
