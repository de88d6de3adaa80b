"""Plans that would come out the same: what each was made from, and whether any of it has changed since.

A plan is a pure function of facts, models, earlier plans, its planning instant and the code. So it is not made again
where nothing of that has changed: no transaction that its snapshot did not see has written what it is made from
(``input_changes``), nor published an earlier day's plan, or a later one's that it would know. In doubt it is made
again.

Once a day what has changed is settled (``forget_inputs``): plans that it makes stale are marked so, of the others it is
kept that they have seen it, and then it is forgotten. A row of no tenant says up to which transaction: a plan that was
in the making meanwhile, and may not have seen what is forgotten, is not reused.
"""
# ruff: noqa: S608 - names come from the schema, values are snapshots, digests and instants

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import polars as pl
from sqlalchemy import text

from bakery_assets.cells import Cell, cells_frame
from resources.warehouse.connection import Bulk, Warehouse, instant
from resources.warehouse.input_changes import WATCH
from resources.warehouse.record import RECORD_DAYS

REUSED_DAYS = 8  # after it was written, a plan is made again whatever has changed
UNCHANGED = "unchanged"  # the phase, in planning_costs, of a plan that was not made again


@dataclass(frozen=True)
class Taken:
    """What a transaction sees.

    Attributes:
        snapshot: of PostgreSQL.
        watched_by: digest of the watch over changes; None: changes may be missed, and nothing is reused.
    """

    snapshot: str
    watched_by: str | None


def taken(bulk: Bulk) -> Taken:
    """What the transaction sees; one that is REPEATABLE READ sees the same to its end."""
    return Taken(*bulk.read(WATCH).row(0))


def snapshot_of_now(warehouse: Warehouse) -> str:
    """What a transaction that begins later sees at least."""
    with warehouse.engine.connect() as connection:
        return str(connection.execute(text("SELECT pg_current_snapshot()::text")).scalar_one())


NO_TENANT = ""  # whose row of input_changes says until which transaction changes are forgotten
_CHANGED = """
    (SELECT string_agg(DISTINCT c.source, ', ') || ' changed' FROM plans.input_changes c
     WHERE c.tenant_id IN (a.tenant_id, '*') AND c.transaction_id >= pg_snapshot_xmin(a.facts_snapshot)
       AND NOT pg_visible_in_snapshot(c.transaction_id, a.facts_snapshot))
"""
_FORGOTTEN = f"(SELECT max(transaction_id) FROM plans.input_changes WHERE tenant_id = '{NO_TENANT}')"
_OTHER_DAYS = f"""
    EXISTS (SELECT FROM plans.plan_inputs o WHERE o.tenant_id = a.tenant_id
        AND NOT pg_visible_in_snapshot(o.published_xid, a.plans_snapshot)
        AND (o.plan_date < a.plan_date OR (o.plan_date > a.plan_date AND o.plan_date <= a.plan_date + {RECORD_DAYS}
             AND EXISTS (SELECT FROM plans.plan_versions v WHERE v.tenant_id = o.tenant_id
                         AND v.plan_date = o.plan_date AND v.published_at <= a.planned_as_of))))
"""
_WHY = f"""
    SELECT a.tenant_id::text, a.plan_date, CASE
        WHEN a.status IS DISTINCT FROM 'planned' OR a.facts_snapshot IS NULL THEN 'it was not planned as a whole'
        WHEN pg_snapshot_xmin(a.facts_snapshot) < {_FORGOTTEN} THEN 'what has changed since is forgotten'
        WHEN a.made_by <> {{made_by}} THEN 'the program, its settings or its libraries changed'
        WHEN a.watched_by <> '{{watched_by}}' THEN 'the database or its watch over changes is another'
        WHEN a.requested_xid IS NOT NULL AND a.started_xid IS NULL THEN 'its validation was requested'
        WHEN a.version_published_at IS NULL OR a.version_as_of <> a.planned_as_of
            OR greatest(a.planned_as_of, a.facts_until) <> a.sales_until THEN 'a new version was requested'
        WHEN {_OTHER_DAYS} THEN 'plans of other days changed'
        ELSE {_CHANGED} END AS why
    FROM (
        SELECT w.tenant_id, w.plan_date, r.status, r.facts_until, r.requested_xid, r.started_xid, i.facts_snapshot,
               i.plans_snapshot, i.planned_as_of, i.sales_until, i.made_by, i.watched_by,
               v.planned_as_of AS version_as_of, v.published_at AS version_published_at
        FROM asked w JOIN plans.plan_inputs i USING (tenant_id, plan_date)
        JOIN plans.planning_runs r USING (tenant_id, plan_date)
        LEFT JOIN LATERAL (SELECT * FROM plans.plan_versions v WHERE v.tenant_id = w.tenant_id
            AND v.plan_date = w.plan_date ORDER BY v.version DESC LIMIT 1) v ON true
    ) a
"""


def what_changed(warehouse: Warehouse, cells: Collection[Cell], made_by: str) -> dict[Cell, str | None]:
    """Of those of ``cells`` that were written before, why they have to be planned again; None: they need not.

    Args:
        made_by: digest of the code, its settings and libraries.
    """
    with warehouse.bulk(isolation="REPEATABLE READ") as bulk:
        return what_changed_in(bulk, cells, made_by)


def what_changed_in(bulk: Bulk, cells: Collection[Cell], made_by: str) -> dict[Cell, str | None]:
    """The same within a transaction."""
    bulk.put("asked", cells_frame(cells))
    found = bulk.read(_WHY.format(made_by=f"'{made_by}'", watched_by=taken(bulk).watched_by))
    return {Cell(tenant, day): why for tenant, day, why in found.iter_rows()}


