"""The weekly retraining as Dagster runs it: one run trains many tenants' models, behind the data-quality gate.

Frames pass from op to op in memory, a tenant that fails is isolated as in the planning wave, and everything is
published at the end: new versions, champions, and why each retraining ended as it did. What the steps do is in
``bakery_assets.retraining``; promoted versions are reviewed in ``reviews``.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, cast

import dagster as dg
import polars as pl

from bakery_assets.assets.events import TEAM, dagster_table_metadata
from bakery_assets.assets.previews import preview
from bakery_assets.assets.quality import check_evaluations
from bakery_assets.assets.waves import MAX_RUNTIME_SECONDS
from bakery_assets.cells import local_cells
from bakery_assets.forecasting import fit_booster
from bakery_assets.forecasting.data.context import ContextFacts
from bakery_assets.local_time import INSTANT
from bakery_assets.partitions import tenant_partitions
from bakery_assets.retraining.batch import RetrainingBatch, passing_gate
from bakery_assets.retraining.stages import FACTS
from bakery_assets.retraining.triggers import WINDOW_DAYS
from bakery_assets.schemas import Cells, conform
from bakery_assets.settings import settings
from bakery_assets.visible_text import visible
from resources.clock import Clock
from resources.dagster_storage import keep_connections
from resources.schema import plans
from resources.warehouse import Warehouse, retrainings
from resources.warehouse.facts import read_known
from resources.warehouse.model_registry import Publications, add_booster, publish
from resources.warehouse.models import newest_booster, read_champions, read_forecast_errors
from resources.warehouse.retrainings import Key
from resources.warehouse.training import exclusive, read_sample

MEMORY = "memory"  # the IO manager that passes frames from op to op within the process
ERROR_DAYS = 2 * WINDOW_DAYS  # the days whose MAPE is a trigger, and those before that it is compared with


class RetrainingConfig(dg.Config):
    """Requested retrainings, as ``tenant/retraining``; no tenant twice.

    ``backdated``: new versions are champions from the instant of their facts on, as if they had been trained then;
    otherwise from their publication on, so that a plan made meanwhile comes out the same when it is made again.
    """

    retrainings: list[str]
    backdated: bool = False

    @property
    def keys(self) -> list[Key]:
        """The retrainings."""
        return keys_of(self.retrainings)


def keys_of(names: Iterable[str]) -> list[Key]:
    """Retrainings from ``tenant/retraining``."""
    pairs = [name.split("/", 1) for name in names]
    return [(tenant, retraining) for tenant, retraining in pairs]


def names_of(keys: Iterable[Key]) -> list[str]:
    """Retrainings as ``tenant/retraining``, sorted."""
    return [f"{tenant}/{retraining}" for tenant, retraining in sorted(keys)]


def model_specs() -> list[dg.AssetSpec]:
    """Assets of the tables of models and retrainings, which the job fills."""
    return [
        dg.AssetSpec(
            key=table.name,
            description=table.comment,
            group_name="models",
            owners=[TEAM],
            kinds={"polars", "postgres"},
            partitions_def=tenant_partitions if "tenant_id" in table.columns else None,
            metadata=dagster_table_metadata(table),
        )
        for table in (plans.boosters, plans.model_versions, plans.series_models, plans.retraining_runs)
    ]


@dg.op(
    out=dg.Out(RetrainingBatch, io_manager_key=MEMORY),
    description="Facts as known at the instant of each retraining.",
)
def training_facts(
    context: dg.OpExecutionContext, config: RetrainingConfig, warehouse: dg.ResourceParam[Warehouse]
) -> RetrainingBatch:
    """Start the retrainings, and read once what every step needs."""
    started = retrainings.start(warehouse, config.keys, context.run_id)
    if started.height < len(config.keys):
        context.log.warning(
            f"{len(config.keys) - started.height} retraining(s) left out: ended, or started by other runs"
        )
    cells = conform(Cells, local_cells(started.select("tenant_id", "timezone", planned_as_of="trained_as_of")))
    frames = read_known(warehouse, cells, FACTS, settings().history_days)
    return RetrainingBatch(started, cells, {**frames, **read_champions(warehouse, cells)})


@dg.op(
    out=dg.Out(RetrainingBatch, io_manager_key=MEMORY),
    description="The data-quality gate: tenants that fail it keep their champion.",
)
def gate(context: dg.OpExecutionContext, batch: RetrainingBatch) -> RetrainingBatch:
    """Check every tenant's sales, and show the verdicts as asset checks."""
    gated = batch.gate()
    if "gate" in gated.tables:
        for event in check_evaluations(gated.tables["gate"], gated.tables["findings"]):
            context.log_event(event)  # type: ignore[arg-type]  # taken at run time, missing in the annotation only
    _log_ended(context, batch, gated)
    return gated


