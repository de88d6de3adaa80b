"""The planning wave, which schedules start: one run plans many tenants, a chunk after the other.

A run per tenant would cost 4 to 5 CPU-seconds of process start before any work. A chunk is read, goes through every
stage in memory, and is published in one transaction, so no reader sees half a plan; then a materialization is logged
for each of its cells and stages, which the assets' partitions show. Which cells go into which wave, and in which order,
is decided in ``bakery_assets.due``; the same stages as assets, for backfills and retries, are in ``plans``.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import dagster as dg
from pydantic import Field

from bakery_assets.assets.events import materializations
from bakery_assets.assets.plans import failure, leave_unchanged
from bakery_assets.assets.rounds import CpuSeconds, Published, plan_round, read_facts, unknown_cells
from bakery_assets.cells import Cell
from bakery_assets.partitions import cells_of, partition_of
from bakery_assets.planning_day import STAGES, VALIDATION
from bakery_assets.settings import settings
from bakery_assets.stages import Failed, Stage
from bakery_assets.visible_text import markdown_table, visible
from resources.clock import Clock
from resources.dagster_storage import keep_connections, log_materializations
from resources.warehouse import Warehouse
from resources.warehouse.planning_runs import begin, reclaim, release_claims, transfer_claims
from resources.warehouse.record import request_versions_for_late_sales

MAX_RUNTIME_SECONDS = 3_600
NOT_PLANNED_TAG, NAMED_IN_TAG = "bakery/not_planned", 5
OP, EVENTS = "plan_cells", "events"
# What a run prints has how far it is and what failed, and not a line for each materialization, which the event log has.
NO_LINE_AN_EVENT = {"loggers": {"console": {"config": {"log_level": "INFO"}}}}


class WaveConfig(dg.Config):
    """The cells of a wave, as partition keys, in the order in which they are planned; no tenant twice.

    ``claimed_by`` names the tick of the schedule that has claimed them; empty: they are not claimed.
    ``validates_only``: only the validation is made again, and everything else that was planned stays.
    ``request_keys``: revalidation requests that it was started for, as ``RevalidationRequest.key``.
    ``force``: plans are made again also where they would come out the same.
    """

    partitions: list[str]
    claimed_by: str = ""
    validates_only: bool = False
    request_keys: list[str] = Field(default_factory=list)
    force: bool = False

    @property
    def cells(self) -> list[Cell]:
        """The wave's cells."""
        return cells_of(self.partitions)


@dg.op(
    name=OP, out=dg.Out(dg.Nothing), description="Plans the wave's cells and publishes them, a chunk after the other."
)
def plan_cells(
    context: dg.OpExecutionContext,
    config: WaveConfig,
    warehouse: dg.ResourceParam[Warehouse],
    clock: dg.ResourceParam[Clock],
) -> None:
    """Plan chunk by chunk; what a chunk has published stays, however the run ends."""
    keep_connections(context.instance)
    cells = _held(context, config, warehouse, clock)
    meter, size = CpuSeconds(), settings().chunk_size
    failed: dict[Cell, Failed] = {}
    planned = unchanged = 0
    for start in range(0, len(cells), size):
        chunk = cells[start : start + size]
        for done in _plan_chunk(context, config, warehouse, clock, chunk, meter):
            failed |= done.failed
            planned += done.planned.height
            unchanged += len(done.unchanged)
            with meter.on(EVENTS):
                log_materializations(context, materializations(done, _stages(config), in_short=True))
        through = f"{start + len(chunk)} of {len(cells)} cells are through"
        context.log.info(f"{through}, {planned} planned, {unchanged} unchanged")
    _show_failures(context, failed)
    context.add_output_metadata(
        {"planned": planned, "unchanged": unchanged, "failed": len(failed), "cpu_seconds": _as_table(meter)}
    )


def _held(context: dg.OpExecutionContext, config: WaveConfig, warehouse: Warehouse, clock: Clock) -> list[Cell]:
    """The cells that are this run's to plan, begun, in the order of the configuration."""
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
    return [cell for cell in config.cells if cell in held]


