"""Revalidation in SQL: sales by the transactions that wrote them, days without validation, requests kept with cells.

Which of the candidates found here need revalidation is decided in ``bakery_assets.due.revalidation``.

A transaction that begins first may commit last, so neither a running number nor a timestamp can be a cursor: rows are
read once all transactions below theirs have ended, ``pg_snapshot_xmin``.
"""
# ruff: noqa: S608 - names come from the schema, values are dates, instants and numbers

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import dataframely as dy
import polars as pl
from sqlalchemy import text

from bakery_assets.cells import HORIZON_DAYS, Cell, cells_frame
from bakery_assets.due.planning import CATCH_UP_DAYS
from bakery_assets.due.replanning import ReplanCandidates, cells_to_replan
from bakery_assets.due.revalidation import CellsToRevalidate, RevalidationCandidates, RevalidationRequest
from bakery_assets.opening_hours import FirstOpenings, first_openings
from bakery_assets.planning_instants import PlanningFacts, planning_instants
from bakery_assets.schemas import conform
from bakery_assets.tenant_settings import settings_on
from bakery_assets.validation.validation_days import LONGEST_LEAD_DAYS, LOOK_BACK_DAYS
from resources.warehouse.connection import Bulk, Warehouse
from resources.warehouse.planning_facts import read_planning_facts
from resources.warehouse.validation_days import is_closed, validating_cell

RESTORED_DAYS = 14  # days of records that are read again when transaction numbers have restarted
REQUESTED_BY = "late_sales"  # claimed_by of a cell that was requested before it was started

_VALIDATING_CELL = f"LATERAL ({validating_cell('d.tenant_id', 'd.sales_date')}) validating"
_STATE = f"""{is_closed("d.tenant_id", "d.plan_date")} AS is_closed,
    r.status, r.attempts, r.claimed_at, r.planned_as_of, r.facts_until,
    r.requested_xid::text::bigint AS requested_xid, r.started_xid::text::bigint AS started_xid,
    r.validated_xid::text::bigint AS validated_xid"""
_TENANT = "t.status AS tenant_status"


_NEW_SALES = f"""
    WITH spans AS (
        SELECT tenant_id, min(plan_date) AS first FROM plans.planning_runs GROUP BY tenant_id
    ), days AS (
        SELECT d.*, {_TENANT}, s.first, ({{now}} AT TIME ZONE t.timezone)::date AS today
        FROM days_sold d JOIN spans s USING (tenant_id) JOIN ops.tenants t USING (tenant_id)
        WHERE t.status <> 'cancelled'
    ), cells AS (
        SELECT d.tenant_id, d.sales_date, v.plan_date FROM days d JOIN plans.validation_runs v
            ON v.tenant_id = d.tenant_id AND v.validation_date = d.sales_date
            AND v.plan_date BETWEEN d.sales_date + 1 AND d.sales_date + {LOOK_BACK_DAYS}
        UNION
        SELECT d.tenant_id, d.sales_date, validating.plan_date FROM days d JOIN {_VALIDATING_CELL} ON true
            WHERE d.sales_date >= d.first - {LOOK_BACK_DAYS}
        UNION
        SELECT d.tenant_id, d.sales_date, p.plan_date FROM days d JOIN plans.planning_runs p
            ON p.tenant_id = d.tenant_id AND p.plan_date >= d.today AND p.status = 'planned'
    )
    SELECT d.*, {_STATE}
    FROM (SELECT * FROM days JOIN cells USING (tenant_id, sales_date)) d
    JOIN plans.planning_runs r USING (tenant_id, plan_date)
    WHERE d.sales_date < d.plan_date AND d.plan_date >= DATE '{{since}}'
"""

