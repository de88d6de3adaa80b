"""What cannot be baked because doughs for it had to be begun before the plan, as the day's baking says."""

import dataframely as dy
import polars as pl

from bakery_assets.keys import CELL, PRODUCT
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, plans

WITHOUT_DOUGH = pl.List(
    pl.Struct({"product_id": pl.String, "not_begun": pl.Float64, "had_to_begin": pl.String, "begin_by": pl.String})
)


class NotBegun(dy.Schema):
    """Products of days on which less is baked than required, because what they take had to be begun before."""

    tenant_id = col.tenant_id()
    plan_date = col.date("Local date that is planned")
    product_id = col.key_text("The product", primary_key=True)
    schedule_date = col.date("The day", primary_key=True)
    not_begun = col.number("Units that are not baked for that reason")
    had_to_begin = col.text("Name of the recipe that had to be begun")
    begin_by = col.date("Day on which it had to be begun")


def not_begun(schedules: dy.DataFrame[plans.ProductionSchedules]) -> dy.DataFrame[NotBegun]:
    """Those of all days of the plans, sorted."""
    rows = (
        schedules.select(
            *CELL,
            "schedule_date",
            products=pl.col("reasoning").str.json_path_match("$.without_dough").str.json_decode(WITHOUT_DOUGH),
        )
        .drop_nulls("products")
        .explode("products")
        .unnest("products")
        .with_columns(pl.col("begin_by").str.to_date("%Y-%m-%d"))
    )
    return conform(NotBegun, rows.sort(*PRODUCT, "schedule_date"))
