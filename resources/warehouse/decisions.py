"""Decisions as stored: settled where they are new, in one transaction with the orders and events that follow.

What holds and what follows is decided in ``bakery_assets.decisions``. The tenants' rows are locked while decisions are
settled, so that of two who decide at once one comes after the other. Nothing else is locked after that; rows of a plan
that is being replaced are left to whoever replaces them, who settles in turn.
"""
# ruff: noqa: S608 - names come from the schema, values are dates and instants

from collections.abc import Collection
from datetime import datetime
from typing import Any, TypeVar, cast

import dataframely as dy
import polars as pl
from sqlalchemy import Table

from bakery_assets.cells import Cell, cells_frame
from bakery_assets.decisions.facts import DecisionFacts, LaterOrders, SentOrders
from bakery_assets.decisions.legality import JudgedDecisions
from bakery_assets.decisions.settling import Settlement, settle
from bakery_assets.explanations.formats import as_json
from bakery_assets.schemas import conform
from bakery_assets.schemas import ops as facts_of
from bakery_assets.schemas import plans as plans_of
from bakery_assets.schemas.new_events import NewEvents
from resources.schema import ops, plans
from resources.warehouse.connection import Bulk, Warehouse, frame_schema, insert_from, selected
from resources.warehouse.delivery_events import announce_written
from resources.warehouse.events import append_events
from resources.warehouse.input_changes import mark_as_writer
from resources.warehouse.record import RECORD_DAYS

PAST_DAYS = 365  # in which orders say what is usual
REFUSED = "refused_decision"  # its code in quarantine
S = TypeVar("S", bound=dy.Schema)

_PENDING = (
    "NOT EXISTS (SELECT FROM plans.decision_outcomes o WHERE o.tenant_id = d.tenant_id"
    " AND o.decision_id = d.decision_id)"
)
_OF_TENANTS = "t.tenant_id IN (SELECT tenant_id FROM deciding)"
_OF_CELLS = "(t.tenant_id, t.plan_date) IN (SELECT tenant_id, plan_date FROM decided_cells)"
_LATER_ORDERS = """
    SELECT DISTINCT v.tenant_id::text, v.plan_date, v.version, o.ingredient_id::text, min(o.order_id)::text AS order_id
    FROM plans.plan_versions v JOIN decided_cells c USING (tenant_id, plan_date) JOIN (
        SELECT p.tenant_id, p.order_id, p.ingredient_id, min(p.recorded_at) AS first_at,
               (array_agg(p.quantity ORDER BY p.recorded_at DESC))[1] AS quantity,
               (array_agg(p.proposed_on ORDER BY p.recorded_at DESC))[1] AS order_date,
               (array_agg(p.plan_version ORDER BY p.recorded_at DESC))[1] AS order_version
        FROM ops.purchase_orders p
        WHERE p.tenant_id IN (SELECT tenant_id FROM pending UNION SELECT tenant_id FROM ruled)
          AND (p.tenant_id, p.order_id) IN (SELECT r.tenant_id, r.order_id FROM ops.purchase_orders r
                                            JOIN decided_since d USING (tenant_id) WHERE r.recorded_at >= d.first - 2)
        GROUP BY 1, 2, 3
    ) o ON o.tenant_id = v.tenant_id AND o.first_at > v.planned_as_of AND o.quantity > 0
       AND (o.order_date, o.order_version) IS DISTINCT FROM (v.plan_date, v.version)
    WHERE v.published_at IS NOT NULL GROUP BY 1, 2, 3, 4
"""


class DecisionRefused(ValueError):
    """A decision does not hold; the message says why, and what to do."""


def settle_decisions(
    warehouse: Warehouse, now: datetime, *, tenants: Collection[str] | None = None, begun: Collection[Cell] = ()
) -> int:
    """Settle what was decided and not looked at yet; of how many tenants there was something.

    Args:
        tenants: only theirs; None: everyone's.
        begun: cells that are about to be planned, whose plans will know the orders.
    """
    with warehouse.bulk() as bulk:
        found = bulk.read(
            "SELECT DISTINCT d.tenant_id::text FROM ops.plan_decisions d"
            f" WHERE {_PENDING} AND d.recorded_at <= TIMESTAMPTZ '{now.isoformat()}'"
        )
        concerned = found if tenants is None else found.filter(pl.col("tenant_id").is_in(list(tenants)))
        if concerned.height:
            settle_in(bulk, concerned["tenant_id"].to_list(), now, begun=begun)
    return concerned.height


