"""The system's orders of a morning: the planner's own stage on what its storerooms hold, and what of it is due.

The plan is that of ``procurement``; what is not due before the next morning is replanned then, and knows what was
proposed, as in a bakery that decides about every proposal at its deadline.
"""

from datetime import timedelta
from typing import Any, cast

import dataframely as dy
import polars as pl

from bakery_assets.backtesting.windows import BacktestFacts
from bakery_assets.keys import INGREDIENT
from bakery_assets.materials.bill_of_materials import product_recipes
from bakery_assets.materials.demand import DemandInputs, daily_demand
from bakery_assets.procurement import plan_procurement
from bakery_assets.procurement.offers import SupplierOffers, supplier_offers
from bakery_assets.procurement.plan import ProcurementInputs
from bakery_assets.quantities import DECIMALS, ordered_sum
from bakery_assets.replay.supply.storerooms import OrderLines, Storerooms, as_schema
from bakery_assets.schemas import Cells, conform, ops, plans

ONE_DAY = timedelta(days=1)


class SupplyFacts(BacktestFacts):
    """What a supply replay reads."""

    ingredients: dy.DataFrame[ops.Ingredients]
    recipes: dy.DataFrame[ops.Recipes]
    recipe_lines: dy.DataFrame[ops.RecipeLines]
    suppliers: dy.DataFrame[ops.Suppliers]
    supplier_items: dy.DataFrame[ops.SupplierItems]
    exchange_rates: dy.DataFrame[ops.ExchangeRates]
    shifts: dy.DataFrame[ops.Shifts]


def system_orders(
    cells: dy.DataFrame[Cells],
    facts: SupplyFacts,
    forecasts: dy.DataFrame[plans.DemandForecasts],
    storerooms: Storerooms,
    day: int,
    before: dy.DataFrame[plans.ProcurementRequirements],
) -> tuple[dy.DataFrame[OrderLines], dy.DataFrame[plans.ProcurementRequirements]]:
    """What the plan of a morning orders before the next one, and the plan.

    Args:
        cells: the system's bakeries on the morning.
        facts: master data of these bakeries.
        forecasts: made on that morning.
        day: the morning, counted from the first.
        before: the plan of the morning before.
    """
    inputs = cast(ProcurementInputs, {**_inputs(cells, facts, forecasts, storerooms, day), **_published(cells, before)})
    planned = plan_procurement(cells, inputs)["procurement_requirements"]
    due = planned.join(cells.select("tenant_id", "planned_as_of"), on="tenant_id").filter(
        pl.col("planned_order_quantity") > 0, pl.col("order_by") < pl.col("planned_as_of") + ONE_DAY
    )
    line = [*INGREDIENT, "supplier_id", "deliver_on"]
    quantities = due.group_by(line).agg(quantity=ordered_sum("planned_order_quantity").round(DECIMALS))
    return order_lines(quantities, supplier_offers(cells, inputs)), planned


def order_lines(quantities: pl.DataFrame, offers: dy.DataFrame[SupplierOffers]) -> dy.DataFrame[OrderLines]:
    """Lines with what their offers cost, sorted.

    Args:
        quantities: ``INGREDIENT, supplier_id, deliver_on, quantity``.
    """
    in_own_currency = (pl.col("price") * pl.col("exchange_rate").fill_null(1.0)).round(DECIMALS)
    priced = quantities.join(
        offers.select(*INGREDIENT, "supplier_id", "pack_size", price=in_own_currency), on=[*INGREDIENT, "supplier_id"]
    )
    return conform(OrderLines, priced.sort(OrderLines.primary_key()))


def _published(cells: dy.DataFrame[Cells], before: dy.DataFrame[plans.ProcurementRequirements]) -> dict[str, Any]:
    """The plan before, as it was published."""
    versions = cells.with_columns(
        pl.col("plan_date", "planned_as_of") - ONE_DAY, version=1, cause=pl.lit("planning_time")
    ).with_columns(published_at="planned_as_of", requested_at="planned_as_of")
    orders = before.filter(pl.col("planned_order_quantity") > 0)
    return {
        "plan_versions": as_schema(plans.PlanVersions, versions),
        "published_orders": as_schema(plans.PublishedOrders, orders),
    }


def _inputs(
    cells: dy.DataFrame[Cells],
    facts: SupplyFacts,
    forecasts: dy.DataFrame[plans.DemandForecasts],
    storerooms: Storerooms,
    day: int,
) -> dict[str, Any]:
    """What the stage reads: the forecasts are baked, product stock and customers' orders are left out."""
    orders, receipts = storerooms.orders_and_receipts(cells, facts)
    known: dict[str, Any] = {
        **facts,
        "demand_forecasts": forecasts,
        "customer_orders": ops.CustomerOrders.create_empty(),
        "stock_movements": plans.StockMovements.create_empty(),
        "stock_balances": storerooms.lots(cells, day),
        "master_data_faults": plans.MasterDataFaults.create_empty(),
        "plan_decisions": ops.PlanDecisions.create_empty(),
        "purchase_orders": orders,
        "stock_receipts": receipts,
        "supplier_returns": ops.SupplierReturns.create_empty(),
    }
    demand = daily_demand(cells, cast(DemandInputs, known)).filter("is_open", pl.col("demand") > 0)
    baked = demand.join(product_recipes(facts), on=["tenant_id", "product_id"]).join(cells, on="tenant_id")
    batches = baked.select(
        "tenant_id", "plan_date", "product_id", "recipe_id", "schedule_date",
        quantity_planned="demand",
        batch_number=pl.format("{}-{}", "product_id", "schedule_date"),
        priority=1, state=pl.lit("planned"), reasoning=pl.lit("{}"), begins_on="schedule_date", is_carried_over=False,
        is_preview=False, is_late=False, has_taken_ingredients=False, is_in_stock=False,
    )  # fmt: skip
    known["production_batches"] = as_schema(plans.ProductionBatches, batches)
    return known
