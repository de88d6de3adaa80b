"""Late sales and gaps in SQL: sales by the transactions that wrote them, days nobody has validated, who is asked.

A transaction that begins first may commit last, so neither a running number nor a timestamp can be a cursor: rows are
read once all transactions below theirs have ended, ``pg_snapshot_xmin``.
"""
# ruff: noqa: S608 - names come from the schema, values are dates, instants and numbers

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl
from sqlalchemy import text

from bakery_assets.cells import HORIZON_DAYS, Cell
from bakery_assets.due.late_sales import CANDIDATES, Asked
from bakery_assets.due.planning import CATCH_UP_DAYS
from bakery_assets.validation.validation_days import LONGEST_LEAD_DAYS, LOOK_BACK_DAYS
from resources.warehouse.connection import Bulk, Warehouse
from resources.warehouse.validation_days import is_closed, validating_cell

RESTORED_DAYS = 14  # days of records looked through again when transactions have begun anew
SENSOR = "late_sales"

_CHECKER = f"LATERAL ({validating_cell('d.tenant_id', 'd.sales_date')}) checker"
_STATE = f"""{is_closed("d.tenant_id", "d.plan_date")} AS is_closed,
    r.status, r.attempts, r.claimed_at, r.planned_as_of, r.facts_until,
    r.requested_xid::text::bigint AS requested_xid, r.started_xid::text::bigint AS started_xid,
    r.validated_xid::text::bigint AS validated_xid"""
_TENANT = "t.status AS tenant_status, t.timezone, t.planning_time"


_TOUCHED = f"""
    WITH spans AS (
        SELECT tenant_id, min(plan_date) AS first FROM plans.planning_runs GROUP BY tenant_id
    ), days AS (
        SELECT d.*, {_TENANT}, s.first, ({{now}} AT TIME ZONE t.timezone)::date AS today
        FROM touched d JOIN spans s USING (tenant_id) JOIN ops.tenants t USING (tenant_id) WHERE t.status <> 'cancelled'
    ), cells AS (
        SELECT d.tenant_id, d.sales_date, v.plan_date FROM days d JOIN plans.validation_runs v
            ON v.tenant_id = d.tenant_id AND v.validation_date = d.sales_date
            AND v.plan_date BETWEEN d.sales_date + 1 AND d.sales_date + {LOOK_BACK_DAYS}
        UNION
        SELECT d.tenant_id, d.sales_date, checker.plan_date FROM days d JOIN {_CHECKER} ON true
            WHERE d.sales_date >= d.first - {LOOK_BACK_DAYS}
        UNION
        SELECT d.tenant_id, d.sales_date, d.today FROM days d JOIN plans.planning_runs p
            ON p.tenant_id = d.tenant_id AND p.plan_date = d.today AND p.status = 'planned'
    )
    SELECT d.*, {_STATE}
    FROM (SELECT * FROM days JOIN cells USING (tenant_id, sales_date)) d
    JOIN plans.planning_runs r USING (tenant_id, plan_date)
    WHERE d.sales_date < d.today AND d.plan_date >= DATE '{{grid_start}}'
"""

_GAPS = f"""
    WITH spans AS (
        SELECT t.tenant_id, {_TENANT}, ({{now}} AT TIME ZONE t.timezone)::date AS today,
               greatest(min(r.plan_date), DATE '{{grid_start}}' - 1) AS first
        FROM ops.tenants t JOIN plans.planning_runs r USING (tenant_id)
        WHERE t.status <> 'cancelled' GROUP BY t.tenant_id
    ), days AS (
        SELECT s.*, day::date AS sales_date
        FROM spans s CROSS JOIN LATERAL generate_series(s.first, s.today - 1, interval '1 day') day
        WHERE NOT EXISTS (SELECT FROM plans.validation_runs v WHERE v.tenant_id = s.tenant_id
                          AND v.validation_date = day::date AND v.status = 'validated')
    ), open AS (
        SELECT d.*, sold.*, checker.plan_date
        FROM days d
        JOIN LATERAL (SELECT max(recorded_at) AS recorded_at, max(transaction_id)::text::bigint AS transaction
                      FROM ops.sales s WHERE s.tenant_id = d.tenant_id AND s.sales_date = d.sales_date) sold
            ON sold.recorded_at IS NOT NULL
        JOIN {_CHECKER} ON true
        WHERE EXISTS (SELECT FROM plans.demand_forecasts f WHERE f.tenant_id = d.tenant_id
                      AND f.target_date = d.sales_date
                      AND f.plan_date BETWEEN d.sales_date - {LONGEST_LEAD_DAYS} AND d.sales_date)
    )
    SELECT d.*, {_STATE}
    FROM open d LEFT JOIN plans.planning_runs r USING (tenant_id, plan_date)
"""


@dataclass(frozen=True)
class Touched:
    """Days that newly seen sales touch, with the cells that checked or use them, and where to read on."""

    candidates: pl.DataFrame
    transaction: int
    is_restored: bool = False