@dg.op(out=dg.Out(RetrainingBatch, io_manager_key=MEMORY), description="Which series are to be retrained, and why.")
def triggers(
    context: dg.OpExecutionContext, batch: RetrainingBatch, warehouse: dg.ResourceParam[Warehouse]
) -> RetrainingBatch:
    """Find the triggers of every series of the tenants that passed the gate."""
    triggered = batch.find_triggers(read_forecast_errors(warehouse, batch.remaining, ERROR_DAYS))
    _log_ended(context, batch, triggered)
    return triggered


@dg.op(
    out=dg.Out(RetrainingBatch, io_manager_key=MEMORY),
    description="The gradient-boosted model of the week, fitted once.",
)
def booster(
    context: dg.OpExecutionContext,
    batch: RetrainingBatch,
    warehouse: dg.ResourceParam[Warehouse],
    clock: dg.ResourceParam[Clock],
) -> RetrainingBatch:
    """Use the booster of an earlier run of these days, or fit one on a sample of all tenants."""
    if batch.remaining.is_empty():
        return batch
    plan_date = min(batch.remaining["plan_date"].to_list())
    with exclusive(warehouse, "fit booster"):
        boosters = newest_booster(warehouse, plan_date)
        if boosters.is_empty():
            boosters = _fit_booster(context, batch, warehouse)
            add_booster(warehouse, boosters, clock.now())
            for event in _booster_materializations(boosters):
                context.log_event(event)
    return batch.with_frames(boosters=boosters)


def _fit_booster(context: dg.OpExecutionContext, batch: RetrainingBatch, warehouse: Warehouse) -> pl.DataFrame:
    as_of = min(batch.remaining["planned_as_of"].to_list())
    most = settings().training_sample_series
    cells, frames = passing_gate(*read_sample(warehouse, as_of, most, FACTS, settings().history_days))
    # Where it is Monday already, Sunday would be trained on, and no tenant that is still in it could use the booster.
    earliest = min(batch.remaining["plan_date"].to_list())
    trained = conform(Cells, cells.with_columns(pl.min_horizontal("plan_date", pl.lit(earliest))))
    # Without any history there is no booster, and series are smoothed.
    context.log.info(f"fitting the booster on {trained.height} tenants, {frames['sales'].height} rows of sales")
    return fit_booster(trained, cast(ContextFacts, frames))


@dg.op(
    out=dg.Out(RetrainingBatch, io_manager_key=MEMORY),
    description="A new version of models for every tenant that needs it.",
)
def train(context: dg.OpExecutionContext, batch: RetrainingBatch) -> RetrainingBatch:
    """Train; series without a trigger keep the model they have."""
    trained = batch.train(settings().training_cluster)
    _log_ended(context, batch, trained)
    return trained


