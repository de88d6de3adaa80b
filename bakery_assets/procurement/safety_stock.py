"""Safety stock: how much of each ingredient should always be left, by the rule that its item, supplier or tenant chose.

What an order-up-to level adds to it is here too; how both make orders is in ``replenishment``.
"""

from statistics import NormalDist
from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.keys import INGREDIENT
from bakery_assets.materials.ingredient_use import UseVariance
from bakery_assets.procurement.offers import SupplierOffers
from bakery_assets.procurement.service_levels import MarginPerUnit, keeping_cost, service_level
from bakery_assets.quantities import DECIMALS
from bakery_assets.schemas import Cells, ops
from bakery_assets.tenant_settings import settings_on

SETTINGS = ("safety_stock_rule", "safety_stock_level", "safety_stock_share", "holding_rate")
WEEK, WORKING_DAYS = 7, 5
OWN_RECEIPTS = 5  # receipts that weigh as much as what all suppliers of the bakery show
SUPPLIER = ["tenant_id", "supplier_id"]

# What the reasoning of an order tells of its safety stock.
TERMS = (
    "safety_stock_rule", "safety_stock_level", "daily_use", "daily_use_variance", "lead_days", "review_days",
    "lead_time_variance", "margin_per_unit", "keeping_cost",
)  # fmt: skip
LEVELS = ("safety_stock", "target_stock", "reorders")


class SafetyStockInputs(TypedDict):
    """What ``with_safety_stock`` reads."""

    tenant_settings: dy.DataFrame[ops.TenantSettings]
    suppliers: dy.DataFrame[ops.Suppliers]
    purchase_orders: dy.DataFrame[ops.PurchaseOrders]
    stock_receipts: dy.DataFrame[ops.StockReceipts]


def with_safety_stock(
    cells: dy.DataFrame[Cells],
    items: pl.DataFrame,
    offers: dy.DataFrame[SupplierOffers],
    variance: dy.DataFrame[UseVariance],
    margins: dy.DataFrame[MarginPerUnit],
    inputs: SafetyStockInputs,
) -> pl.DataFrame:
    """Items with ``safety_stock`` by their rule, ``target_stock``, ``reorders`` and ``TERMS``; rows keep their order.

    By the rule ``statistical`` it is Z sqrt((L + R) V + d^2 S): Z of the ``service_level``, L lead time and R days
    between deliveries of the ingredient's first offer, V variance and d mean of a day's use, S that of the lead time
    (Silver, Pyke & Thomas 2017, sections 6.7 and 6.10). By ``share_of_use`` it is a share of what the lead time uses;
    by ``fixed`` what the ingredient says. What does not keep is never more than it is used for in its shelf life.

    With ``order_up_to`` an order brings stock up to that level as soon as it is down to ``reorder_point``, which then
    is the safety stock; without that on every delivery. A reorder point alone is a safety stock of at least that.

    Args:
        items: ingredients with ``daily_use``, their mean requirement.
    """
    chosen = settings_on(cells.select("tenant_id", date="plan_date"), inputs["tenant_settings"], SETTINGS)
    of_tenants = chosen.drop("date").rename({"safety_stock_rule": "tenant_rule"})
    of_suppliers = inputs["suppliers"].select(*SUPPLIER, supplier_rule="safety_stock_rule")
    lead_times = lead_time_variances(inputs["purchase_orders"], inputs["stock_receipts"])
    in_days = pl.when(pl.col("lead_time_unit") == "working_days").then(WEEK / WORKING_DAYS).otherwise(1.0)
    first = (
        offers.unique(INGREDIENT, keep="first", maintain_order=True)
        .select(
            *INGREDIENT,
            "supplier_id",
            lead_days=(pl.col("lead_time_days") * in_days).round(DECIMALS),
            review_days=(WEEK / pl.col("delivers_on").list.len().clip(1)).round(DECIMALS),
            unit_price=pl.col("price") * pl.col("exchange_rate"),
        )
        .join(of_suppliers, on=SUPPLIER, how="left")
        .join(lead_times, on=SUPPLIER, how="left")
        .drop("supplier_id")
    )
    rows = (
        items.join(of_tenants, on="tenant_id", how="left", maintain_order="left")
        .join(first, on=INGREDIENT, how="left", maintain_order="left")
        .join(variance, on=INGREDIENT, how="left", maintain_order="left")
        .join(margins, on=INGREDIENT, how="left", maintain_order="left")
        .with_columns(
            pl.col("daily_use_variance", "lead_time_variance", "lead_days", "review_days").fill_null(0.0),
            safety_stock_rule=pl.coalesce("safety_stock_rule", "supplier_rule", "tenant_rule"),
        )
        .with_columns(keeping_cost=keeping_cost())
        .with_columns(safety_stock_level=service_level())
    )
    kept = [name for name in items.columns if name not in (*TERMS, *LEVELS)]
    return rows.with_columns(_safety_stock(rows)).with_columns(*_levels()).select(*kept, *TERMS, *LEVELS)


