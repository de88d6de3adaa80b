"""The stages as assets: backfills, single cells and retries from the Dagster UI.

All stages live in one subsettable multi-asset, not in an op each: Dagster skips whatever follows a
failed step, so with an op per stage one bad tenant or day in a backfill would cost all others
their remaining stages. Here each asset can still be selected alone, facts are read once for the
whole run, and a cell that fails is left out while the others go on. The scheduled planning of many tenants at once is
in ``waves``; what a stage computes is in its package.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import dagster as dg

from bakery_assets.assets.events import materializations, plan_spec
from bakery_assets.assets.rounds import (
    UNKNOWN,
    CpuSeconds,
    Published,
    described,
    find_unchanged,
    plan_round,
    read_facts,
    unknown_cells,
)
from bakery_assets.cells import Cell, rounds
from bakery_assets.partitions import cell_partitions, cells_of
from bakery_assets.planning_day import STAGES
from bakery_assets.settings import settings
from bakery_assets.stages import Failed, Stage
from bakery_assets.visible_text import markdown_table, visible
from resources.clock import Clock
from resources.dagster_storage import keep_connections
from resources.warehouse import Warehouse
from resources.warehouse.planning_runs import begin

MAX_RUNTIME_SECONDS = 4 * 3_600  # a year of one tenant's days, one after the other
# The retry is for causes that pass by themselves (a lost connection); a fault in a tenant's facts fails again.
RETRY = dg.RetryPolicy(max_retries=1, delay=settings().retry_seconds, backoff=dg.Backoff.EXPONENTIAL)


class PlanConfig(dg.Config):
    """``force``: plans are made again also where they would come out the same."""

    force: bool = False


@dg.multi_asset(
    name="planning_day",
    specs=[plan_spec(stage) for stage in STAGES],
    can_subset=True,
    partitions_def=cell_partitions,
    backfill_policy=dg.BackfillPolicy.single_run(),
    retry_policy=RETRY,
)
def planning_day(
    context: dg.AssetExecutionContext,
    config: PlanConfig,
    warehouse: dg.ResourceParam[Warehouse],
    clock: dg.ResourceParam[Clock],
) -> Iterator[dg.AssetMaterialization]:
    """Plan the run's cells through the selected stages, earliest date first.

    Raises:
        dagster.Failure: some cells could not be planned. The others have been, and have their materializations.
    """
    keep_connections(context.instance)
    chosen = {key.to_user_string() for key in context.selected_asset_keys}
    stages = tuple(stage for stage in STAGES if stage.name in chosen)
    cells = cells_of(context.partition_keys)
    failed: dict[Cell, Failed] = {}
    by_person = not is_automatic(context.run)
    # Whoever chooses some of the stages wants to see these made.
    force = config.force or stages != STAGES
    operation = context.op_execution_context
    for done in plan_in_order(operation, warehouse, clock, cells, stages, by_person=by_person, force=force):
        failed |= done.failed
        yield from materializations(done, stages)
    if failed:
        raise failure(failed, retry=len(cells) == 1)


def plan_in_order(
    context: dg.OpExecutionContext,
    warehouse: Warehouse,
    clock: Clock,
    cells: Sequence[Cell],
    stages: Sequence[Stage],
    *,
    by_person: bool,
    force: bool,
) -> Iterator[Published]:
    """Plan and publish cells, the earliest date first, from facts that are read once for all of them.

    Args:
        by_person: it does not count as an attempt.
        force: plan also those whose plans would come out the same.
    """
    begin(warehouse, cells, clock.now(), context.run_id, by_person=by_person)
    meter = CpuSeconds()
    if not force:
        unchanged = leave_unchanged(context, warehouse, clock, cells, meter)
        if unchanged:
            yield Published.of_unchanged(unchanged)
            cells = sorted(set(cells) - set(unchanged))
        if not cells:
            return
    facts = read_facts(warehouse, cells, stages, clock=clock, meter=meter)
    for number, members in enumerate(rounds(cells), start=1):
        done = plan_round(warehouse, facts, members, stages, clock=clock, run_id=context.run_id, meter=meter)
        failed = {**dict.fromkeys(unknown_cells(members, done.known), UNKNOWN), **done.failed}
        yield replace(done, failed=failed)
        context.log.info(f"{members[0].plan_date}: round {number}, {done.planned.height} of {len(members)} planned")


def leave_unchanged(
    context: dg.OpExecutionContext, warehouse: Warehouse, clock: Clock, cells: Sequence[Cell], meter: CpuSeconds
) -> list[Cell]:
    """Those of begun cells that need not be planned; why others that were planned before have to be, the log says."""
    why = find_unchanged(warehouse, cells, clock=clock, run_id=context.run_id, meter=meter)
    if why:
        context.log.info(described(why))
    return [cell for cell in cells if why.get(cell, "new") is None]


def is_automatic(run: dg.DagsterRun) -> bool:
    """Whether a sensor or a schedule has started a run, or a retry of it; else a person has."""
    return any(tag in run.tags for tag in ("dagster/sensor_name", "dagster/schedule_name"))


def failure(failed: dict[Cell, Failed], *, retry: bool) -> dg.Failure:
    """What the Dagster UI shows: which cells failed, where and why."""
    lines = [(cell.tenant_id, cell.plan_date, why.stage, why.reason) for cell, why in sorted(failed.items())]
    table = markdown_table(("tenant", "date", "stage", "why"), lines)
    first, why = min(failed.items())
    return dg.Failure(
        description=f"{len(failed)} cell(s) could not be planned; first {first.tenant_id} {first.plan_date}"
        f" in {why.stage}: {visible(why.reason)}",
        metadata={"failed_cells": dg.MetadataValue.md(table)},
        allow_retries=retry,
    )


plan_tenant_day = dg.define_asset_job(
    "plan_tenant_day",
    # Its check is of all bakeries, and a run that fails before it would show it as one that cannot be evaluated.
    selection=dg.AssetSelection.assets(planning_day).without_checks(),
    description="Every stage for the cells of one run: a single day, or a tenant's backfill.",
    tags={"dagster/max_runtime": str(MAX_RUNTIME_SECONDS)},
)
