"""The stage ``production_schedules``: demand, net requirements, lots, batches and times, in this order."""

from typing import TypedDict, cast

import dataframely as dy

from bakery_assets.cells import Frames
from bakery_assets.materials.demand import daily_demand
from bakery_assets.materials.stock import stock_on_hand
from bakery_assets.production.batches import batch_rows, ranked_batches
from bakery_assets.production.netting import net_requirements
from bakery_assets.production.schedules import schedule_rows
from bakery_assets.production.timing import schedule_batches
from bakery_assets.production.working_hours import working_hours
from bakery_assets.schemas import Cells, conform, ops, plans


class ProductionInputs(TypedDict):
    """What ``plan_production`` reads."""

    products: dy.DataFrame[ops.Products]
    calendar: dy.DataFrame[ops.Calendar]
    demand_forecasts: dy.DataFrame[plans.DemandForecasts]
    customer_orders: dy.DataFrame[ops.CustomerOrders]
    stock_lots: dy.DataFrame[ops.StockLots]
    stock_receipts: dy.DataFrame[ops.StockReceipts]
    waste: dy.DataFrame[ops.Waste]
    recipes: dy.DataFrame[ops.Recipes]
    production_steps: dy.DataFrame[ops.ProductionSteps]
    equipment: dy.DataFrame[ops.Equipment]
    shifts: dy.DataFrame[ops.Shifts]


class ProductionTables(TypedDict):
    """What ``plan_production`` writes."""

    production_schedules: dy.DataFrame[plans.ProductionSchedules]
    production_batches: dy.DataFrame[plans.ProductionBatches]


def plan_production(cells: dy.DataFrame[Cells], inputs: ProductionInputs) -> ProductionTables:
    """What to bake, when and on what, for the horizon of every cell.

    Args:
        cells: the columns of ``cells.CELLS``, one row per tenant.
        frames: ``products, calendar, demand_forecasts, customer_orders, stock_lots, stock_receipts, waste,
            recipes, production_steps, equipment, shifts``.

    Returns:
        ``production_schedules`` (one row per tenant and day) and ``production_batches``, sorted by key.

    Raises:
        CannotPlan: batch sizes or capacities that lead to an implausible number of batches or loads.
    """
    frames = cast(Frames, inputs)
    demand = daily_demand(cells, frames)
    lots = net_requirements(cells, demand, stock_on_hand(cells, frames), frames["products"])
    hours = working_hours(cells, frames["shifts"]).join(cells.select("tenant_id", "plan_date"), on="tenant_id")
    ranked = ranked_batches(lots, frames["recipes"]).join(
        hours.select("tenant_id", "schedule_date", "plan_date", "starts_at"),
        on=["tenant_id", "schedule_date"],
        maintain_order="left",
    )
    timed, scheduled_steps = schedule_batches(ranked, frames["production_steps"], frames["equipment"])
    return ProductionTables(
        production_schedules=conform(
            plans.ProductionSchedules,
            schedule_rows(hours, lots, timed, scheduled_steps, frames["calendar"], frames["equipment"]),
        ),
        production_batches=conform(plans.ProductionBatches, batch_rows(timed, scheduled_steps)),
    )
