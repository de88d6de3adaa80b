"""The data of a bakery's day as a person reads it: the stored plan with the names of what it is about."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypedDict
from zoneinfo import ZoneInfo

import dataframely as dy

from bakery_assets.schemas import ops, plans


@dataclass(frozen=True)
class PlanState:
    """State of the day's plan; ``reason`` and ``failed_stage`` are set only when it failed."""

    status: str
    planned_as_of: datetime
    finished_at: datetime | None
    failed_stage: str | None
    reason: str | None


class DayFrames(TypedDict):
    """Frames of one tenant.

    Of the plan, ``demand_forecasts`` and ``production_batches`` have only rows of the plan date itself; ``sales`` are
    those of the same weekday a week before; ``alerts`` those that were open after the plan or that it resolved.
    """

    products: dy.DataFrame[ops.Products]
    ingredients: dy.DataFrame[ops.Ingredients]
    suppliers: dy.DataFrame[ops.Suppliers]
    supplier_items: dy.DataFrame[ops.SupplierItems]
    equipment: dy.DataFrame[ops.Equipment]
    locations: dy.DataFrame[ops.Locations]
    sales: dy.DataFrame[ops.Sales]
    demand_forecasts: dy.DataFrame[plans.DemandForecasts]
    production_schedules: dy.DataFrame[plans.ProductionSchedules]
    production_batches: dy.DataFrame[plans.ProductionBatches]
    distribution_plans: dy.DataFrame[plans.DistributionPlans]
    procurement_plans: dy.DataFrame[plans.ProcurementPlans]
    procurement_requirements: dy.DataFrame[plans.ProcurementRequirements]
    inventory_projections: dy.DataFrame[plans.InventoryProjections]
    stock_balances: dy.DataFrame[plans.StockBalances]
    validation_runs: dy.DataFrame[plans.ValidationRuns]
    validation_results: dy.DataFrame[plans.ValidationResults]
    override_scores: dy.DataFrame[plans.OverrideScores]
    daily_summaries: dy.DataFrame[plans.DailySummaries]
    plan_changes: dy.DataFrame[plans.PlanChanges]
    alerts: dy.DataFrame[plans.Alerts]


@dataclass(frozen=True)
class DayBriefing:
    """One bakery's day: its plan as stored, and the facts shown next to it."""

    tenant_id: str
    name: str
    timezone: str
    currency: str
    plan_date: date
    state: PlanState | None
    frames: DayFrames

    @property
    def has_plan(self) -> bool:
        """Whether there are rows of a plan to show, perhaps of an earlier attempt."""
        return not self.frames["daily_summaries"].is_empty()

    @property
    def is_fresh(self) -> bool:
        """Whether the day is planned and its last planning succeeded."""
        return self.state is not None and self.state.status == "planned" and self.has_plan

    def names(self, table: Literal["products", "ingredients", "suppliers", "equipment"]) -> dict[str, str]:
        """Names by id."""
        key = "equipment_id" if table == "equipment" else f"{table.removesuffix('s')}_id"
        return dict(self.frames[table].select(key, "name").iter_rows())

    def units(self, table: Literal["products", "ingredients"]) -> dict[str, str]:
        """Units by id."""
        return dict(self.frames[table].select(f"{table.removesuffix('s')}_id", "unit").iter_rows())

    def local(self, instant: datetime) -> datetime:
        """An instant as the bakery's own wall time."""
        return instant.astimezone(ZoneInfo(self.timezone))