def lead_time_variances(
    orders: dy.DataFrame[ops.PurchaseOrders], receipts: dy.DataFrame[ops.StockReceipts]
) -> pl.DataFrame:
    """``lead_time_variance`` of each supplier, in days squared: of the days between the end of the promised window and
    what came.

    A supplier with few receipts is shrunk towards all suppliers of its bakery, as if ``OWN_RECEIPTS`` were theirs.
    """
    key = ["tenant_id", "order_id", "ingredient_id"]
    late = orders.join(receipts.select(*key, "received_at").drop_nulls(), on=key).select(
        *SUPPLIER, days=(pl.col("received_at") - pl.col("expected_to")).dt.total_seconds() / 86_400
    )
    spread = pl.col("days").sort()
    pooled = late.group_by("tenant_id").agg(all_receipts=pl.len(), all_variance=spread.var().fill_null(0.0))
    own = late.group_by(SUPPLIER).agg(receipts=pl.len(), variance=spread.var().fill_null(0.0))
    weighted = pl.col("receipts") * pl.col("variance") + OWN_RECEIPTS * pl.col("all_variance")
    return (
        own.join(pooled, on="tenant_id")
        .select(*SUPPLIER, lead_time_variance=(weighted / (pl.col("receipts") + OWN_RECEIPTS)).round(DECIMALS))
        .sort(SUPPLIER)
    )


def _safety_stock(rows: pl.DataFrame) -> pl.Expr:
    """The quantity by each row's rule, not more than is used within the shelf life."""
    levels = rows["safety_stock_level"].unique().to_list()
    quantiles = [NormalDist().inv_cdf(level) for level in levels]
    z = pl.col("safety_stock_level").replace_strict(levels, quantiles, default=None, return_dtype=pl.Float64)
    of_use = (pl.col("lead_days") + pl.col("review_days")) * pl.col("daily_use_variance")
    of_lead = pl.col("daily_use") ** 2 * pl.col("lead_time_variance")
    statistical = z * (of_use + of_lead).sqrt()
    share = pl.col("safety_stock_share") * pl.col("daily_use") * pl.col("lead_days")
    keeps = pl.col("daily_use") * (pl.col("shelf_life_days") - 1)
    by_rule = (
        pl.when(pl.col("safety_stock_rule") == "statistical")
        .then(pl.min_horizontal(statistical, keeps))
        .when(pl.col("safety_stock_rule") == "share_of_use")
        .then(pl.min_horizontal(share, keeps))
        .otherwise("safety_stock")
    )
    return by_rule.round(DECIMALS).alias("safety_stock")


def _levels() -> list[pl.Expr]:
    """The level at which an order is placed, up to which it goes, and whether it is placed at the level already."""
    has_level = pl.col("order_up_to").is_not_null()
    at = pl.when(has_level).then(pl.coalesce("reorder_point", "order_up_to"))
    point = pl.coalesce(at, pl.max_horizontal("safety_stock", "reorder_point"))
    return [
        point.alias("safety_stock"),
        pl.coalesce("order_up_to", point).alias("target_stock"),
        (has_level & pl.col("reorder_point").is_not_null()).alias("reorders"),
    ]
