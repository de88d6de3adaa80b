"""The review of promoted models: a version that does worse than the one before it is sent back by itself.

Both versions forecast each morning since the promotion as of that morning, by the same stage that plans the day.
"""

from collections.abc import Collection, Mapping
from typing import Any

import dagster as dg
import polars as pl

from bakery_assets.assets.retraining import keys_of, names_of
from bakery_assets.cells import Cell, Frames, local_cells, rounds
from bakery_assets.local_time import in_known_zones
from bakery_assets.planning_day import MODELS, MORNING, facts_and_plans_read, run_stage
from bakery_assets.retraining.review import REVIEW_DAYS, compare_live, judge, mornings, runs_to_judge
from bakery_assets.settings import settings
from resources.clock import Clock
from resources.dagster_storage import keep_connections
from resources.schema import plans
from resources.warehouse import Warehouse, read_plans, read_snapshot, retrainings
from resources.warehouse.facts import read_known
from resources.warehouse.model_registry import prune, record_verdicts
from resources.warehouse.models import read_versions
from resources.warehouse.retrainings import Key

FORECAST = MORNING[0]
MAX_RUNTIME_SECONDS = 3_600


class ReviewConfig(dg.Config):
    """Promotions to judge, as ``tenant/retraining``."""

    retrainings: list[str]

    @property
    def keys(self) -> list[Key]:
        """The promotions."""
        return keys_of(self.retrainings)


@dg.op(out=dg.Out(dg.Nothing), description="Judges promoted versions by the days since, and sends worse ones back.")
def review(
    context: dg.OpExecutionContext,
    config: ReviewConfig,
    warehouse: dg.ResourceParam[Warehouse],
    clock: dg.ResourceParam[Clock],
) -> None:
    """Compare, judge and record; then delete versions and trees that nobody needs any more."""
    keep_connections(context.instance)
    now = clock.now()
    promotions = retrainings.promotions(warehouse, config.keys)
    # A zone that nobody knows any more must not keep all others from their review.
    promotions = in_known_zones(promotions)
    if promotions.height:
        verdicts = judge(runs_to_judge(promotions, now), _compared(context, warehouse, promotions, now))
        for row in verdicts.filter(pl.col("state") != "promoted").iter_rows(named=True):
            context.log.info(f"{row['tenant_id']} {row['retraining_id']} {row['state']}: {row['reason']}")
            context.log_event(
                dg.AssetMaterialization(
                    asset_key=plans.retraining_runs.name,
                    partition=row["tenant_id"],
                    metadata={name: row[name] or "" for name in ("retraining_id", "state", "reason")},
                )
            )
        for row in record_verdicts(warehouse, verdicts, now).iter_rows(named=True):
            context.log_event(
                dg.AssetMaterialization(
                    asset_key=plans.model_versions.name,
                    partition=row["tenant_id"],
                    metadata={"model_version": row["model_version"], "copy_of": row["old_version"]},
                )
            )
    prune(warehouse, now)


def _compared(context: dg.OpExecutionContext, warehouse: Warehouse, promotions: pl.DataFrame, now: Any) -> pl.DataFrame:
    """What both versions would have said each morning, and what sold: of ``compare_live``, with ``retraining_id``."""
    days = mornings(promotions, now)
    cells = [Cell(*row) for row in days.select("tenant_id", "plan_date").iter_rows()]
    facts, tables = facts_and_plans_read([FORECAST])
    snapshot = read_snapshot(warehouse, cells, facts, settings().history_days)
    names = {
        which: promotions.select("tenant_id", "retraining_id", model_version=f"{which}_version")
        for which in ("old", "new")
    }
    models = {which: read_versions(warehouse, versions) for which, versions in names.items()}
    made: dict[str, list[pl.DataFrame]] = {"old": [], "new": []}
    for members in rounds(cells):
        current, frames = snapshot.of(members)
        frames |= read_plans(warehouse, current, tables - set(MODELS))
        runs = current.join(days, on=["tenant_id", "plan_date"]).select("tenant_id", "retraining_id")
        for which, versions in names.items():
            chosen = versions.join(runs, on=["tenant_id", "retraining_id"], how="semi")
            outcome = run_stage(FORECAST, {**frames, **_of(models[which], chosen)}, current)
            for cell, why in outcome.failed.items():
                context.log.warning(f"{cell.tenant_id} {cell.plan_date} is not compared: {why.reason}")
            if outcome.tables:
                forecasts = outcome.tables[FORECAST.name]
                made[which].append(forecasts.filter(pl.col("target_date") == pl.col("plan_date")))
    zones = promotions.select("tenant_id", "timezone", planned_as_of=pl.lit(now)).unique()
    # A version that was reviewed late is compared on days longer past.
    reach = (now.date() - promotions["champion_from"].dt.date().min()).days + REVIEW_DAYS
    sales = read_known(warehouse, local_cells(zones), ["sales"], reach)["sales"]
    old, new = (_stacked(made[which]) for which in ("old", "new"))
    return compare_live(old, new, sales).join(
        days.select("tenant_id", "retraining_id", target_date="plan_date"), on=["tenant_id", "target_date"]
    )


def _of(models: Frames, versions: pl.DataFrame) -> dict[str, pl.DataFrame]:
    key = ["tenant_id", "model_version"]
    return {
        name: frame.join(versions, on=key, how="semi") if "tenant_id" in frame.columns else frame
        for name, frame in models.items()
    }


def _stacked(forecasts: list[pl.DataFrame]) -> pl.DataFrame:
    columns = {
        "tenant_id": pl.String(),
        "target_date": pl.Date(),
        "location_id": pl.String(),
        "product_id": pl.String(),
        "system_yhat": pl.Float64(),
    }
    return pl.concat([pl.DataFrame(schema=columns), *(frame.select(list(columns)) for frame in forecasts)])


@dg.job(
    description="Judges promoted models by the days since, and sends back those that did worse.",
    tags={"dagster/max_runtime": str(MAX_RUNTIME_SECONDS)},
    executor_def=dg.in_process_executor,
)
def review_models() -> None:
    """One op: what it does needs no more."""
    review()


def review_config(keys: Collection[Key]) -> Mapping[str, object]:
    """Run configuration of a review."""
    return {"ops": {"review": {"config": ReviewConfig(retrainings=names_of(keys)).model_dump()}}}
