"""The stage ``production_schedules``: targets, lots, batches and times, in this order."""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.keys import PRODUCT
from bakery_assets.materials.bill_of_materials import ProductRecipes, product_recipes
from bakery_assets.materials.demand import daily_demand, shop_days
from bakery_assets.materials.make_days import MakeOrders, beginnings, make_days
from bakery_assets.materials.recipe_faults import recipe_faults, without_left_out
from bakery_assets.materials.stock import stock_on_hand
from bakery_assets.materials.targets import DailyTargets, daily_targets, product_demand
from bakery_assets.production.batch_rows import batch_rows
from bakery_assets.production.batches import ranked_batches
from bakery_assets.production.begun_ahead import begun_before, works_ahead
from bakery_assets.production.carried_over import carried_batches, carried_steps, used_numbers
from bakery_assets.production.fault_rows import fault_rows
from bakery_assets.production.lot_values import demand_to_come
from bakery_assets.production.lots import Lots
from bakery_assets.production.planned_lots import planned_lots
from bakery_assets.production.ready_times import ready_times
from bakery_assets.production.schedule_rows import day_batches, day_steps, schedule_rows
from bakery_assets.production.timing import load_faults, schedule_batches
from bakery_assets.production.working_hours import working_hours
from bakery_assets.schemas import Cells, conform, ops, plans


class ProductionInputs(TypedDict):
    """What ``plan_production`` reads."""

    products: dy.DataFrame[ops.Products]
    calendar: dy.DataFrame[ops.Calendar]
    demand_forecasts: dy.DataFrame[plans.DemandForecasts]
    target_stock_levels: dy.DataFrame[plans.TargetStockLevels]
    customer_orders: dy.DataFrame[ops.CustomerOrders]
    stock_movements: dy.DataFrame[plans.StockMovements]
    stock_balances: dy.DataFrame[plans.StockBalances]
    recipes: dy.DataFrame[ops.Recipes]
    recipe_lines: dy.DataFrame[ops.RecipeLines]
    ingredients: dy.DataFrame[ops.Ingredients]
    production_steps: dy.DataFrame[ops.ProductionSteps]
    equipment: dy.DataFrame[ops.Equipment]
    shifts: dy.DataFrame[ops.Shifts]
    plan_versions: dy.DataFrame[plans.PlanVersions]
    published_batches: dy.DataFrame[plans.PublishedBatches]
    batch_events: dy.DataFrame[ops.BatchEvents]
    locations: dy.DataFrame[ops.Locations]
    opening_hours: dy.DataFrame[ops.OpeningHours]
    tenant_settings: dy.DataFrame[ops.TenantSettings]


class ProductionTables(TypedDict):
    """What ``plan_production`` writes."""

    production_schedules: dy.DataFrame[plans.ProductionSchedules]
    production_batches: dy.DataFrame[plans.ProductionBatches]
    master_data_faults: dy.DataFrame[plans.MasterDataFaults]


def plan_production(cells: dy.DataFrame[Cells], inputs: ProductionInputs) -> ProductionTables:
    """What to bake, when and on what, for the horizon of every cell; rows sorted by key.

    What has begun stays as it was published and counts as supply; only the rest is planned, and no more of it than
    can be made of doughs that had to be begun before.

    A product whose master data cannot be used (a recipe without an end, sizes or capacities that lead to an
    implausible number of batches or loads) is left out and reported in ``master_data_faults``; the others are planned.
    """
    steps, equipment = inputs["production_steps"], inputs["equipment"]
    in_recipes = recipe_faults(cells, inputs)
    expected = product_demand(shop_days(cells, inputs))
    targets = daily_targets(cells, inputs, daily_demand(cells, inputs))
    targets = conform(DailyTargets, without_left_out(targets, in_recipes))
    carried = carried_batches(cells, inputs)
    hours, recipes = working_hours(cells, inputs["shifts"]), product_recipes(inputs)
    made = make_days(cells, inputs["calendar"], inputs["shifts"])
    works = works_ahead(cells, recipes, inputs, made)
    needs = begun_before(cells, works, inputs, carried)
    lots, in_sizes = planned_lots(
        cells,
        targets,
        demand_to_come(expected, inputs["products"]),
        stock_on_hand(cells, inputs),
        carried,
        inputs["products"],
        works,
        needs,
    )
    begun = beginnings(_make_orders(lots, recipes), cells, inputs, made)
    ready = ready_times(hours, inputs)
    in_loads = load_faults(ranked_batches(lots, recipes, begun, hours, ready), steps, equipment)
    lots = conform(Lots, without_left_out(lots, in_loads))
    kept = carried_steps(carried)
    timed, scheduled = schedule_batches(ranked_batches(lots, recipes, begun, hours, ready), steps, equipment, kept)
    used = used_numbers(inputs["published_batches"], inputs["batch_events"], carried)
    return ProductionTables(
        production_schedules=schedule_rows(
            hours,
            lots,
            day_batches(timed, carried),
            day_steps(timed, scheduled, carried, kept),
            inputs["calendar"],
            equipment,
            inputs["recipes"],
        ),
        production_batches=batch_rows(timed, scheduled, carried, used, ready, hours, expected),
        master_data_faults=fault_rows(cells, in_recipes, in_sizes, in_loads),
    )


def _make_orders(lots: dy.DataFrame[Lots], recipes: dy.DataFrame[ProductRecipes]) -> dy.DataFrame[MakeOrders]:
    """What lots with a recipe want to have ready."""
    wanted = lots.filter(pl.col("batches") > 0).join(recipes, on=PRODUCT)
    return conform(MakeOrders, wanted.select(MakeOrders.column_names()).unique())
