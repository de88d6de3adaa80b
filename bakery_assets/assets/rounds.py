"""A round of cells from its facts to its published plans: read, planned stage after stage, written.

What both drivers of the planning day do, ``plans`` and ``waves``, and what they show in Dagster is theirs.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl

from bakery_assets.cells import Cell, Frames
from bakery_assets.planning_costs import CHECKS, READS, WRITES, share_costs
from bakery_assets.planning_day import STAGES, TRAINED_DAYS, PlanningRound, facts_and_plans_read
from bakery_assets.schemas import Cells
from bakery_assets.settings import settings
from bakery_assets.stages import FACTS, Failed, Stage
from resources.clock import Clock
from resources.code_version import code_version
from resources.warehouse import Snapshot, Warehouse, read_plans, read_snapshot, replace_plans
from resources.warehouse.connection import Bulk
from resources.warehouse.costs import record_costs
from resources.warehouse.decisions import settle_decisions
from resources.warehouse.unchanged_plans import keep_inputs, record_unchanged, snapshot_of_now, what_changed


class Meter(Protocol):
    """Counts what is spent on each phase of a round."""

    def on(self, phase: str) -> AbstractContextManager[None]:
        """Count what is done within as one phase."""


@dataclass
class CpuSeconds:
    """CPU seconds of this process by phase."""

    by_phase: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    @contextmanager
    def on(self, phase: str) -> Iterator[None]:
        """Count what is done within as one phase."""
        began = time.process_time()
        yield
        self.by_phase[phase] += time.process_time() - began


@dataclass(frozen=True)
class FactsRead:
    """A snapshot of facts, and the CPU seconds of this process that reading it took."""

    snapshot: Snapshot
    cpu_seconds: float


@dataclass(frozen=True)
class Published:
    """What became of a round.

    Attributes:
        known: of ``Cells``, those whose tenant exists, in a zone that does.
        planned: those of them whose rows are written.
        tables: what the stages have made.
        frames: all that the round has read and made.
        failed: cells that could not be planned.
        unchanged: cells whose plans are there and would come out the same.
    """

    known: pl.DataFrame
    planned: pl.DataFrame
    tables: Frames
    frames: Frames
    failed: Mapping[Cell, Failed]
    unchanged: Sequence[Cell] = ()

    @classmethod
    def of_unchanged(cls, cells: Sequence[Cell]) -> "Published":
        """Of cells that need not be planned."""
        nothing = pl.DataFrame(schema=pl.Schema(Cells))
        return cls(nothing, nothing, {}, {}, {}, cells)


def read_facts(
    warehouse: Warehouse, cells: Sequence[Cell], stages: Sequence[Stage], *, clock: Clock, meter: Meter
) -> FactsRead:
    """One consistent snapshot of the facts that ``stages`` need of cells; of what was decided the orders are facts."""
    spent = CpuSeconds()
    with meter.on(READS), spent.on(READS):
        settle_decisions(warehouse, clock.now(), tenants={cell.tenant_id for cell in cells}, begun=cells)
        facts = facts_and_plans_read(stages)[0]
        snapshot = read_snapshot(warehouse, cells, facts, settings().history_days, trained_days=TRAINED_DAYS)
    return FactsRead(snapshot, spent.by_phase[READS])


def find_unchanged(
    warehouse: Warehouse, cells: Sequence[Cell], *, clock: Clock, run_id: str, meter: Meter
) -> dict[Cell, str | None]:
    """Of those of ``cells`` that were planned before, why they have to be planned again; None: they need not.

    A cell need not where its plan would come out the same, and nothing is to be planned of its tenant before it. That
    is recorded with the cell. Empty where it is not known which code this process runs.
    """
    spent = CpuSeconds()
    with meter.on(READS), spent.on(READS):
        made_by = code_version(settings())
        if made_by is None:
            return {}
        why = what_changed(warehouse, cells, made_by)
        tenants = {cell.tenant_id for cell in cells}
        if None in why.values() and settle_decisions(warehouse, clock.now(), tenants=tenants, begun=cells):
            why = what_changed(warehouse, cells, made_by)
        first = {cell.tenant_id: cell.plan_date for cell in sorted(cells, reverse=True) if why.get(cell, "new")}
        for cell in why:
            if why[cell] is None and first.get(cell.tenant_id, cell.plan_date) < cell.plan_date:
                why[cell] = "a day before it is planned in the same run"
    unchanged = [cell for cell, reason in why.items() if reason is None]
    if unchanged:
        record_unchanged(warehouse, unchanged, run_id, spent.by_phase[READS], clock.now())
    return why


def described(why: Mapping[Cell, str | None]) -> str:
    """What ``find_unchanged`` has found, for the log."""
    again = Counter(reason for reason in why.values() if reason)
    reasons = "; ".join(f"{reason} ({count})" for reason, count in again.most_common(5))
    unchanged = len(why) - again.total()
    said = f"{len(why)} planned before: {unchanged} unchanged and so not planned again"
    return f"{said}, {again.total()} planned again: {reasons}" if again else said


def plan_round(
    warehouse: Warehouse,
    read: FactsRead,
    cells: Sequence[Cell],
    stages: Sequence[Stage],
    *,
    clock: Clock,
    run_id: str,
    meter: Meter,
) -> Published:
    """Plan cells of a snapshot, one for each tenant, and replace their rows in one transaction, with what it has cost.

    Args:
        run_id: the run that has begun the cells.
        meter: counts reading, checking and writing, and each stage by its name.
    """
    spent = CpuSeconds()
    # Facts may have been read for several rounds.
    spent.by_phase[READS] = read.cpu_seconds * len(cells) / max(read.snapshot.cells.height, 1)
    with meter.on(READS), spent.on(READS):
        is_single = read.snapshot.cells["tenant_id"].is_unique().all()
        plans_snapshot = read.snapshot.taken.snapshot if is_single else snapshot_of_now(warehouse)
        known, facts = read.snapshot.of(cells)
        past = read_plans(warehouse, known, facts_and_plans_read(stages)[1])
    with meter.on(CHECKS), spent.on(CHECKS):
        planning_round = PlanningRound.start(known, facts, past, tuple(stages))
    for stage in stages:
        with meter.on(stage.name), spent.on(stage.name):
            planning_round = planning_round.run(stage)
    with meter.on(WRITES):
        began = time.process_time()
        tables = planning_round.output_tables()

        def with_costs_and_inputs(bulk: Bulk) -> None:
            made_by = code_version(settings())
            if made_by and tuple(stages) == STAGES:
                made_from = read.snapshot.cells.select("tenant_id", "plan_date", "sales_until")
                keep_inputs(bulk, made_from, read.snapshot.taken, plans_snapshot, made_by)
            seconds = {**spent.by_phase, WRITES: time.process_time() - began}
            record_costs(bulk, share_costs(known, seconds, stages, {**facts, **past}, tables))

        recorded = replace_plans(
            warehouse,
            known,
            tables,
            planning_round.failed,
            written=planning_round.writes,
            finished_at=clock.now(),
            run_id=run_id,
            also_write=with_costs_and_inputs,
        )
    failed = {cell: why for cell, why in recorded.items() if why}
    written = pl.DataFrame(
        [(cell.tenant_id, cell.plan_date) for cell, why in recorded.items() if why is None],
        schema={"tenant_id": pl.String, "plan_date": pl.Date},
        orient="row",
    )
    planned = known.join(written, on=["tenant_id", "plan_date"], how="semi", maintain_order="left")
    return Published(known, planned, tables, planning_round.frames, failed)


def unknown_cells(cells: Sequence[Cell], known: pl.DataFrame) -> list[Cell]:
    """Those of ``cells`` whose tenant does not exist, or is in a zone that does not."""
    found = set(known["tenant_id"])
    return [cell for cell in cells if cell.tenant_id not in found]


UNKNOWN = Failed(FACTS, "there is no such tenant, or its time zone is not known")