def decide(warehouse: Warehouse, decision: dy.DataFrame[facts_of.PlanDecisions], now: datetime) -> Settlement:
    """Record one decision and settle it at once.

    Raises:
        DecisionRefused: it does not hold; nothing is recorded.
    """
    [tenant_id], [decision_id] = decision["tenant_id"].to_list(), decision["decision_id"].to_list()
    with warehouse.bulk() as bulk:
        _insert(bulk, ops.plan_decisions, decision)
        settled = settle_in(bulk, [tenant_id], now)
        mine = settled.decisions.filter(pl.col("decision_id") == decision_id)
        [refused] = mine["refused"].to_list()
        if refused:
            raise DecisionRefused(refused)
    return settled


def settle_in(
    bulk: Bulk, tenants: Collection[str], now: datetime, *, begun: Collection[Cell] = (), auto: bool = False
) -> Settlement:
    """Settle the tenants' new decisions and bring the states of their plans up to date, within a transaction.

    Args:
        auto: proposals are approved by the tenants' rules, too.
    """
    _stage(bulk, tenants, now)
    facts = _read_facts(bulk, now, auto=auto)
    settled = settle(facts, now, _instants_not_knowing(bulk, now, begun))
    _write(bulk, settled, now)
    return settled


def _stage(bulk: Bulk, tenants: Collection[str], now: datetime) -> None:
    """Lock the tenants; stage them and the plans that their new decisions, or undecided proposals, are about."""
    bulk.run("DROP TABLE IF EXISTS deciding, decided_cells, decided_since, pending")
    bulk.put("deciding", pl.DataFrame({"tenant_id": sorted(set(tenants))}, schema={"tenant_id": pl.String}))
    bulk.run(
        f"SELECT count(*) FROM (SELECT FROM ops.tenants t WHERE {_OF_TENANTS} ORDER BY t.tenant_id"
        " FOR NO KEY UPDATE) locked"
    )
    instant = f"TIMESTAMPTZ '{now.isoformat()}'"
    bulk.run(
        "CREATE TEMPORARY TABLE pending AS SELECT d.tenant_id, d.decision_id, d.plan_date, d.plan"
        f" FROM ops.plan_decisions d JOIN deciding USING (tenant_id) WHERE {_PENDING} AND d.recorded_at <= {instant}"
    )
    bulk.run(
        "CREATE TEMPORARY TABLE decided_cells AS SELECT tenant_id, plan_date FROM pending"
        " UNION SELECT p.tenant_id, p.plan_date FROM plans.procurement_plans p JOIN deciding USING (tenant_id)"
        f" WHERE p.status IN ('draft', 'partly_approved') AND p.plan_date >= ({instant})::date - {RECORD_DAYS}"
    )
    bulk.run(
        "CREATE TEMPORARY TABLE decided_since AS SELECT tenant_id, min(plan_date) AS first FROM decided_cells"
        " GROUP BY tenant_id"
    )
    for table in ("decided_cells", "decided_since", "pending"):
        bulk.run(f"ANALYZE {table}")


