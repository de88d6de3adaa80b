"""The weekly retraining: one run trains many bakeries' models, behind the data-quality gate.

As in the planning wave, facts pass from op to op in memory, whoever fails is set apart, and everything is published
at the end: new versions, who is champion, and why each retraining ended as it did.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, cast

import dagster as dg
import dataframely as dy
import polars as pl

from bakery_assets.assets.events import TEAM, dagster_table_metadata, preview
from bakery_assets.assets.quality import check_evaluations
from bakery_assets.assets.waves import MAX_RUNTIME_SECONDS, MEMORY
from bakery_assets.cells import local_cells
from bakery_assets.forecasting import fit_booster
from bakery_assets.forecasting.data.context import ContextFacts
from bakery_assets.partitions import tenant_partitions
from bakery_assets.retraining.batch import GATE, TRAINING_FACTS, Course, passing
from bakery_assets.schemas import Cells
from bakery_assets.settings import settings
from resources.clock import Clock
from resources.dagster_storage import keep_connections
from resources.schema import plans
from resources.warehouse import Warehouse, retrainings
from resources.warehouse.facts import read_known
from resources.warehouse.model_registry import OUTCOME, add_booster, publish
from resources.warehouse.models import newest_booster, read_checked, read_models
from resources.warehouse.retrainings import Key
from resources.warehouse.training import one_at_a_time, read_sample

FACTS = sorted({*TRAINING_FACTS, *GATE.reads})
CHECKED_DAYS = 60  # the 30 days that triggers look at, and the 30 before


class RetrainingConfig(dg.Config):
    """Retrainings that were asked for, as ``tenant/retraining``; no tenant twice.

    ``as_then``: new versions are champions from the instant of their facts on, as if they had been trained then;
    otherwise from their publication on, so that no plan made meanwhile would come out differently again.
    """

    retrainings: list[str]
    as_then: bool = False

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
    """The tables of models and their retraining, which the job fills."""
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


@dg.op(out=dg.Out(Course, io_manager_key=MEMORY), description="Facts as known at the instant of each retraining.")
def training_facts(
    context: dg.OpExecutionContext, config: RetrainingConfig, warehouse: dg.ResourceParam[Warehouse]
) -> Course:
    """Take over the retrainings, and read once what every step needs."""
    begun = retrainings.begin(warehouse, config.keys, context.run_id)
    if begun.height < len(config.keys):
        context.log.warning(f"{len(config.keys) - begun.height} retraining(s) left out: done or begun by others")
    cells = local_cells(begun.select("tenant_id", "timezone", planned_as_of="trained_as_of"))
    frames = read_known(warehouse, cells, FACTS, settings().history_days)
    return Course(begun, cells, {**frames, **read_models(warehouse, cells)})


@dg.op(out=dg.Out(Course, io_manager_key=MEMORY), description="The data-quality gate: who fails keeps its champion.")
def gate(context: dg.OpExecutionContext, course: Course) -> Course:
    """Judge every bakery's sales, and show the verdicts as asset checks."""
    judged = course.judged()
    if "gate" in judged.tables:
        for event in check_evaluations(judged.tables["gate"], judged.tables["findings"]):
            context.log_event(event)  # type: ignore[arg-type]  # taken at run time, missing in the annotation only
    _tell(context, course, judged)
    return judged


@dg.op(out=dg.Out(Course, io_manager_key=MEMORY), description="Which series are to be retrained, and why.")
def triggers(context: dg.OpExecutionContext, course: Course, warehouse: dg.ResourceParam[Warehouse]) -> Course:
    """Find the triggers of every series of the bakeries that passed."""
    found = course.triggered(read_checked(warehouse, course.remaining, CHECKED_DAYS))
    _tell(context, course, found)
    return found


@dg.op(out=dg.Out(Course, io_manager_key=MEMORY), description="The boosted trees of this week, fitted once.")
def trees(
    context: dg.OpExecutionContext,
    course: Course,
    warehouse: dg.ResourceParam[Warehouse],
    clock: dg.ResourceParam[Clock],
) -> Course:
    """Use the trees of an earlier run of these days, or fit them on a sample of all bakeries."""
    if course.remaining.is_empty():
        return course
    plan_date = min(course.remaining["plan_date"].to_list())
    with one_at_a_time(warehouse, "fit boosted trees"):
        booster = newest_booster(warehouse, plan_date)
        if booster.is_empty():
            booster = _fit(context, course, warehouse)
            add_booster(warehouse, booster, clock.now())
            for event in _of_boosters(booster):
                context.log_event(event)
    return course.with_frames(boosters=booster)


