"""Findings about shops that run short though the bakery as a whole does not: one for each shop.

What all shops together run short of is in ``shortage_alerts``.
"""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.briefing.findings import Finding, finding
from bakery_assets.explanations.formats import as_json, plain_number, quantity
from bakery_assets.keys import PRODUCT, SERIES, SHOP
from bakery_assets.materials.items import PRODUCT_KIND
from bakery_assets.quantities import DECIMALS, ordered_sum
from bakery_assets.schemas import ops, plans

NAMED = 3  # products named in the message; the reasoning has all


class DistributionAlertInputs(TypedDict):
    """What ``distribution_findings`` reads."""

    products: dy.DataFrame[ops.Products]
    locations: dy.DataFrame[ops.Locations]
    distribution_plans: dy.DataFrame[plans.DistributionPlans]
    inventory_projections: dy.DataFrame[plans.InventoryProjections]


def distribution_findings(inputs: DistributionAlertInputs) -> list[dy.DataFrame[Finding]]:
    """Findings ``stockout`` of shops that get less than they need today, of products that do not run short in all.

    What they lack is elsewhere: in a shop that has more than it sells, or ready too late.
    """
    shops = inputs["locations"].select(*SHOP, shop=pl.coalesce("name", "location_id"))
    names = inputs["products"].select(*PRODUCT, "unit", product="name")
    is_today = pl.col("projection_date") == pl.col("plan_date")
    in_all = inputs["inventory_projections"].filter(
        (pl.col("item_kind") == PRODUCT_KIND) & is_today & (pl.col("unmet") > 0)
    )
    rows = (
        inputs["distribution_plans"]
        .filter(~pl.col("is_carried_over"))
        .group_by("plan_date", *SERIES)
        .agg(
            need=pl.col("need").first(),
            brought=ordered_sum("quantity").round(DECIMALS),
            too_many=(pl.col("stock_usable") - pl.col("target_quantity")).first().clip(0.0).round(DECIMALS),
            leaves_at=pl.col("leaves_at").min(),
            is_short=pl.col("consequence").is_not_null().any(),
        )
        .join(names, on=PRODUCT)
        .join(shops, on=SHOP)
        .sort(*SERIES)
    )
    most = rows.filter(pl.col("too_many") > 0).sort("too_many", descending=True, maintain_order=True)
    elsewhere = most.unique(PRODUCT, keep="first", maintain_order=True).select(
        *PRODUCT, spare=pl.format("{} of {} in {}", quantity("too_many"), "product", "shop")
    )
    short = (
        rows.filter("is_short")
        .join(in_all.select("tenant_id", product_id="item_id"), on=PRODUCT, how="anti")
        .join(elsewhere, on=PRODUCT, how="left")
        .with_columns(missing=(pl.col("need") - pl.col("brought")).round(DECIMALS))
        .sort("tenant_id", "location_id", "missing", "product_id", descending=[False, False, True, False])
    )
    return [_short_shops(short)]


def _short_shops(short: pl.DataFrame) -> dy.DataFrame[Finding]:
    phrase = pl.format("{} ({} of {})", "product", plain_number("brought"), quantity("need"))
    shops = (
        short.with_columns(phrase=phrase)
        .group_by("plan_date", *SHOP, "shop", maintain_order=True)
        .agg(
            named=pl.col("phrase").head(NAMED).str.join(", "),
            more=pl.len().cast(pl.Int64) - NAMED,
            spare=pl.col("spare").drop_nulls().head(NAMED).str.join(", "),
            share=pl.col("missing").sum() / pl.col("need").sum(),
            leaves_at=pl.col("leaves_at").min(),
            products=pl.struct("product_id", "product", "need", "brought", "missing", "spare"),
        )
    )
    more = pl.when(pl.col("more") > 0).then(pl.format(" and {} more", "more")).otherwise(pl.lit(""))
    return finding(
        shops,
        severity="medium",
        kind="stockout",
        cause=pl.format("shop_shortage:{}", "location_id"),
        stake=pl.col("share"),
        deadline="leaves_at",
        message=pl.format("{} gets less than it needs today: {}{}.", "shop", "named", more),
        reasoning=as_json(products="products"),
        consequence="Customers there ask for it and leave without.",
        suggested_action=pl.when(pl.col("spare") != "")
        .then(pl.format("Bring what is not needed where it is: {}.", "spare"))
        .otherwise(pl.lit("Bake it earlier, or bake more of it.")),
    )
