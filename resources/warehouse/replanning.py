"""Decisions and facts that the last version of a day's plan does not know, found set-based.

Which of them replan the day is decided in ``bakery_assets.due.replanning``; versions are kept in ``record``. Only
cells of today and later are looked at, and of these only what is recorded since their last version.
"""
# ruff: noqa: S608 - names come from the schema, values are dates and instants

from datetime import date, datetime, timedelta

import dataframely as dy
import polars as pl

from bakery_assets.due.deliveries import touched_deliveries
from bakery_assets.due.replanning import AskingFacts
from bakery_assets.materials.scheduled_receipts import OrderFacts
from bakery_assets.opening_hours import first_openings
from bakery_assets.planning_instants import planning_instants
from bakery_assets.schemas import Cells, conform, ops
from bakery_assets.tenant_settings import settings_on
from resources.schema import metadata
from resources.warehouse.connection import Bulk, Warehouse, selected
from resources.warehouse.planning_facts import read_planning_facts

_OPEN_CELLS = """
    CREATE TEMPORARY TABLE open_cells AS
    SELECT r.tenant_id, r.plan_date, t.timezone, v.version, v.planned_as_of, v.published_at, {now} AS now
    FROM plans.planning_runs r JOIN ops.tenants t USING (tenant_id) JOIN LATERAL (
        SELECT * FROM plans.plan_versions v WHERE v.tenant_id = r.tenant_id AND v.plan_date = r.plan_date
        ORDER BY v.version DESC LIMIT 1
    ) v ON v.published_at IS NOT NULL
    WHERE r.status = 'planned' AND t.status <> 'cancelled' AND r.plan_date >= DATE '{since}'
      AND r.plan_date >= ({now} AT TIME ZONE t.timezone)::date
"""
# Settled decisions tell it: those that do not hold, and rejections that wait for a person, tell nothing of the kind.
_REQUESTED = """
    SELECT c.tenant_id, c.plan_date, 'regeneration' AS asking, e.time AS recorded_at, e.data->>'detail' AS detail,
           NULL::float8 AS book, NULL::float8 AS found, NULL::timestamptz AS product_counted_at
    FROM open_cells c JOIN plans.events e ON e.tenant_id = c.tenant_id
        AND e.type IN ('procurement.plan.regeneration_requested', 'production.plan.regeneration_requested')
        AND e.data->>'plan_date' = c.plan_date::text AND e.time > c.published_at AND e.time <= c.now
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
           NULL::float8 AS book, NULL::float8 AS found, NULL::timestamptz AS product_counted_at
    FROM days c CROSS JOIN LATERAL (
        SELECT * FROM plans.judged_batch_events_as_of(c.now) j
        WHERE j.tenant_id = c.tenant_id AND j.schedule_date = c.plan_date
    ) e JOIN plans.production_batches b ON b.tenant_id = c.tenant_id AND b.plan_date = c.plan_date
        AND b.batch_number = e.batch_number AND b.state NOT IN ('failed', 'cancelled')
    WHERE e.event IN ('failed', 'cancelled') AND e.contradiction IS NULL AND NOT e.is_corrected
      AND e.recorded_at > c.planned_as_of
"""
# What the plan takes as made of a batch: what was recorded by its instant, else what it planned.
_MADE = """
    WITH days AS (
        SELECT DISTINCT c.* FROM open_cells c JOIN ops.batch_events e ON e.tenant_id = c.tenant_id
            AND e.plan_date = c.plan_date AND e.event = 'finished'
            AND e.recorded_at > c.planned_as_of AND e.recorded_at <= c.now
    ), finished AS (
        SELECT c.tenant_id, c.plan_date, c.planned_as_of, b.batch_number, e.recorded_at,
               CASE WHEN b.state IN ('failed', 'cancelled') THEN 0 ELSE b.quantity_planned END AS planned,
               coalesce(e.quantity, b.quantity_planned) AS found
        FROM days c CROSS JOIN LATERAL (
            SELECT * FROM plans.judged_batch_events_as_of(c.now) j
            WHERE j.tenant_id = c.tenant_id AND j.schedule_date = c.plan_date
        ) e JOIN plans.production_batches b ON b.tenant_id = c.tenant_id AND b.plan_date = c.plan_date
            AND b.batch_number = e.batch_number
        WHERE e.event = 'finished' AND e.contradiction IS NULL AND NOT e.is_corrected
          AND e.recorded_at > c.planned_as_of
    )
    SELECT f.tenant_id, f.plan_date, 'batch_made' AS asking, f.recorded_at,
           'batch ' || f.batch_number || ' finished with ' || f.found || ' instead of '
               || coalesce(k.quantity, f.planned) AS detail,
           coalesce(k.quantity, f.planned) AS book, f.found, NULL::timestamptz AS product_counted_at
    FROM finished f LEFT JOIN LATERAL (
        SELECT j.quantity FROM plans.judged_batch_events_as_of(f.planned_as_of) j
        WHERE j.tenant_id = f.tenant_id AND j.schedule_date = f.plan_date AND j.batch_number = f.batch_number
          AND j.event = 'finished' AND j.contradiction IS NULL AND NOT j.is_corrected
    ) k ON true
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
           l.quantity AS found,
           CASE WHEN l.product_id IS NOT NULL THEN coalesce(l.counted_at, l.recorded_at) END AS product_counted_at
    FROM open_cells c JOIN ops.stock_lots l ON l.tenant_id = c.tenant_id
        AND l.recorded_at > c.planned_as_of AND l.recorded_at <= c.now
        AND coalesce(l.counted_at, l.recorded_at) > c.planned_as_of
"""
# All records of these ingredients: which orders a receipt without a number fulfills follows from those before it.
_DELIVERED_TO = """
    CREATE TEMPORARY TABLE delivered_to AS
    SELECT DISTINCT c.tenant_id, c.plan_date, c.timezone, c.planned_as_of, c.now, f.ingredient_id
    FROM open_cells c CROSS JOIN LATERAL (
        SELECT o.ingredient_id FROM ops.purchase_orders o
        WHERE o.tenant_id = c.tenant_id AND o.recorded_at > c.planned_as_of AND o.recorded_at <= c.now
        UNION SELECT r.ingredient_id FROM ops.stock_receipts r
        WHERE r.tenant_id = c.tenant_id AND r.recorded_at > c.planned_as_of AND r.recorded_at <= c.now
    ) f
"""
_ORDER_FACTS = """
    SELECT DISTINCT ON ({key}) {columns} FROM ops.{table} f JOIN delivered_to d USING (tenant_id, ingredient_id)
    WHERE d.plan_date = DATE '{plan_date}' AND f.recorded_at <= d.{known_at} ORDER BY {key}, f.recorded_at DESC
"""
_COLUMNS = "tenant_id::text, plan_date, asking, recorded_at, detail, book, found, product_counted_at"


