"""Findings about stock that expires unused; what runs short is in ``shortage_alerts``."""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.briefing.findings import Finding, finding
from bakery_assets.briefing.stock_outlook import expiring_stock, item_names
from bakery_assets.explanations.formats import as_json, on_weekday, quantity
from bakery_assets.schemas import ops, plans


class StockAlertInputs(TypedDict):
    """What ``stock_findings`` reads."""

    products: dy.DataFrame[ops.Products]
    ingredients: dy.DataFrame[ops.Ingredients]
    inventory_projections: dy.DataFrame[plans.InventoryProjections]
    stock_balances: dy.DataFrame[plans.StockBalances]


def stock_findings(inputs: StockAlertInputs) -> list[dy.DataFrame[Finding]]:
    """Findings ``expiring``; subject is the ingredient or product."""
    names = item_names(inputs["products"], inputs["ingredients"])
    lost = expiring_stock(inputs["inventory_projections"], inputs["stock_balances"])
    return [_expiring(lost.join(names, on=["tenant_id", "item_kind", "item_id"]))]


def _expiring(lost: pl.DataFrame) -> dy.DataFrame[Finding]:
    """Medium for ingredients, whose cost is lost; unsold products are normal, so they are of low severity."""
    begins = pl.when(pl.col("days") > 1).then(pl.lit(", the first")).otherwise(pl.lit(""))
    is_ingredient = pl.col("item_kind") == "ingredient"
    share = pl.when(pl.col("opening") > 0).then(pl.col("lost") / pl.col("opening")).otherwise(1.0)
    return finding(
        lost,
        severity=pl.when(is_ingredient).then(pl.lit("medium")).otherwise(pl.lit("low")),
        kind="expiring",
        cause=pl.format("expiring_{}:{}", "item_kind", "item_id"),
        subject="item_id",
        stake=share.clip(0.0, 1.0),
        act_before=pl.col("first_day") + pl.duration(days=1),
        message=pl.format("{}: {} will expire unused{} {}.", "item", quantity("lost"), begins, on_weekday("first_day")),
        reasoning=as_json(
            item="item", item_kind="item_kind", unit="unit", first_day="first_day", lost="lost", opening="opening"
        ),
        consequence="It is thrown away.",
        suggested_action=pl.when(is_ingredient)
        .then(pl.lit("Use it in something else, sell it or give it away first."))
        .otherwise(pl.lit("Sell it at a lower price, or give it away.")),
    )
