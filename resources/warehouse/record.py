"""The plan of record: versions of each cell's plan, and the batches, orders and distribution that they published.

Rows are appended in the transaction that publishes a plan and never changed. What a plan may know of them is read by
``prior_plans.read_plans``; which of them a new plan keeps is decided in ``bakery_assets.production.carried_over``.
"""
# ruff: noqa: S608 - names come from the schema, values never do

from collections.abc import Collection
from datetime import date, datetime, timedelta

import dataframely as dy
import polars as pl
from sqlalchemy import Table

from bakery_assets.cells import Cell, cells_frame
from bakery_assets.due.replanning import VersionRequests
from bakery_assets.due.revalidation import RevalidationRequest
from bakery_assets.schemas.plans import VersionCause
from resources.schema.packed import rows_of
from resources.schema.plans import (
    distribution_plans,
    plan_versions,
    procurement_requirements,
    production_batches,
    published_batches,
    published_distributions,
    published_orders,
    published_proposals,
    purchase_proposals,
)
from resources.warehouse.connection import Bulk, Warehouse, between, selected
from resources.warehouse.input_changes import mark_as_writer

RECORD_DAYS = 31  # plans before a cell's own that it may know: the longest that a dough is begun ahead

# In place of the reasoning of an order while the requirement that it comes from is there, and of a batch of the plan's
# own day while the plan has it. A preview is read by the plans of the next days, and has its own.
NOT_KEPT_TWICE = "{}"
_OF_VERSION = "v.tenant_id = o.tenant_id AND v.plan_date = o.plan_date AND v.planned_as_of = o.planned_as_of"
# Previews of which a dough, or the batch itself, is begun before the plan of their own day.
_BEGINS_SOON = "(t.schedule_date = t.plan_date OR t.begins_on <= t.plan_date)"
# Its dough is begun at the same time of an earlier day.
_BEGINS_AT = "t.start_at - make_interval(days => coalesce((t.reasoning->>'made_on')::date, t.begins_on) - t.begins_on)"
_BATCH_COLUMNS = ("product_id", "recipe_id", "quantity_planned", "start_at", "end_at", "equipment_id", "priority")
_ORDER_COLUMNS = (
    "requirement_number", "ingredient_id", "supplier_id", "planned_order_quantity", "order_by", "deliver_on",
    "proposal_number", "currency",
)  # fmt: skip
_PROPOSAL_COLUMNS = ("proposal_number", "supplier_id", "deliver_on", "order_by", "total_cost", "currency")
_DISTRIBUTION_COLUMNS = (
    "location_id", "product_id", "trip", "kitchen_id", "target_quantity", "stock_usable", "need", "available",
    "quantity", "leaves_at", "arrives_at",
)  # fmt: skip


def known_rows(table: Table, day: date) -> str:
    """The join of a table of the record, as ``p``, to cells ``w`` of a plan date, with tenant_id and planned_as_of.

    A cell knows the earlier versions of its own plan, and of other days what was published by its instant; of the
    versions themselves also its own.
    """
    first, last = day - timedelta(days=RECORD_DAYS), day + timedelta(days=RECORD_DAYS)
    is_own = f"v.plan_date = DATE '{day}'"
    known = f"v.published_at <= w.planned_as_of AND (NOT {is_own} OR v.planned_as_of < w.planned_as_of)"
    if table is plan_versions:
        known = f"{known} OR {is_own} AND v.planned_as_of = w.planned_as_of"
    of_cell = f"v.tenant_id = w.tenant_id AND {between('v.plan_date', first, last)} AND ({known})"
    if table is plan_versions:
        return f"JOIN {table.fullname} p ON {of_cell.replace('v.', 'p.')}"
    of_version = (
        "p.tenant_id = v.tenant_id AND p.plan_date = v.plan_date AND p.version = v.version"
        f" AND {between('p.plan_date', first, last)}"
    )
    return f"JOIN {plan_versions.fullname} v ON {of_cell} JOIN {table.fullname} p ON {of_version}"


