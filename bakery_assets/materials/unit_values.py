"""Unit values: what one unit of an item is worth, for losses and differences of stock.

Prices have no history and carry no date: those entered at the planning instant hold. A price in another currency counts
by the exchange rate of the plan date, and without one not at all, so that sums never mix currencies.
"""

import dataframely as dy
import polars as pl

from bakery_assets.exchange_rates import RateInputs, rates_on, with_exchange_rate
from bakery_assets.materials.items import INGREDIENT_KIND, PRODUCT_KIND, Item
from bakery_assets.quantities import DECIMALS
from bakery_assets.schemas import Cells, conform, ops
from bakery_assets.schemas import columns as col


class ValueInputs(RateInputs):
    """What ``unit_values`` reads."""

    tenants: dy.DataFrame[ops.Tenants]
    products: dy.DataFrame[ops.Products]
    suppliers: dy.DataFrame[ops.Suppliers]
    supplier_items: dy.DataFrame[ops.SupplierItems]


class UnitValues(Item):
    """What one unit of an item is worth."""

    unit_value = col.number("Money for one unit, in the tenant's currency")


def unit_values(cells: dy.DataFrame[Cells], inputs: ValueInputs) -> dy.DataFrame[UnitValues]:
    """Of an ingredient its cheapest offer of known price in the tenant's currency, of a product its unit cost; sorted.

    A product without a unit cost has none, for its selling price is not what it cost. Of intermediates the ledger has
    values, ``stock.recipes.intermediate_values``.
    """
    currencies = with_exchange_rate(inputs["suppliers"], inputs["tenants"], rates_on(cells, inputs))
    offered = (
        inputs["supplier_items"]
        .join(
            currencies.filter(pl.col("exchange_rate").is_not_null()).select(
                "tenant_id", "supplier_id", "exchange_rate"
            ),
            on=["tenant_id", "supplier_id"],
        )
        .group_by("tenant_id", item_id="ingredient_id")
        .agg(unit_value=(pl.col("price") * pl.col("exchange_rate")).min().round(DECIMALS))
    )
    made = inputs["products"].filter(pl.col("unit_cost").is_not_null())
    values = pl.concat(
        [
            offered.select("tenant_id", "item_id", "unit_value", item_kind=pl.lit(INGREDIENT_KIND)),
            made.select("tenant_id", item_id="product_id", unit_value="unit_cost", item_kind=pl.lit(PRODUCT_KIND)),
        ]
    )
    return conform(UnitValues, values.sort(UnitValues.primary_key()))