def _fit(context: dg.OpExecutionContext, course: Course, warehouse: Warehouse) -> pl.DataFrame:
    as_of = min(course.remaining["planned_as_of"].to_list())
    most = settings().training_sample_series
    cells, frames = passing(*read_sample(warehouse, as_of, most, FACTS, settings().history_days))
    # Where it is Monday already, Sunday would be trained on, and no bakery that is still in it could use the trees.
    earliest = min(course.remaining["plan_date"].to_list())
    cells = cells.with_columns(pl.min_horizontal("plan_date", pl.lit(earliest)))
    # Without any history there are no trees, and series are smoothed.
    context.log.info(f"fitting the trees on {cells.height} bakeries, {frames['sales'].height} rows of sales")
    return fit_booster(cast(dy.DataFrame[Cells], cells), cast(ContextFacts, frames))


@dg.op(out=dg.Out(Course, io_manager_key=MEMORY), description="A new version of models for every bakery that needs it.")
def train(context: dg.OpExecutionContext, course: Course) -> Course:
    """Train; series without a trigger keep the model they have."""
    trained = course.trained(settings().training_cluster)
    _tell(context, course, trained)
    return trained


@dg.op(out=dg.Out(dg.Nothing), description="Writes versions, champions and outcomes, then logs them.")
def publish_models(
    context: dg.OpExecutionContext,
    config: RetrainingConfig,
    course: Course,
    warehouse: dg.ResourceParam[Warehouse],
    clock: dg.ResourceParam[Clock],
) -> None:
    """Record how every retraining ended, in one transaction, and log a materialization for each bakery."""
    keep_connections(context.instance)
    if course.runs.is_empty():
        context.log.info("nothing to retrain")
        return
    now = clock.now()
    instants = course.cells.select(
        "tenant_id", champion_from="planned_as_of" if config.as_then else pl.lit(now, OUTCOME["champion_from"])
    )
    outcome = course.outcome().join(instants, on="tenant_id").select(OUTCOME.names()).cast(OUTCOME)
    done = publish(warehouse, outcome, course.tables, finished_at=now, run_id=context.run_id)
    for event in _materializations(done, course.tables):
        context.log_event(event)
    counts = done.group_by("state").len().sort("state")
    context.log.info(", ".join(f"{count} {state}" for state, count in counts.iter_rows()))


@dg.job(
    description="Trains many bakeries' models at once, behind the data-quality gate.",
    tags={"dagster/max_runtime": str(MAX_RUNTIME_SECONDS)},
    # Frames pass from op to op in memory, so all ops share the run's process.
    executor_def=dg.in_process_executor,
)
def retrain_models() -> None:
    """Facts, gate, triggers, trees, training, publication."""
    publish_models(train(trees(triggers(gate(training_facts())))))


def retraining_config(keys: Collection[Key], *, as_then: bool = False) -> dict[str, object]:
    """Run configuration of a retraining.

    Raises:
        ValueError: a tenant comes twice.
    """
    if len({tenant for tenant, _ in keys}) < len(keys):
        raise ValueError("a run retrains each of its tenants once")
    config = RetrainingConfig(retrainings=names_of(keys), as_then=as_then).model_dump()
    return {"ops": {name: {"config": config} for name in ("training_facts", "publish_models")}}


def keys_of_run(run_config: Mapping[str, Any]) -> list[Key]:
    """The retrainings that a run's configuration asks for."""
    return RetrainingConfig.model_validate(run_config["ops"]["training_facts"]["config"]).keys


def _tell(context: dg.OpExecutionContext, before: Course, after: Course) -> None:
    for tenant, end in after.ended.items():
        if tenant not in before.ended:
            log = context.log.error if end.state == "failed" else context.log.info
            log(f"{tenant} {end.state}: {end.reason}")


def _of_boosters(boosters: pl.DataFrame) -> Iterator[dg.AssetMaterialization]:
    for row in boosters.iter_rows(named=True):
        yield dg.AssetMaterialization(
            asset_key=plans.boosters.name,
            metadata={
                "booster_id": row["booster_id"],
                "trained_through": str(row["trained_through"]),
                "parameters": dg.MetadataValue.json(json.loads(row["parameters"])),
            },
        )


def _materializations(done: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> Iterator[dg.AssetMaterialization]:
    models = tables.get(plans.series_models.name)
    by_tenant = models.partition_by("tenant_id", as_dict=True, include_key=False) if models is not None else {}
    versions = tables.get(plans.model_versions.name)
    scores = dict(versions.select("tenant_id", "scores").iter_rows()) if versions is not None else {}
    for row in done.iter_rows(named=True):
        tenant = row["tenant_id"]
        yield dg.AssetMaterialization(
            asset_key=plans.retraining_runs.name,
            partition=tenant,
            metadata={name: row[name] or "" for name in ("retraining_id", "state", "reason", "new_version")},
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
