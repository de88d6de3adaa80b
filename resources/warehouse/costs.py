"""What planning has cost, written with the plans; money is the mart's, which knows the prices."""

import dataframely as dy

from bakery_assets.planning_costs import PlanningCosts
from resources.warehouse.connection import Bulk


def record_costs(bulk: Bulk, costs: dy.DataFrame[PlanningCosts]) -> None:
    """Append what the cells of the temporary table ``outcome`` have taken, a row for each of them."""
    bulk.put("new_costs", costs, analyzed=False)
    listed = ", ".join(
        f"array_agg(c.{name} ORDER BY c.position)" for name in ("phase", "cpu_ms", "row_count", "byte_count")
    )
    bulk.run(
        "INSERT INTO plans.planning_costs (tenant_id, plan_date, finished_at, phases, cpu_ms, row_counts, byte_counts)"  # noqa: S608
        f" SELECT o.tenant_id, o.plan_date, o.finished_at, {listed} FROM new_costs c JOIN outcome o"
        " USING (tenant_id, plan_date) GROUP BY 1, 2, 3"
        " ON CONFLICT (tenant_id, plan_date, finished_at) DO UPDATE SET phases = excluded.phases,"
        " cpu_ms = excluded.cpu_ms, row_counts = excluded.row_counts, byte_counts = excluded.byte_counts"
    )
