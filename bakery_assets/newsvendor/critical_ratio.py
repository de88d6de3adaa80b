"""Critical ratio: what a lost sale costs against what a leftover costs, from price, cost and salvage value.

Prices have no history: those entered at the planning instant hold. Which quantity follows from a ratio is in
``demand_distribution`` and ``base_stock``.
"""

import dataframely as dy
import polars as pl

from bakery_assets.keys import PRODUCT
from bakery_assets.quantities import DECIMALS
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops

# Of a bakery that gives price and cost of no product: ingredients take a third of the price of bread, and the energy
# and handwork of one more piece little on top.
DEFAULT_MARGIN = 0.6
MARGINS = ("own", "usual", "default")


class CriticalRatios(dy.Schema):
    """The critical ratio of each product, and the money that it comes from."""

    tenant_id = col.tenant_id()
    product_id = col.key_text("The product", primary_key=True)
    price = col.number(
        "Price of a unit, in the tenant's currency; empty: neither price nor cost is known", nullable=True
    )
    unit_cost = col.number("Cost of a unit; empty: neither price nor cost is known", nullable=True)
    salvage_value = col.number("Value of an unsold unit")
    critical_ratio = col.number("(price - cost) / (price - salvage value), between 0 and 1", maximum=1.0)
    margin = col.metric("(price - cost) / price, as a fraction", nullable=False)
    margin_from = col.choice("Whose margin it is: the product's own, the tenant's usual one, or the default", MARGINS)


def critical_ratio(price: pl.Expr, unit_cost: pl.Expr, salvage_value: pl.Expr) -> pl.Expr:
    """The critical ratio, a fraction: underage cost over underage and overage cost.

    A lost sale costs price - cost, a leftover cost - salvage value; their balance is where demand stays at or below the
    quantity on (price - cost) / (price - salvage value) of all days (Snyder & Shen 2019, Fundamentals of Supply Chain
    Theory, 2nd edition, section 4.3). What sells at or below its cost has a ratio of 0; what is worth its cost even
    unsold has 1, unless it sells below cost.
    """
    ratio = (price - unit_cost) / (price - salvage_value)
    return pl.when(price <= unit_cost).then(0.0).when(salvage_value >= unit_cost).then(1.0).otherwise(ratio)


def critical_ratios(products: dy.DataFrame[ops.Products]) -> dy.DataFrame[CriticalRatios]:
    """The critical ratio of every product, sorted.

    A product whose price or cost is missing, or 0, has its tenant's usual margin, the median over the products that
    sell above a known cost; where there are none, ``DEFAULT_MARGIN``. Whichever of the two is missing follows from it.
    """
    known = products.with_columns(
        pl.when(pl.col(name) > 0).then(pl.col(name)).alias(name) for name in ("price", "unit_cost")
    ).with_columns(
        margin=(pl.col("price") - pl.col("unit_cost")) / pl.col("price"),
        salvage_value=pl.col("salvage_value").fill_null(0.0),
    )
    usual = known.filter(pl.col("margin") > 0).group_by("tenant_id").agg(usual=pl.col("margin").median())
    filled = (
        known.join(usual, on="tenant_id", how="left", maintain_order="left")
        .with_columns(
            margin_from=pl.when(pl.col("margin").is_not_null())
            .then(pl.lit("own"))
            .when(pl.col("usual").is_not_null())
            .then(pl.lit("usual"))
            .otherwise(pl.lit("default")),
            margin=pl.coalesce("margin", "usual", pl.lit(DEFAULT_MARGIN)),
        )
        .with_columns(
            price=pl.coalesce("price", pl.col("unit_cost") / (1.0 - pl.col("margin"))),
            unit_cost=pl.coalesce("unit_cost", pl.col("price") * (1.0 - pl.col("margin"))),
        )
    )
    ratio = critical_ratio(pl.col("price"), pl.col("unit_cost"), pl.col("salvage_value"))
    rows = filled.with_columns(
        pl.col("margin", "price", "unit_cost").round(DECIMALS),
        critical_ratio=pl.coalesce(ratio, "margin").clip(0.0, 1.0).round(DECIMALS),
    )
    return conform(CriticalRatios, rows.sort(PRODUCT))
