"""A retraining batch: the tenants that one run retrains together, through the gate, the triggers and the training.

A tenant whose retraining ends early, gated, not needed or failed, is left out of what follows, and the others go on.
The stages themselves are in ``stages``; a batch is stored by ``resources.warehouse.model_registry``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import cast

import dataframely as dy
import polars as pl

from bakery_assets.cells import Cell, Frames
from bakery_assets.explanations.formats import percent
from bakery_assets.forecasting import train_models
from bakery_assets.forecasting.registry.encode import TrainedVersions
from bakery_assets.keys import SERIES
from bakery_assets.quality import level_shifts
from bakery_assets.retraining.champion_comparison import MAX_WORSENING, ChampionComparison, compare_with_champion
from bakery_assets.retraining.stages import GATE, TRAINING, TRIGGERS, GateVerdicts
from bakery_assets.retraining.triggers import (
    SELLING_DAYS,
    ForecastErrors,
    LevelShifts,
    RequestedTenants,
    SeriesTriggers,
    series_carried_over,
)
from bakery_assets.schemas import Cells, conform, plans
from bakery_assets.schemas import columns as col
from bakery_assets.stages import Failed, Outcome, Stage, run_stage


class StartedRetrainings(dy.Schema):
    """Retrainings that a run has taken on; no tenant twice."""

    tenant_id = col.tenant_id()
    retraining_id = col.key_text("The retraining")
    requested_by = plans.RetrainingRuns.requested_by
    trained_as_of = plans.RetrainingRuns.trained_as_of
    timezone = col.timezone()


class RetrainingResults(dy.Schema):
    """How each retraining of a batch ended."""

    tenant_id = plans.RetrainingRuns.tenant_id
    retraining_id = plans.RetrainingRuns.retraining_id
    state = plans.RetrainingRuns.state
    reason = plans.RetrainingRuns.reason
    series = plans.RetrainingRuns.series
    series_triggered = plans.RetrainingRuns.series_triggered
    gate = plans.RetrainingRuns.gate
    old_version = plans.RetrainingRuns.old_version
    new_version = plans.RetrainingRuns.new_version
    backtest_wape_old = plans.RetrainingRuns.backtest_wape_old
    backtest_wape_new = plans.RetrainingRuns.backtest_wape_new


@dataclass(frozen=True)
class RetrainingOutcome:
    """How a retraining ended early, and why."""

    state: str
    reason: str


@dataclass(frozen=True)
class RetrainingBatch:
    """The retrainings of one run between two steps; each step returns a new batch.

    Attributes:
        cells: one for each of ``runs``; ``planned_as_of`` is the instant up to which facts count.
        frames: ``stages.FACTS``, and model_versions and series_models of the champions at each cell's instant.
        tables: what the steps so far have made.
        ended: retrainings that ended early, by tenant.
    """

    runs: dy.DataFrame[StartedRetrainings]
    cells: dy.DataFrame[Cells]
    frames: Frames
    tables: Frames = field(default_factory=dict)
    ended: Mapping[str, RetrainingOutcome] = field(default_factory=dict)

    @property
    def remaining(self) -> dy.DataFrame[Cells]:
        """Rows of ``cells`` whose retraining has not ended."""
        return conform(Cells, self.cells.filter(~pl.col("tenant_id").is_in(list(self.ended))))

    def with_frames(self, **frames: pl.DataFrame) -> "RetrainingBatch":
        """The same batch with more frames."""
        return replace(self, frames={**self.frames, **frames})

    def gate(self) -> "RetrainingBatch":
        """Add the gate's tables ``gate`` and ``findings``; tenants that do not pass keep their champion."""
        if self.remaining.is_empty():
            return self
        outcome = run_stage(GATE, self.frames, self.remaining)
        return self._after(outcome.tables, {**_gated(outcome), **_failures(outcome.failed)})

    def find_triggers(self, errors: dy.DataFrame[ForecastErrors]) -> "RetrainingBatch":
        """Add ``retraining_triggers`` and ``known_series``; tenants without a trigger, or with few sales, end here."""
        cells = self.remaining
        incumbents = self.frames["series_models"].join(cells, on="tenant_id", how="semi")
        batch = self.with_frames(incumbents=incumbents)
        if cells.is_empty():
            return batch
        by_person = self.runs.filter(pl.col("requested_by") == "person")
        inputs = {
            "forecast_errors": errors,
            "requests": conform(RequestedTenants, by_person),
            "level_shifts": conform(LevelShifts, level_shifts(self.tables["findings"])),
        }
        outcome = run_stage(TRIGGERS, {**batch.frames, **inputs}, cells)
        if not outcome.tables:
            return batch._after({}, _failures(outcome.failed))
        triggers, known = outcome.tables["retraining_triggers"], outcome.tables["known_series"]
        insufficient_history = {
            tenant: RetrainingOutcome("not_needed", reason)
            for tenant, reason in outcome.tables["insufficient_history"].iter_rows()
        }
        no_trigger = _without_trigger(cells, cast(dy.DataFrame[SeriesTriggers], triggers), known)
        tables = {
            "retraining_triggers": triggers.join(self.runs.select("tenant_id", "retraining_id"), on="tenant_id"),
            "known_series": known,
        }
        carried_over = series_carried_over(
            cast(dy.DataFrame[plans.SeriesModels], incumbents), cast(dy.DataFrame[SeriesTriggers], triggers)
        )
        ended = {**no_trigger, **insufficient_history, **_failures(outcome.failed)}
        return batch._after(tables, ended).with_frames(carried_over=carried_over)

    def train(self, cluster: str | None = None) -> "RetrainingBatch":
        """Add ``model_versions`` and ``series_models``; needs the frame ``boosters``.

        Args:
            cluster: address of a Dask scheduler that the training is spread over; None: this process.
        """
        cells = self.remaining
        if cells.is_empty():
            return self
        outcome = run_stage(Stage.of(train_models, cluster=cluster) if cluster else TRAINING, self.frames, cells)
        tables = dict(outcome.tables)
        if tables:
            tables["series_models"] = self._dated(tables["series_models"])
        return self._after(tables, _failures(outcome.failed))

    def results(self) -> dy.DataFrame[RetrainingResults]:
        """How every retraining of the batch ended, by tenant."""
        ended = pl.DataFrame(
            [(tenant, end.state, end.reason) for tenant, end in self.ended.items()],
            schema={"tenant_id": pl.String, "ended_state": pl.String, "ended_reason": pl.String},
            orient="row",
        )
        champions = self.frames["model_versions"].select("tenant_id", old_version="model_version")
        counts = [self._count("known_series", "series"), self._count("retraining_triggers", "series_triggered")]
        rows = self.runs.select("tenant_id", "retraining_id").join(ended, on="tenant_id", how="left")
        for frame in (champions, self._gate_json(), *counts, self._compared()):
            rows = rows.join(frame, on="tenant_id", how="left")
        results = rows.with_columns(
            pl.col("series", "series_triggered").fill_null(0),
            new_version=pl.when(pl.col("ended_state").is_null()).then("new_version"),
            state=_state(),
            reason=_reason(),
        ).sort("tenant_id")
        return conform(RetrainingResults, results)

    def _after(self, tables: Frames, ended: Mapping[str, RetrainingOutcome]) -> "RetrainingBatch":
        return replace(self, tables={**self.tables, **tables}, ended={**self.ended, **ended})

    def _dated(self, models: pl.DataFrame) -> dy.DataFrame[plans.SeriesModels]:
        """Series models with ``trained_as_of``: of those carried over it is the one that they had."""
        carried_over = self.frames["series_models"].join(self.frames["carried_over"], on=SERIES, how="semi")
        dated = (
            models.join(self.cells.select("tenant_id", "planned_as_of"), on="tenant_id")
            .join(carried_over.select(*SERIES, "trained_as_of"), on=SERIES, how="left")
            .with_columns(trained_as_of=pl.coalesce("trained_as_of", "planned_as_of"))
        )
        return conform(plans.SeriesModels, dated)

    def _gate_json(self) -> pl.DataFrame:
        gate = self.tables.get("gate", GateVerdicts.create_empty())
        verdict = pl.struct("verdict").struct.json_encode().str.strip_chars("{}")
        # The reasons are JSON already and go in as such.
        found = pl.format('{{"passed": {}, {}, "reasons": {}}}', "passed", verdict, "reasons")
        return gate.select("tenant_id", gate=found)

    def _count(self, table: str, name: str) -> pl.DataFrame:
        if table not in self.tables:
            return pl.DataFrame(schema={"tenant_id": pl.String, name: pl.UInt32})
        return self.tables[table].select(SERIES).unique().group_by("tenant_id").agg(pl.len().alias(name))

    def _compared(self) -> dy.DataFrame[ChampionComparison]:
        versions = self.tables.get("model_versions")
        return compare_with_champion(
            TrainedVersions.create_empty() if versions is None else cast(dy.DataFrame[TrainedVersions], versions)
        )