def _stages(config: WaveConfig) -> tuple[Stage, ...]:
    return VALIDATION if config.validates_only else STAGES


def _plan_chunk(
    context: dg.OpExecutionContext,
    config: WaveConfig,
    warehouse: Warehouse,
    clock: Clock,
    chunk: Sequence[Cell],
    meter: CpuSeconds,
) -> Iterator[Published]:
    """What became of the cells that need not be planned, and then of the others."""
    stages = _stages(config)
    if not (config.force or config.validates_only):
        unchanged = leave_unchanged(context, warehouse, clock, chunk, meter)
        yield Published.of_unchanged(unchanged)
        chunk = [cell for cell in chunk if cell not in set(unchanged)]
    if not chunk:
        return
    facts = read_facts(warehouse, chunk, stages, clock=clock, meter=meter)
    done = plan_round(warehouse, facts, chunk, stages, clock=clock, run_id=context.run_id, meter=meter)
    # A tenant in an unknown zone cannot be planned; its cell must not look as if it were being planned.
    release_claims(warehouse, context.run_id, unknown_cells(chunk, done.known))
    for cell, why in done.failed.items():
        context.log.error(f"{cell.tenant_id} {cell.plan_date} cannot be planned: {visible(why.reason)}")
    yield done


def _show_failures(context: dg.OpExecutionContext, failed: dict[Cell, Failed]) -> None:
    """Say which cells could not be planned; the run itself succeeds, as all others have been."""
    if not failed:
        return
    described = failure(failed, retry=False)
    context.log.error(described.description)
    context.log_event(
        dg.AssetObservation("planning_runs", description=described.description, metadata=described.metadata)
    )
    # The list of runs shows tags, so that a green wave says what it could not plan.
    named = ", ".join(f"{cell.tenant_id} {cell.plan_date}" for cell in sorted(failed)[:NAMED_IN_TAG])
    more = f" and {len(failed) - NAMED_IN_TAG} more" if len(failed) > NAMED_IN_TAG else ""
    context.instance.add_run_tags(context.run_id, {NOT_PLANNED_TAG: f"{named}{more}"})


def _as_table(meter: CpuSeconds) -> dg.MarkdownMetadataValue:
    rows = ((phase, f"{seconds:.2f}") for phase, seconds in meter.by_phase.items())
    return dg.MetadataValue.md(markdown_table(("phase", "CPU seconds"), rows))


@dg.job(
    description="Plans one local date for each of many tenants.",
    tags={"dagster/max_runtime": str(MAX_RUNTIME_SECONDS), "dagster/max_retries": "0"},
    executor_def=dg.in_process_executor,
)
def planning_wave() -> None:
    """One op: its chunks share the process, and the next begins with an empty memory."""
    plan_cells()


def wave_config(
    cells: Iterable[Cell],
    *,
    claimed_by: str = "",
    validates_only: bool = False,
    request_keys: Iterable[str] = (),
    force: bool = False,
) -> dict[str, object]:
    """Run configuration of a wave; its cells are planned in the order given.

    Raises:
        ValueError: a tenant comes twice; its dates are planned by waves of their own.
    """
    members = list(cells)
    if len({cell.tenant_id for cell in members}) < len(members):
        raise ValueError("a wave plans one date for each of its tenants")
    config = WaveConfig(
        partitions=[str(partition_of(cell)) for cell in members],
        claimed_by=claimed_by,
        validates_only=validates_only,
        request_keys=sorted(request_keys),
        force=force,
    )
    return {"ops": {OP: {"config": config.model_dump()}}, **NO_LINE_AN_EVENT}


def config_of_wave(run_config: Mapping[str, Any]) -> WaveConfig:
    """A wave's configuration from that of its run.

    Whatever the op is called: runs of an earlier version, whose first op had another name, are looked through too.
    """
    [op] = run_config["ops"].values()
    return WaveConfig.model_validate(op["config"])
