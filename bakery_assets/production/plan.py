"""The stage ``production_schedules``: demand, net requirements, lots, batches and times, in this order."""

import polars as pl

from bakery_assets.cells import Frames
from bakery_assets.materials.demand import daily_demand
from bakery_assets.materials.stock import stock_on_hand
from bakery_assets.production.batches import batch_rows, ranked_batches
from bakery_assets.production.netting import net_requirements
from bakery_assets.production.schedules import schedule_rows
from bakery_assets.production.timing import schedule_batches
from bakery_assets.production.working_hours import working_hours


def plan_production(cells: pl.DataFrame, frames: Frames) -> Frames:
    """What to bake, when and on what, for the horizon of every cell.

    Args:
        cells: the columns of ``cells.CELLS``, one row per tenant.
        frames: ``products, calendar, demand_forecasts, customer_orders, stock_lots, stock_receipts, waste,
            recipes, production_steps, equipment, shifts``.

    Returns:
        ``production_schedules`` (one row per tenant and day) and ``production_batches``, sorted by key.

    Raises:
        CannotPlan: batch sizes or capacities that lead to an absurd number of batches or loads.
    """
    demand = daily_demand(cells, frames)
    lots = net_requirements(cells, demand, stock_on_hand(cells, frames), frames["products"])
    hours = working_hours(cells, frames["shifts"]).join(cells.select("tenant_id", "plan_date"), on="tenant_id")
    ranked = ranked_batches(lots, frames["recipes"]).join(
        hours.select("tenant_id", "schedule_date", "plan_date", "starts_at"),
        on=["tenant_id", "schedule_date"],
        maintain_order="left",
    )
    timed, steps_taken = schedule_batches(ranked, frames["production_steps"], frames["equipment"])
    return {
        "production_schedules": schedule_rows(hours, lots, timed, steps_taken, frames["calendar"], frames["equipment"]),
        "production_batches": batch_rows(timed, steps_taken),
    }