def append_versions(bulk: Bulk) -> None:
    """Record what the cells of the temporary table ``outcome`` have just published, unless their version has been.

    A cell without a version gets its first. A retry or a backfill repeats a version that is published already, and
    changes nothing here.
    """
    bulk.run(
        "INSERT INTO plans.plan_versions (tenant_id, plan_date, version, planned_as_of, cause, requested_at)"
        " SELECT o.tenant_id, o.plan_date, 1, o.planned_as_of, 'planning_time', r.claimed_at"
        " FROM outcome o JOIN plans.planning_runs r USING (tenant_id, plan_date) WHERE o.reason IS NULL"
        " AND NOT EXISTS (SELECT FROM plans.plan_versions v"
        " WHERE v.tenant_id = o.tenant_id AND v.plan_date = o.plan_date)"
    )
    bulk.run("CREATE TEMPORARY TABLE published (tenant_id text, plan_date date, version int, published_at timestamptz)")
    bulk.run(
        "WITH fresh AS (UPDATE plans.plan_versions v SET published_at = o.finished_at FROM outcome o"
        f" WHERE {_OF_VERSION} AND v.published_at IS NULL AND o.reason IS NULL"
        " RETURNING v.tenant_id, v.plan_date, v.version, v.published_at) INSERT INTO published SELECT * FROM fresh"
    )
    bulk.run("ANALYZE published")
    before = (
        f"SELECT b.* FROM {published_batches.fullname} b WHERE b.tenant_id = t.tenant_id"
        f" AND b.plan_date BETWEEN t.plan_date - {RECORD_DAYS} AND t.plan_date"
        " AND b.schedule_date = t.schedule_date AND b.batch_number = t.batch_number"
        " AND (b.plan_date, b.version) < (t.plan_date, p.version) ORDER BY b.plan_date DESC, b.version DESC LIMIT 1"
    )
    same = " AND ".join(
        f"before.{name} IS NOT DISTINCT FROM t.{name}"
        for name in ("product_id", "quantity_planned", "start_at", "end_at")
    )
    copied = ", ".join(f"t.{name}" for name in _BATCH_COLUMNS)
    bulk.run(
        f"INSERT INTO {published_batches.fullname} (tenant_id, plan_date, version, schedule_date, batch_number,"
        f" {', '.join(_BATCH_COLUMNS)}, begins_at, reasoning, planned_since)"
        f" SELECT t.tenant_id, t.plan_date, p.version, t.schedule_date, t.batch_number, {copied}, {_BEGINS_AT},"
        f" CASE WHEN t.schedule_date = t.plan_date THEN '{NOT_KEPT_TWICE}' ELSE t.reasoning END,"
        f" CASE WHEN {same} THEN before.planned_since ELSE p.published_at END"
        f" FROM published p JOIN {rows_of(production_batches)} t USING (tenant_id, plan_date)"
        f" JOIN outcome o USING (tenant_id, plan_date) LEFT JOIN LATERAL ({before}) before ON true"
        f" WHERE {_BEGINS_SOON}"
    )
    bulk.run(
        f"INSERT INTO {published_orders.fullname} (tenant_id, plan_date, version, {', '.join(_ORDER_COLUMNS)},"
        f" unit_price, reasoning)"
        f" SELECT t.tenant_id, t.plan_date, p.version, {', '.join(f't.{name}' for name in _ORDER_COLUMNS)},"
        f" (t.reasoning->>'price')::float8, '{NOT_KEPT_TWICE}'"
        f" FROM published p JOIN {rows_of(procurement_requirements)} t USING (tenant_id, plan_date)"
        " WHERE t.planned_order_quantity > 0"
    )
    bulk.run(
        f"INSERT INTO {published_proposals.fullname} (tenant_id, plan_date, version, {', '.join(_PROPOSAL_COLUMNS)})"
        f" SELECT t.tenant_id, t.plan_date, p.version, {', '.join(f't.{name}' for name in _PROPOSAL_COLUMNS)}"
        f" FROM published p JOIN {purchase_proposals.fullname} t USING (tenant_id, plan_date)"
    )
    bulk.run(
        f"INSERT INTO {published_distributions.fullname}"
        f" (tenant_id, plan_date, version, {', '.join(_DISTRIBUTION_COLUMNS)})"
        f" SELECT t.tenant_id, t.plan_date, p.version, {', '.join(f't.{name}' for name in _DISTRIBUTION_COLUMNS)}"
        f" FROM published p JOIN {distribution_plans.fullname} t USING (tenant_id, plan_date) WHERE t.quantity > 0"
    )


