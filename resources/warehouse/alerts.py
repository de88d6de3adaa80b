"""Alerts as stored: brought up to date when plans are written, listed, acknowledged.

How an alert opens, changes and goes is in ``bakery_assets.briefing.alert_life``.
"""

from collections.abc import Collection
from datetime import date, datetime
from typing import TypeVar

import dataframely as dy
import polars as pl
from sqlalchemy import Table

from bakery_assets import schemas
from bakery_assets.briefing.alert_life import PlanOutcomes, alerts_after, alerts_on, with_acknowledgements
from bakery_assets.briefing.planning_failures import PlanningFailures, failure_findings
from bakery_assets.schemas import conform
from resources.schema import ops, plans
from resources.warehouse.connection import Bulk, Warehouse, frame_schema, insert_from, selected

S = TypeVar("S", bound=dy.Schema)


def record_failures(bulk: Bulk, failures: dy.DataFrame[PlanningFailures]) -> None:
    """Write the findings that some cells could not be planned, in place of those that say so already."""
    _stage(bulk, plans.findings, failure_findings(failures))
    _replace_rows(bulk, plans.findings, ("tenant_id", "plan_date", "cause"))


def update_alerts(bulk: Bulk, ended: pl.DataFrame) -> None:
    """Bring the alerts of tenants up to date with the findings of cells whose planning has ended.

    The last step of the transaction that writes these cells: it locks their tenants, so that two plans of one
    tenant come one after the other, and nothing else is locked after that.

    Args:
        ended: ``tenant_id, plan_date, planned_as_of, succeeded, has_findings``.
    """
    bulk.put("ended", ended)
    lock_tenants(bulk, ended["tenant_id"].unique().to_list())
    later = "SELECT FROM plans.daily_summaries s WHERE s.tenant_id = e.tenant_id AND s.plan_date > e.plan_date"
    outcomes = bulk.read(
        "SELECT e.tenant_id, e.plan_date, e.planned_as_of, e.succeeded,"  # noqa: S608
        f" e.succeeded AND e.has_findings AND NOT EXISTS ({later}) AS is_latest FROM ended e"
    )
    before = read_unarchived(bulk)
    after = alerts_after(
        before,
        conform(PlanOutcomes, outcomes),
        _read(
            bulk,
            schemas.plans.Findings,
            plans.findings,
            "(t.tenant_id, t.plan_date) IN (SELECT tenant_id, plan_date FROM ended)",
        ),
        read_acknowledgements(bulk),
        _read(bulk, schemas.ops.PurchaseOrders, ops.purchase_orders, _ORDERED_SINCE),
    )
    write_changed(bulk, before, after)


def read_alerts(warehouse: Warehouse, tenants: Collection[str]) -> dy.DataFrame[schemas.plans.Alerts]:
    """All alerts of some tenants, with acknowledgements that have come since the last plan."""
    with warehouse.bulk(isolation="REPEATABLE READ") as bulk:
        _stage_tenants(bulk, tenants)
        return _with_known_acknowledgements(bulk, _read(bulk, schemas.plans.Alerts, plans.alerts, _CONCERNED))


def read_alerts_on(
    warehouse: Warehouse, tenants: Collection[str], plan_date: date
) -> dy.DataFrame[schemas.plans.Alerts]:
    """The alerts of some tenants that were open after the plan of a day, or that it resolved."""
    with warehouse.bulk(isolation="REPEATABLE READ") as bulk:
        return alerts_of_day(bulk, tenants, plan_date)


def alerts_of_day(bulk: Bulk, tenants: Collection[str], plan_date: date) -> dy.DataFrame[schemas.plans.Alerts]:
    """The same within a transaction."""
    _stage_tenants(bulk, tenants)
    alerts = _with_known_acknowledgements(bulk, _read(bulk, schemas.plans.Alerts, plans.alerts, _CONCERNED))
    of_day = f"{_CONCERNED} AND t.plan_date = DATE '{plan_date:%Y-%m-%d}'"
    return alerts_on(alerts, _read(bulk, schemas.plans.Findings, plans.findings, of_day), plan_date)