def note_publication(bulk: Bulk) -> None:
    """Note that the cells of the temporary table ``outcome`` are being written; their plans are not to be reused."""
    bulk.run(
        "INSERT INTO plans.plan_inputs AS i (tenant_id, plan_date, published_xid, published_at)"
        " SELECT tenant_id, plan_date, pg_current_xact_id(), now() FROM outcome"
        " ON CONFLICT (tenant_id, plan_date) DO UPDATE SET published_xid = excluded.published_xid,"
        " published_at = excluded.published_at, facts_snapshot = NULL, plans_snapshot = NULL"
    )


def keep_inputs(bulk: Bulk, made_from: pl.DataFrame, facts: Taken, plans_snapshot: str, made_by: str) -> None:
    """Keep what the plans of ``outcome`` were made from, in the transaction that writes all of their stages.

    Args:
        made_from: ``tenant_id, plan_date, sales_until``.
        facts: what the transaction has seen that read the facts.
        plans_snapshot: what the transaction has at least seen that read models and plans of other days.
    """
    if not facts.watched_by:
        return
    bulk.put("made_from", made_from)
    bulk.run(
        f"UPDATE plans.plan_inputs i SET facts_snapshot = '{facts.snapshot}', plans_snapshot = '{plans_snapshot}',"
        f" planned_as_of = o.planned_as_of, sales_until = m.sales_until, made_by = '{made_by}',"
        f" watched_by = '{facts.watched_by}' FROM outcome o JOIN made_from m USING (tenant_id, plan_date)"
        " WHERE i.tenant_id = o.tenant_id AND i.plan_date = o.plan_date AND o.reason IS NULL"
    )


def record_unchanged(
    warehouse: Warehouse, cells: Collection[Cell], run_id: str, cpu_seconds: float, now: datetime
) -> None:
    """Record that a run has found the plans of cells unchanged, and what that took of each.

    Sales that had come when the run began have been validated, as there are no new ones.
    """
    with warehouse.bulk() as bulk:
        bulk.put("unchanged", cells_frame(cells))
        bulk.run(
            "UPDATE plans.planning_runs r SET validated_xid = r.started_xid, requested_xid = NULL FROM unchanged u"
            " WHERE r.tenant_id = u.tenant_id AND r.plan_date = u.plan_date AND r.claimed_by = "
            f"'{run_id}' AND r.started_xid IS NOT NULL"
        )
        each = cpu_seconds * 1_000 / max(len(cells), 1)
        bulk.run(
            "INSERT INTO plans.planning_costs (tenant_id, plan_date, finished_at, phases, cpu_ms, row_counts,"
            f" byte_counts) SELECT u.tenant_id, u.plan_date, {instant(now)}, '{{{UNCHANGED}}}',"
            f" ARRAY[{each!r}]::real[], '{{0}}', '{{0}}' FROM unchanged u"
            " ON CONFLICT DO NOTHING"
        )


def count_unchanged(warehouse: Warehouse, cells: Collection[Cell], since: datetime) -> int:
    """How many of ``cells`` have been found unchanged since an instant."""
    with warehouse.bulk() as bulk:
        bulk.put("asked", cells_frame(cells))
        found = bulk.read(
            "SELECT DISTINCT c.tenant_id::text, c.plan_date FROM plans.planning_costs c JOIN asked"
            f" USING (tenant_id, plan_date) WHERE c.finished_at >= {instant(since)} AND c.phases = '{{{UNCHANGED}}}'"
        )
    return found.height


def forget_inputs(warehouse: Warehouse) -> None:
    """Forget what has changed until now: mark plans that have to be made again, and let all others have seen it.

    Those older than ``REUSED_DAYS`` have to, too. Nothing is published meanwhile, which is for less than a second.
    """
    with warehouse.bulk() as bulk:
        bulk.run("LOCK TABLE plans.plan_inputs IN SHARE ROW EXCLUSIVE MODE")
        now = taken(bulk)
        bulk.run(
            "CREATE TEMPORARY TABLE asked AS SELECT tenant_id, plan_date FROM plans.plan_inputs"
            " WHERE facts_snapshot IS NOT NULL"
        )
        bulk.run("ANALYZE asked")
        why = _WHY.format(made_by="a.made_by", watched_by=now.watched_by)
        bulk.run(
            "UPDATE plans.plan_inputs i SET facts_snapshot = NULL, plans_snapshot = NULL"
            f" FROM ({why}) w WHERE i.tenant_id = w.tenant_id AND i.plan_date = w.plan_date"
            f" AND (w.why IS NOT NULL OR i.published_at < now() - interval '{REUSED_DAYS} days')"
        )
        seen = f"'{now.snapshot}'::pg_snapshot"
        bulk.run(
            f"UPDATE plans.plan_inputs SET facts_snapshot = {seen}, plans_snapshot = {seen}"
            " WHERE facts_snapshot IS NOT NULL"
        )
        ended = f"pg_snapshot_xmin({seen})"
        bulk.run(f"DELETE FROM plans.plan_inputs WHERE facts_snapshot IS NULL AND published_xid < {ended}")
        bulk.run(f"DELETE FROM plans.input_changes WHERE transaction_id < {ended}")
        bulk.run(f"INSERT INTO plans.input_changes VALUES ('{NO_TENANT}', 'forgotten', {ended}) ON CONFLICT DO NOTHING")
