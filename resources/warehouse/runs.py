"""State of cells: what is planned, claimed or failed, and what tenants ask for."""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import ColumnElement, Date, Text, and_, case, column, func, literal, select, text, tuple_, values
from sqlalchemy.dialects.postgresql import insert

from bakery_assets.due import CellState, Tenant
from bakery_assets.frames import Cell
from resources.schema import ops, plans
from resources.warehouse.connection import Warehouse
from resources.warehouse.plans import FAILURE_ALERT, FAILURE_CONSEQUENCE

_RUNS = plans.planning_runs


def tenants(warehouse: Warehouse) -> list[Tenant]:
    """Every tenant, ordered by its id."""
    table = ops.tenants.c
    query = select(table.tenant_id, table.timezone, table.tier, table.status, table.planning_time)
    with warehouse.engine.connect() as connection:
        return [Tenant(*row) for row in connection.execute(query.order_by(table.tenant_id))]


def registered(warehouse: Warehouse) -> list[str]:
    """Tenants that have a partition: all but the cancelled ones."""
    with warehouse.engine.connect() as connection:
        query = select(ops.tenants.c.tenant_id).where(ops.tenants.c.status != "cancelled")
        return list(connection.execute(query.order_by(ops.tenants.c.tenant_id)).scalars())


def cell_states(warehouse: Warehouse, since: date) -> dict[Cell, CellState]:
    """Cells begun for dates from ``since`` on."""
    query = select(_RUNS.c.tenant_id, _RUNS.c.plan_date, _RUNS.c.status, _RUNS.c.claimed_at)
    with warehouse.engine.connect() as connection:
        rows = connection.execute(query.where(_RUNS.c.plan_date >= since))
        return {
            Cell(tenant, plan_date): CellState(status, claimed_at) for tenant, plan_date, status, claimed_at in rows
        }


def closed_cells(warehouse: Warehouse, since: date, until: date) -> set[Cell]:
    """Days in [since, until] on which a whole bakery is closed by its calendar."""
    table = ops.calendar.c
    query = select(table.tenant_id, table.date).where(
        table.kind == "closed", table.product_id.is_(None), table.date.between(since, until)
    )
    with warehouse.engine.connect() as connection:
        return {Cell(tenant, closed) for tenant, closed in connection.execute(query)}


def claim(warehouse: Warehouse, cells: Collection[Cell], now: datetime, claim_for: timedelta) -> set[Cell]:
    """Claim due cells; returns those this call won. A cell is won by one caller only.

    A cell that somebody claimed less than ``claim_for`` ago, planned or failed in the meantime is not won.
    """
    stale = and_(_RUNS.c.status == "claimed", _RUNS.c.claimed_at <= now - claim_for)
    return _begin(warehouse, cells, now, only=stale)


def begin(warehouse: Warehouse, cells: Collection[Cell], now: datetime) -> set[Cell]:
    """Note that cells are being planned on request, whatever their state; a planned cell stays planned.

    Returns the cells whose tenant exists.
    """
    return _begin(warehouse, cells, now, only=None)


def release(warehouse: Warehouse, cells: Collection[Cell], attempts: int, reason: str, now: datetime) -> None:
    """Give up claims whose run died: the cells are due again at once, or failed after ``attempts`` tries."""
    pairs = [(cell.tenant_id, cell.plan_date) for cell in cells]
    died = and_(_RUNS.c.status == "claimed", tuple_(_RUNS.c.tenant_id, _RUNS.c.plan_date).in_(pairs))
    with warehouse.engine.begin() as connection:
        connection.execute(
            _RUNS.update()
            .where(died, _RUNS.c.attempts >= attempts)
            .values(status="failed", failed_stage="run", reason=reason, finished_at=now)
        )
        connection.execute(_RUNS.update().where(died).values(claimed_at=datetime.fromtimestamp(0, UTC)))
        failed = select(
            _RUNS.c.tenant_id,
            _RUNS.c.plan_date,
            literal(FAILURE_ALERT),
            literal("critical"),
            literal("planning_failed"),
            literal(f"The day could not be planned: {reason}"),
            func.jsonb_build_object("reason", reason),
            literal(FAILURE_CONSEQUENCE),
        ).where(_RUNS.c.status == "failed", tuple_(_RUNS.c.tenant_id, _RUNS.c.plan_date).in_(pairs))
        columns = ["tenant_id", "plan_date", "alert_number", "severity", "kind", "message", "reasoning", "consequence"]
        connection.execute(insert(plans.alerts).from_select(columns, failed).on_conflict_do_nothing())


def failed_cells(warehouse: Warehouse, attempts: int) -> list[tuple[Cell, int]]:
    """Failed cells that were begun fewer than ``attempts`` times, with how often they were."""
    query = (
        select(_RUNS.c.tenant_id, _RUNS.c.plan_date, _RUNS.c.attempts)
        .where(_RUNS.c.status == "failed", _RUNS.c.attempts < attempts)
        .order_by(_RUNS.c.plan_date, _RUNS.c.tenant_id)
    )
    with warehouse.engine.connect() as connection:
        return [(Cell(tenant, plan_date), count) for tenant, plan_date, count in connection.execute(query)]


def failure_reasons(warehouse: Warehouse, cells: Collection[Cell]) -> dict[Cell, str]:
    """Why those of ``cells`` that failed did."""
    pairs = [(cell.tenant_id, cell.plan_date) for cell in cells]
    query = select(_RUNS.c.tenant_id, _RUNS.c.plan_date, _RUNS.c.failed_stage, _RUNS.c.reason).where(
        _RUNS.c.status == "failed", tuple_(_RUNS.c.tenant_id, _RUNS.c.plan_date).in_(pairs)
    )
    with warehouse.engine.connect() as connection:
        return {
            Cell(tenant, plan_date): f"{stage}: {reason}"
            for tenant, plan_date, stage, reason in connection.execute(query)
        }


def _begin(warehouse: Warehouse, cells: Collection[Cell], now: datetime, only: ColumnElement[bool] | None) -> set[Cell]:
    if not cells:
        return set()
    begun = values(column("tenant_id", Text), column("plan_date", Date), name="begun").data(
        [(cell.tenant_id, cell.plan_date) for cell in sorted(cells)]
    )
    at = literal(now)
    rows = (
        select(begun.c.tenant_id, begun.c.plan_date, text("'claimed'"), at, text("1"), at)
        .join(ops.tenants, ops.tenants.c.tenant_id == begun.c.tenant_id)
        .order_by(begun.c.tenant_id, begun.c.plan_date)
    )
    statement = insert(_RUNS).from_select(
        ["tenant_id", "plan_date", "status", "planned_as_of", "attempts", "claimed_at"], rows
    )
    upsert = statement.on_conflict_do_update(
        index_elements=["tenant_id", "plan_date"],
        set_={
            "attempts": case((_RUNS.c.status == "planned", 1), else_=_RUNS.c.attempts + 1),
            "claimed_at": statement.excluded.claimed_at,
        },
        where=only,
    ).returning(_RUNS.c.tenant_id, _RUNS.c.plan_date)
    with warehouse.engine.begin() as connection:
        return {Cell(*row) for row in connection.execute(upsert)}
