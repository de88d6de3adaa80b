"""The planning wave, which schedules start: one run plans many tenants, one op per stage, frames passed in memory.

A run per tenant would cost 4 to 5 CPU-seconds of process start before any work. A wave publishes all
its cells at the end in one transaction, so no reader sees half a plan, and then logs a
materialization for every cell and table, which the assets' partitions show. Which cells go into which wave is decided
in ``bakery_assets.due``; the same stages as assets, for backfills and retries, are in ``plans``.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import dagster as dg
from pydantic import Field

from bakery_assets.assets.events import cells_recorded, materializations
from bakery_assets.assets.plans import failure
from bakery_assets.cells import Cell
from bakery_assets.partitions import cells_of, partition_of
from bakery_assets.planning_day import STAGES, VALIDATION, PlanningRound, facts_and_plans_read
from bakery_assets.settings import settings
from bakery_assets.stages import Failed, Stage
from bakery_assets.visible_text import visible
from resources.clock import Clock
from resources.dagster_storage import keep_connections
from resources.warehouse import Warehouse, read_plans, read_snapshot, replace_plans
from resources.warehouse.planning_runs import begin, reclaim, release_claims, transfer_claims
from resources.warehouse.record import request_versions_for_late_sales

MEMORY = "memory"  # the IO manager that passes frames from op to op within the process
MAX_RUNTIME_SECONDS = 3_600
NOT_PLANNED_TAG, NAMED_IN_TAG = "bakery/not_planned", 5


class WaveConfig(dg.Config):
    """The cells of a wave, as partition keys; no tenant twice.

    ``claimed_by`` names the tick of the schedule that has claimed them; empty: they are not claimed.
    ``validates_only``: only the validation is made again, and everything else that was planned stays.
    ``request_keys``: revalidation requests that it was started for, as ``RevalidationRequest.key``.
    """

    partitions: list[str]
    claimed_by: str = ""
    validates_only: bool = False
    request_keys: list[str] = Field(default_factory=list)

    @property
    def cells(self) -> list[Cell]:
        """The wave's cells."""
        return cells_of(self.partitions)


@dg.op(
    out=dg.Out(PlanningRound, io_manager_key=MEMORY),
    description="One consistent snapshot of the facts known at each planning instant.",
)
def facts(
    context: dg.OpExecutionContext,
    config: WaveConfig,
    warehouse: dg.ResourceParam[Warehouse],
    clock: dg.ResourceParam[Clock],
) -> PlanningRound:
    """Read once what every stage of the wave needs."""
    if config.claimed_by:
        held = transfer_claims(warehouse, config.cells, clock.now(), config.claimed_by, context.run_id)
    elif config.request_keys:
        claim_for = timedelta(minutes=settings().claim_minutes)
        held = reclaim(warehouse, config.cells, clock.now(), claim_for, context.run_id)
    else:
        held = begin(warehouse, config.cells, clock.now(), context.run_id, by_person=True)
    left_out = sorted(set(config.cells) - held)
    if left_out:
        context.log.warning(
            f"left out, because deleted or claimed by another run: {', '.join(cell.tenant_id for cell in left_out)}"
        )
    if config.request_keys and not config.validates_only:
        request_versions_for_late_sales(warehouse, held, clock.now())
    stages = VALIDATION if config.validates_only else STAGES
    reads, plans = facts_and_plans_read(stages)
    snapshot = read_snapshot(warehouse, held, reads, settings().history_days)
    cells, known_facts = snapshot.of(held)
    # A tenant in an unknown zone cannot be planned; its cell must not look as if it were being planned.
    known = {Cell(*row) for row in cells.select("tenant_id", "plan_date").iter_rows()}
    release_claims(warehouse, context.run_id, held - known)
    planning_round = PlanningRound.start(cells, known_facts, read_plans(warehouse, cells, plans), stages)
    _log_failures(context, planning_round.failed)
    return planning_round


def _stage_op(stage: Stage) -> dg.OpDefinition:
    @dg.op(
        name=f"plan_{stage.name}",
        ins={"planning_round": dg.In(PlanningRound)},
        out=dg.Out(PlanningRound, io_manager_key=MEMORY),
        description=f"Fills {' and '.join(stage.writes)}.",
    )
    def plan(context: dg.OpExecutionContext, planning_round: PlanningRound) -> PlanningRound:
        after = planning_round.run(stage)
        _log_failures(context, {cell: why for cell, why in after.failed.items() if cell not in planning_round.failed})
        return after

    return plan


def _log_failures(context: dg.OpExecutionContext, failed: Mapping[Cell, Failed]) -> None:
    for cell, why in failed.items():
        context.log.error(f"{cell.tenant_id} {cell.plan_date} cannot be planned: {visible(why.reason)}")


@dg.op(
    ins={"planning_round": dg.In(PlanningRound)},
    out=dg.Out(dg.Nothing),
    description="Writes all plans, then logs them.",
)
def publish(
    context: dg.OpExecutionContext,
    planning_round: PlanningRound,
    warehouse: dg.ResourceParam[Warehouse],
    clock: dg.ResourceParam[Clock],
) -> None:
    """Replace the cells' rows in one transaction and log a materialization for each."""
    keep_connections(context.instance)
    tables = planning_round.output_tables()
    recorded = replace_plans(
        warehouse,
        planning_round.cells,
        tables,
        planning_round.failed,
        written=planning_round.writes,
        finished_at=clock.now(),
        run_id=context.run_id,
    )
    planned = cells_recorded(planning_round.remaining, recorded)
    for event in materializations(planned, tables, planning_round.frames):
        context.log_event(event)
    context.log.info(f"{planned.height} of {planning_round.cells.height} cells planned")
    failed = {cell: why for cell, why in recorded.items() if why}
    if failed:
        described = failure(failed, retry=False)
        context.log.error(described.description)
        context.log_event(
            dg.AssetObservation("planning_runs", description=described.description, metadata=described.metadata)
        )
        # The list of runs shows tags, so that a green wave says what it could not plan.
        named = ", ".join(f"{cell.tenant_id} {cell.plan_date}" for cell in sorted(failed)[:NAMED_IN_TAG])
        more = f" and {len(failed) - NAMED_IN_TAG} more" if len(failed) > NAMED_IN_TAG else ""
        context.instance.add_run_tags(context.run_id, {NOT_PLANNED_TAG: f"{named}{more}"})


_STAGE_OPS = [_stage_op(stage) for stage in STAGES]


@dg.job(
    description="Plans one local date for each of many tenants.",
    tags={"dagster/max_runtime": str(MAX_RUNTIME_SECONDS), "dagster/max_retries": "0"},
    # Frames pass from op to op in memory, so all ops share the run's process.
    executor_def=dg.in_process_executor,
)
def planning_wave() -> None:
    """Facts, then every stage in turn, then publish."""
    planning_round = facts()
    for op in _STAGE_OPS:
        planning_round = op(planning_round)
    publish(planning_round)


def wave_config(
    cells: Iterable[Cell], *, claimed_by: str = "", validates_only: bool = False, request_keys: Iterable[str] = ()
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
        request_keys=sorted(request_keys),
    )
    return {"ops": {"facts": {"config": config.model_dump()}}}


def config_of_wave(run_config: Mapping[str, Any]) -> WaveConfig:
    """A wave's configuration from that of its run."""
    return WaveConfig.model_validate(run_config["ops"]["facts"]["config"])
