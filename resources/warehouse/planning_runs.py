"""State of cells: which are claimed, planned or failed, and by whom; and the tenants as schedules need them.

Requests to validate a cell again are in ``revalidation``, the outcome of a run is recorded with its rows in ``plans``.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl
from sqlalchemy import (
    ColumnElement,
    Date,
    Text,
    and_,
    case,
    column,
    func,
    literal,
    not_,
    or_,
    select,
    text,
    tuple_,
    values,
)
from sqlalchemy.dialects.postgresql import insert

from bakery_assets.briefing.planning_failures import PlanningFailures
from bakery_assets.cells import Cell
from bakery_assets.due.planning import CellState, Tenant
from bakery_assets.due.waves import half
from bakery_assets.local_time import INSTANT
from bakery_assets.schemas import conform
from resources.schema import ops, plans
from resources.warehouse.alerts import record_failures, update_alerts
from resources.warehouse.connection import Warehouse

_RUNS = plans.planning_runs
# What a later read sees for certain: every transaction below this has ended.
_ENDED = text("pg_snapshot_xmin(pg_current_snapshot())")


def tenants(warehouse: Warehouse) -> list[Tenant]:
    """Every tenant, ordered by its id."""
    table = ops.tenants.c
    first_planned = select(func.min(_RUNS.c.plan_date)).where(_RUNS.c.tenant_id == table.tenant_id).scalar_subquery()
    query = select(table.tenant_id, table.timezone, table.tier, table.status, first_planned)
    with warehouse.engine.connect() as connection:
        return [Tenant(*row) for row in connection.execute(query.order_by(table.tenant_id))]


def registered(warehouse: Warehouse, *, cancelled: bool = False) -> list[str]:
    """Tenants that have a partition: all but the cancelled ones, where these are not wanted, too."""
    with warehouse.engine.connect() as connection:
        query = select(ops.tenants.c.tenant_id).where(or_(ops.tenants.c.status != "cancelled", literal(cancelled)))
        return list(connection.execute(query.order_by(ops.tenants.c.tenant_id)).scalars())


def cell_states(warehouse: Warehouse, since: date) -> dict[Cell, CellState]:
    """Cells started for dates from ``since`` on."""
    query = select(_RUNS.c.tenant_id, _RUNS.c.plan_date, _RUNS.c.status, _RUNS.c.claimed_at, _RUNS.c.largest_wave)
    with warehouse.engine.connect() as connection:
        rows = connection.execute(query.where(_RUNS.c.plan_date >= since))
        return {
            Cell(tenant, plan_date): CellState(status, claimed_at, largest_wave)
            for tenant, plan_date, status, claimed_at, largest_wave in rows
        }


def closed_cells(warehouse: Warehouse, since: date, until: date) -> set[Cell]:
    """Days in [since, until] on which a whole bakery is closed by its calendar."""
    table = ops.calendar.c
    query = select(table.tenant_id, table.date).where(
        table.kind == "closed", table.product_id.is_(None), table.date.between(since, until)
    )
    with warehouse.engine.connect() as connection:
        return {Cell(tenant, closed) for tenant, closed in connection.execute(query)}


def claim(warehouse: Warehouse, cells: Collection[Cell], now: datetime, claim_for: timedelta, holder: str) -> set[Cell]:
    """Claim due cells for ``holder``; returns those this call won. A cell is won by one caller only.

    A cell that was claimed less than ``claim_for`` ago, or planned or failed in the meantime, is not won.
    """
    stale = and_(_RUNS.c.status == "claimed", _RUNS.c.claimed_at <= now - claim_for)
    return _begin(warehouse, cells, now, holder, only=or_(stale, _RUNS.c.status == "partial"))


def begin(
    warehouse: Warehouse, cells: Collection[Cell], now: datetime, run_id: str, *, by_person: bool = False
) -> set[Cell]:
    """Record that a run plans cells on request, whatever their state; a planned cell stays planned.

    Args:
        by_person: it does not count as an attempt; the automatic ones are left for when the person has mended it.

    Returns:
        The cells whose tenant exists.
    """
    return _begin(warehouse, cells, now, run_id, only=None, counted=not by_person)


def reclaim(
    warehouse: Warehouse, cells: Collection[Cell], now: datetime, claim_for: timedelta, run_id: str
) -> set[Cell]:
    """As ``begin``, but cells that another run is planning are left to it: it is going to read the newest facts."""
    is_free = or_(_RUNS.c.status != "claimed", _RUNS.c.claimed_at <= now - claim_for)
    return _begin(warehouse, cells, now, run_id, only=is_free)


def release_claims(warehouse: Warehouse, run_id: str, cells: Collection[Cell] | None = None) -> None:
    """Release what a run had begun and did not finish, of ``cells`` or all; requests for them stay open."""
    held = and_(_RUNS.c.status == "claimed", _RUNS.c.claimed_by == run_id)
    if cells is not None:
        held = and_(held, _of(cells))
    with warehouse.engine.begin() as connection:
        connection.execute(_RUNS.update().where(held).values(status="partial"))


def transfer_claims(
    warehouse: Warehouse, cells: Collection[Cell], now: datetime, holder: str, run_id: str
) -> set[Cell]:
    """Transfer the cells that ``holder`` has claimed to the run that plans them; returns those it still had."""
    held = and_(_of(cells), _RUNS.c.status.in_(("claimed", "partial")), _RUNS.c.claimed_by.in_((holder, run_id)))
    statement = _RUNS.update().where(held).values(claimed_by=run_id, claimed_at=now, started_xid=_ENDED)
    with warehouse.engine.begin() as connection:
        return {Cell(*row) for row in connection.execute(statement.returning(_RUNS.c.tenant_id, _RUNS.c.plan_date))}


def void_abandoned_claims(
    warehouse: Warehouse, holder_prefix: str, cells_under_way: Collection[Cell], claimed_before: datetime
) -> None:
    """Void claims that a holder named so made before an instant, and of which no run came; they are due again at once.

    Args:
        cells_under_way: those of runs that are queued or running; a tick that died may have started some of its runs.
    """
    abandoned = and_(
        _RUNS.c.status == "claimed",
        _RUNS.c.claimed_by.startswith(holder_prefix, autoescape=True),
        not_(_of(cells_under_way)),
        _RUNS.c.claimed_at < claimed_before,
    )
    with warehouse.engine.begin() as connection:
        connection.execute(_RUNS.update().where(abandoned).values(claimed_at=func.to_timestamp(0)))


def fail_claims(
    warehouse: Warehouse,
    holders: Collection[str],
    attempts: int,
    reason: str,
    now: datetime,
    *,
    cells: Collection[Cell] | None = None,
) -> None:
    """Void the claims of ``holders`` that died: those on ``cells``, or all.

    The cells are due again at once. After ``attempts`` tries the cells of a wave go into waves of half its size, until
    the cell that kills its wave is alone and has failed. One more try is then left to it in a run of its own, in case
    it was the machine that died so often.

    Args:
        cells: of the wave; None: the holder's cells are planned by nothing else, and fail after ``attempts`` tries.
    """
    with warehouse.bulk() as bulk:
        bulk.put("holders", pl.DataFrame({"holder": sorted(holders)}, schema={"holder": pl.String}))
        died = "r.status = 'claimed' AND r.claimed_by IN (SELECT holder FROM holders)"
        in_halves = cells is not None and len(cells) > 1
        if cells is not None:
            wanted = [(cell.tenant_id, cell.plan_date) for cell in sorted(cells)]
            bulk.put(
                "wanted", pl.DataFrame(wanted, schema={"tenant_id": pl.String, "plan_date": pl.Date}, orient="row")
            )
            died += " AND (r.tenant_id, r.plan_date) IN (SELECT tenant_id, plan_date FROM wanted)"
        failed = bulk.read(
            "SELECT r.tenant_id, r.plan_date, t.timezone, r.planned_as_of FROM plans.planning_runs r"  # noqa: S608
            f" JOIN ops.tenants t USING (tenant_id) WHERE {died} AND r.attempts >= {attempts:d} AND NOT {in_halves}"
            " ORDER BY r.tenant_id, r.plan_date FOR UPDATE OF r"
        )
        failures = conform(PlanningFailures, failed.with_columns(stage=pl.lit("run"), reason=pl.lit(reason)))
        bulk.put("failures", failures.with_columns(failed_at=pl.lit(now, INSTANT)))
        bulk.run(
            "UPDATE plans.planning_runs r SET status = 'failed', failed_stage = f.stage, reason = f.reason,"  # noqa: S608
            f" finished_at = f.failed_at, attempts = {attempts - 1:d}, largest_wave = NULL FROM failures f"
            " WHERE r.tenant_id = f.tenant_id AND r.plan_date = f.plan_date"
        )
        if cells is not None and in_halves:
            bulk.run(
                f"UPDATE plans.planning_runs r SET largest_wave = {half(len(cells)):d}"  # noqa: S608
                f" WHERE {died} AND r.attempts >= {attempts:d}"
            )
        bulk.run(f"UPDATE plans.planning_runs r SET claimed_at = to_timestamp(0) WHERE {died}")  # noqa: S608
        if failures.height:
            record_failures(bulk, failures)
            ended = failures.select("tenant_id", "plan_date", "planned_as_of")
            update_alerts(bulk, ended.with_columns(succeeded=pl.lit(value=False), has_findings=pl.lit(value=False)))


@dataclass(frozen=True)
class FailedCell:
    """A cell that could not be planned.

    Attributes:
        run_id: the run that said so; None: it was a run that died.
        has_attempts: it is tried again by itself.
    """

    cell: Cell
    failed_at: datetime
    run_id: str | None
    has_attempts: bool


def failed_cells(warehouse: Warehouse, attempts: int, failed_since: datetime) -> list[FailedCell]:
    """Failed cells that were started fewer than ``attempts`` times or have failed since an instant."""
    has_attempts = _RUNS.c.attempts < attempts
    query = (
        select(_RUNS.c.tenant_id, _RUNS.c.plan_date, _RUNS.c.finished_at, _RUNS.c.dagster_run_id, has_attempts)
        .where(_RUNS.c.status == "failed", or_(has_attempts, _RUNS.c.finished_at >= failed_since))
        .order_by(_RUNS.c.plan_date, _RUNS.c.tenant_id)
    )
    with warehouse.engine.connect() as connection:
        return [FailedCell(Cell(tenant, plan_date), *rest) for tenant, plan_date, *rest in connection.execute(query)]


def failure_reasons(warehouse: Warehouse, cells: Collection[Cell]) -> dict[Cell, str]:
    """Why those of ``cells`` that failed did."""
    query = select(_RUNS.c.tenant_id, _RUNS.c.plan_date, _RUNS.c.failed_stage, _RUNS.c.reason).where(
        _RUNS.c.status == "failed", _of(cells)
    )
    with warehouse.engine.connect() as connection:
        return {
            Cell(tenant, plan_date): f"{stage}: {reason}"
            for tenant, plan_date, stage, reason in connection.execute(query)
        }


def _begin(
    warehouse: Warehouse,
    cells: Collection[Cell],
    now: datetime,
    holder: str,
    only: ColumnElement[bool] | None,
    *,
    counted: bool = True,
) -> set[Cell]:
    if not cells:
        return set()
    started = values(column("tenant_id", Text), column("plan_date", Date), name="started").data(
        [(cell.tenant_id, cell.plan_date) for cell in sorted(cells)]
    )
    at = literal(now)
    rows = (
        select(
            started.c.tenant_id,
            started.c.plan_date,
            text("'claimed'"),
            at,
            literal(int(counted)),
            at,
            literal(holder),
            _ENDED,
        )
        .join(ops.tenants, ops.tenants.c.tenant_id == started.c.tenant_id)
        .order_by(started.c.tenant_id, started.c.plan_date)
    )
    statement = insert(_RUNS).from_select(
        ["tenant_id", "plan_date", "status", "planned_as_of", "attempts", "claimed_at", "claimed_by", "started_xid"],
        rows,
    )
    upsert = statement.on_conflict_do_update(
        index_elements=["tenant_id", "plan_date"],
        set_={
            "attempts": case((_RUNS.c.status.in_(("planned", "partial")), 0), else_=_RUNS.c.attempts) + int(counted),
            "claimed_at": statement.excluded.claimed_at,
            "claimed_by": statement.excluded.claimed_by,
            "started_xid": statement.excluded.started_xid,
            "status": case((_RUNS.c.status == "partial", "claimed"), else_=_RUNS.c.status),
        },
        where=only,
    ).returning(_RUNS.c.tenant_id, _RUNS.c.plan_date)
    with warehouse.engine.begin() as connection:
        return {Cell(*row) for row in connection.execute(upsert)}


def _of(cells: Collection[Cell]) -> ColumnElement[bool]:
    return tuple_(_RUNS.c.tenant_id, _RUNS.c.plan_date).in_([(cell.tenant_id, cell.plan_date) for cell in cells])
