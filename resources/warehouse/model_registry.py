"""The model registry: publish, promote, roll back and prune model versions.

A version is champion of one span of planning instants, and at most one is champion of an instant. So the version that
is reinstated by a roll back is a copy with a span of its own. Models are read in ``models``; the state of retrainings
is in ``retrainings``.
"""
# ruff: noqa: S608 - names come from the schema, values are intervals of this module

from datetime import datetime, timedelta

import dataframely as dy
import polars as pl

from bakery_assets.cells import Frames
from bakery_assets.isolation import describe, isolate
from bakery_assets.local_time import INSTANT
from bakery_assets.retraining.batch import RetrainingResults
from bakery_assets.retraining.review import Verdicts
from bakery_assets.schemas import columns as col
from bakery_assets.schemas import conform
from bakery_assets.schemas import plans as plan_schemas
from resources.schema import metadata, plans
from resources.warehouse.connection import Bulk, Warehouse, frame_schema, insert_from

KEEP_RETIRED = timedelta(weeks=8)  # longer than any catch-up (14 days) or review (14 days) reaches back
KEEP_UNUSED_BOOSTERS = timedelta(days=7)  # a booster waits for the week's bakeries
REINSTATED = "~"  # in a version's name: a copy of the version before it, champion again


class Publications(RetrainingResults):
    """Results of retrainings to publish; a version whose state is ``promoted`` becomes champion."""

    champion_from = col.instant("First planning instant that a promoted version is used for")


class PublishedResults(dy.Schema):
    """Results of retrainings as recorded."""

    tenant_id = plan_schemas.RetrainingRuns.tenant_id
    retraining_id = plan_schemas.RetrainingRuns.retraining_id
    state = plan_schemas.RetrainingRuns.state
    reason = plan_schemas.RetrainingRuns.reason
    new_version = plan_schemas.RetrainingRuns.new_version


class ReinstatedVersions(dy.Schema):
    """Versions that are champion again after a roll back, and the names of their copies."""

    tenant_id = col.tenant_id()
    old_version = col.key_text("The version before the one that was rolled back")
    model_version = col.key_text("Its copy")


def add_booster(warehouse: Warehouse, booster: pl.DataFrame, trained_at: datetime) -> None:
    """Store a booster, of ``forecasting.fit_booster``; one that is there already is not stored again."""
    rows = booster.with_columns(trained_at=pl.lit(trained_at, INSTANT))
    with warehouse.bulk() as bulk:
        _insert(bulk, plans.boosters.name, rows, "ON CONFLICT DO NOTHING")


def publish(
    warehouse: Warehouse, results: dy.DataFrame[Publications], tables: Frames, *, finished_at: datetime, run_id: str
) -> dy.DataFrame[PublishedResults]:
    """Write versions, triggers and results of retrainings in one transaction, and promote champions.

    A version whose state is ``promoted`` is champion from ``champion_from`` on, and whichever was until then no
    longer. Where that instant is in the past and a later version has begun since, it is champion up to there only,
    and the present champion stays. What is not promoted is kept as a challenger. A version whose name is stored
    already is the same model again: nothing is written of it.

    Only retrainings that ``run_id`` still holds are written. Rows that the database refuses are isolated by
    halving, and their retraining has failed.

    Args:
        tables: model_versions, series_models (without the columns that are decided here) and retraining_triggers.
    """

    def write(some: pl.DataFrame, rows: Frames = tables) -> pl.DataFrame:
        return _publish(warehouse, some, rows, finished_at=finished_at, run_id=run_id)

    def refused(one: pl.DataFrame, error: Exception) -> pl.DataFrame:
        if one["state"][0] == "failed":
            raise error
        failed = one.with_columns(
            state=pl.lit("failed"), reason=pl.lit(f"publish: {describe(error)}"), new_version=None
        )
        return write(conform(Publications, failed), {})

    return conform(PublishedResults, pl.concat(isolate(results, write, refused)))