def _read_facts(bulk: Bulk, now: datetime, *, auto: bool) -> DecisionFacts:
    settings = _read(bulk, facts_of.TenantSettings, ops.tenant_settings, _OF_TENANTS)
    ruled = settings.filter(pl.col("key") == "auto_approve_limit")["tenant_id"].unique().to_list() if auto else []
    bulk.run("DROP TABLE IF EXISTS ruled")
    bulk.put("ruled", pl.DataFrame({"tenant_id": ruled}, schema={"tenant_id": pl.String}))
    of_ruled = "t.tenant_id IN (SELECT tenant_id FROM ruled)"
    # Without decisions there is only who follows whom, which needs neither master data nor orders.
    of_deciding = "t.tenant_id IN (SELECT tenant_id FROM pending UNION SELECT tenant_id FROM ruled)"
    new = "(t.tenant_id, t.decision_id) IN (SELECT tenant_id, decision_id FROM pending)"
    accepted = (
        "EXISTS (SELECT FROM plans.decision_outcomes o WHERE o.tenant_id = t.tenant_id"
        " AND o.decision_id = t.decision_id AND o.outcome = 'accepted')"
    )
    # A join on the tenant, where a subquery of each row's own would be run for each row.
    since_first = "EXISTS (SELECT FROM decided_since c WHERE c.tenant_id = t.tenant_id AND {} >= c.first{})"
    batches = (
        "(t.tenant_id, t.plan_date) IN (SELECT tenant_id, plan_date FROM pending WHERE plan = 'production_schedules')"
    )
    lines = f"{_OF_CELLS} AND {of_deciding} AND t.proposal_number IS NOT NULL"
    sent = bulk.read(
        "SELECT t.tenant_id::text, t.order_id::text, min(t.happened_at) AS sent_at FROM ops.order_events t"
        f" WHERE t.event = 'sent' AND {of_deciding} AND {since_first.format('t.recorded_at', ' - 2')}"
        " GROUP BY 1, 2"
    )
    since = f"TIMESTAMPTZ '{now.isoformat()}' - interval '{PAST_DAYS} days'"
    past = _read(bulk, facts_of.PurchaseOrders, ops.purchase_orders, f"{of_ruled} AND t.recorded_at >= {since}")
    return DecisionFacts(
        tenants=_read(bulk, facts_of.Tenants, ops.tenants, _OF_TENANTS),
        tenant_settings=settings,
        plan_decisions=_read(
            bulk, facts_of.PlanDecisions, ops.plan_decisions, f"{new} OR ({_OF_CELLS} AND {accepted})"
        ),
        outcomes=_read(
            bulk,
            plans_of.DecisionOutcomes,
            plans.decision_outcomes,
            "t.outcome = 'accepted' AND (t.tenant_id, t.decision_id) IN (SELECT d.tenant_id, d.decision_id"
            " FROM ops.plan_decisions d JOIN decided_cells USING (tenant_id, plan_date))",
        ),
        plan_versions=_read(
            bulk,
            plans_of.PlanVersions,
            plans.plan_versions,
            f"t.published_at IS NOT NULL AND {since_first.format('t.plan_date', '')}",
        ),
        published_proposals=_read(bulk, plans_of.PublishedProposals, plans.published_proposals, _OF_CELLS),
        published_orders=_read(bulk, plans_of.PublishedOrders, plans.published_orders, lines),
        published_batches=_read(bulk, plans_of.PublishedBatches, plans.published_batches, batches),
        past_batch_events=_read(bulk, facts_of.BatchEvents, ops.batch_events, batches),
        equipment=_read(bulk, facts_of.Equipment, ops.equipment, of_deciding),
        later_orders=conform(LaterOrders, bulk.read(_LATER_ORDERS)),
        sent_orders=conform(SentOrders, sent),
        supplier_items=_read(bulk, facts_of.SupplierItems, ops.supplier_items, of_deciding),
        suppliers=_read(bulk, facts_of.Suppliers, ops.suppliers, of_deciding),
        ingredients=_read(bulk, facts_of.Ingredients, ops.ingredients, of_deciding),
        shifts=_read(bulk, facts_of.Shifts, ops.shifts, of_deciding),
        past_orders=conform(
            facts_of.PurchaseOrders,
            past.sort("recorded_at").unique(["tenant_id", "order_id", "ingredient_id"], keep="last"),
        ),
        stock_receipts=_read(
            bulk, facts_of.StockReceipts, ops.stock_receipts, f"{of_ruled} AND t.recorded_at >= {since}"
        ),
    )


def _instants_not_knowing(bulk: Bulk, now: datetime, begun: Collection[Cell]) -> pl.DataFrame:
    """``tenant_id, instant``: the last instant, up to now, of a plan that is made or in the making."""
    bulk.run("DROP TABLE IF EXISTS begun_cells")
    bulk.put("begun_cells", cells_frame(begun))
    return bulk.read(
        "SELECT tenant_id::text, max(planned_as_of) AS instant FROM (SELECT tenant_id, plan_date, planned_as_of"
        " FROM plans.planning_runs UNION ALL SELECT tenant_id, plan_date, planned_as_of FROM plans.plan_versions) p"
        " JOIN deciding USING (tenant_id) WHERE (tenant_id, plan_date) NOT IN"
        " (SELECT tenant_id, plan_date FROM begun_cells)"
        f" AND planned_as_of <= TIMESTAMPTZ '{now.isoformat()}' GROUP BY 1"
    )


