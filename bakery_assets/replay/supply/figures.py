"""Figures of the supply replay: service, waste, stock, orders and cost of each policy, by bakery and over all of them.

Bakeries have different currencies, so what is compared over all of them is money for 100 of what the products that were
wanted take of ingredients, each bakery counting alike.
"""

from typing import Any

import dataframely as dy
import numpy as np
import polars as pl

from bakery_assets.keys import INGREDIENT, PRODUCT
from bakery_assets.materials.ingredient_use import UsePerUnit
from bakery_assets.metrics import ratio
from bakery_assets.quantities import CENTS, DECIMALS, ordered_sum
from bakery_assets.replay.supply.demand import DrawnDemand
from bakery_assets.replay.supply.storerooms import Flow
from bakery_assets.schemas import ops

HOLDING_RATE = 0.25  # a year, of the value of stock: an assumption, since no fact says what keeping it costs
DAYS_A_YEAR, DAYS_A_WEEK = 365, 7
PER_100 = 100.0
MONEY = ("purchase", "holding", "waste", "lost_margin", "inventory_cost", "cost")
SHARES = ("fill_rate", "expired_share", "stock_days", "orders_a_week")


def by_bakery(
    items: pl.DataFrame, flow: Flow, lines: pl.DataFrame, lost: pl.DataFrame, products: dy.DataFrame[ops.Products]
) -> pl.DataFrame:
    """A row for each policy and bakery, sorted: what it came to, money in the bakery's currency.

    ``fill_rate`` is the share, by value, of what baking required that was in stock. ``purchase`` is what was paid for
    what was used, ``waste`` for what expired; stock is worth the ingredient's cheapest price. ``holding`` is
    ``HOLDING_RATE`` of the mean stock. ``lost_margin`` is price - unit cost of what could not be baked, of products of
    which both are known. ``inventory_cost`` is the last three and what was paid above the cheapest price.

    Args:
        items: ``tenant_id`` (policy/bakery), ``ingredient_id, row``, ``unit_value`` and the bakery's ``currency``.
        lines: all orders.
        lost: of ``lost_products``.
    """
    days = flow.used.shape[1]
    value = items["unit_value"].to_numpy()[:, None]
    sums = items.select("tenant_id", "currency").with_columns(
        required=pl.Series(((flow.used + flow.unmet) * value).sum(axis=1)),
        used=pl.Series((flow.used * value).sum(axis=1)),
        expired=pl.Series((flow.expired * value).sum(axis=1)),
        received=pl.Series((flow.received * value).sum(axis=1)),
        stock=pl.Series((flow.closing * value).mean(axis=1)),
        stock_added=pl.Series((flow.closing[:, -1] - flow.opening[:, 0]) * value[:, 0]),
        paid=pl.Series(flow.paid.sum(axis=1)),
    )
    totals = sums.group_by("tenant_id", "currency").agg(
        ordered_sum(name) for name in ("required", "used", "expired", "received", "stock", "stock_added", "paid")
    )
    deliveries = lines.group_by("tenant_id").agg(deliveries=pl.struct("supplier_id", "deliver_on").n_unique())
    margin = (pl.col("price") - pl.col("unit_cost")).clip(0.0).fill_null(0.0)
    margins = (
        lost.join(products.select(*PRODUCT, "price", "unit_cost"), on=PRODUCT)
        .with_columns(lost_margin=margin * pl.col("lost"))
        .group_by("tenant_id")
        .agg(ordered_sum("lost_margin"), ordered_sum("lost"), ordered_sum("demand"))
    )
    policy, bakery = (pl.col("tenant_id").str.splitn("/", 2).struct[place] for place in (0, 1))
    return (
        totals.join(deliveries, on="tenant_id", how="left")
        .join(margins, on="tenant_id", how="left")
        .with_columns(pl.col("deliveries").fill_null(0), pl.col("lost_margin", "lost", "demand").fill_null(0.0))
        .with_columns(
            fill_rate=ratio(pl.col("used"), pl.col("required")),
            lost_share=ratio(pl.col("lost"), pl.col("demand")),
            expired_share=ratio(pl.col("expired"), pl.col("received")),
            stock_days=ratio(pl.col("stock") * days, pl.col("required")),
            orders_a_week=pl.col("deliveries") * DAYS_A_WEEK / days,
            purchase=pl.col("paid") - pl.col("stock_added") - pl.col("expired"),
            holding=HOLDING_RATE * pl.col("stock") * days / DAYS_A_YEAR,
            waste="expired",
        )
        .with_columns(
            inventory_cost=pl.sum_horizontal("holding", "waste", "lost_margin")
            + (pl.col("purchase") - pl.col("used")),
            cost=pl.sum_horizontal("purchase", "holding", "waste", "lost_margin"),
            policy=policy,
            bakery=bakery,
        )
        .select(
            "policy", "bakery", "currency", *SHARES[:1], "lost_share", *SHARES[1:],
            pl.col("required", *MONEY).round(CENTS),
        )
        .sort("policy", "bakery")
    )  # fmt: skip


def over_bakeries(bakeries: pl.DataFrame) -> pl.DataFrame:
    """A row for each policy, sorted: means over bakeries, money for 100 of what was required."""
    money = (ratio(PER_100 * pl.col(name), pl.col("required")).alias(name) for name in MONEY)
    per_100 = bakeries.with_columns(*money)
    names = ("lost_share", *SHARES, *MONEY)
    return (
        per_100.group_by("policy")
        .agg(pl.len().alias("bakeries"), *(pl.col(name).sort().mean().round(DECIMALS) for name in names))
        .sort("policy")
    )


def lost_products(
    items: pl.DataFrame, flow: Flow, demand: dy.DataFrame[DrawnDemand], used: dy.DataFrame[UsePerUnit], days: list[Any]
) -> pl.DataFrame:
    """``PRODUCT, demand, lost`` in units: of what is made with an ingredient that falls short the same share is lost.

    Of several short ingredients the shortest counts.

    Args:
        demand, used: of the policies' bakeries. days: the dates of the flow.
    """
    required = flow.used + flow.unmet
    row, day = np.nonzero(flow.unmet)
    short = pl.DataFrame(
        {
            "row": row.astype(np.uint32),
            "date": [days[each] for each in day],
            "share": flow.unmet[row, day] / required[row, day],
        },
        schema={"row": pl.UInt32, "date": pl.Date, "share": pl.Float64},
    )
    shares = (
        short.join(items.select(*INGREDIENT, pl.col("row").cast(pl.UInt32)), on="row")
        .join(used.select(*PRODUCT, "ingredient_id"), on=INGREDIENT)
        .group_by(*PRODUCT, "date")
        .agg(pl.col("share").max())
    )
    return (
        demand.join(shares, on=[*PRODUCT, "date"], how="left")
        .with_columns(lost=pl.col("demand") * pl.col("share").fill_null(0.0))
        .group_by(PRODUCT)
        .agg(ordered_sum("demand"), ordered_sum("lost"))
        .sort(PRODUCT)
    )