def _publish(
    warehouse: Warehouse, results: pl.DataFrame, tables: Frames, *, finished_at: datetime, run_id: str
) -> pl.DataFrame:
    moment = pl.lit(finished_at, INSTANT)
    own = {name: frame.join(results, on="tenant_id", how="semi") for name, frame in tables.items()}
    with warehouse.bulk() as bulk:
        bulk.put("outcome", results.with_columns(finished_at=moment, run_id=pl.lit(run_id)))
        bulk.run(
            "SELECT count(*) FROM (SELECT FROM plans.retraining_runs r JOIN outcome o USING (tenant_id, retraining_id)"
            " ORDER BY r.tenant_id, r.retraining_id FOR UPDATE OF r) locked"
        )
        bulk.run(
            "DELETE FROM outcome o USING plans.retraining_runs r WHERE r.tenant_id = o.tenant_id AND r.retraining_id"
            " = o.retraining_id AND (r.state <> 'running' OR r.dagster_run_id <> o.run_id)"
        )
        # Two retrainings of a tenant at the same time, or one and a roll back, come one after the other.
        bulk.run(
            "SELECT count(*) FROM (SELECT FROM ops.tenants t JOIN outcome o USING (tenant_id)"
            " ORDER BY t.tenant_id FOR NO KEY UPDATE OF t) locked"
        )
        bulk.run(
            "UPDATE outcome o SET state = 'not_better', new_version = NULL,"
            " reason = 'the training produced ' || o.new_version || ' again, which is stored already'"
            " FROM plans.model_versions m WHERE m.tenant_id = o.tenant_id AND m.model_version = o.new_version"
        )
        _insert_of(
            bulk,
            own,
            "model_versions",
            "new_version = n.model_version",
            {"role": pl.lit("challenger"), "trained_at": moment},
        )
        _insert_of(bulk, own, "series_models", "new_version = n.model_version")
        _insert_of(bulk, own, "retraining_triggers", "retraining_id = n.retraining_id")
        _promote(bulk)
        bulk.run(
            "UPDATE plans.retraining_runs r SET state = o.state, reason = o.reason, series = o.series,"
            " series_triggered = o.series_triggered, gate = o.gate::jsonb, old_version = o.old_version,"
            " new_version = o.new_version, backtest_wape_old = o.backtest_wape_old,"
            " backtest_wape_new = o.backtest_wape_new, finished_at = o.finished_at"
            " FROM outcome o WHERE r.tenant_id = o.tenant_id AND r.retraining_id = o.retraining_id"
        )
        return bulk.read(
            "SELECT tenant_id, retraining_id, state, reason, new_version FROM outcome ORDER BY tenant_id, retraining_id"
        )


def _promote(bulk: Bulk) -> None:
    """Give each promoted version its span, and end that of the version in force at its start."""
    bulk.run(
        "UPDATE outcome o SET old_version = m.model_version FROM plans.model_versions m"
        " WHERE o.state = 'promoted' AND m.tenant_id = o.tenant_id AND m.champion_from <= o.champion_from"
        " AND (m.champion_until IS NULL OR m.champion_until > o.champion_from)"
    )
    bulk.run(
        "UPDATE plans.model_versions m SET champion_until = o.champion_from,"
        " role = CASE m.role WHEN 'champion' THEN 'retired' ELSE m.role END FROM outcome o"
        " WHERE o.state = 'promoted' AND m.tenant_id = o.tenant_id AND m.model_version = o.old_version"
    )
    bulk.run(
        "UPDATE plans.model_versions m SET champion_from = o.champion_from, champion_until = next.champion_from,"
        " role = CASE WHEN next.champion_from IS NULL THEN 'champion' ELSE 'retired' END"
        " FROM (SELECT o.tenant_id, o.new_version, o.champion_from FROM outcome o WHERE o.state = 'promoted') o"
        " LEFT JOIN LATERAL (SELECT min(later.champion_from) AS champion_from FROM plans.model_versions later"
        " WHERE later.tenant_id = o.tenant_id AND later.champion_from > o.champion_from"
        " AND (later.champion_until IS NULL OR later.champion_until > later.champion_from)) next ON true"
        " WHERE m.tenant_id = o.tenant_id AND m.model_version = o.new_version"
    )


def record_verdicts(
    warehouse: Warehouse, verdicts: dy.DataFrame[Verdicts], now: datetime
) -> dy.DataFrame[ReinstatedVersions]:
    """Write what reviews found, and roll back versions that did worse: the version before them is champion again.

    Where there was none, the tenant has no champion, and its forecasts come from the fallbacks.
    """
    with warehouse.bulk() as bulk:
        bulk.put("verdicts", verdicts.with_columns(now=pl.lit(now, INSTANT)))
        bulk.run(
            "SELECT count(*) FROM (SELECT FROM ops.tenants t WHERE t.tenant_id IN (SELECT tenant_id FROM verdicts)"
            " ORDER BY t.tenant_id FOR NO KEY UPDATE OF t) locked"
        )
        _roll_back(bulk)
        bulk.run(
            "UPDATE plans.retraining_runs r SET days_reviewed = v.days_reviewed, live_wape_old = v.live_wape_old,"
            " live_wape_new = v.live_wape_new, reason = coalesce(v.reason, r.reason),"
            " state = CASE WHEN v.state = 'rolled_back' AND e.tenant_id IS NULL THEN 'not_better' ELSE v.state END"
            " FROM verdicts v LEFT JOIN ended e USING (tenant_id, retraining_id)"
            " WHERE r.tenant_id = v.tenant_id AND r.retraining_id = v.retraining_id AND r.state = 'promoted'"
        )
        reinstated = bulk.read(
            "SELECT tenant_id, old_version, model_version FROM ended WHERE old_version IS NOT NULL ORDER BY tenant_id"
        )
    return conform(ReinstatedVersions, reinstated)


