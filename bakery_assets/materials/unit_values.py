"""Unit values: what one unit of an item is worth, for losses and differences of stock.

Prices have no history and carry no date: those entered at the planning instant hold. Nothing is converted between
currencies, so that sums never mix them.
"""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.materials.items import INGREDIENT_KIND, PRODUCT_KIND, Item
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform, ops


class ValueInputs(TypedDict):
    """What ``unit_values`` reads."""

    tenants: dy.DataFrame[ops.Tenants]
    products: dy.DataFrame[ops.Products]
    suppliers: dy.DataFrame[ops.Suppliers]
    supplier_items: dy.DataFrame[ops.SupplierItems]


class UnitValues(Item):
    """What one unit of an item is worth."""

    unit_value = col.number("Money for one unit, in the tenant's currency")


def unit_values(inputs: ValueInputs) -> dy.DataFrame[UnitValues]:
    """Of an ingredient its cheapest offer in the tenant's currency, of a product its unit cost; sorted.

    A product without a unit cost has none, for its selling price is not what it cost; nor has an intermediate.
    """
    currencies = inputs["suppliers"].join(
        inputs["tenants"].select("tenant_id", own_currency="currency"), on="tenant_id"
    )
    at_home = currencies.filter(pl.coalesce("currency", "own_currency") == pl.col("own_currency"))
    offered = (
        inputs["supplier_items"]
        .join(at_home, on=["tenant_id", "supplier_id"], how="semi")
        .group_by("tenant_id", item_id="ingredient_id")
        .agg(unit_value=pl.col("price").min())
    )
    made = inputs["products"].filter(pl.col("unit_cost").is_not_null())
    values = pl.concat(
        [
            offered.select("tenant_id", "item_id", "unit_value", item_kind=pl.lit(INGREDIENT_KIND)),
            made.select("tenant_id", item_id="product_id", unit_value="unit_cost", item_kind=pl.lit(PRODUCT_KIND)),
        ]
    )
    return conform(UnitValues, values.sort(UnitValues.primary_key()))