def _write(bulk: Bulk, settled: Settlement, now: datetime) -> None:
    _insert(bulk, ops.plan_decisions, settled.auto_decisions)
    _insert(bulk, ops.purchase_orders, settled.purchase_orders)
    _insert(bulk, ops.batch_events, settled.batch_events)
    new = settled.decisions.filter("is_new")
    is_refused = pl.col("refused").is_not_null()
    outcomes = new.select(
        "tenant_id",
        "decision_id",
        outcome=pl.when(is_refused).then(pl.lit("refused")).otherwise(pl.lit("accepted")),
        reason="refused",
        judged_at=pl.lit(now),
    )
    _insert(bulk, plans.decision_outcomes, conform(plans_of.DecisionOutcomes, outcomes))
    _quarantine(bulk, conform(JudgedDecisions, new.filter(is_refused)))
    announce_written(bulk)
    append_events(bulk, settled.new_events)
    append_events(bulk, _with_states(bulk, settled))


def _quarantine(bulk: Bulk, refused: dy.DataFrame[JudgedDecisions]) -> None:
    if refused.is_empty():
        return
    given = [name for name in facts_of.PlanDecisions.column_names() if name != "version"]
    content = as_json(**{name: pl.col(name).cast(pl.String) for name in given})
    bulk.run("DROP TABLE IF EXISTS refused_decisions")
    bulk.put("refused_decisions", refused.select("tenant_id", reason="refused", content=content))
    bulk.run(
        "INSERT INTO ops.quarantine (tenant_id, folder, file, row_number, code, column_name, reason, content)"
        f" SELECT tenant_id, '', '{ops.plan_decisions.name}', 0, '{REFUSED}', NULL, reason, content::jsonb"
        " FROM refused_decisions ON CONFLICT DO NOTHING"
    )


def _with_states(bulk: Bulk, settled: Settlement) -> dy.DataFrame[NewEvents]:
    """Bring the states in the plans' own rows up to date; what changed of whole plans, as new events."""
    bulk.run("DROP TABLE IF EXISTS settled_plans, settled_proposals")
    mark_as_writer(bulk)
    bulk.put("settled_plans", settled.plans)
    bulk.put("settled_proposals", settled.proposals)
    changed = bulk.read(_state_update("procurement_plans", "settled_plans", "tenant_id, plan_date, version"))
    key = "tenant_id, plan_date, version, proposal_number"
    bulk.read(_state_update("purchase_proposals", "settled_proposals", key))
    states = settled.plans.select("tenant_id", "plan_date", "version", "since")
    with_versions = changed.with_columns(pl.col("version").cast(pl.Int32)).join(
        states, on=["tenant_id", "plan_date", "version"]
    )
    status = {"from": "before", "to": "status"}
    return conform(
        NewEvents,
        with_versions.with_columns(
            type=pl.lit("procurement.plan.status_changed"),
            subject=pl.format("plan/{}/{}", "plan_date", "version"),
            occasion=pl.format("{}@{}", "status", pl.col("since").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")),
            time="since",
            data=as_json(plan_date=pl.col("plan_date").cast(pl.String), version="version", **status),
        ),
    )


def _state_update(table: str, staged: str, key: str) -> str:
    """Rows that another transaction is replacing are skipped: it settles after that."""
    same = " AND ".join(f"p.{name} = l.{name}" for name in key.split(", "))
    columns = ", ".join(f"p.{name}" for name in key.split(", "))
    return (
        f"WITH locked AS (SELECT {columns}, p.status AS before, s.status FROM plans.{table} p JOIN {staged} s"
        f" USING ({key}) WHERE p.status <> s.status FOR UPDATE OF p SKIP LOCKED),"
        f" changed AS (UPDATE plans.{table} p SET status = l.status FROM locked l WHERE {same} RETURNING l.*)"
        " SELECT tenant_id::text, plan_date, version, before::text, status::text FROM changed"
    )


def _insert(bulk: Bulk, table: Table, rows: pl.DataFrame) -> None:
    """Append rows that are not there yet."""
    if rows.is_empty():
        return
    types: dict[str, Any] = dict(frame_schema(table))
    staged = f"decided_{table.name}"
    bulk.run(f"DROP TABLE IF EXISTS {staged}")
    bulk.put(staged, rows.select(pl.col(name).cast(kind) for name, kind in types.items()), analyzed=False)
    bulk.run(f"{insert_from(staged, table, list(types))} ON CONFLICT DO NOTHING")


def _read(bulk: Bulk, schema: type[S], table: Table, condition: str) -> dy.DataFrame[S]:
    frame = bulk.read(f"SELECT {selected(table)} FROM {table.fullname} t WHERE {condition}")
    typed = frame.select(pl.col(name).cast(kind) for name, kind in frame_schema(table).items())
    return cast("dy.DataFrame[S]", conform(schema, typed))