def _roll_back(bulk: Bulk) -> None:
    """End the champions that are rolled back, as the table ``ended``, and reinstate copies of those before them."""
    bulk.run(
        "CREATE TEMPORARY TABLE ended AS SELECT v.tenant_id, v.retraining_id, r.old_version, r.new_version, v.now,"
        f" split_part(r.old_version, '{REINSTATED}', 1) || '{REINSTATED}'"
        " || to_char(v.now AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISS') AS model_version"
        " FROM verdicts v JOIN plans.retraining_runs r USING (tenant_id, retraining_id)"
        " JOIN plans.model_versions m ON m.tenant_id = v.tenant_id AND m.model_version = r.new_version"
        # Another version may have become champion since the verdict was found, or the old one been deleted.
        " WHERE v.state = 'rolled_back' AND r.state = 'promoted' AND m.role = 'champion'"
        " AND (r.old_version IS NULL OR EXISTS (SELECT FROM plans.model_versions b"
        " WHERE b.tenant_id = v.tenant_id AND b.model_version = r.old_version))"
    )
    bulk.run(
        "UPDATE plans.model_versions m SET role = 'rolled_back', champion_until = greatest(e.now, m.champion_from)"
        " FROM ended e WHERE m.tenant_id = e.tenant_id AND m.model_version = e.new_version"
    )
    changed = {"model_version": "e.model_version", "role": "'champion'", "champion_from": "e.now",
               "champion_until": "NULL"}  # fmt: skip
    for table in (plans.model_versions, plans.series_models):
        names = [column.name for column in table.columns]
        copied = ", ".join(changed.get(name, f"m.{name}") for name in names)
        bulk.run(
            f"INSERT INTO {table.fullname} ({', '.join(names)}) SELECT {copied} FROM {table.fullname} m"
            " JOIN ended e ON m.tenant_id = e.tenant_id AND m.model_version = e.old_version"
        )


def prune(warehouse: Warehouse, now: datetime) -> None:
    """Delete versions out of use for ``KEEP_RETIRED``, and boosters that no version uses any more.

    A version trained recently for a day long past is kept as long, whenever its span has ended.
    """
    with warehouse.bulk() as bulk:
        bulk.put("moment", pl.DataFrame({"now": [now]}, schema={"now": INSTANT}))
        bulk.run(
            "DELETE FROM plans.model_versions m USING moment n WHERE m.role <> 'champion'"
            " AND greatest(m.champion_until, m.trained_at)"
            f" < n.now - interval '{KEEP_RETIRED.days} days'"
        )
        bulk.run(
            "DELETE FROM plans.boosters b USING moment n WHERE NOT EXISTS"
            " (SELECT FROM plans.model_versions m WHERE m.booster_id = b.booster_id)"
            f" AND b.trained_at < n.now - interval '{KEEP_UNUSED_BOOSTERS.days} days'"
        )


def _insert_of(bulk: Bulk, tables: Frames, name: str, condition: str, added: dict[str, pl.Expr] | None = None) -> None:
    """Insert the rows of retrainings that are still held."""
    frame = tables.get(name)
    if frame is None or frame.is_empty():
        return
    rows = frame.with_columns(**(added or {}))
    where = f"WHERE EXISTS (SELECT FROM outcome o WHERE o.tenant_id = n.tenant_id AND o.{condition})"
    _insert(bulk, name, rows, where)


def _insert(bulk: Bulk, name: str, rows: pl.DataFrame, rest: str) -> None:
    table = metadata.tables[f"plans.{name}"]
    types = frame_schema(table)
    columns = [column for column in types if column in rows.columns]
    bulk.put(f"new_{name}", rows.select(columns).cast({column: types[column] for column in columns}))
    bulk.run(f"{insert_from(f'new_{name}', table, columns)} n {rest}")
