"""The watch over deliveries: alerts about them are brought up to date with the facts of an instant.

What has to be reported, and how alerts about it begin and end, is in ``bakery_assets.deliveries``. Most looks find
nothing new, so a look reads only orders of which something is to come; names, recipes and the plan are read of those
bakeries of which something has to be reported.
"""
# ruff: noqa: S608 - names come from the schema, values never do

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import TypeVar, cast

import dataframely as dy
import polars as pl
from sqlalchemy import Table

from bakery_assets.cells import local_cells
from bakery_assets.deliveries.alerts import active_alerts
from bakery_assets.deliveries.look import Look, alerts_after_look
from bakery_assets.deliveries.order_reminders import ReminderInputs
from bakery_assets.deliveries.texts import PlanDates, TextInputs
from bakery_assets.deliveries.watch import WatchFacts
from bakery_assets.materials.scheduled_receipts import GIVEN_UP_DAYS
from bakery_assets.schemas import Cells, conform, ops, plans, table_name
from bakery_assets.schemas.plans import WATCHED
from resources.schema import metadata
from resources.schema.packed import rows_of
from resources.warehouse.alerts import lock_tenants, read_acknowledgements, read_unarchived, write_changed
from resources.warehouse.connection import Bulk, Warehouse, selected
from resources.warehouse.facts import known_facts

S = TypeVar("S", bound=dy.Schema)
LONGEST_NOTICE = "7 days"  # nothing is reported longer before than this, whatever a bakery has set

_LATEST_PLANS = """
    CREATE TEMPORARY TABLE latest_plans AS
    SELECT DISTINCT ON (r.tenant_id) r.tenant_id, r.plan_date, r.planned_as_of, w.planned_as_of AS at
    FROM plans.planning_runs r JOIN watching w USING (tenant_id)
    WHERE r.status = 'planned' AND r.planned_as_of <= w.planned_as_of ORDER BY r.tenant_id, r.plan_date DESC
"""
# The latest record of each line of orders of which some record has a window that is near, or past and not given up.
_NEAR_LINES = f"""
    CREATE TEMPORARY TABLE near_lines AS
    SELECT DISTINCT ON (o.tenant_id, o.order_id, o.ingredient_id) o.*, w.planned_as_of AS at
    FROM (SELECT DISTINCT n.tenant_id, n.order_id FROM ops.purchase_orders n JOIN watching w USING (tenant_id)
          WHERE n.expected_to > w.planned_as_of - interval '{GIVEN_UP_DAYS + 1} days'
            AND n.expected_from < w.planned_as_of + interval '{LONGEST_NOTICE}') near
    JOIN ops.purchase_orders o USING (tenant_id, order_id) JOIN watching w USING (tenant_id)
    WHERE o.recorded_at <= w.planned_as_of
    ORDER BY o.tenant_id, o.order_id, o.ingredient_id, o.recorded_at DESC
"""
# A receipt counts as its latest record says, also where that names another order.
_NEAR_RECEIPTS = """
    CREATE TEMPORARY TABLE near_receipts AS
    SELECT DISTINCT ON (r.tenant_id, r.receipt_id, r.lot_id) r.*
    FROM (SELECT DISTINCT r.tenant_id, r.receipt_id, r.lot_id FROM ops.stock_receipts r
          JOIN (SELECT DISTINCT tenant_id, order_id FROM near_lines) l USING (tenant_id, order_id)) named
    JOIN ops.stock_receipts r USING (tenant_id, receipt_id, lot_id) JOIN watching w USING (tenant_id)
    WHERE r.recorded_at <= w.planned_as_of ORDER BY r.tenant_id, r.receipt_id, r.lot_id, r.recorded_at DESC
"""
_OPEN_LINES = """
    CREATE TEMPORARY TABLE open_lines AS
    SELECT l.* FROM near_lines l LEFT JOIN (
        SELECT tenant_id, order_id, ingredient_id, sum(quantity) AS came FROM near_receipts
        WHERE state = 'confirmed' GROUP BY tenant_id, order_id, ingredient_id
    ) r USING (tenant_id, order_id, ingredient_id)
    WHERE l.quantity > coalesce(r.came, 0)
"""
# Receipts that tell of open lines: those that name the order, those of the ingredient that name none, and the last one
# of the bakery by the day after the window, without which the order is taken to have been received.
_RECEIPTS = """
    SELECT {columns} FROM near_receipts r JOIN (SELECT DISTINCT tenant_id, order_id FROM open_lines) o
        USING (tenant_id, order_id)
    UNION
    SELECT {columns} FROM (
        SELECT DISTINCT ON (r.tenant_id, r.receipt_id, r.lot_id) r.*
        FROM (SELECT tenant_id, ingredient_id, min(ordered_at) AS since, max(at) AS at FROM open_lines GROUP BY 1, 2) l
        JOIN ops.stock_receipts r ON r.tenant_id = l.tenant_id AND r.ingredient_id = l.ingredient_id
            AND r.order_id IS NULL AND r.received_at >= l.since AND r.recorded_at <= l.at
        ORDER BY r.tenant_id, r.receipt_id, r.lot_id, r.recorded_at DESC
    ) r
    UNION
    SELECT {columns} FROM (SELECT DISTINCT tenant_id, expected_to, at FROM open_lines WHERE expected_to <= at) l
    CROSS JOIN LATERAL (
        SELECT * FROM ops.stock_receipts r WHERE r.tenant_id = l.tenant_id AND r.state = 'confirmed'
            AND r.received_at <= l.expected_to + interval '1 day' AND r.recorded_at <= l.at
        ORDER BY r.received_at DESC LIMIT 1
    ) r
"""
# Lines of proposals of which a part is neither approved nor rejected, as the last settling of decisions has them.
_UNDECIDED = f"""
    CREATE TEMPORARY TABLE undecided AS
    SELECT q.* FROM latest_plans p JOIN plans.procurement_requirements q USING (tenant_id, plan_date)
    JOIN plans.purchase_proposals s USING (tenant_id, plan_date, proposal_number)
    WHERE q.planned_order_quantity > 0 AND q.order_by > p.at AND q.order_by < p.at + interval '{LONGEST_NOTICE}'
      AND s.order_by < p.at + interval '{LONGEST_NOTICE}' AND s.status IN ('draft', 'partly_approved')
      AND NOT EXISTS (SELECT FROM ops.purchase_orders o WHERE o.tenant_id = q.tenant_id
                      AND o.ingredient_id = q.ingredient_id AND o.supplier_id = q.supplier_id AND o.quantity > 0
                      AND o.recorded_at > p.planned_as_of AND o.recorded_at <= p.at)
      AND NOT EXISTS (SELECT FROM ops.plan_decisions d WHERE d.tenant_id = q.tenant_id AND d.plan_date = q.plan_date
                      AND d.requirement_number = q.requirement_number AND d.decision IN ('reject', 'cancel')
                      AND d.recorded_at > p.planned_as_of AND d.recorded_at <= p.at)
"""
_OWN = "t.tenant_id IN (SELECT tenant_id FROM watching)"
_FACTS = tuple(name for name in (table_name(each) for each in ops.TABLES) if name in TextInputs.__annotations__)
_PLAN_TABLES = {
    "production_batches": plans.ProductionBatches,
    "stock_balances": plans.StockBalances,
    "procurement_requirements": plans.ProcurementRequirements,
}


