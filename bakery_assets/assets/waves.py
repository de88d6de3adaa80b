"""The scheduled morning: one run plans many tenants, one op per stage, frames passed in memory.

A run per tenant would cost 4 to 5 CPU-seconds of process start before any work. A wave publishes all
its cells at the end in one transaction, so nobody ever reads half a plan, and then logs a
materialization for every cell and table, which the assets' partitions show.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import dagster as dg
from pydantic import Field

from bakery_assets.assets.events import materializations, written
from bakery_assets.cells import Cell
from bakery_assets.partitions import cells_of, partition_of
from bakery_assets.planning_day import MORNING, VALIDATION, Morning, Stage, facts_and_plans_read
from bakery_assets.settings import settings
from resources.clock import Clock
from resources.dagster_storage import keep_connections
from resources.warehouse import Warehouse, read_plans, read_snapshot, replace_plans
from resources.warehouse.planning_runs import begin, begin_again, take_over

MEMORY = "memory"  # the IO manager that passes frames on within the process
MAX_RUNTIME_SECONDS = 3_600
PRIORITY = {"enterprise": 2, "professional": 1, "starter": 0}


class WaveConfig(dg.Config):
    """The cells of a wave, as partition keys; no tenant twice.

    ``claimed_by`` names the tick of the schedule that has claimed them; empty: nobody, they are asked for.
    ``validates_only``: only the validation is made again, and everything else that was planned stays.
    ``marks``: of late sales, for which cells in which version of the facts it was started; empty: for none.
    """

    partitions: list[str]
    claimed_by: str = ""
    validates_only: bool = False
    marks: list[str] = Field(default_factory=list)

    @property
    def cells(self) -> list[Cell]:
        """The wave's cells."""
        return cells_of(self.partitions)


@dg.op(
    out=dg.Out(Morning, io_manager_key=MEMORY),
    description="One consistent snapshot of the facts known at each planning instant.",
)
def facts(
    context: dg.OpExecutionContext,
    config: WaveConfig,
    warehouse: dg.ResourceParam[Warehouse],
    clock: dg.ResourceParam[Clock],
) -> Morning:
    """Read once what every stage of the wave needs."""
    if config.claimed_by:
        held = take_over(warehouse, config.cells, clock.now(), config.claimed_by, context.run_id)
    elif config.marks:
        claim_for = timedelta(minutes=settings().claim_minutes)
        held = begin_again(warehouse, config.cells, clock.now(), claim_for, context.run_id)
    else:
        held = begin(warehouse, config.cells, clock.now(), context.run_id)
    left_out = sorted(set(config.cells) - held)
    if left_out:
        context.log.warning(f"left out, gone or begun by others: {', '.join(cell.tenant_id for cell in left_out)}")
    stages = VALIDATION if config.validates_only else MORNING
    reads, plans = facts_and_plans_read(stages)
    snapshot = read_snapshot(warehouse, held, reads, settings().history_days)
    cells, frames = snapshot.of(held)
    return Morning(cells, {**frames, **read_plans(warehouse, cells, plans)}, stages)


def _stage_op(stage: Stage) -> dg.OpDefinition:
    @dg.op(
        name=f"plan_{stage.name}",
        ins={"morning": dg.In(Morning)},
        out=dg.Out(Morning, io_manager_key=MEMORY),
        description=f"Fills {' and '.join(stage.writes)}.",
    )
    def plan(context: dg.OpExecutionContext, morning: Morning) -> Morning:
        after = morning.after(stage)
        for cell, why in after.failed.items():
            if cell not in morning.failed:
                context.log.error(f"{cell.tenant_id} {cell.plan_date} cannot be planned: {why.reason}")
        return after

    return plan


@dg.op(ins={"morning": dg.In(Morning)}, out=dg.Out(dg.Nothing), description="Writes all plans, then logs them.")
def publish(
    context: dg.OpExecutionContext,
    morning: Morning,
    warehouse: dg.ResourceParam[Warehouse],
    clock: dg.ResourceParam[Clock],
) -> None:
    """Replace the cells' rows in one transaction and log a materialization for each."""
    keep_connections(context.instance)
    tables = morning.written()
    recorded = replace_plans(
        warehouse,
        morning.cells,
        tables,
        morning.failed,
        written=morning.writes,
        finished_at=clock.now(),
        run_id=context.run_id,
    )
    planned = written(morning.remaining, recorded)
    for event in materializations(planned, tables):
        context.log_event(event)
    context.log.info(f"{planned.height} of {morning.cells.height} cells planned")


_STAGE_OPS = [_stage_op(stage) for stage in MORNING]


@dg.job(
    description="A morning for many tenants at once.",
    tags={"dagster/max_runtime": str(MAX_RUNTIME_SECONDS)},
    # Frames pass from op to op in memory, so all ops share the run's process.
    executor_def=dg.in_process_executor,
)
def planning_wave() -> None:
    """Facts, then every stage in turn, then publish."""
    morning = facts()
    for op in _STAGE_OPS:
        morning = op(morning)
    publish(morning)


def wave_config(
    cells: Iterable[Cell], *, claimed_by: str = "", validates_only: bool = False, marks: Iterable[str] = ()
) -> dict[str, object]:
    """Run configuration of a wave.

    Raises:
        ValueError: a tenant comes twice; its dates are planned by waves of their own.
    """
    members = sorted(cells)
    if len({cell.tenant_id for cell in members}) < len(members):
        raise ValueError("a wave plans one date for each of its tenants")
    config = WaveConfig(
        partitions=[str(partition_of(cell)) for cell in members],
        claimed_by=claimed_by,
        validates_only=validates_only,
        marks=sorted(marks),
    )
    return {"ops": {"facts": {"config": config.model_dump()}}}


def config_of_wave(run_config: Mapping[str, Any]) -> WaveConfig:
    """What a wave's run configuration asks for."""
    return WaveConfig.model_validate(run_config["ops"]["facts"]["config"])
