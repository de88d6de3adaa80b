"""The planning day: its stages in order, the one list from which assets, waves and commands are made.

What a stage reads and writes are the type hints of its function. How stages run and how tenants that fail are isolated
is in ``stages``; which cells are due is in ``due``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import dataframely as dy
import polars as pl

from bakery_assets.briefing import summarize_day
from bakery_assets.cells import Cell, Frames
from bakery_assets.distribution import plan_distribution
from bakery_assets.forecasting import forecast_demand
from bakery_assets.forecasting.models.smoothing import SMOOTHED_DAYS
from bakery_assets.inventory import project_inventory
from bakery_assets.procurement import plan_procurement
from bakery_assets.production import plan_production
from bakery_assets.schemas import Cells
from bakery_assets.stages import Failed, Stage, check_facts, of_tenants, run_stage
from bakery_assets.stock import keep_ledger
from bakery_assets.target_stock import set_target_stock_levels
from bakery_assets.validation import validate_forecasts

STAGES = (
    Stage.of(keep_ledger),
    Stage.of(forecast_demand),
    Stage.of(set_target_stock_levels),
    Stage.of(plan_production),
    Stage.of(plan_distribution),
    Stage.of(plan_procurement),
    Stage.of(project_inventory),
    Stage.of(validate_forecasts),
    Stage.of(summarize_day),
)
PRIOR_CELL_INPUTS = {  # rows of the cells before, by the name of the input
    "past_forecasts": "demand_forecasts",
    "past_validations": "validation_results",
    "day_forecasts": "demand_forecasts",
    "closing_balances": "stock_closing_balances",
    "past_adjustments": "stock_movements",
}
# What earlier plans published.
RECORD = ("plan_versions", "published_batches", "published_orders", "published_distributions")
# What retraining writes: models, which the planning day applies, and how the last retraining ended.
MODELS = ("model_versions", "series_models", "boosters", "shared_effects", "retraining_runs")

VALIDATION = tuple(stage for stage in STAGES if stage.name == "validation_runs")  # what revalidation runs
# Days of sales before the plan date that stages read of a tenant with trained models: as many as smoothing sees. All
# else looks back less far, or at what the models hold.
TRAINED_DAYS = SMOOTHED_DAYS
WRITTEN_BY = {table: stage.name for stage in STAGES for table in stage.writes}


@dataclass(frozen=True)
class PlanningRound:
    """A round of cells between two stages: the frames so far, and the cells that failed."""

    cells: dy.DataFrame[Cells]
    frames: Frames
    stages: tuple[Stage, ...] = STAGES
    failed: Mapping[Cell, Failed] = field(default_factory=dict)

    @classmethod
    def start(
        cls, cells: dy.DataFrame[Cells], facts: Frames, plans: Frames, stages: tuple[Stage, ...] = STAGES
    ) -> "PlanningRound":
        """The round before its first stage; tenants whose facts break a rule of their schema have failed.

        Args:
            facts: tables of ``facts_and_plans_read``, as known to the cells.
            plans: tables of plans and models of the same, which were validated when they were written.
        """
        schemas = {name: schema for stage in stages for name, schema in stage.reads.items() if name in facts}
        return cls(cells, {**facts, **plans}, stages, check_facts(schemas, facts, cells))

    @property
    def remaining(self) -> pl.DataFrame:
        """Rows of ``cells`` that have not failed."""
        failed = [cell.tenant_id for cell in self.failed]
        return self.cells.filter(~pl.col("tenant_id").is_in(failed))

    def run(self, stage: Stage) -> "PlanningRound":
        """The round with the tables and failures of ``stage`` added; unchanged where it is not one of its stages."""
        if stage not in self.stages or self.remaining.is_empty():
            return self
        outcome = run_stage(stage, self.frames, self.remaining)
        return replace(self, frames={**self.frames, **outcome.tables}, failed={**self.failed, **outcome.failed})

    @property
    def writes(self) -> list[str]:
        """The tables that its stages fill."""
        return [table for stage in self.stages for table in stage.writes]

    def output_tables(self) -> dict[str, pl.DataFrame]:
        """What its stages have made, with only the rows of cells that have not failed."""
        names = [table for table in self.writes if table in self.frames]
        return {name: of_tenants(self.frames[name], self.remaining) for name in names}


def facts_and_plans_read(stages: Iterable[Stage]) -> tuple[set[str], set[str]]:
    """What ``stages`` need that none of them makes before it is read: fact tables, and tables of plans and models."""
    facts: set[str] = set()
    plans: set[str] = set()
    made: set[str] = set()
    for stage in stages:
        for name in set(stage.reads) - made:
            (plans if name in WRITTEN_BY or name in PRIOR_CELL_INPUTS or name in RECORD + MODELS else facts).add(name)
        made.update(stage.writes)
    return facts, plans
