"""The state of retrainings: who requested one, which run does it, how it ended; which promotions are under review.

When a retraining is due is decided in ``bakery_assets.due.retraining``; its models are written in ``model_registry``.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

import dataframely as dy
import polars as pl
from sqlalchemy import ColumnElement, Function, Over, Select, and_, case, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from bakery_assets.due.retraining import ScheduledRetraining
from bakery_assets.retraining.batch import StartedRetrainings
from bakery_assets.retraining.review import Promotions
from bakery_assets.schemas import conform
from resources.schema import ops, plans
from resources.warehouse.connection import Warehouse

Key = tuple[str, str]  # tenant and retraining

_RUNS = plans.retraining_runs
_KEY = tuple_(_RUNS.c.tenant_id, _RUNS.c.retraining_id)
_UNFINISHED = _RUNS.c.state.in_(("requested", "running"))


def request(
    warehouse: Warehouse,
    retrainings: Collection[Key],
    *,
    requested_by: str,
    requested_at: datetime,
    trained_as_of: Mapping[str, datetime],
) -> set[Key]:
    """Request retrainings; returns those that this call has requested. Each is requested by one caller only.

    Args:
        requested_by: ``schedule`` or ``person``.
        trained_as_of: by tenant, the instant up to which facts count.
    """
    if not retrainings:
        return set()
    rows = [
        {
            "tenant_id": tenant,
            "retraining_id": retraining,
            "state": "requested",
            "requested_by": requested_by,
            "requested_at": requested_at,
            "trained_as_of": trained_as_of[tenant],
            "series": 0,
            "series_triggered": 0,
        }
        for tenant, retraining in sorted(retrainings)
    ]
    statement = insert(_RUNS).values(rows).on_conflict_do_nothing()
    with warehouse.engine.begin() as connection:
        made = connection.execute(statement.returning(_RUNS.c.tenant_id, _RUNS.c.retraining_id))
        return {(tenant, retraining) for tenant, retraining in made}


def start(warehouse: Warehouse, retrainings: Collection[Key], run_id: str) -> dy.DataFrame[StartedRetrainings]:
    """Have a run take on requested retrainings; those that no other run has started or ended."""
    started = (
        _RUNS.update()
        .where(_KEY.in_(sorted(retrainings)), _UNFINISHED, or_(_RUNS.c.state == "requested", _of_run(run_id)))
        .values(state="running", dagster_run_id=run_id)
        .returning(_RUNS.c.tenant_id, _RUNS.c.retraining_id, _RUNS.c.requested_by, _RUNS.c.trained_as_of)
        .cte("started")
    )
    query = select(started, ops.tenants.c.timezone).join(ops.tenants, ops.tenants.c.tenant_id == started.c.tenant_id)
    with warehouse.engine.begin() as connection:
        rows = [tuple(row) for row in connection.execute(query.order_by(started.c.tenant_id))]
    return conform(StartedRetrainings, pl.DataFrame(rows, schema=pl.Schema(StartedRetrainings), orient="row"))


def scheduled(warehouse: Warehouse, since: datetime) -> list[ScheduledRetraining]:
    """Retrainings that the schedule has requested from ``since`` on, and with how many others each has died."""

    def of_run(expression: Function[Any]) -> Over[Any]:
        return expression.over(partition_by=_RUNS.c.dagster_run_id)

    # A run that dies leaves all that it had started failed, and all for one reason.
    died = and_(
        _RUNS.c.dagster_run_id.is_not(None),
        of_run(func.bool_and(_RUNS.c.state == "failed")),
        of_run(func.min(_RUNS.c.reason)) == of_run(func.max(_RUNS.c.reason)),
    )
    died_with = case((died, of_run(func.count())))
    query = select(_RUNS.c.tenant_id, _RUNS.c.state, _RUNS.c.requested_at, died_with).where(
        _RUNS.c.requested_by == "schedule", _RUNS.c.requested_at >= since
    )
    with warehouse.engine.connect() as connection:
        return [ScheduledRetraining(*row) for row in connection.execute(query)]


def fail_started(warehouse: Warehouse, run_id: str, reason: str, now: datetime) -> None:
    """Record as failed the retrainings that a dead run has started and not ended."""
    _fail(warehouse, and_(_UNFINISHED, _of_run(run_id)), reason, now)


def fail_unstarted(warehouse: Warehouse, retrainings: Collection[Key], reason: str, now: datetime) -> None:
    """Record as failed those of ``retrainings`` that no run has started."""
    _fail(warehouse, and_(_RUNS.c.state == "requested", _KEY.in_(sorted(retrainings))), reason, now)


def fail_orphaned(warehouse: Warehouse, under_way: Collection[Key], claim_for: timedelta, now: datetime) -> None:
    """Record as failed the unfinished retrainings that were requested ``claim_for`` ago or earlier and have no run.

    Args:
        under_way: retrainings of queued and running runs.
    """
    orphaned = and_(_UNFINISHED, _RUNS.c.requested_at <= now - claim_for)
    if under_way:
        orphaned = and_(orphaned, _KEY.not_in(sorted(under_way)))
    _fail(warehouse, orphaned, "its run is gone", now)


def outcomes(warehouse: Warehouse, retrainings: Collection[Key]) -> list[dict[str, object]]:
    """Rows of retraining_runs as dictionaries, by tenant."""
    query = select(_RUNS).where(_KEY.in_(sorted(retrainings))).order_by(_RUNS.c.tenant_id, _RUNS.c.retraining_id)
    with warehouse.engine.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def triggers_by_kind(warehouse: Warehouse, retrainings: Collection[Key]) -> dict[str, dict[str, int]]:
    """Series by kind of trigger, by tenant."""
    table = plans.retraining_triggers.c
    query = (
        select(table.tenant_id, table.kind, func.count())
        .where(tuple_(table.tenant_id, table.retraining_id).in_(sorted(retrainings)))
        .group_by(table.tenant_id, table.kind)
    )
    return _counted(warehouse, query)


def models_by_name(warehouse: Warehouse, retrainings: Collection[Key]) -> dict[str, dict[str, int]]:
    """Series by model of the new versions, by tenant."""
    table = plans.series_models.c
    query = (
        select(table.tenant_id, table.model, func.count())
        .join(_RUNS, and_(_RUNS.c.tenant_id == table.tenant_id, _RUNS.c.new_version == table.model_version))
        .where(_KEY.in_(sorted(retrainings)))
        .group_by(table.tenant_id, table.model)
    )
    return _counted(warehouse, query)


def under_review(warehouse: Warehouse) -> list[Key]:
    """Promotions without a verdict."""
    query = select(_RUNS.c.tenant_id, _RUNS.c.retraining_id).where(_RUNS.c.state == "promoted")
    with warehouse.engine.connect() as connection:
        return [(tenant, run) for tenant, run in connection.execute(query.order_by(*query.selected_columns))]


def promotions(warehouse: Warehouse, retrainings: Collection[Key]) -> dy.DataFrame[Promotions]:
    """Those of ``retrainings`` that are under review."""
    version, tenant = plans.model_versions.c, ops.tenants.c
    query = (
        select(
            _RUNS.c.tenant_id,
            _RUNS.c.retraining_id,
            _RUNS.c.old_version,
            _RUNS.c.new_version,
            version.champion_from,
            version.champion_until,
            tenant.timezone,
        )
        .join(tenant.tenant_id.table, tenant.tenant_id == _RUNS.c.tenant_id)
        .join(
            plans.model_versions,
            and_(version.tenant_id == _RUNS.c.tenant_id, version.model_version == _RUNS.c.new_version),
        )
        .where(_KEY.in_(sorted(retrainings)), _RUNS.c.state == "promoted")
        .order_by(_RUNS.c.tenant_id, _RUNS.c.retraining_id)
    )
    with warehouse.engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(query)]
    return conform(Promotions, pl.DataFrame(rows, schema=pl.Schema(Promotions), orient="row"))


def _counted(warehouse: Warehouse, query: Select[tuple[str, str, int]]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    with warehouse.engine.connect() as connection:
        for tenant, name, count in connection.execute(query):
            found.setdefault(tenant, {})[name] = count
    return found


def _fail(warehouse: Warehouse, which: ColumnElement[bool], reason: str, now: datetime) -> None:
    with warehouse.engine.begin() as connection:
        connection.execute(_RUNS.update().where(which).values(state="failed", reason=reason, finished_at=now))


def _of_run(run_id: str) -> ColumnElement[bool]:
    return _RUNS.c.dagster_run_id == run_id