def passing_gate(cells: dy.DataFrame[Cells], frames: Frames) -> tuple[dy.DataFrame[Cells], Frames]:
    """Of a sample of tenants, those that pass the gate, and their facts."""
    gate = run_stage(GATE, frames, cells).tables.get("gate", GateVerdicts.create_empty())
    good = cells.join(gate.filter("passed"), on="tenant_id", how="semi")
    return conform(Cells, good), {name: frame.join(good, on="tenant_id", how="semi") for name, frame in frames.items()}


def _gated(outcome: Outcome) -> dict[str, RetrainingOutcome]:
    refused = outcome.tables.get("gate", GateVerdicts.create_empty()).filter(~pl.col("passed"))
    return {
        tenant: RetrainingOutcome("gated", verdict)
        for tenant, verdict in refused.select("tenant_id", "verdict").iter_rows()
    }


def _without_trigger(
    cells: pl.DataFrame, triggers: dy.DataFrame[SeriesTriggers], known: pl.DataFrame
) -> dict[str, RetrainingOutcome]:
    with_series = set(known["tenant_id"])
    return {
        tenant: RetrainingOutcome(
            "not_needed",
            "no series has a trigger" if tenant in with_series else f"nothing has sold for {SELLING_DAYS} days",
        )
        for tenant in cells.join(triggers, on="tenant_id", how="anti")["tenant_id"]
    }