_GAPS = f"""
    WITH spans AS (
        SELECT t.tenant_id, {_TENANT}, ({{now}} AT TIME ZONE t.timezone)::date AS today,
               greatest(min(r.plan_date), DATE '{{since}}' - 1) AS first
        FROM ops.tenants t JOIN plans.planning_runs r USING (tenant_id)
        WHERE t.status <> 'cancelled' GROUP BY t.tenant_id
    ), days AS (
        SELECT s.*, day::date AS sales_date
        FROM spans s CROSS JOIN LATERAL generate_series(s.first, s.today - 1, interval '1 day') day
        WHERE NOT EXISTS (SELECT FROM plans.validation_runs v WHERE v.tenant_id = s.tenant_id
                          AND v.validation_date = day::date AND v.status = 'validated')
    ), open AS (
        SELECT d.*, sold.*, validating.plan_date
        FROM days d
        JOIN LATERAL (SELECT max(recorded_at) AS recorded_at, max(transaction_id)::text::bigint AS transaction_id
                      FROM ops.sales s WHERE s.tenant_id = d.tenant_id AND s.sales_date = d.sales_date) sold
            ON sold.recorded_at IS NOT NULL
        JOIN {_VALIDATING_CELL} ON true
        WHERE EXISTS (SELECT FROM plans.demand_forecasts f WHERE f.tenant_id = d.tenant_id
                      AND f.plan_date BETWEEN d.sales_date - {LONGEST_LEAD_DAYS} AND d.sales_date
                      AND f.target_date = d.sales_date)
    )
    SELECT d.*, {_STATE}
    FROM open d LEFT JOIN plans.planning_runs r USING (tenant_id, plan_date)
"""


@dataclass(frozen=True)
class NewSales:
    """Days whose sales are new, with the cells that validate or use them.

    Attributes:
        next_transaction_id: where the next call has to read on.
        is_restored: the database was restored elsewhere; see ``cells_of_new_sales``.
    """

    candidates: dy.DataFrame[RevalidationCandidates]
    next_transaction_id: int
    is_restored: bool = False


def cells_of_new_sales(warehouse: Warehouse, since_transaction_id: int | None, now: datetime, since: date) -> NewSales:
    """Sales of transactions from one on, with the started cells of later days that they concern.

    These are of each day the cells that validated it or should have, and those of today and later that are planned.

    Args:
        since_transaction_id: ``next_transaction_id`` of the call before; None: only where to read on is wanted. When
            it lies ahead of the server, the database was restored elsewhere and its numbers mean nothing any more:
            what was recorded in the last ``RESTORED_DAYS`` days is read again.
    """
    with warehouse.bulk(isolation="REPEATABLE READ") as bulk:
        ended, ahead = bulk.read(
            "SELECT pg_snapshot_xmin(s)::text::bigint AS ended, pg_snapshot_xmax(s)::text::bigint AS ahead"
            " FROM pg_current_snapshot() s"
        ).row(0)
        if since_transaction_id is None or since_transaction_id == ended:
            return NewSales(RevalidationCandidates.create_empty(), ended)
        is_restored = since_transaction_id > ahead
        if is_restored:
            bulk.run(
                "UPDATE plans.planning_runs SET validated_xid = NULL, started_xid = NULL"
                f" WHERE greatest(validated_xid, started_xid) > '{ahead}'::xid8"
            )
            window = f"recorded_at > {_instant(now - timedelta(days=RESTORED_DAYS))}"
        else:
            window = f"transaction_id >= '{since_transaction_id}'::xid8 AND transaction_id < '{ended}'::xid8"
        bulk.run(
            "CREATE TEMPORARY TABLE days_sold AS SELECT tenant_id, sales_date, max(recorded_at) AS recorded_at,"
            f" {'NULL::bigint' if is_restored else 'max(transaction_id)::text::bigint'} AS transaction_id FROM ("
            f"SELECT tenant_id, sales_date, recorded_at, transaction_id FROM ops.sales WHERE {window} UNION ALL"
            f" SELECT tenant_id, sales_date, recorded_at, transaction_id FROM ops.sales_hourly WHERE {window}"
            ") s GROUP BY 1, 2"
        )
        bulk.run("ANALYZE days_sold")
        found = _candidates(bulk, _NEW_SALES.format(now=_instant(now), since=since))
        return NewSales(found, ended, is_restored)


def gaps(warehouse: Warehouse, now: datetime, since: date) -> dy.DataFrame[RevalidationCandidates]:
    """Days before each tenant's today that have a forecast and sales and no validation.

    The cell of each is the one that should have validated the day, whether it was started or not.
    """
    with warehouse.bulk(isolation="REPEATABLE READ") as bulk:
        return _candidates(bulk, _GAPS.format(now=_instant(now), since=since))