def keep_batch_reasoning(bulk: Bulk) -> None:
    """Give published batches the reasoning of the plans that another version of ``outcome`` is about to replace."""
    bulk.run(
        f"UPDATE {published_batches.fullname} p SET reasoning = t.reasoning"
        f" FROM {rows_of(production_batches)} t JOIN outcome o USING (tenant_id, plan_date)"
        f" JOIN plans.plan_versions v ON {_OF_VERSION} AND v.published_at IS NULL"
        " WHERE o.reason IS NULL AND p.tenant_id = t.tenant_id AND p.plan_date = t.plan_date"
        " AND p.schedule_date = t.schedule_date AND p.batch_number = t.batch_number"
        f" AND p.reasoning = '{NOT_KEPT_TWICE}'"
    )


def keep_order_reasoning(bulk: Bulk) -> None:
    """Give published orders the reasoning of requirements that another version of ``outcome`` is about to replace."""
    bulk.run(
        f"UPDATE {published_orders.fullname} p SET reasoning = t.reasoning"
        f" FROM {rows_of(procurement_requirements)} t JOIN outcome o USING (tenant_id, plan_date)"
        f" JOIN plans.plan_versions v ON {_OF_VERSION} AND v.version <> t.version"
        " WHERE o.reason IS NULL AND p.tenant_id = t.tenant_id AND p.plan_date = t.plan_date AND p.version = t.version"
        f" AND p.requirement_number = t.requirement_number AND p.reasoning = '{NOT_KEPT_TWICE}'"
    )


def batch_columns(day: date) -> str:
    """Select list of ``published_batches`` ``p``: with the reasoning of batches that are sold on a day or after it."""
    kept = (
        f"SELECT q.reasoning FROM {production_batches.fullname} q WHERE q.tenant_id = p.tenant_id"
        " AND q.plan_date = p.plan_date AND q.schedule_date = p.schedule_date AND q.batch_number = p.batch_number"
    )
    return _with_reasoning(published_batches, kept, f"p.schedule_date >= DATE '{day}'")


def order_columns(day: date) -> str:
    """Select list of ``published_orders`` ``p``: of a cell's own plan with the reasoning."""
    kept = (
        f"SELECT q.reasoning FROM {procurement_requirements.fullname} q WHERE q.tenant_id = p.tenant_id"
        f" AND q.plan_date = DATE '{day}' AND q.version = p.version AND q.requirement_number = p.requirement_number"
    )
    return _with_reasoning(published_orders, kept, f"p.plan_date = DATE '{day}'")


def _with_reasoning(table: Table, kept: str, condition: str) -> str:
    """Select list of ``p``, a table of the record: with its own reasoning or ``kept`` where the condition holds."""
    whole = f"CASE WHEN p.reasoning = '{NOT_KEPT_TWICE}' THEN coalesce(({kept}), p.reasoning) ELSE p.reasoning END"
    needed = f"CASE WHEN {condition} THEN ({whole})::text ELSE '{NOT_KEPT_TWICE}' END AS reasoning"
    return selected(table, "p").replace("p.reasoning::text", needed)


