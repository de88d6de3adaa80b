"""The stage ``production_schedules``: demand, lots, batches and times, in this order."""

from typing import TypedDict

import dataframely as dy

from bakery_assets.materials.demand import daily_demand
from bakery_assets.materials.stock import stock_on_hand
from bakery_assets.production.batch_rows import batch_rows
from bakery_assets.production.batches import ranked_batches
from bakery_assets.production.carried_over import carried_batches, carried_steps, used_numbers
from bakery_assets.production.planned_lots import planned_lots
from bakery_assets.production.ready_times import ready_times
from bakery_assets.production.schedule_rows import day_steps, schedule_rows
from bakery_assets.production.timing import schedule_batches
from bakery_assets.production.working_hours import working_hours
from bakery_assets.schemas import Cells, ops, plans


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
    published_batches: dy.DataFrame[plans.PublishedBatches]
    batch_events: dy.DataFrame[ops.BatchEvents]
    locations: dy.DataFrame[ops.Locations]
    opening_hours: dy.DataFrame[ops.OpeningHours]
    tenant_settings: dy.DataFrame[ops.TenantSettings]


class ProductionTables(TypedDict):
    """What ``plan_production`` writes."""

    production_schedules: dy.DataFrame[plans.ProductionSchedules]
    production_batches: dy.DataFrame[plans.ProductionBatches]


def plan_production(cells: dy.DataFrame[Cells], inputs: ProductionInputs) -> ProductionTables:
    """What to bake, when and on what, for the horizon of every cell; rows sorted by key.

    What has begun stays as it was published and counts as supply; only the rest is planned.

    Raises:
        CannotPlan: batch sizes or capacities that lead to an implausible number of batches or loads.
    """
    carried = carried_batches(cells, inputs)
    steps_kept = carried_steps(carried)
    demand, stock = daily_demand(cells, inputs), stock_on_hand(cells, inputs)
    lots = planned_lots(cells, demand, stock, carried, inputs["products"])
    hours = working_hours(cells, inputs["shifts"])
    ready = ready_times(hours, inputs)
    ranked = ranked_batches(lots, inputs["recipes"], hours, ready)
    timed, steps = schedule_batches(ranked, inputs["production_steps"], inputs["equipment"], steps_kept)
    batches = batch_rows(timed, steps, carried, used_numbers(inputs["published_batches"], carried), ready, hours)
    return ProductionTables(
        production_schedules=schedule_rows(
            hours, lots, batches, day_steps(timed, steps, steps_kept), inputs["calendar"], inputs["equipment"]
        ),
        production_batches=batches,
    )