def request(warehouse: Warehouse, cells: dy.DataFrame[CellsToRevalidate], now: datetime) -> None:
    """Request the revalidation of cells; of all or, when it fails, of none.

    A cell that was never started becomes ``partial``: the waves still plan it as any other.
    """
    if cells.is_empty():
        return
    with warehouse.bulk() as bulk:
        bulk.put("requested", cells)
        bulk.run(
            "INSERT INTO plans.planning_runs AS r (tenant_id, plan_date, status, planned_as_of, attempts, claimed_at,"
            " claimed_by, facts_until, requested_xid) SELECT tenant_id, plan_date, 'partial', planned_as_of, 0,"
            f" {_instant(now)}, '{REQUESTED_BY}', facts_until, pg_current_xact_id()"
            " FROM requested ORDER BY tenant_id, plan_date"
            " ON CONFLICT (tenant_id, plan_date) DO UPDATE SET requested_xid = excluded.requested_xid,"
            " started_xid = NULL, facts_until = greatest(r.facts_until, excluded.facts_until)"
        )


def open_requests(
    warehouse: Warehouse, now: datetime, since: date, *, claim_for: timedelta, attempts: int
) -> list[RevalidationRequest]:
    """Requests for cells that neither the waves nor a retry are going to plan; the oldest first.

    A cell waits while one before it is being planned, because it needs that one's forecast.

    Args:
        claim_for: a claim older than this is void.
        attempts: how often a failed cell is tried.
    """
    query = text(
        f"""
        SELECT r.tenant_id, r.plan_date, r.requested_xid::text || coalesce(' ' || r.facts_until::text, ''),
               r.status = 'planned' AND r.plan_date >= (:now AT TIME ZONE t.timezone)::date
        FROM plans.planning_runs r JOIN ops.tenants t USING (tenant_id)
        WHERE r.requested_xid IS NOT NULL AND r.plan_date >= :since AND t.status <> 'cancelled'
          AND (r.status IN ('planned', 'partial') OR (r.status = 'failed' AND r.attempts >= :attempts)
               OR (r.status = 'claimed' AND r.claimed_at <= :void
                   AND r.plan_date < (:now AT TIME ZONE t.timezone)::date - {CATCH_UP_DAYS}))
          AND NOT EXISTS (SELECT FROM plans.planning_runs e WHERE e.tenant_id = r.tenant_id AND e.status = 'claimed'
                          AND e.claimed_at > :void
                          AND e.plan_date BETWEEN r.plan_date - {HORIZON_DAYS} AND r.plan_date - 1)
        ORDER BY r.requested_xid, r.tenant_id, r.plan_date
        """
    )
    given = {"now": now, "since": since, "attempts": attempts, "void": now - claim_for}
    with warehouse.engine.connect() as connection:
        # facts_until is part of the version, as text.
        connection.execute(text("SET LOCAL TimeZone TO 'UTC'"))
        found = connection.execute(query, given).all()
    current = [Cell(tenant, plan_date) for tenant, plan_date, _, is_current in found if is_current]
    replanned = cells_to_replan(_replan_candidates(warehouse, current), now) if current else set()
    return [
        RevalidationRequest(Cell(tenant, plan_date), version, Cell(tenant, plan_date) in replanned)
        for tenant, plan_date, version, _ in found
    ]


_TAKEN_AND_KNOWN = f"""
    WITH sold AS (
        SELECT w.tenant_id, w.plan_date, w.planned_as_of, s.sales_date, s.quantity,
               s.recorded_at <= w.planned_as_of AS was_known,
               row_number() OVER (PARTITION BY w.tenant_id, w.plan_date, s.sales_date, s.product_id, s.location_id,
                                  s.recorded_at <= w.planned_as_of ORDER BY s.recorded_at DESC) AS place,
               row_number() OVER (PARTITION BY w.tenant_id, w.plan_date, s.sales_date, s.product_id, s.location_id
                                  ORDER BY s.recorded_at DESC) AS place_now
        FROM replanned c JOIN plans.planning_runs w USING (tenant_id, plan_date)
        JOIN ops.sales s ON s.tenant_id = w.tenant_id
            AND s.sales_date BETWEEN w.plan_date - {LOOK_BACK_DAYS} AND w.plan_date - 1
            AND s.recorded_at <= greatest(w.planned_as_of, w.facts_until)
    )
    SELECT tenant_id::text, plan_date, sales_date, planned_as_of,
           coalesce(sum(quantity) FILTER (WHERE was_known AND place = 1), 0) AS recorded,
           coalesce(sum(quantity) FILTER (WHERE place_now = 1), 0) AS known,
           (SELECT sum(f.yhat) FROM plans.demand_forecasts f WHERE f.tenant_id = sold.tenant_id
            AND f.target_date = sold.sales_date AND f.plan_date = (
                SELECT max(l.plan_date) FROM plans.demand_forecasts l WHERE l.tenant_id = sold.tenant_id
                AND l.target_date = sold.sales_date
                AND l.plan_date BETWEEN sold.sales_date - {LONGEST_LEAD_DAYS} AND sold.sales_date)) AS forecast
    FROM sold GROUP BY tenant_id, plan_date, planned_as_of, sales_date
"""


