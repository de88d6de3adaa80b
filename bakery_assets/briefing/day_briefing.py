"""What a person is shown of one bakery's morning: its plan as it is stored, with the names that go with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import polars as pl


@dataclass(frozen=True)
class PlanState:
    """How far the plan of the day is; ``reason`` and ``failed_stage`` only when it failed."""

    status: str
    planned_as_of: datetime
    finished_at: datetime | None
    failed_stage: str | None
    reason: str | None


@dataclass(frozen=True)
class Morning:
    """One bakery's day.

    ``frames`` holds, for this tenant only: ``products, ingredients, suppliers, supplier_items, equipment,
    locations``; of the day's plan ``demand_forecasts`` and ``production_batches`` (both of the plan date alone),
    ``production_schedules, procurement_plans, procurement_requirements, inventory_projections, validation_runs,
    validation_results, override_scores, daily_summaries, alerts``; and ``sales`` of the same weekday a week before.
    """

    tenant_id: str
    name: str
    timezone: str
    currency: str
    plan_date: date
    state: PlanState | None
    frames: Mapping[str, pl.DataFrame]

    @property
    def has_plan(self) -> bool:
        """There are rows of a plan to show, be it of an earlier attempt."""
        return not self.frames["daily_summaries"].is_empty()

    @property
    def is_fresh(self) -> bool:
        """The day is planned, and its last planning went well."""
        return self.state is not None and self.state.status == "planned" and self.has_plan

    def names(self, table: str) -> dict[str, str]:
        """Names by id of ``products``, ``ingredients``, ``suppliers`` or ``equipment``."""
        key = "equipment_id" if table == "equipment" else f"{table.removesuffix('s')}_id"
        return dict(self.frames[table].select(key, "name").iter_rows())

    def units(self, table: str) -> dict[str, str]:
        """Units by id of ``products`` or ``ingredients``."""
        return dict(self.frames[table].select(f"{table.removesuffix('s')}_id", "unit").iter_rows())

    def local(self, instant: datetime) -> datetime:
        """An instant on the bakery's own clock."""
        return instant.astimezone(ZoneInfo(self.timezone))
