"""The stage ``production_schedules``: demand, lots, batches and times, in this order."""

from typing import TypedDict

import dataframely as dy

from bakery_assets.materials.demand import daily_demand
from bakery_assets.materials.stock import stock_on_hand
from bakery_assets.production.batch_rows import batch_rows
from bakery_assets.production.batches import ranked_batches
from bakery_assets.production.planned_lots import planned_lots
from bakery_assets.production.schedule_rows import schedule_rows
from bakery_assets.production.timing import schedule_batches
from bakery_assets.production.working_hours import working_hours
from bakery_assets.schemas import Cells, ops, plans


class ProductionInputs(TypedDict):
    """What ``plan_production`` reads."""

    products: dy.DataFrame[ops.Products]
    calendar: dy.DataFrame[ops.Calendar]
    demand_forecasts: dy.DataFrame[plans.DemandForecasts]
    customer_orders: dy.DataFrame[ops.CustomerOrders]
    stock_balances: dy.DataFrame[plans.StockBalances]
    recipes: dy.DataFrame[ops.Recipes]
    production_steps: dy.DataFrame[ops.ProductionSteps]
    equipment: dy.DataFrame[ops.Equipment]
    shifts: dy.DataFrame[ops.Shifts]


class ProductionTables(TypedDict):
    """What ``plan_production`` writes."""

    production_schedules: dy.DataFrame[plans.ProductionSchedules]
    production_batches: dy.DataFrame[plans.ProductionBatches]


def plan_production(cells: dy.DataFrame[Cells], inputs: ProductionInputs) -> ProductionTables:
    """What to bake, when and on what, for the horizon of every cell; rows sorted by key.

    Raises:
        CannotPlan: batch sizes or capacities that lead to an implausible number of batches or loads.
    """
    lots = planned_lots(cells, daily_demand(cells, inputs), stock_on_hand(cells, inputs), inputs["products"])
    hours = working_hours(cells, inputs["shifts"])
    ranked = ranked_batches(lots, inputs["recipes"], hours)
    timed, steps = schedule_batches(ranked, inputs["production_steps"], inputs["equipment"])
    return ProductionTables(
        production_schedules=schedule_rows(hours, lots, timed, steps, inputs["calendar"], inputs["equipment"]),
        production_batches=batch_rows(timed, steps),
    )