def _replan_candidates(warehouse: Warehouse, cells: Collection[Cell]) -> dy.DataFrame[ReplanCandidates]:
    """The days of sales that planned cells have taken, with what they took and what is known now."""
    with warehouse.bulk(isolation="REPEATABLE READ") as bulk:
        bulk.put("replanned", cells_frame(cells))
        found = bulk.read(_TAKEN_AND_KNOWN)
        if found.is_empty():
            return ReplanCandidates.create_empty()
        facts = _facts_of(bulk, found, "replanned")
    instants = planning_instants(cells_frame(cells), facts).select(
        "tenant_id", "plan_date", "timezone", "first_start_at"
    )
    rows = found.join(instants, on=["tenant_id", "plan_date"]).with_columns(date="sales_date")
    rows = settings_on(rows, facts["tenant_settings"], ["replan_threshold"])
    sold, planned = (_openings(rows, name, facts) for name in ("sales_date", "plan_date"))
    rows = rows.join(sold.select("tenant_id", "closes_at", sales_date="date"), on=["tenant_id", "sales_date"])
    rows = rows.join(planned.select("tenant_id", "opens_at", plan_date="date"), on=["tenant_id", "plan_date"])
    was_over = pl.col("planned_as_of") >= pl.col("closes_at")
    return conform(
        ReplanCandidates,
        rows.with_columns(
            work_begins_at=pl.coalesce("first_start_at", "opens_at"),
            threshold="replan_threshold",
            taken=pl.when(was_over).then("recorded").otherwise(pl.max_horizontal("recorded", "forecast")),
        ).sort("tenant_id", "plan_date", "sales_date"),
    )


def _facts_of(bulk: Bulk, days: pl.DataFrame, tenants: str) -> PlanningFacts:
    sold, planned = days["sales_date"].to_list(), days["plan_date"].to_list()
    return read_planning_facts(bulk, min(sold), max(planned), tenants)


def _openings(rows: pl.DataFrame, day: str, facts: PlanningFacts) -> dy.DataFrame[FirstOpenings]:
    days = rows.select("tenant_id", "timezone", date=day).unique()
    return first_openings(days, facts["locations"], facts["opening_hours"], facts["calendar"], facts["tenant_settings"])


def _candidates(bulk: Bulk, query: str) -> dy.DataFrame[RevalidationCandidates]:
    found = bulk.read(f"SELECT {', '.join(_CASTS)} FROM ({query}) found")
    if found.is_empty():
        return RevalidationCandidates.create_empty()
    bulk.put("candidates", found.select("tenant_id").unique())
    facts = _facts_of(bulk, found, "candidates")
    instants = planning_instants(found.select("tenant_id", "plan_date").unique(), facts).select(
        "tenant_id", "plan_date", "timezone", planning_instant="planned_as_of"
    )
    candidates = found.join(instants, on=["tenant_id", "plan_date"], how="left")
    sold = _openings(candidates.filter(pl.col("timezone").is_not_null()), "sales_date", facts)
    candidates = candidates.join(
        sold.select("tenant_id", "closes_at", sales_date="date"), on=["tenant_id", "sales_date"], how="left"
    )
    return conform(RevalidationCandidates, candidates.sort("tenant_id", "sales_date", "plan_date"))


_CASTS = [
    f"{name}::text" if column.dtype == pl.String else name
    for name, column in RevalidationCandidates.columns().items()
    if name not in ("planning_instant", "closes_at")
]


def _instant(at: datetime) -> str:
    return f"TIMESTAMPTZ '{at.isoformat()}'"