def request_versions(
    warehouse: Warehouse,
    cells: Collection[Cell],
    planned_as_of: datetime,
    cause: VersionCause,
    detail: str | None,
    now: datetime,
) -> set[Cell]:
    """Request that cells are replanned on what was known at ``planned_as_of``; the next run plans that version.

    Only what is published can be replanned. A version knows the one before it: its instant is not before that was
    published.

    Returns:
        The cells that have a new version to be planned.
    """
    wanted = cells_frame(cells).with_columns(
        planned_as_of=pl.lit(planned_as_of), cause=pl.lit(cause), detail=pl.lit(detail, pl.String)
    )
    with warehouse.bulk() as bulk:
        bulk.put("asked", wanted.with_columns(now=pl.lit(now)))
        return _request(bulk)


def request_versions_asked_for(warehouse: Warehouse, wanted: dy.DataFrame[VersionRequests], now: datetime) -> set[Cell]:
    """As ``request_versions``, each cell for a cause of its own."""
    if wanted.is_empty():
        return set()
    with warehouse.bulk() as bulk:
        bulk.put("asked", wanted.with_columns(now=pl.lit(now)))
        return _request(bulk)


def request_versions_for_late_sales(warehouse: Warehouse, cells: Collection[Cell], now: datetime) -> set[Cell]:
    """Request a version of those cells that late sales have been recorded for since their last one, as of then."""
    with warehouse.bulk() as bulk:
        bulk.put("late", cells_frame(cells).with_columns(now=pl.lit(now)))
        bulk.run(
            "CREATE TEMPORARY TABLE asked AS SELECT l.tenant_id, l.plan_date, r.facts_until AS planned_as_of,"
            " 'late_sales' AS cause, 'sales recorded after the plan was made' AS detail, l.now"
            " FROM late l JOIN plans.planning_runs r USING (tenant_id, plan_date) WHERE r.facts_until > r.planned_as_of"
        )
        return _request(bulk)


def _request(bulk: Bulk) -> set[Cell]:
    mark_as_writer(bulk)  # a cell with a version that is not published is planned again in any case
    made = bulk.read(
        "WITH made AS (INSERT INTO plans.plan_versions"
        " (tenant_id, plan_date, version, planned_as_of, cause, cause_detail, requested_at)"
        " SELECT a.tenant_id, a.plan_date, last.version + 1,"
        " greatest(a.planned_as_of, last.published_at, last.planned_as_of + interval '1 microsecond'),"
        " a.cause, a.detail, a.now FROM asked a JOIN LATERAL (SELECT * FROM plans.plan_versions v"
        " WHERE v.tenant_id = a.tenant_id AND v.plan_date = a.plan_date ORDER BY v.version DESC LIMIT 1) last ON true"
        " WHERE last.published_at IS NOT NULL RETURNING tenant_id, plan_date) SELECT * FROM made"
    )
    return {Cell(*row) for row in made.iter_rows()}


def unplanned_versions(warehouse: Warehouse, since: date) -> list[RevalidationRequest]:
    """Versions that a fact or a decision has asked for and no run has published, the oldest first.

    Those of cells that failed are tried again with these, see ``planning_runs.failed_cells``.
    """
    with warehouse.bulk() as bulk:
        found = bulk.read(
            "SELECT v.tenant_id::text, v.plan_date, v.version FROM plans.plan_versions v"
            " JOIN plans.planning_runs r USING (tenant_id, plan_date) JOIN ops.tenants t USING (tenant_id)"
            " WHERE v.published_at IS NULL AND v.cause IN ('fact', 'decision') AND r.status = 'planned'"
            f" AND t.status <> 'cancelled' AND v.plan_date >= DATE '{since}'"
            " ORDER BY v.requested_at, v.tenant_id, v.plan_date"
        )
    return [
        RevalidationRequest(Cell(tenant, day), f"version {version}", is_replan=True)
        for tenant, day, version in found.iter_rows()
    ]
