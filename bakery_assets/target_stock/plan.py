"""The stage ``target_stock_levels``: forecasts, critical ratios, levels and targets, in this order.

The arithmetic of quantiles is in ``newsvendor``. What stock leaves open of a target is baked, by ``production``.
"""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.explanations.target_stock import target_terms
from bakery_assets.keys import PRODUCT
from bakery_assets.materials.demand import SERIES_DAY, ShopDayInputs, shop_days
from bakery_assets.newsvendor.critical_ratio import critical_ratios
from bakery_assets.newsvendor.demand_distribution import expected_leftover, expected_lost
from bakery_assets.quantities import DECIMALS
from bakery_assets.schemas import Cells, conform, ops, plans
from bakery_assets.target_stock.policies import with_quantity_at_level
from bakery_assets.tenant_settings import settings_on

SETTINGS = ("quantity_policy", "quantity_buffer", "service_level")


class TargetStockInputs(ShopDayInputs):
    """What ``set_target_stock_levels`` reads."""

    tenant_settings: dy.DataFrame[ops.TenantSettings]


class TargetStockTables(TypedDict):
    """What ``set_target_stock_levels`` writes."""

    target_stock_levels: dy.DataFrame[plans.TargetStockLevels]


def set_target_stock_levels(cells: dy.DataFrame[Cells], inputs: TargetStockInputs) -> TargetStockTables:
    """How much of each product has to be ready for sale in each shop, for the days of the horizon; rows sorted by key.

    A day has a row where there is a forecast or a customer order. Forecasts know the orders that usually come, so known
    orders consume them: a target is the larger of the quantity at its level and the orders, which are met in full.
    Nothing but orders is to be ready on days on which the product is not sold.
    """
    days = shop_days(cells, inputs)
    ratios = critical_ratios(inputs["products"])
    chosen = settings_on(cells.select("tenant_id", "plan_date", date="plan_date"), inputs["tenant_settings"], SETTINGS)
    rows = days.join(chosen.drop("date"), on="tenant_id", maintain_order="left").join(
        ratios, on=PRODUCT, maintain_order="left"
    )
    quantity, left = pl.col("target_quantity"), expected_leftover
    targets = (
        with_quantity_at_level(rows)
        .with_columns(target_quantity=pl.max_horizontal("quantity_at_level", "orders"))
        .with_columns(
            # What orders take up is sold, however little would have been asked for without them.
            expected_leftover=(left(quantity) - left(pl.col("orders"))).clip(0.0).round(DECIMALS),
            expected_lost=expected_lost(quantity).round(DECIMALS),
            target_date="schedule_date",
        )
        .with_columns(reasoning=target_terms())
        .sort(SERIES_DAY)
    )
    return TargetStockTables(target_stock_levels=conform(plans.TargetStockLevels, targets))