def watch_deliveries(warehouse: Warehouse, now: datetime, only: Collection[str] | None = None) -> int:
    """Bring the alerts about deliveries up to date, of all bakeries or some; how many have changed."""
    with warehouse.bulk() as bulk:
        tenants = bulk.read(
            "SELECT tenant_id::text, timezone::text FROM ops.tenants WHERE status IN ('active', 'demo') ORDER BY 1"
        )
        wanted = tenants if only is None else tenants.filter(pl.col("tenant_id").is_in(list(only)))
        return update_delivery_alerts(bulk, conform(Cells, local_cells(wanted.with_columns(planned_as_of=pl.lit(now)))))


def draft_receipts(warehouse: Warehouse, tenant_id: str, order_id: str) -> dy.DataFrame[ops.StockReceipts]:
    """Receipts of an order that are begun and not finished, as recorded last."""
    with warehouse.bulk() as bulk:
        bulk.put("wanted", pl.DataFrame({"tenant_id": [tenant_id], "order_id": [order_id]}))
        found = _typed(
            bulk,
            ops.StockReceipts,
            f"SELECT DISTINCT ON (t.receipt_id, t.lot_id) {_columns('ops.stock_receipts')} FROM ops.stock_receipts t"
            " JOIN wanted w USING (tenant_id, order_id) ORDER BY t.receipt_id, t.lot_id, t.recorded_at DESC",
        )
    return conform(ops.StockReceipts, found.filter(pl.col("state") == "draft"))


def watch_planned(bulk: Bulk) -> int:
    """The same of bakeries whose latest plan has just been written, as of its instant, unless a later watch was there.

    So a plan that is made without a daemon tells of deliveries, too. Part of the transaction that writes the plans,
    whose cells are in the temporary table ``outcome``, and the last of it that locks.
    """
    planned = bulk.read(
        "SELECT o.tenant_id, o.timezone, o.planned_as_of FROM outcome o WHERE o.reason IS NULL AND o.resolved"
        " AND NOT EXISTS (SELECT FROM plans.planning_runs r WHERE r.tenant_id = o.tenant_id AND r.status = 'planned'"
        " AND r.plan_date > o.plan_date) AND NOT EXISTS (SELECT FROM outcome p WHERE p.tenant_id = o.tenant_id"
        " AND p.plan_date > o.plan_date) AND NOT EXISTS (SELECT FROM plans.alerts a WHERE a.tenant_id = o.tenant_id"
        f" AND a.kind IN ({_listed(WATCHED)}) AND greatest(a.last_planned_as_of, a.resolved_at) > o.planned_as_of)"
    )
    return update_delivery_alerts(bulk, conform(Cells, local_cells(planned)))


