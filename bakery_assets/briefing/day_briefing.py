"""The data of a bakery's day as a person reads it: the stored plan with the names of what it is about."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Literal, TypedDict
from zoneinfo import ZoneInfo

import dataframely as dy
import polars as pl

from bakery_assets.briefing.next_open_day import next_open_days
from bakery_assets.calendars import closed_days
from bakery_assets.schemas import Cells, conform, ops, plans


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

    Of the plan, ``demand_forecasts`` and ``production_batches`` have only rows of the plan date itself, and
    ``coming_batches`` those of later days; ``sales`` are those of the same weekday a week before; ``batch_events`` all
    records about the day's batches, ``order_events`` those about orders that its plan proposed; ``plan_versions`` those
    of the day; ``alerts`` those that were open after the plan or that it resolved.
    """

    products: dy.DataFrame[ops.Products]
    ingredients: dy.DataFrame[ops.Ingredients]
    suppliers: dy.DataFrame[ops.Suppliers]
    supplier_items: dy.DataFrame[ops.SupplierItems]
    equipment: dy.DataFrame[ops.Equipment]
    locations: dy.DataFrame[ops.Locations]
    calendar: dy.DataFrame[ops.Calendar]
    shifts: dy.DataFrame[ops.Shifts]
    recipes: dy.DataFrame[ops.Recipes]
    recipe_lines: dy.DataFrame[ops.RecipeLines]
    batch_events: dy.DataFrame[ops.BatchEvents]
    order_events: dy.DataFrame[ops.OrderEvents]
    sales: dy.DataFrame[ops.Sales]
    demand_forecasts: dy.DataFrame[plans.DemandForecasts]
    production_schedules: dy.DataFrame[plans.ProductionSchedules]
    production_batches: dy.DataFrame[plans.ProductionBatches]
    coming_batches: dy.DataFrame[plans.ProductionBatches]
    distribution_plans: dy.DataFrame[plans.DistributionPlans]
    procurement_plans: dy.DataFrame[plans.ProcurementPlans]
    purchase_proposals: dy.DataFrame[plans.PurchaseProposals]
    procurement_requirements: dy.DataFrame[plans.ProcurementRequirements]
    inventory_projections: dy.DataFrame[plans.InventoryProjections]
    stock_balances: dy.DataFrame[plans.StockBalances]
    validation_runs: dy.DataFrame[plans.ValidationRuns]
    validation_results: dy.DataFrame[plans.ValidationResults]
    override_scores: dy.DataFrame[plans.OverrideScores]
    daily_summaries: dy.DataFrame[plans.DailySummaries]
    plan_versions: dy.DataFrame[plans.PlanVersions]
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
    def cells(self) -> dy.DataFrame[Cells]:
        """The day as the cell that was planned, or as of its first moment where it was not."""
        instant = datetime.combine(self.plan_date, time(), ZoneInfo(self.timezone))
        row = {
            "tenant_id": self.tenant_id,
            "plan_date": self.plan_date,
            "timezone": self.timezone,
            "planned_as_of": self.state.planned_as_of if self.state else instant.astimezone(UTC),
        }
        return conform(Cells, pl.DataFrame([row]))

    @property
    def is_closed(self) -> bool:
        """Whether the calendar closes the bakery on the day."""
        return self.plan_date in set(closed_days(self.frames["calendar"])["date"])

    @property
    def opens_next(self) -> date:
        """The next day on which the bakery is open by its calendar."""
        opens: date = next_open_days(self.cells, self.frames["calendar"])["next_open_day"][0]
        return opens

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
