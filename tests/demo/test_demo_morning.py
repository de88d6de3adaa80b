"""The demo bakeries plan before they bake, and what they sell is ready when they open."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from bakery_assets.cells import Cell, cells_frame
from bakery_assets.forecasting.registry.shared_effects import SharedEffects
from bakery_assets.planning_day import PRIOR_CELL_INPUTS, STAGES, PlanningRound, facts_and_plans_read
from bakery_assets.planning_instants import PlanningFacts, planning_instants
from bakery_assets.schemas import Cells, conform, plans
from resources.folder import read_folder

UP_TO_PRODUCTION = STAGES[:4]
Morning = tuple[pl.DataFrame, pl.DataFrame]


@pytest.fixture(scope="module")
def morning(demo_folder: Path, plan_dates: Mapping[str, date]) -> Morning:
    """Planning instants, and the batches of each bakery's week, from forecasts without a trained version."""
    facts, from_plans = facts_and_plans_read(UP_TO_PRODUCTION)
    tables = sorted(facts | set(PlanningFacts.__annotations__))
    frames = dict(read_folder(demo_folder, tables, loaded_at=datetime.fromisoformat("2026-12-01T00:00:00Z")).frames)
    frames["locations"] = (
        frames["locations"]
        .clear()
        .vstack(
            pl.DataFrame(
                [{"tenant_id": tenant, "location_id": "main"} for tenant in plan_dates],
                schema=frames["locations"].schema,
            )
        )
    )
    models = {
        name: getattr(plans, _class_of(PRIOR_CELL_INPUTS.get(name, name))).create_empty()
        for name in set(from_plans) - {"shared_effects"}
    }
    models["shared_effects"] = SharedEffects.create_empty()
    cells = cells_frame([Cell(tenant, day) for tenant, day in plan_dates.items()])
    instants = planning_instants(cells, frames)
    made = PlanningRound.start(conform(Cells, instants), frames, models, UP_TO_PRODUCTION)
    for stage in UP_TO_PRODUCTION:
        made = made.run(stage)
    assert not made.failed
    return instants, made.frames["production_batches"]


def _class_of(table: str) -> str:
    return "".join(word.capitalize() for word in table.split("_"))


def test_every_demo_bakery_plans_before_work_for_the_day_begins(morning: Morning) -> None:
    instants, batches = morning
    assert instants.height == 8
    assert (instants["planned_as_of"] < instants["first_start_at"]).all()
    assert instants.filter(pl.col("planning_time").is_not_null())["tenant_id"].to_list() == ["paris-fournil-canal"]
    begun = batches.join(instants, on=["tenant_id", "plan_date"]).filter(pl.col("start_at") < pl.col("planned_as_of"))
    assert begun.is_empty()


def test_nearly_everything_is_ready_when_the_shop_opens(morning: Morning) -> None:
    """Shares of units, on the plan date and over the week with its weekend, of each bakery."""
    _, batches = morning
    ready = (pl.col("quantity_planned") * ~pl.col("is_late")).sum() / pl.col("quantity_planned").sum()
    is_today = pl.col("schedule_date") == pl.col("plan_date")
    week = dict(batches.group_by("tenant_id").agg(ready=ready.round(3)).iter_rows())
    today = dict(batches.filter(is_today).group_by("tenant_id").agg(ready=ready.round(3)).iter_rows())
    assert min(today.values()) >= 0.97, today
    assert min(week.values()) >= 0.95, week
    assert batches.filter("is_late")["late_because"].null_count() == 0
    longest = batches.select((pl.col("ready_by") - pl.col("start_at")).max()).item()
    assert longest < timedelta(hours=10), "nothing is baked on the afternoon before"