def _state() -> pl.Expr:
    return (
        pl.when(pl.col("ended_state").is_not_null())
        .then("ended_state")
        .when(pl.col("new_version").is_null())
        .then(pl.lit("failed"))
        .when(pl.col("is_better"))
        .then(pl.lit("promoted"))
        .otherwise(pl.lit("not_better"))
    )


def _reason() -> pl.Expr:
    figures = pl.format(
        "backtest WAPE {} against {} of the champion",
        percent("backtest_wape_new", decimals=2),
        percent("backtest_wape_old", decimals=2),
    )
    return (
        pl.when(pl.col("ended_state").is_not_null())
        .then("ended_reason")
        .when(pl.col("new_version").is_null())
        .then(pl.lit("the training produced no version"))
        .when(~pl.col("is_better"))
        .then(pl.format(f"{{}}, more than {MAX_WORSENING:.0%} worse", figures))
        .when(pl.col("old_version").is_null())
        .then(pl.lit("the first version"))
        .when(pl.col("backtest_wape_old").is_null())
        .then(pl.lit("nothing could be compared with the champion"))
        .otherwise(figures)
    )


def _failures(failed: Mapping[Cell, Failed]) -> dict[str, RetrainingOutcome]:
    return {cell.tenant_id: RetrainingOutcome("failed", f"{why.stage}: {why.reason}") for cell, why in failed.items()}
