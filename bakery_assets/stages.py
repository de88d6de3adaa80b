"""Stages: pure functions from frames to frames, described by their type hints, and how a round goes through them.

Nothing in a stage differs between one tenant and ten thousand. Which stages a planning day has is in ``planning_day``,
those of a retraining are in ``retraining.stages``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, get_args, get_type_hints

import dataframely as dy
import polars as pl

from bakery_assets.cells import Cell, Frames
from bakery_assets.isolation import describe, isolate
from bakery_assets.schemas import failing_tenants

Schemas = Mapping[str, type[dy.Schema]]
FACTS = "facts"  # where a cell fails that no stage can plan: its tenant is unknown, or its facts break a rule


@dataclass(frozen=True)
class Stage:
    """One step of a round.

    Attributes:
        name: also the asset key and the first table that it writes.
        reads: schemas by the name of the input: fact tables, tables of earlier stages, or rows of earlier cells.
        writes: schemas by table; the first carries the stage's name.
        plan: takes the round's cells and a mapping with the inputs, returns a mapping with the tables.
    """

    name: str
    reads: Schemas
    writes: Schemas
    plan: Callable[..., Any]

    @classmethod
    def of(cls, plan: Callable[..., Any], **options: object) -> "Stage":
        """The stage that a function is, by its hints: ``def plan(cells, inputs: Inputs, ...) -> Tables``.

        Args:
            plan: ``Inputs`` and ``Tables`` are typed dictionaries whose values are ``dy.DataFrame[Schema]``.
            options: further keyword arguments of ``plan``.
        """
        hints = get_type_hints(plan)
        given = [hint for name, hint in hints.items() if name != "return"]
        reads, writes = _schemas(given[1]), _schemas(hints["return"])
        return cls(next(iter(writes)), reads, writes, partial(plan, **options) if options else plan)


@dataclass(frozen=True)
class Failed:
    """Why a cell could not be planned."""

    stage: str
    reason: str


@dataclass(frozen=True)
class Outcome:
    """What a stage returns for a round: the rows of the tenants it planned, and the cells that failed."""

    tables: Frames
    failed: Mapping[Cell, Failed] = field(default_factory=dict)


def run_stage(stage: Stage, frames: Frames, cells: pl.DataFrame) -> Outcome:
    """Plan a round of cells; tenants that cannot be planned fail, and the others go on.

    A tenant fails where the stage raises for it (isolated by halving, see ``isolation``) or where a row of its tables
    breaks a rule of the table's schema.

    Args:
        frames: at least what ``stage.reads`` names; rows of tenants that are not in ``cells`` are left out. A frame
            without ``tenant_id`` belongs to all tenants and is passed on whole.
        cells: of ``Cells``, one row per tenant.
    """

    def attempt(members: pl.DataFrame) -> Outcome:
        tables: dict[str, pl.DataFrame] = dict(
            stage.plan(members, {name: of_tenants(frames[name], members) for name in stage.reads})
        )
        bad: dict[str, str] = {}
        for name, schema in stage.writes.items():
            bad = {**failing_tenants(schema, tables[name]), **bad}
        good = {name: frame.filter(~pl.col("tenant_id").is_in(list(bad))) for name, frame in tables.items()}
        return Outcome(good if bad else tables, _failures(stage.name, members, bad))

    def failed(member: pl.DataFrame, error: Exception) -> Outcome:
        return Outcome({}, _failures(stage.name, member, {member["tenant_id"][0]: describe(error)}))

    parts = isolate(cells, attempt, failed)
    failures: dict[Cell, Failed] = {}
    for part in parts:
        failures |= part.failed
    return Outcome(_stacked([part.tables for part in parts]), failures)


def check_facts(schemas: Schemas, facts: Frames, cells: pl.DataFrame) -> dict[Cell, Failed]:
    """Cells whose tenant has facts that break a rule of their table's schema, each with the first reason.

    Two million rows of sales (200 bakeries, 25 products, 400 days) take 0.6 s of the 27 s of CPU of their wave, most of
    it for the uniqueness of keys.

    Args:
        schemas: of the tables that are checked.
        cells: of ``Cells``, one row per tenant.
    """
    reasons: dict[str, str] = {}
    for name, schema in schemas.items():
        reasons = {**failing_tenants(schema, facts[name]), **reasons}
    return _failures(FACTS, cells, reasons)


def of_tenants(frame: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """The rows of the cells' tenants; a frame without ``tenant_id`` whole."""
    if frame.is_empty() or "tenant_id" not in frame.columns:
        return frame
    return frame.join(cells.select("tenant_id"), on="tenant_id", how="semi", maintain_order="left")


def _schemas(hint: Any) -> dict[str, type[dy.Schema]]:
    return {name: get_args(frame)[0] for name, frame in get_type_hints(hint).items()}


def _failures(stage: str, cells: pl.DataFrame, reasons: Mapping[str, str]) -> dict[Cell, Failed]:
    dates = dict(cells.select("tenant_id", "plan_date").iter_rows())
    return {Cell(tenant, dates[tenant]): Failed(stage, reason) for tenant, reason in reasons.items()}


def _stacked(parts: list[Frames]) -> Frames:
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: pl.concat([part[name] for part in parts if name in part], how="vertical_relaxed") for name in names}
