"""Assembles the one Definitions object of the code location; assets, schedules and sensors are defined elsewhere."""

import gc
from collections.abc import Mapping

# What is imported stays, so collecting garbage meanwhile finds next to nothing and costs 0.3 to 0.5 of 4 CPU-seconds.
gc.disable()

import dagster as dg

from bakery_assets.assets.backfills import backfill_days
from bakery_assets.assets.events import external_specs
from bakery_assets.assets.late_mornings import late_mornings
from bakery_assets.assets.marts import build_marts, dbt_marts, dbt_resource
from bakery_assets.assets.plans import plan_tenant_day, planning_day
from bakery_assets.assets.quality import check_sales, sales_by_tenant, sales_quality
from bakery_assets.assets.retention import retention
from bakery_assets.assets.retraining import MEMORY, model_specs, retrain_models
from bakery_assets.assets.reviews import review_models
from bakery_assets.assets.waves import planning_wave
from resources.clock import Clock
from resources.warehouse import Warehouse
from schedules.daily_planning import daily_planning
from schedules.housekeeping import housekeeping
from schedules.model_review import model_review
from schedules.weekly_retraining import weekly_retraining
from sensors.delivery_windows import delivery_windows
from sensors.failed_cells import failed_cells
from sensors.inbox import inbox
from sensors.late_mornings import late_mornings_watch
from sensors.late_sales import late_sales
from sensors.plan_decisions import plan_decisions
from sensors.run_outcomes import run_cancellations, run_outcomes
from sensors.tenant_registry import tenant_registry


def build_defs(*, resource_overrides: Mapping[str, object] | None = None) -> dg.Definitions:
    """Fresh definitions; ``resource_overrides`` swaps parts, for tests and commands."""
    resources: dict[str, object] = {
        "warehouse": Warehouse(),
        "clock": Clock(),
        "dbt": dbt_resource(),
        MEMORY: dg.mem_io_manager,
    }
    return dg.Definitions(
        assets=[*sales_by_tenant(external_specs()), *model_specs(), planning_day, dbt_marts, retention],
        asset_checks=[sales_quality, late_mornings],
        jobs=[planning_wave, plan_tenant_day, backfill_days, build_marts, check_sales, retrain_models, review_models],
        schedules=[daily_planning, weekly_retraining, model_review, housekeeping],
        sensors=[
            tenant_registry,
            failed_cells,
            late_sales,
            delivery_windows,
            plan_decisions,
            run_outcomes,
            run_cancellations,
            late_mornings_watch,
            inbox,
        ],
        resources={**resources, **(resource_overrides or {})},
        executor=dg.in_process_executor,
    )


defs = build_defs()
gc.enable()