@dg.op(out=dg.Out(dg.Nothing), description="Writes versions, champions and results, then logs them.")
def publish_models(
    context: dg.OpExecutionContext,
    config: RetrainingConfig,
    batch: RetrainingBatch,
    warehouse: dg.ResourceParam[Warehouse],
    clock: dg.ResourceParam[Clock],
) -> None:
    """Record how every retraining ended, in one transaction, and log a materialization for each tenant."""
    keep_connections(context.instance)
    if batch.runs.is_empty():
        context.log.info("nothing to retrain")
        return
    now = clock.now()
    instants = batch.cells.select(
        "tenant_id", champion_from="planned_as_of" if config.backdated else pl.lit(now, INSTANT)
    )
    results = conform(Publications, batch.results().join(instants, on="tenant_id"))
    published = publish(warehouse, results, batch.tables, finished_at=now, run_id=context.run_id)
    for event in _materializations(published, batch.tables):
        context.log_event(event)
    counts = published.group_by("state").len().sort("state")
    context.log.info(", ".join(f"{count} {state}" for state, count in counts.iter_rows()))


@dg.job(
    description="Trains many tenants' models at once, behind the data-quality gate.",
    tags={"dagster/max_runtime": str(MAX_RUNTIME_SECONDS), "dagster/max_retries": "0"},
    # Frames pass from op to op in memory, so all ops share the run's process.
    executor_def=dg.in_process_executor,
)
def retrain_models() -> None:
    """Facts, gate, triggers, booster, training, publication."""
    publish_models(train(booster(triggers(gate(training_facts())))))


def retraining_config(keys: Collection[Key], *, backdated: bool = False) -> dict[str, object]:
    """Run configuration of a retraining.

    Raises:
        ValueError: a tenant is named twice.
    """
    if len({tenant for tenant, _ in keys}) < len(keys):
        raise ValueError("a run retrains each of its tenants once")
    config = RetrainingConfig(retrainings=names_of(keys), backdated=backdated).model_dump()
    return {"ops": {name: {"config": config} for name in ("training_facts", "publish_models")}}


def keys_of_run(run_config: Mapping[str, Any]) -> list[Key]:
    """The retrainings that a run's configuration names."""
    return RetrainingConfig.model_validate(run_config["ops"]["training_facts"]["config"]).keys


def _log_ended(context: dg.OpExecutionContext, before: RetrainingBatch, after: RetrainingBatch) -> None:
    for tenant, outcome in after.ended.items():
        if tenant not in before.ended:
            log = context.log.error if outcome.state == "failed" else context.log.info
            log(f"{tenant} {outcome.state}: {visible(outcome.reason)}")


def _booster_materializations(boosters: pl.DataFrame) -> Iterator[dg.AssetMaterialization]:
    for row in boosters.iter_rows(named=True):
        yield dg.AssetMaterialization(
            asset_key=plans.boosters.name,
            metadata={
                "booster_id": row["booster_id"],
                "trained_through": str(row["trained_through"]),
                "parameters": dg.MetadataValue.json(json.loads(row["parameters"])),
            },
        )


def _materializations(published: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> Iterator[dg.AssetMaterialization]:
    models = tables.get(plans.series_models.name)
    by_tenant = models.partition_by("tenant_id", as_dict=True, include_key=False) if models is not None else {}
    versions = tables.get(plans.model_versions.name)
    scores = dict(versions.select("tenant_id", "scores").iter_rows()) if versions is not None else {}
    for row in published.iter_rows(named=True):
        tenant = row["tenant_id"]
        yield dg.AssetMaterialization(
            asset_key=plans.retraining_runs.name,
            partition=tenant,
            metadata={name: visible(row[name] or "") for name in ("retraining_id", "state", "reason", "new_version")},
        )
        if row["new_version"]:
            chosen = by_tenant[(tenant,)]
            counts = chosen.group_by("model").len("series").sort("model")
            about = {"model_version": row["new_version"], "state": row["state"]}
            yield dg.AssetMaterialization(
                asset_key=plans.model_versions.name,
                partition=tenant,
                metadata={
                    **about,
                    "models": dg.MetadataValue.md(preview(counts)),
                    "scores": dg.MetadataValue.json(json.loads(scores[tenant])),
                },
            )
            yield dg.AssetMaterialization(
                asset_key=plans.series_models.name,
                partition=tenant,
                metadata={**about, "dagster/partition_row_count": chosen.height},
            )