def acknowledge(
    warehouse: Warehouse, tenant_id: str, alert_id: str, *, who: str, note: str | None, now: datetime
) -> None:
    """Append the fact that a person has seen an alert, and show it in the alert."""
    fact = pl.DataFrame(
        {"tenant_id": [tenant_id], "alert_id": [alert_id], "who": [who], "note": [note], "recorded_at": [now]},
        schema=frame_schema(ops.alert_acknowledgements),
    )
    with warehouse.bulk() as bulk:
        _stage(bulk, ops.alert_acknowledgements, fact)
        bulk.run(insert_from(f"staged_{ops.alert_acknowledgements.name}", ops.alert_acknowledgements, fact.columns))
        lock_tenants(bulk, [tenant_id])
        before = _read(bulk, schemas.plans.Alerts, plans.alerts, _CONCERNED)
        write_changed(bulk, before, _with_known_acknowledgements(bulk, before))


def lock_tenants(bulk: Bulk, tenants: Collection[str]) -> None:
    """Stage the tenants and lock their rows in the order of their ids."""
    _stage_tenants(bulk, tenants)
    bulk.run(
        f"SELECT count(*) FROM (SELECT FROM ops.tenants t WHERE {_CONCERNED}"  # noqa: S608
        " ORDER BY t.tenant_id FOR NO KEY UPDATE) locked"
    )


def _stage_tenants(bulk: Bulk, tenants: Collection[str]) -> None:
    bulk.put("concerned", pl.DataFrame({"tenant_id": sorted(tenants)}, schema={"tenant_id": pl.String}))


def _with_known_acknowledgements(
    bulk: Bulk, alerts: dy.DataFrame[schemas.plans.Alerts]
) -> dy.DataFrame[schemas.plans.Alerts]:
    return with_acknowledgements(alerts, read_acknowledgements(bulk))


def read_unarchived(bulk: Bulk) -> dy.DataFrame[schemas.plans.Alerts]:
    """The alerts of locked tenants that are not archived."""
    return _read(bulk, schemas.plans.Alerts, plans.alerts, f"{_CONCERNED} AND t.status <> 'archived'")


def read_acknowledgements(bulk: Bulk) -> dy.DataFrame[schemas.ops.AlertAcknowledgements]:
    """All acknowledgements of alerts of the tenants that are staged or locked."""
    return _read(bulk, schemas.ops.AlertAcknowledgements, ops.alert_acknowledgements, _CONCERNED)


_CONCERNED = "t.tenant_id IN (SELECT tenant_id FROM concerned)"
# Orders with a record since an alert to order from the supplier was opened that these plans may resolve.
_ORDERED_SINCE = (
    "(t.tenant_id, t.order_id) IN (SELECT o.tenant_id, o.order_id FROM ended e JOIN plans.alerts a"
    " ON a.tenant_id = e.tenant_id AND (a.resolved_at IS NULL OR a.resolved_at = e.planned_as_of)"
    " JOIN ops.purchase_orders o ON o.tenant_id = a.tenant_id AND o.supplier_id = a.subject"
    " AND o.recorded_at >= a.opened_at WHERE a.kind = 'order_today')"
)


def _read(bulk: Bulk, schema: type[S], table: Table, condition: str) -> dy.DataFrame[S]:
    frame = bulk.read(f"SELECT {selected(table)} FROM {table.fullname} t WHERE {condition}")  # noqa: S608
    typed = frame.select(pl.col(name).cast(kind) for name, kind in frame_schema(table).items())
    return conform(schema, typed.sort(schema.primary_key()))


def write_changed(
    bulk: Bulk, before: dy.DataFrame[schemas.plans.Alerts], after: dy.DataFrame[schemas.plans.Alerts]
) -> int:
    """Write the alerts that are not as they were before; how many."""
    changed = after.join(before, on=after.columns, how="anti", nulls_equal=True)
    if changed.height:
        _stage(bulk, plans.alerts, changed)
        _replace_rows(bulk, plans.alerts, ("tenant_id", "alert_id"))
    return changed.height


def _stage(bulk: Bulk, table: Table, frame: pl.DataFrame) -> None:
    bulk.put(f"staged_{table.name}", frame.cast(frame_schema(table)))


def _replace_rows(bulk: Bulk, table: Table, key: Collection[str]) -> None:
    """Replace rows of a table by the staged ones with the same key."""
    staged = f"staged_{table.name}"
    same = " AND ".join(f"t.{name} = s.{name}" for name in key)
    bulk.run(f"DELETE FROM {table.fullname} t USING {staged} s WHERE {same}")  # noqa: S608
    bulk.run(insert_from(staged, table, list(frame_schema(table))))
    bulk.run(f"DROP TABLE {staged}")
