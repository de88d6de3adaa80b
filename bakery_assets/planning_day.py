"""The planning day: its stages in order, the one list from which assets, waves and commands are made.

A stage is a name, what it reads and a pure function from frames to frames; nothing in it differs
between one tenant and ten thousand. ``run_stage`` adds the isolation: a tenant that cannot be planned
is set apart with its reason, and the others go on.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from bakery_assets.briefing import summarise_day
from bakery_assets.cells import Cell, Frames
from bakery_assets.forecasting import FORECAST_READS, forecast_demand
from bakery_assets.inventory import project_inventory
from bakery_assets.isolation import describe, isolate
from bakery_assets.procurement import plan_procurement
from bakery_assets.production import plan_production
from bakery_assets.validation import validate_forecasts

Plan = Callable[[pl.DataFrame, Frames], Frames]
PAST_FORECASTS = "past_forecasts"
PAST_VALIDATIONS = "past_validations"
PAST = {PAST_FORECASTS: "demand_forecasts", PAST_VALIDATIONS: "validation_results"}  # rows of cells before, by input
MODELS = ("model_versions", "series_models", "boosters")  # what retraining writes and the morning applies


@dataclass(frozen=True)
class Stage:
    """One step of the morning.

    ``reads`` names fact tables, tables of earlier stages, ``past_forecasts`` (forecasts of the days
    before, made then) or ``past_validations`` (how these did, as found then). ``writes`` names the tables it
    fills; the first carries the stage's name.
    """

    name: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    plan: Plan


MORNING = (
    Stage(
        "demand_forecasts",
        reads=FORECAST_READS,
        writes=("demand_forecasts",),
        plan=forecast_demand,
    ),
    Stage(
        "production_schedules",
        reads=(
            "products",
            "calendar",
            "demand_forecasts",
            "customer_orders",
            "stock_lots",
            "stock_receipts",
            "waste",
            "recipes",
            "production_steps",
            "equipment",
            "shifts",
        ),
        writes=("production_schedules", "production_batches"),
        plan=plan_production,
    ),
    Stage(
        "procurement_plans",
        reads=(
            "tenants",
            "demand_forecasts",
            "customer_orders",
            "production_batches",
            "recipes",
            "recipe_lines",
            "products",
            "ingredients",
            "suppliers",
            "supplier_items",
            "calendar",
            "stock_lots",
            "stock_receipts",
            "waste",
            "purchase_orders",
        ),
        writes=("procurement_plans", "procurement_requirements"),
        plan=plan_procurement,
    ),
    Stage(
        "inventory_projections",
        reads=(
            "calendar",
            "demand_forecasts",
            "customer_orders",
            "production_batches",
            "procurement_requirements",
            "recipes",
            "recipe_lines",
            "products",
            "ingredients",
            "stock_lots",
            "stock_receipts",
            "waste",
            "purchase_orders",
        ),
        writes=("inventory_projections",),
        plan=project_inventory,
    ),
    Stage(
        "validation_runs",
        reads=(PAST_FORECASTS, PAST_VALIDATIONS, "sales", "calendar", "forecast_overrides"),
        writes=(
            "validation_runs",
            "validation_results",
            "validation_leads",
            "validation_locations",
            "validation_products",
            "override_scores",
        ),
        plan=validate_forecasts,
    ),
    Stage(
        "daily_summaries",
        reads=(
            "tenants",
            "products",
            "ingredients",
            "suppliers",
            "calendar",
            "demand_forecasts",
            "production_schedules",
            "production_batches",
            "procurement_plans",
            "procurement_requirements",
            "inventory_projections",
            "validation_runs",
        ),
        writes=("daily_summaries", "alerts"),
        plan=summarise_day,
    ),
)

VALIDATION = tuple(stage for stage in MORNING if stage.name == "validation_runs")  # what late sales ask for
WRITTEN_BY = {table: stage.name for stage in MORNING for table in stage.writes}


@dataclass(frozen=True)
class Failed:
    """Why a cell could not be planned."""

    stage: str
    reason: str


@dataclass(frozen=True)
class Outcome:
    """What a stage made of a round: the rows of the tenants it planned, and the cells that failed."""

    tables: Frames
    failed: Mapping[Cell, Failed] = field(default_factory=dict)


@dataclass(frozen=True)
class Morning:
    """A round on its way through its stages: its cells, the frames so far, and the cells that failed."""

    cells: pl.DataFrame
    frames: Frames
    stages: tuple[Stage, ...] = MORNING
    failed: Mapping[Cell, Failed] = field(default_factory=dict)

    @property
    def remaining(self) -> pl.DataFrame:
        """Rows of ``cells`` that have not failed."""
        lost = [cell.tenant_id for cell in self.failed]
        return self.cells.filter(~pl.col("tenant_id").is_in(lost))

    def after(self, stage: Stage) -> "Morning":
        """The round with ``stage`` planned: its tables are among the frames, its failures among the failed.

        The same round where the stage is none of its own.
        """
        if stage not in self.stages or self.remaining.is_empty():
            return self
        outcome = run_stage(stage, self.frames, self.remaining)
        return replace(self, frames={**self.frames, **outcome.tables}, failed={**self.failed, **outcome.failed})

    @property
    def writes(self) -> list[str]:
        """The tables that its stages fill."""
        return [table for stage in self.stages for table in stage.writes]

    def written(self) -> dict[str, pl.DataFrame]:
        """What its stages have made, with only the rows of cells that came through."""
        names = [table for table in self.writes if table in self.frames]
        return {name: _of_tenants(self.frames[name], self.remaining) for name in names}


def facts_and_plans_read(stages: Iterable[Stage]) -> tuple[set[str], set[str]]:
    """What ``stages`` need that none of them makes before it is read: fact tables, and tables of plans and models."""
    facts: set[str] = set()
    plans: set[str] = set()
    made: set[str] = set()
    for stage in stages:
        for name in set(stage.reads) - made:
            (plans if name in WRITTEN_BY or name in PAST or name in MODELS else facts).add(name)
        made.update(stage.writes)
    return facts, plans


def run_stage(stage: Stage, frames: Frames, cells: pl.DataFrame) -> Outcome:
    """Plan a round of cells; set apart the tenants that cannot be planned.

    An exception is isolated to the tenant that raises it, see ``isolation``.

    Args:
        frames: at least what ``stage.reads`` names; rows of tenants that are not in ``cells`` are left out. A
            frame without ``tenant_id`` belongs to all tenants and is passed on whole.
        cells: the columns of ``cells.CELLS``, one row per tenant.
    """

    def attempt(members: pl.DataFrame) -> Outcome:
        tables = stage.plan(members, {name: _of_tenants(frames[name], members) for name in stage.reads})
        bad = _not_finite(tables)
        if not bad:
            return Outcome(tables)
        good = {name: frame.filter(~pl.col("tenant_id").is_in(list(bad))) for name, frame in tables.items()}
        return Outcome(good, _failures(stage, members, bad))

    def failed(member: pl.DataFrame, error: Exception) -> Outcome:
        return Outcome({}, _failures(stage, member, {member["tenant_id"][0]: describe(error)}))

    parts = isolate(cells, attempt, failed)
    merged: dict[Cell, Failed] = {}
    for part in parts:
        merged |= part.failed
    return Outcome(_stack([part.tables for part in parts]), merged)


def _of_tenants(frame: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    if "tenant_id" not in frame.columns:
        return frame
    return frame.join(cells.select("tenant_id"), on="tenant_id", how="semi", maintain_order="left")


def _failures(stage: Stage, cells: pl.DataFrame, reasons: Mapping[str, str]) -> dict[Cell, Failed]:
    dates = dict(cells.select("tenant_id", "plan_date").iter_rows())
    return {Cell(tenant, dates[tenant]): Failed(stage.name, reason) for tenant, reason in reasons.items()}


def _not_finite(tables: Frames) -> dict[str, str]:
    """Tenants with an infinite or undefined figure, and where it stands."""
    found: dict[str, str] = {}
    for name, frame in tables.items():
        for column, kind in frame.schema.items():
            if kind.is_float():
                bad = frame.filter(~pl.col(column).is_finite())
                for tenant, value in bad.select("tenant_id", column).unique("tenant_id").iter_rows():
                    word = "undefined" if math.isnan(value) else "infinite"
                    found.setdefault(
                        tenant, f"{name}.{column} came out {word}; look for an absurd quantity in its facts"
                    )
    return found


def _stack(parts: list[Frames]) -> Frames:
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: pl.concat([part[name] for part in parts if name in part], how="vertical_relaxed") for name in names}
