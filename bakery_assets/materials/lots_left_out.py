"""Lots left out: what a day's baking says it leaves out, as the smallest batch would lose more than it earns.

Which lots these are is decided in ``production.lot_values``.
"""

import dataframely as dy
import polars as pl

from bakery_assets.keys import CELL, PRODUCT
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, plans

NOT_WORTH_BAKING = pl.List(
    pl.Struct(
        {
            "product_id": pl.String,
            "not_worth_it": pl.Float64,
            "lot_left_out": pl.Float64,
            "short": pl.Float64,
            "expected_gain": pl.Float64,
            "expected_loss": pl.Float64,
        }
    )
)


class LotsLeftOut(dy.Schema):
    """Products of days that are not baked, though something of them was wanted."""

    tenant_id = col.tenant_id()
    plan_date = col.date("Local date that is planned")
    product_id = col.key_text("The product", primary_key=True)
    schedule_date = col.date("The day", primary_key=True)
    not_worth_it = col.number("Units that were wanted beyond stock")
    lot_left_out = col.number("Units that would have been baked for them")
    short = col.number("Units that are expected to be asked for and that stock does not cover")
    expected_gain = col.metric("Earned on average by those that would be sold, in the tenant's currency")
    expected_loss = col.metric("Lost on average by those that would be left, in the tenant's currency")


def lots_left_out(schedules: dy.DataFrame[plans.ProductionSchedules]) -> dy.DataFrame[LotsLeftOut]:
    """Those of all days of the plans, sorted."""
    left_out = pl.col("reasoning").str.json_path_match("$.not_worth_baking").str.json_decode(NOT_WORTH_BAKING)
    rows = (
        schedules.select(*CELL, "schedule_date", products=left_out)
        .drop_nulls("products")
        .explode("products")
        .unnest("products")
    )
    return conform(LotsLeftOut, rows.sort(*PRODUCT, "schedule_date"))