def update_delivery_alerts(bulk: Bulk, cells: dy.DataFrame[Cells]) -> int:
    """Open, change and end alerts as of each tenant's ``planned_as_of``; how many have changed.

    Bakeries of which something has to be reported are locked, and looked at again, so that two watches, or a watch and
    a plan, come one after the other.
    """
    if cells.is_empty():
        return 0
    look = _look(bulk, cells)
    concerned = look.concerned(_read_active(bulk))
    if concerned.is_empty():
        return 0
    own = conform(Cells, cells.join(concerned, on="tenant_id", how="semi"))
    lock_tenants(bulk, own["tenant_id"].to_list())
    look = _look(bulk, own)
    before = read_unarchived(bulk)
    after = alerts_after_look(look, before, _inputs(bulk, look.cells), read_acknowledgements(bulk))
    return write_changed(bulk, before, after)


def _look(bulk: Bulk, cells: dy.DataFrame[Cells]) -> Look:
    for name in ("watching", "latest_plans", "near_lines", "near_receipts", "open_lines", "undecided"):
        bulk.run(f"DROP TABLE IF EXISTS {name}")
    bulk.put("watching", cells)
    for statement in (_LATEST_PLANS, _NEAR_LINES, _NEAR_RECEIPTS, _OPEN_LINES, _UNDECIDED):
        bulk.run(statement)
        bulk.run(f"ANALYZE {statement.split()[3]}")
    receipts = _typed(bulk, ops.StockReceipts, _RECEIPTS.format(columns=_columns("ops.stock_receipts", "r")))
    is_draft = pl.col("state") == "draft"
    settings = _typed(
        bulk, ops.TenantSettings, f"SELECT {_columns('ops.tenant_settings')} FROM ops.tenant_settings t WHERE {_OWN}"
    )
    facts = WatchFacts(
        tenant_settings=settings,
        purchase_orders=_typed(bulk, ops.PurchaseOrders, f"SELECT {_columns('ops.purchase_orders')} FROM open_lines t"),
        stock_receipts=conform(ops.StockReceipts, receipts.filter(~is_draft)),
        draft_receipts=conform(ops.StockReceipts, receipts.filter(is_draft)),
    )
    reminders = ReminderInputs(
        tenant_settings=settings,
        undecided=_typed(
            bulk, plans.ProcurementRequirements, f"SELECT {_columns('plans.procurement_requirements')} FROM undecided t"
        ),
        ingredients=_named(bulk, ops.Ingredients),
        suppliers=_named(bulk, ops.Suppliers),
    )
    return Look.at(cells, facts, reminders)


def _inputs(bulk: Bulk, cells: dy.DataFrame[Cells]) -> TextInputs:
    known = known_facts(bulk, cells, _FACTS)
    planned = {
        name: _typed(
            bulk,
            schema,
            f"SELECT {_columns(f'plans.{name}')} FROM {rows_of(metadata.tables[f'plans.{name}'])} t"
            " JOIN latest_plans p USING (tenant_id, plan_date)",
        )
        for name, schema in _PLAN_TABLES.items()
    }
    latest = bulk.read("SELECT tenant_id::text, plan_date AS planned_for, planned_as_of FROM latest_plans")
    since = known["stock_receipts"].join(latest, on="tenant_id").filter(pl.col("received_at") > pl.col("planned_as_of"))
    return cast(
        "TextInputs",
        {
            **known,
            **planned,
            "plan_dates": conform(PlanDates, latest),
            "receipts_since": conform(ops.StockReceipts, since),
        },
    )


def _read_active(bulk: Bulk) -> dy.DataFrame[plans.Alerts]:
    condition = f"{_OWN} AND t.status IN ('open', 'acknowledged') AND t.kind IN ({_listed(WATCHED)})"
    return active_alerts(
        _typed(bulk, plans.Alerts, f"SELECT {_columns('plans.alerts')} FROM plans.alerts t WHERE {condition}")
    )


def _named(bulk: Bulk, schema: type[S]) -> dy.DataFrame[S]:
    """Master data of the bakeries of which an order is undecided."""
    name = table_name(schema)
    whose = "t.tenant_id IN (SELECT tenant_id FROM undecided)"
    return _typed(bulk, schema, f"SELECT {_columns(f'ops.{name}')} FROM ops.{name} t WHERE {whose}")


def _typed(bulk: Bulk, schema: type[S], query: str) -> dy.DataFrame[S]:
    return conform(schema, bulk.read(query))


def _columns(table: str, alias: str = "t") -> str:
    named: Table = metadata.tables[table]
    return selected(named, alias)


def _listed(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)