def touched_by_late_sales(warehouse: Warehouse, since: int | None, now: datetime, grid_start: date) -> Touched:
    """Sales of transactions from ``since`` on, as days before the tenant's today and cells that somebody has begun.

    Args:
        since: the ``transaction`` of the call before; None: only where to read on is wanted. When it lies ahead of
            the server, the database was restored elsewhere and its numbers mean nothing any more: what was
            recorded in the last ``RESTORED_DAYS`` days is looked at again.

    Returns:
        ``late.CANDIDATES``: of each day the cells that validated it or should have, and today's if it is planned.
    """
    with warehouse.bulk(isolation="REPEATABLE READ") as bulk:
        ended, ahead = bulk.read(
            "SELECT pg_snapshot_xmin(s)::text::bigint AS ended, pg_snapshot_xmax(s)::text::bigint AS ahead"
            " FROM pg_current_snapshot() s"
        ).row(0)
        if since is None or since == ended:
            return Touched(CANDIDATES.to_frame(), ended)
        is_restored = since > ahead
        if is_restored:
            bulk.run(
                "UPDATE plans.planning_runs SET validated_xid = NULL, started_xid = NULL"
                f" WHERE greatest(validated_xid, started_xid) > '{ahead}'::xid8"
            )
            window = f"recorded_at > {_instant(now - timedelta(days=RESTORED_DAYS))}"
        else:
            window = f"transaction_id >= '{since}'::xid8 AND transaction_id < '{ended}'::xid8"
        bulk.run(
            "CREATE TEMPORARY TABLE touched AS SELECT tenant_id, sales_date, max(recorded_at) AS recorded_at,"
            f" {'NULL::bigint' if is_restored else 'max(transaction_id)::text::bigint'} AS transaction FROM ("
            f"SELECT tenant_id, sales_date, recorded_at, transaction_id FROM ops.sales WHERE {window} UNION ALL"
            f" SELECT tenant_id, sales_date, recorded_at, transaction_id FROM ops.sales_hourly WHERE {window}"
            ") s GROUP BY 1, 2"
        )
        bulk.run("ANALYZE touched")
        return Touched(_candidates(bulk, _TOUCHED.format(now=_instant(now), grid_start=grid_start)), ended, is_restored)


def gaps(warehouse: Warehouse, now: datetime, grid_start: date) -> pl.DataFrame:
    """Days before each tenant's today that have a forecast and sales, and that no cell has validated.

    Returns:
        ``late.CANDIDATES``, with the cell that should have validated the day, begun or not.
    """
    with warehouse.bulk(isolation="REPEATABLE READ") as bulk:
        return _candidates(bulk, _GAPS.format(now=_instant(now), grid_start=grid_start))


def ask(warehouse: Warehouse, marks: pl.DataFrame, now: datetime) -> None:
    """Ask the cells of ``late.MARKS`` to check their days again; all at once or not at all.

    A cell that nobody has begun becomes ``partial``: the waves still plan it as any other.
    """
    if marks.is_empty():
        return
    with warehouse.bulk() as bulk:
        bulk.put("marks", marks)
        bulk.run(
            "INSERT INTO plans.planning_runs AS r (tenant_id, plan_date, status, planned_as_of, attempts, claimed_at,"
            " claimed_by, facts_until, requested_xid) SELECT tenant_id, plan_date, 'partial', planned_as_of, 0,"
            f" {_instant(now)}, '{SENSOR}', facts_until, pg_current_xact_id() FROM marks ORDER BY tenant_id, plan_date"
            " ON CONFLICT (tenant_id, plan_date) DO UPDATE SET requested_xid = excluded.requested_xid,"
            " started_xid = NULL, facts_until = greatest(r.facts_until, excluded.facts_until)"
        )


def asked_cells(
    warehouse: Warehouse, now: datetime, grid_start: date, *, claim_for: timedelta, attempts: int
) -> list[Asked]:
    """Cells that are asked to check their days again and that nobody else is going to plan; the oldest asked first.

    Failed cells wait for their retries. A cell waits while one before it is being planned: its forecast is wanted.
    """
    query = text(
        f"""
        SELECT r.tenant_id, r.plan_date, r.requested_xid::text || coalesce(' ' || r.facts_until::text, ''),
               r.status = 'planned' AND r.plan_date = (:now AT TIME ZONE t.timezone)::date
        FROM plans.planning_runs r JOIN ops.tenants t USING (tenant_id)
        WHERE r.requested_xid IS NOT NULL AND r.plan_date >= :grid_start AND t.status <> 'cancelled'
          AND (r.status IN ('planned', 'partial') OR (r.status = 'failed' AND r.attempts >= :attempts)
               OR (r.status = 'claimed' AND r.claimed_at <= :void
                   AND r.plan_date < (:now AT TIME ZONE t.timezone)::date - {CATCH_UP_DAYS}))
          AND NOT EXISTS (SELECT FROM plans.planning_runs e WHERE e.tenant_id = r.tenant_id AND e.status = 'claimed'
                          AND e.claimed_at > :void
                          AND e.plan_date BETWEEN r.plan_date - {HORIZON_DAYS} AND r.plan_date - 1)
        ORDER BY r.requested_xid, r.tenant_id, r.plan_date
        """
    )
    given = {"now": now, "grid_start": grid_start, "attempts": attempts, "void": now - claim_for}
    with warehouse.engine.connect() as connection:
        connection.execute(text("SET LOCAL TimeZone TO 'UTC'"))
        return [
            Asked(Cell(tenant, plan_date), version, is_today)
            for tenant, plan_date, version, is_today in connection.execute(query, given)
        ]


def _candidates(bulk: Bulk, query: str) -> pl.DataFrame:
    return (
        bulk.read(f"SELECT {', '.join(_CASTS)} FROM ({query}) found")
        .cast(CANDIDATES)
        .sort("tenant_id", "sales_date", "plan_date")
    )


_CASTS = [f"{name}::text" if kind == pl.String() else name for name, kind in CANDIDATES.items()]


def _instant(at: datetime) -> str:
    return f"TIMESTAMPTZ '{at.isoformat()}'"
