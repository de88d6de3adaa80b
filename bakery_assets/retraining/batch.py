"""A retraining on its way: who has been judged, why it is needed, what was trained, and how each ended.

One ``Course`` carries many bakeries. One that ends early, gated, not needed or failed, is left out of what follows,
and the others go on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import polars as pl

from bakery_assets.cells import Cell, Frames
from bakery_assets.forecasting import train_models
from bakery_assets.keys import SERIES
from bakery_assets.planning_day import Failed, Stage, run_stage
from bakery_assets.quality import evaluate_sales_checks
from bakery_assets.retraining.champion_comparison import WORSE, compare_with_champion
from bakery_assets.retraining.triggers import carried_over, find_triggers

TRAINING_FACTS = ("tenants", "products", "sales", "sales_hourly", "calendar", "weather")
GATE = Stage(
    "gate", reads=("tenants", "products", "sales", "calendar"), writes=("gate", "findings"), plan=evaluate_sales_checks
)
TRIGGERING = Stage(
    "triggers",
    reads=("products", "sales", "checked", "incumbents", "requests"),
    writes=("retraining_triggers", "known_series", "young"),
    plan=find_triggers,
)
TRAINING = Stage(
    "model_versions",
    reads=(*TRAINING_FACTS, "boosters", "incumbents", "carried_over"),
    writes=("model_versions", "series_models"),
    plan=train_models,
)


@dataclass(frozen=True)
class End:
    """How a retraining ended, and why."""

    state: str
    reason: str


@dataclass(frozen=True)
class Course:
    """Retrainings of one run.

    Attributes:
        runs: ``tenant_id, retraining_id, requested_by``, one row per tenant.
        cells: the columns of ``cells.CELLS``.
        frames: ``TRAINING_FACTS``, and model_versions and series_models of the champions at each cell's instant.
        tables: what the steps have made.
        ended: by tenant.
    """

    runs: pl.DataFrame
    cells: pl.DataFrame
    frames: Frames
    tables: Frames = field(default_factory=dict)
    ended: Mapping[str, End] = field(default_factory=dict)

    @property
    def remaining(self) -> pl.DataFrame:
        """Rows of ``cells`` whose retraining has not ended."""
        return self.cells.filter(~pl.col("tenant_id").is_in(list(self.ended)))

    def with_frames(self, **frames: pl.DataFrame) -> "Course":
        """The same with more frames."""
        return replace(self, frames={**self.frames, **frames})

    def judged(self) -> "Course":
        """With the gate's verdicts as ``gate`` and ``findings``; bakeries that fail keep their champion."""
        if self.remaining.is_empty():
            return self
        outcome = run_stage(GATE, self.frames, self.remaining)
        refused = outcome.tables["gate"].filter(~pl.col("passed")) if outcome.tables else pl.DataFrame()
        gated = {
            row["tenant_id"]: End("gated", f"the sales failed the data-quality gate: {row['reasons']}")
            for row in refused.iter_rows(named=True)
        }
        return self._after(outcome.tables, {**gated, **_failures(outcome.failed)})

    def triggered(self, checked: pl.DataFrame) -> "Course":
        """With the triggers; bakeries without any, or too young for models, need no training.

        Args:
            checked: see ``series_triggers``.
        """
        cells = self.remaining
        incumbents = self.frames["series_models"].join(cells, on="tenant_id", how="semi")
        requests = self.runs.filter(pl.col("requested_by") == "person").select("tenant_id")
        # Where a series' model is older than its version, the version says so, and training need not know.
        course = self.with_frames(incumbents=incumbents.drop("trained_as_of"))
        if cells.is_empty():
            return course
        outcome = run_stage(
            TRIGGERING, {**self.frames, "checked": checked, "incumbents": incumbents, "requests": requests}, cells
        )
        if not outcome.tables:
            return course._after({}, _failures(outcome.failed))
        triggers, known = outcome.tables["retraining_triggers"], outcome.tables["known_series"]
        young = {tenant: End("not_needed", reason) for tenant, reason in outcome.tables["young"].iter_rows()}
        selling = set(known["tenant_id"])
        calm = {
            tenant: End("not_needed", "no series has a trigger" if tenant in selling else "nothing is sold of late")
            for tenant in cells.join(triggers, on="tenant_id", how="anti")["tenant_id"]
        }
        tables = {
            "retraining_triggers": triggers.join(self.runs.select("tenant_id", "retraining_id"), on="tenant_id"),
            "known_series": known,
        }
        kept = carried_over(incumbents, triggers)
        return course._after(tables, {**calm, **young, **_failures(outcome.failed)}).with_frames(carried_over=kept)

    def trained(self, cluster: str | None = None) -> "Course":
        """With model_versions and series_models; needs the frame ``boosters``.

        Args:
            cluster: address of a Dask scheduler that the training is spread over; None: this process.
        """
        if self.remaining.is_empty():
            return self
        cells = self.remaining
        stage = replace(TRAINING, plan=partial(train_models, cluster=cluster)) if cluster else TRAINING
        outcome = run_stage(stage, self.frames, cells)
        tables = dict(outcome.tables)
        if tables:
            before = self.frames["series_models"].join(self.frames["carried_over"], on=SERIES, how="semi")
            tables["series_models"] = (
                tables["series_models"]
                .join(cells.select("tenant_id", "planned_as_of"), on="tenant_id")
                .join(before.select(*SERIES, "trained_as_of"), on=SERIES, how="left")
                .with_columns(trained_as_of=pl.coalesce("trained_as_of", "planned_as_of"))
                .drop("planned_as_of")
            )
        return self._after(tables, _failures(outcome.failed))

    def outcome(self) -> pl.DataFrame:
        """One row per retraining: state, reason, series, series_triggered, gate, old and new version, backtest WAPE."""
        ended = pl.DataFrame(
            [(tenant, end.state, end.reason) for tenant, end in self.ended.items()],
            schema={"tenant_id": pl.String, "ended_state": pl.String, "ended_reason": pl.String},
            orient="row",
        )
        champions = self.frames["model_versions"].select("tenant_id", old_version="model_version")
        rows = self.runs.select("tenant_id", "retraining_id").join(ended, on="tenant_id", how="left")
        for frame in (champions, self._gate(), self._counts("known_series", "series"), self._triggered(), self._new()):
            rows = rows.join(frame, on="tenant_id", how="left")
        old, new = ((100 * pl.col(f"backtest_wape_{age}")).round(2) for age in ("old", "new"))
        figures = pl.format("backtest WAPE {}% against {}% of the champion", new, old)
        is_new = pl.col("ended_state").is_null() & pl.col("new_version").is_not_null()
        return rows.with_columns(
            pl.col("series", "series_triggered").fill_null(0).cast(pl.Int32),
            new_version=pl.when(is_new).then("new_version"),
            state=pl.when(pl.col("ended_state").is_not_null())
            .then("ended_state")
            .when(pl.col("new_version").is_null())
            .then(pl.lit("failed"))
            .when(pl.col("is_better"))
            .then(pl.lit("promoted"))
            .otherwise(pl.lit("not_better")),
            reason=pl.when(pl.col("ended_state").is_not_null())
            .then("ended_reason")
            .when(pl.col("new_version").is_null())
            .then(pl.lit("the training gave no version"))
            .when(~pl.col("is_better"))
            .then(pl.format(f"{{}}, more than {WORSE:.0%} worse", figures))
            .when(pl.col("old_version").is_null())
            .then(pl.lit("the first version"))
            .when(pl.col("backtest_wape_old").is_null())
            .then(pl.lit("nothing could be compared with the champion"))
            .otherwise(figures),
        ).sort("tenant_id")

    def _after(self, tables: Frames, ended: Mapping[str, End]) -> "Course":
        return replace(self, tables={**self.tables, **tables}, ended={**self.ended, **ended})

    def _gate(self) -> pl.DataFrame:
        if "gate" not in self.tables:
            return pl.DataFrame(schema={"tenant_id": pl.String, "gate": pl.String})
        passed = pl.when("passed").then(pl.lit("true")).otherwise(pl.lit("false"))
        parts = [pl.lit('{"passed": '), passed, pl.lit(', "reasons": '), pl.col("reasons"), pl.lit("}")]
        return self.tables["gate"].select("tenant_id", gate=pl.concat_str(parts))

    def _counts(self, table: str, name: str) -> pl.DataFrame:
        if table not in self.tables:
            return pl.DataFrame(schema={"tenant_id": pl.String, name: pl.UInt32})
        return self.tables[table].select(SERIES).unique().group_by("tenant_id").agg(pl.len().alias(name))

    def _triggered(self) -> pl.DataFrame:
        return self._counts("retraining_triggers", "series_triggered")

    def _new(self) -> pl.DataFrame:
        if "model_versions" in self.tables:
            return compare_with_champion(self.tables["model_versions"])
        versions = pl.DataFrame(schema={"tenant_id": pl.String, "model_version": pl.String, "scores": pl.String})
        return compare_with_champion(versions)


def passing(cells: pl.DataFrame, frames: Frames) -> tuple[pl.DataFrame, Frames]:
    """Of a sample of bakeries, those that pass the gate, and their facts."""
    gate = run_stage(GATE, frames, cells).tables.get("gate")
    good = cells.clear() if gate is None else cells.join(gate.filter("passed"), on="tenant_id", how="semi")
    return good, {name: frame.join(good, on="tenant_id", how="semi") for name, frame in frames.items()}


def _failures(failed: Mapping[Cell, Failed]) -> dict[str, End]:
    return {cell.tenant_id: End("failed", f"{why.stage}: {why.reason}") for cell, why in failed.items()}
