"""The review of promoted models as Dagster runs it: a version that does worse than the one before it is rolled back.

Both versions forecast each morning since the promotion as of that morning, by the same stage that plans the day. What
is compared and how it is decided is in ``bakery_assets.retraining.review``.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import cast

import dagster as dg
import dataframely as dy
import polars as pl

from bakery_assets.assets.retraining import keys_of, names_of
from bakery_assets.cells import Cell, Frames, local_cells, rounds
from bakery_assets.local_time import in_known_zones
from bakery_assets.planning_day import MODELS, STAGES, facts_and_plans_read
from bakery_assets.retraining.review import (
    REVIEW_DAYS,
    LiveComparison,
    LiveForecasts,
    Promotions,
    ReviewDays,
    compare_live,
    days_under_review,
    open_reviews,
    promotion_verdicts,
    review_days,
)
from bakery_assets.schemas import conform, ops
from bakery_assets.settings import settings
from bakery_assets.stages import run_stage
from bakery_assets.visible_text import visible
from resources.clock import Clock
from resources.dagster_storage import keep_connections
from resources.schema import plans
from resources.warehouse import Warehouse, read_plans, read_snapshot, retrainings
from resources.warehouse.facts import read_known
from resources.warehouse.model_registry import prune, record_verdicts
from resources.warehouse.models import read_named_versions
from resources.warehouse.planning_facts import read_planning_instants
from resources.warehouse.quarantine import forget_older
from resources.warehouse.retrainings import Key

FORECAST = next(stage for stage in STAGES if stage.name == "demand_forecasts")
MAX_RUNTIME_SECONDS = 3_600


class ReviewConfig(dg.Config):
    """Promotions to review, as ``tenant/retraining``."""

    retrainings: list[str]

    @property
    def keys(self) -> list[Key]:
        """The promotions."""
        return keys_of(self.retrainings)


@dg.op(
    out=dg.Out(dg.Nothing),
    description="Compares promoted versions with those before them on the days since, and rolls back worse ones.",
)
def review(
    context: dg.OpExecutionContext,
    config: ReviewConfig,
    warehouse: dg.ResourceParam[Warehouse],
    clock: dg.ResourceParam[Clock],
) -> None:
    """Compare, decide and record; then delete what is out of use, and of the quarantine what has been kept its time."""
    keep_connections(context.instance)
    now = clock.now()
    # A time zone that does not exist must not keep all others from their review.
    promotions = conform(Promotions, in_known_zones(retrainings.promotions(warehouse, config.keys)))
    if promotions.height:
        compared = _compare(context, warehouse, promotions, now)
        verdicts = promotion_verdicts(open_reviews(promotions, now), compared)
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
    forget_older(warehouse, now - timedelta(days=settings().quarantine_days))


def _compare(
    context: dg.OpExecutionContext, warehouse: Warehouse, promotions: dy.DataFrame[Promotions], now: datetime
) -> dy.DataFrame[LiveComparison]:
    """What both versions forecast each morning, and what sold."""
    past = days_under_review(promotions, now)
    with warehouse.bulk(isolation="REPEATABLE READ") as bulk:
        days = review_days(promotions, past, read_planning_instants(bulk, past))
    old, new = _forecasts(context, warehouse, promotions, days)
    zones = promotions.select("tenant_id", "timezone", planned_as_of=pl.lit(now)).unique()
    # A version that is reviewed late is compared on days longer past.
    earliest = min(promotions["champion_from"].to_list())
    reach = (now.date() - earliest.date()).days + REVIEW_DAYS
    sales = read_known(warehouse, local_cells(zones), ["sales"], reach)["sales"]
    return compare_live(old, new, cast(dy.DataFrame[ops.Sales], sales), days)


def _forecasts(
    context: dg.OpExecutionContext,
    warehouse: Warehouse,
    promotions: dy.DataFrame[Promotions],
    days: dy.DataFrame[ReviewDays],
) -> tuple[dy.DataFrame[LiveForecasts], dy.DataFrame[LiveForecasts]]:
    """What the old and the new versions forecast on the days of the review, as known each morning."""
    cells = [Cell(*row) for row in days.select("tenant_id", "plan_date").iter_rows()]
    facts, tables = facts_and_plans_read([FORECAST])
    snapshot = read_snapshot(warehouse, cells, facts, settings().history_days)
    versions = {
        age: promotions.select("tenant_id", "retraining_id", model_version=f"{age}_version") for age in ("old", "new")
    }
    models = {age: read_named_versions(warehouse, named) for age, named in versions.items()}
    made: dict[str, list[pl.DataFrame]] = {"old": [], "new": []}
    for members in rounds(cells):
        current, frames = snapshot.of(members)
        frames |= read_plans(warehouse, current, tables - set(MODELS))
        reviewed = current.join(days, on=["tenant_id", "plan_date"]).select("tenant_id", "retraining_id")
        for age, named in versions.items():
            chosen = named.join(reviewed, on=["tenant_id", "retraining_id"], how="semi")
            outcome = run_stage(FORECAST, {**frames, **_of_versions(models[age], chosen)}, current)
            for cell, why in outcome.failed.items():
                context.log.warning(f"{cell.tenant_id} {cell.plan_date} is not compared: {visible(why.reason)}")
            if outcome.tables:
                forecasts = outcome.tables[FORECAST.name]
                made[age].append(forecasts.filter(pl.col("target_date") == pl.col("plan_date")))
    return _live(made["old"]), _live(made["new"])


def _of_versions(models: Frames, versions: pl.DataFrame) -> dict[str, pl.DataFrame]:
    key = ["tenant_id", "model_version"]
    return {
        name: frame.join(versions, on=key, how="semi") if "tenant_id" in frame.columns else frame
        for name, frame in models.items()
    }


def _live(forecasts: list[pl.DataFrame]) -> dy.DataFrame[LiveForecasts]:
    names = LiveForecasts.column_names()
    parts = [LiveForecasts.create_empty(), *forecasts]
    return conform(LiveForecasts, pl.concat([part.select(names) for part in parts]))


@dg.job(
    description="Compares promoted models with those before them on the days since, and rolls back worse ones.",
    tags={"dagster/max_runtime": str(MAX_RUNTIME_SECONDS), "dagster/max_retries": "0"},
    executor_def=dg.in_process_executor,
)
def review_models() -> None:
    """One op does it all."""
    review()


def review_config(keys: Collection[Key]) -> Mapping[str, object]:
    """Run configuration of a review."""
    return {"ops": {"review": {"config": ReviewConfig(retrainings=names_of(keys)).model_dump()}}}
