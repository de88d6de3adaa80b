"""Decisions and facts that the last version of a day's plan does not know, found set-based.

Which of them plan the day anew is decided in ``bakery_assets.due.replanning``; versions are kept in ``record``. Only
cells of today and later are looked at, and of these only what is recorded since their last version.
"""
# ruff: noqa: S608 - names come from the schema, values are dates and instants

from datetime import date, datetime

import dataframely as dy
import polars as pl

from bakery_assets.due.replanning import AskingFacts
from bakery_assets.opening_hours import first_openings
from bakery_assets.planning_instants import planning_instants
from bakery_assets.schemas import conform
from bakery_assets.tenant_settings import settings_on
from resources.warehouse.connection import Bulk, Warehouse
from resources.warehouse.planning_facts import read_planning_facts

_OPEN_CELLS = """
    CREATE TEMPORARY TABLE open_cells AS
    SELECT r.tenant_id, r.plan_date, v.version, v.planned_as_of, v.published_at, {now} AS now
    FROM plans.planning_runs r JOIN ops.tenants t USING (tenant_id) JOIN LATERAL (
        SELECT * FROM plans.plan_versions v WHERE v.tenant_id = r.tenant_id AND v.plan_date = r.plan_date
        ORDER BY v.version DESC LIMIT 1
    ) v ON v.published_at IS NOT NULL
    WHERE r.status = 'planned' AND t.status <> 'cancelled' AND r.plan_date >= DATE '{grid_start}'
      AND r.plan_date >= ({now} AT TIME ZONE t.timezone)::date
"""
# A decision is about the version that was out; of several about the same plan the last one holds.
_REJECTED = """
    SELECT DISTINCT ON (c.tenant_id, c.plan_date, d.plan) c.tenant_id, c.plan_date, 'plan_rejected' AS asking,
           d.recorded_at, d.decision,
           CASE d.plan WHEN 'production_schedules' THEN 'the production' ELSE 'the orders' END || ' rejected by '
               || d.who || coalesce(': ' || d.reason, '') AS detail,
           NULL::float8 AS book, NULL::float8 AS found
    FROM open_cells c JOIN ops.plan_decisions d ON d.tenant_id = c.tenant_id AND d.plan_date = c.plan_date
        AND d.recorded_at > c.published_at AND d.recorded_at <= c.now
    ORDER BY c.tenant_id, c.plan_date, d.plan, d.recorded_at DESC, d.decision_id DESC
"""
# Judged by day, because the function is taken into the query for each: a scan of all events would be one of history.
_LOST = """
    WITH days AS (
        SELECT DISTINCT c.* FROM open_cells c JOIN ops.batch_events e ON e.tenant_id = c.tenant_id
            AND e.plan_date = c.plan_date AND e.event IN ('failed', 'cancelled')
            AND e.recorded_at > c.planned_as_of AND e.recorded_at <= c.now
    )
    SELECT c.tenant_id, c.plan_date, 'batch_lost' AS asking, e.recorded_at,
           'batch ' || e.batch_number || ' ' || CASE e.event WHEN 'failed' THEN 'failed' ELSE 'was cancelled' END
               || coalesce(': ' || e.reason, '') AS detail,
           NULL::float8 AS book, NULL::float8 AS found
    FROM days c CROSS JOIN LATERAL (
        SELECT * FROM plans.judged_batch_events_as_of(c.now) j
        WHERE j.tenant_id = c.tenant_id AND j.schedule_date = c.plan_date
    ) e JOIN plans.production_batches b ON b.tenant_id = c.tenant_id AND b.plan_date = c.plan_date
        AND b.batch_number = e.batch_number AND b.state NOT IN ('failed', 'cancelled')
    WHERE e.event IN ('failed', 'cancelled') AND e.contradiction IS NULL AND NOT e.is_corrected
      AND e.recorded_at > c.planned_as_of
"""
# What was counted before the plan's instant, and is only recorded now, is not what the book of that instant says.
_COUNTED = """
    SELECT c.tenant_id, c.plan_date, 'counted' AS asking, l.recorded_at,
           coalesce(l.product_id, l.ingredient_id, l.recipe_id) || ' counted' AS detail,
           coalesce((SELECT sum(b.quantity) FROM plans.stock_balances b
                     WHERE b.tenant_id = c.tenant_id AND b.plan_date = c.plan_date
                       AND b.item_kind = CASE WHEN l.product_id IS NOT NULL THEN 'product'
                                              WHEN l.ingredient_id IS NOT NULL THEN 'ingredient'
                                              ELSE 'intermediate' END
                       AND b.item_id = coalesce(l.product_id, l.ingredient_id, l.recipe_id)
                       AND b.location_id = l.location_id AND b.lot_id = coalesce(l.lot_id, b.lot_id)), 0) AS book,
           l.quantity AS found
    FROM open_cells c JOIN ops.stock_lots l ON l.tenant_id = c.tenant_id
        AND l.recorded_at > c.planned_as_of AND l.recorded_at <= c.now
        AND coalesce(l.counted_at, l.recorded_at) > c.planned_as_of
"""
_COLUMNS = "tenant_id::text, plan_date, asking, recorded_at, detail, book, found"


def asking_facts(warehouse: Warehouse, now: datetime, grid_start: date) -> dy.DataFrame[AskingFacts]:
    """What the last versions of planned days of today and later do not know."""
    with warehouse.bulk(isolation="REPEATABLE READ") as bulk:
        bulk.run(_OPEN_CELLS.format(now=f"TIMESTAMPTZ '{now.isoformat()}'", grid_start=grid_start))
        bulk.run("ANALYZE open_cells")
        found = bulk.read(
            f"SELECT {_COLUMNS} FROM ({_REJECTED}) d WHERE decision = 'reject' UNION ALL"
            f" SELECT {_COLUMNS} FROM ({_LOST}) l UNION ALL SELECT {_COLUMNS} FROM ({_COUNTED}) s"
        )
        if found.is_empty():
            return AskingFacts.create_empty()
        return _with_hours(bulk, found)


def _with_hours(bulk: Bulk, found: pl.DataFrame) -> dy.DataFrame[AskingFacts]:
    cells = found.select("tenant_id", "plan_date").unique()
    bulk.put("asked_of", cells.select("tenant_id").unique())
    dates: list[date] = cells["plan_date"].to_list()
    facts = read_planning_facts(bulk, min(dates), max(dates), "asked_of")
    instants = planning_instants(cells, facts).select("tenant_id", "plan_date", "timezone", "first_start_at")
    opened = first_openings(
        instants.select("tenant_id", "timezone", date="plan_date"),
        facts["locations"],
        facts["opening_hours"],
        facts["calendar"],
        facts["tenant_settings"],
    )
    rows = (
        found.join(instants, on=["tenant_id", "plan_date"])
        .join(opened.select("tenant_id", "opens_at", "closes_at", plan_date="date"), on=["tenant_id", "plan_date"])
        .with_columns(work_begins_at=pl.coalesce("first_start_at", "opens_at"), date="plan_date")
    )
    rows = settings_on(rows, facts["tenant_settings"], ["replan_threshold"])
    return conform(AskingFacts, rows.with_columns(threshold="replan_threshold").sort("tenant_id", "recorded_at"))