def asking_facts(warehouse: Warehouse, now: datetime, since: date) -> dy.DataFrame[AskingFacts]:
    """What the last versions of planned days of today and later do not know."""
    with warehouse.bulk(isolation="REPEATABLE READ") as bulk:
        bulk.run(_OPEN_CELLS.format(now=f"TIMESTAMPTZ '{now.isoformat()}'", since=since))
        bulk.run("ANALYZE open_cells")
        found = bulk.read(
            f"SELECT {_COLUMNS} FROM ({_REQUESTED}) d UNION ALL"
            f" SELECT {_COLUMNS} FROM ({_LOST}) l UNION ALL SELECT {_COLUMNS} FROM ({_MADE}) m UNION ALL"
            f" SELECT {_COLUMNS} FROM ({_COUNTED}) s"
        )
        found = pl.concat([found, *_delivered(bulk)], how="diagonal_relaxed")
        if found.is_empty():
            return AskingFacts.create_empty()
        return _with_hours(bulk, found)


def _delivered(bulk: Bulk) -> list[pl.DataFrame]:
    """What deliveries ask for, a frame for each of the few dates that are planned and not over."""
    bulk.run(_DELIVERED_TO)
    delivered = bulk.read("SELECT DISTINCT tenant_id::text, plan_date, timezone::text, planned_as_of FROM delivered_to")
    return [
        touched_deliveries(
            conform(Cells, cells.sort("tenant_id")),
            _order_facts(bulk, plan_date, "planned_as_of"),
            _order_facts(bulk, plan_date, "now"),
        ).with_columns(asking=pl.lit("delivered"))
        for (plan_date,), cells in delivered.partition_by("plan_date", as_dict=True).items()
    ]


def _order_facts(bulk: Bulk, plan_date: date, known_at: str) -> OrderFacts:
    """Orders and receipts of the ingredients delivered to a date's cells, as they were known at a column's instant."""

    def latest(name: str) -> pl.DataFrame:
        table = metadata.tables[f"ops.{name}"]
        key = ", ".join(f"f.{column.name}" for column in table.primary_key if column.name != "recorded_at")
        columns = selected(table, "f")
        return bulk.read(
            _ORDER_FACTS.format(key=key, columns=columns, table=name, plan_date=plan_date, known_at=known_at)
        )

    settings = metadata.tables["ops.tenant_settings"]
    chosen = bulk.read(
        f"SELECT {selected(settings, 's')} FROM ops.tenant_settings s"
        " WHERE s.tenant_id IN (SELECT tenant_id FROM delivered_to) AND s.key = 'overdue_grace_days'"
    )
    return OrderFacts(
        tenant_settings=conform(ops.TenantSettings, chosen),
        purchase_orders=conform(ops.PurchaseOrders, latest("purchase_orders")),
        stock_receipts=conform(ops.StockReceipts, latest("stock_receipts").filter(pl.col("state") != "draft")),
    )


def _with_hours(bulk: Bulk, found: pl.DataFrame) -> dy.DataFrame[AskingFacts]:
    cells = found.select("tenant_id", "plan_date").unique()
    bulk.put("asked_of", cells.select("tenant_id").unique())
    dates: list[date] = cells["plan_date"].to_list()
    facts = read_planning_facts(bulk, min(dates) - timedelta(days=1), max(dates), "asked_of")
    instants = planning_instants(cells, facts).select("tenant_id", "plan_date", "timezone", "first_start_at")
    days = instants.select("tenant_id", "timezone", date="plan_date")
    before = days.with_columns(pl.col("date").dt.offset_by("-1d"))
    opened = first_openings(
        pl.concat([days, before]).unique(),
        facts["locations"],
        facts["opening_hours"],
        facts["calendar"],
        facts["tenant_settings"],
    )
    sold = opened.select("tenant_id", plan_date=pl.col("date").dt.offset_by("1d"), sold_until="closes_at")
    rows = (
        found.join(instants, on=["tenant_id", "plan_date"])
        .join(opened.select("tenant_id", "opens_at", "closes_at", plan_date="date"), on=["tenant_id", "plan_date"])
        .join(sold, on=["tenant_id", "plan_date"])
        .with_columns(work_begins_at=pl.coalesce("first_start_at", "opens_at"), date="plan_date")
    )
    rows = settings_on(rows, facts["tenant_settings"], ["replan_threshold"])
    return conform(AskingFacts, rows.with_columns(threshold="replan_threshold").sort("tenant_id", "recorded_at"))
