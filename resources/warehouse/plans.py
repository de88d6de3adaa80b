"""Writing plans: a cell's rows are replaced whole, in one transaction, together with the outcome of the cell.

Who may plan a cell, and what happens when a run dies, is in ``planning_runs``; models are published by
``model_registry``.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime

import polars as pl

from bakery_assets.briefing.alert_life import FAILED
from bakery_assets.briefing.planning_failures import PlanningFailures
from bakery_assets.cells import HORIZON_DAYS, Cell, Frames
from bakery_assets.isolation import describe, isolate
from bakery_assets.planning_day import STAGES, VALIDATION, WRITTEN_BY
from bakery_assets.schemas import conform
from bakery_assets.stages import Failed
from bakery_assets.validation.validation_days import LONGEST_LEAD_DAYS, LOOK_BACK_DAYS
from resources.schema import metadata
from resources.schema.packed import is_packed, pack, stored
from resources.schema.plans import (
    demand_forecasts,
    findings,
    procurement_plans,
    procurement_requirements,
    production_batches,
    validation_runs,
)
from resources.warehouse.alerts import record_failures, update_alerts
from resources.warehouse.connection import Bulk, Warehouse, frame_schema
from resources.warehouse.decisions import settle_in
from resources.warehouse.deliveries import watch_planned
from resources.warehouse.foreign_keys import insert_staged, may_leave_checks_out
from resources.warehouse.input_changes import mark_as_writer
from resources.warehouse.record import append_versions, keep_batch_reasoning, keep_order_reasoning
from resources.warehouse.unchanged_plans import note_publication

# Parents before children, because of foreign keys.
_TABLES = [table for table in metadata.sorted_tables if table.schema == "plans" and table.name in WRITTEN_BY]
_VALIDATION_TABLES = {table for stage in VALIDATION for table in stage.writes}


def replace_plans(
    warehouse: Warehouse,
    cells: pl.DataFrame,
    tables: Frames,
    failed: Mapping[Cell, Failed],
    *,
    written: Collection[str],
    finished_at: datetime,
    run_id: str,
    also_write: Callable[[Bulk], None] = lambda bulk: None,
) -> dict[Cell, Failed | None]:
    """Replace what ``cells`` have in the ``written`` tables, and record the cells that failed.

    Failed cells keep the rows they had and get an alert. Row locks on ``planning_runs`` serialize two
    replacements of the same cell; unlike advisory locks their number has no bound. A cell that another run has started
    since is left to it: a slow run must not overwrite a newer one. Rows that the database refuses
    are isolated by halving, as an exception in a stage is, and their cell has failed.

    Args:
        cells: every cell that was started.
        tables: rows for cells that did not fail.
        written: names of plan tables; one that is not in ``tables`` is emptied for these cells.
        run_id: the Dagster run, which has started the cells.
        also_write: what else is written in the transaction, of the cells that the temporary table ``outcome`` has.

    Returns:
        Each cell whose outcome was recorded, with why it failed; None: its rows are written.
    """

    def write(some: pl.DataFrame, why: Mapping[Cell, Failed] = failed) -> dict[Cell, Failed | None]:
        recorded = _replace(
            warehouse, some, tables, why, written=written, finished_at=finished_at, run_id=run_id, also_write=also_write
        )
        return {cell: why.get(cell) for cell in recorded}

    def refused(one: pl.DataFrame, error: Exception) -> dict[Cell, Failed | None]:
        cell = Cell(*one.select("tenant_id", "plan_date").row(0))
        if cell in failed:
            raise error
        return write(one, {cell: Failed("publish", describe(error))})

    recorded: dict[Cell, Failed | None] = {}
    for part in isolate(cells, write, refused):
        recorded |= part
    return recorded


def _replace(
    warehouse: Warehouse,
    cells: pl.DataFrame,
    tables: Frames,
    failed: Mapping[Cell, Failed],
    *,
    written: Collection[str],
    finished_at: datetime,
    run_id: str,
    also_write: Callable[[Bulk], None],
) -> set[Cell]:
    """Replace and record in one transaction; the cells whose outcome was recorded."""
    outcome = cells.select("tenant_id", "plan_date", "timezone", "planned_as_of").join(
        _failures(failed), on=["tenant_id", "plan_date"], how="left"
    )
    with warehouse.bulk() as bulk:
        mark_as_writer(bulk)
        bulk.put(
            "outcome",
            outcome.with_columns(
                finished_at=pl.lit(finished_at, pl.Datetime("us", "UTC")), run_id=pl.lit(run_id), resolved=pl.lit(True)
            ),
        )
        bulk.run(
            "SELECT count(*) FROM (SELECT FROM plans.planning_runs r JOIN outcome o USING (tenant_id, plan_date)"
            " ORDER BY r.tenant_id, r.plan_date FOR UPDATE OF r) locked"
        )
        bulk.run(
            "DELETE FROM outcome o USING plans.planning_runs r WHERE r.tenant_id = o.tenant_id"
            " AND r.plan_date = o.plan_date AND r.claimed_by <> o.run_id"
        )
        note_publication(bulk)
        bulk.run("CREATE TEMPORARY TABLE kept_validations (tenant_id text, plan_date date)")
        _delete_rows(bulk, written)
        at_once = may_leave_checks_out(bulk)
        for table in _TABLES:
            frame = tables.get(table.name)
            if table.name in written and frame is not None and frame.height:
                columns = [name for name in frame_schema(table) if name in frame.columns]
                types = pl.Schema({name: kind for name, kind in frame_schema(table).items() if name in columns})
                new = frame.select(columns).cast(types)
                bulk.put(f"new_{table.name}", pack(table, new) if is_packed(table) else new, analyzed=False)
                recorded = "(tenant_id, plan_date) IN (SELECT tenant_id, plan_date FROM outcome WHERE reason IS NULL)"
                if table.name in _VALIDATION_TABLES:
                    recorded += f" AND {_is_not_kept(f'new_{table.name}')}"
                insert_staged(bulk, f"new_{table.name}", table, columns, recorded, at_once=at_once)
        _record_outcome(bulk, written)
        if validation_runs.name in written:
            _record_validation(bulk)
        if demand_forecasts.name in written:
            _request_revalidation(bulk)
        if production_batches.name in written:
            append_versions(bulk)
        ended = bulk.read("SELECT * FROM outcome")
        failures = ended.filter(pl.col("reason").is_not_null())
        if failures.height:
            record_failures(bulk, conform(PlanningFailures, failures))
        update_alerts(
            bulk,
            ended.filter("resolved").select(
                "tenant_id", "plan_date", "planned_as_of",
                succeeded=pl.col("reason").is_null(), has_findings=pl.lit(findings.name in written),
            ),
        )  # fmt: skip
        published = ended.filter(pl.col("reason").is_null())
        if procurement_plans.name in written and published.height:
            settle_in(bulk, published["tenant_id"].to_list(), finished_at, auto=True)
        watch_planned(bulk)
        also_write(bulk)
        return {Cell(*row) for row in ended.select("tenant_id", "plan_date").iter_rows()}


def _keep_validations(bulk: Bulk) -> None:
    """Leave the validation of cells as it is where no forecast that it was made of is kept any longer.

    A day of long ago that a person plans again would lose what is known of its accuracy.
    """
    first = LOOK_BACK_DAYS + LONGEST_LEAD_DAYS
    bulk.run(
        f"INSERT INTO kept_validations SELECT o.tenant_id, o.plan_date FROM outcome o"  # noqa: S608
        " WHERE EXISTS (SELECT FROM plans.validation_leads v WHERE v.tenant_id = o.tenant_id"
        " AND v.plan_date = o.plan_date) AND NOT EXISTS (SELECT FROM plans.demand_forecasts f"
        f" WHERE f.tenant_id = o.tenant_id AND f.plan_date BETWEEN o.plan_date - {first} AND o.plan_date - 1)"
    )


def _is_not_kept(rows: str) -> str:
    """The condition that rows of a table or alias do not belong to a validation that is left as it is."""
    return (
        f"NOT EXISTS (SELECT FROM kept_validations k WHERE k.tenant_id = {rows}.tenant_id"
        f" AND k.plan_date = {rows}.plan_date)"
    )


def _delete_rows(bulk: Bulk, written: Collection[str]) -> None:
    """Delete what the cells had before. Cells that have never been planned or failed have nothing."""
    dates = bulk.read(
        "SELECT DISTINCT o.plan_date FROM outcome o JOIN plans.planning_runs r USING (tenant_id, plan_date)"
        " WHERE o.reason IS NULL AND r.finished_at IS NOT NULL"
    )
    if dates.is_empty():
        return
    if procurement_requirements.name in written:
        keep_order_reasoning(bulk)
    if production_batches.name in written:
        keep_batch_reasoning(bulk)
    if validation_runs.name in written:
        _keep_validations(bulk)
    listed = ", ".join(f"DATE '{day}'" for day in sorted(dates["plan_date"]))
    for table in reversed(_TABLES):
        if table.name in written:
            # The finding that planning failed is no row of the stage; it goes when the failure is resolved.
            keep = f" AND t.kind <> '{FAILED}'" if table is findings else ""
            if table.name in _VALIDATION_TABLES:
                keep = f" AND {_is_not_kept('t')}"
            bulk.run(
                f"DELETE FROM {stored(table).fullname} t USING outcome o WHERE t.tenant_id = o.tenant_id"  # noqa: S608
                f" AND t.plan_date = o.plan_date AND o.reason IS NULL AND t.plan_date IN ({listed}){keep}"
            )


def _record_outcome(bulk: Bulk, written: Collection[str]) -> None:
    run = [stage.name for stage in STAGES if stage.name in written]
    if len(run) == len(STAGES):
        planned, resolved = "'planned'", "true"
    else:
        # A part of the stages does not make a planned day, and resolves a failure only if it includes the failed stage.
        planned = "CASE r.status WHEN 'planned' THEN 'planned' ELSE 'partial' END"
        stages = ", ".join(f"'{name}'" for name in run)
        resolved = f"(r.status <> 'failed' OR coalesce(r.failed_stage IN ({stages}), false))"
    bulk.run(
        f"UPDATE outcome o SET resolved = {resolved} OR o.reason IS NOT NULL"  # noqa: S608
        " FROM plans.planning_runs r WHERE r.tenant_id = o.tenant_id AND r.plan_date = o.plan_date"
    )
    bulk.run(
        "UPDATE plans.planning_runs r SET planned_as_of = o.planned_as_of, finished_at = o.finished_at,"  # noqa: S608
        f" status = CASE WHEN o.reason IS NULL THEN {planned} ELSE 'failed' END,"
        " failed_stage = o.stage, reason = o.reason, dagster_run_id = o.run_id, largest_wave = NULL"
        " FROM outcome o WHERE r.tenant_id = o.tenant_id AND r.plan_date = o.plan_date AND o.resolved"
    )
    bulk.run(
        "DELETE FROM plans.findings f USING outcome o WHERE f.tenant_id = o.tenant_id"  # noqa: S608
        f" AND f.plan_date = o.plan_date AND o.resolved AND f.kind = '{FAILED}'"
    )


def _record_validation(bulk: Bulk) -> None:
    """Record which sales the cells' validation has read; requests made since have no started_xid and stay open."""
    bulk.run(
        "UPDATE plans.planning_runs r SET validated_xid = r.started_xid, requested_xid = NULL FROM outcome o"
        " WHERE r.tenant_id = o.tenant_id AND r.plan_date = o.plan_date AND o.reason IS NULL"
        " AND r.started_xid IS NOT NULL"
    )


def _request_revalidation(bulk: Bulk) -> None:
    """Request it of the planned days after a new forecast, which they have not validated: they were planned first.

    That is so after an outage, when today is planned before the days that were missed.
    """
    bulk.run(
        "UPDATE plans.planning_runs r SET requested_xid = pg_current_xact_id(), started_xid = NULL FROM outcome o"  # noqa: S608
        " WHERE r.tenant_id = o.tenant_id AND o.reason IS NULL"
        f" AND r.plan_date > o.plan_date AND r.plan_date <= o.plan_date + {HORIZON_DAYS}"
        # Cells that the same run has started it plans after this one.
        " AND r.claimed_by <> o.run_id"
    )


def _failures(failed: Mapping[Cell, Failed]) -> pl.DataFrame:
    return pl.DataFrame(
        [(cell.tenant_id, cell.plan_date, why.stage, why.reason) for cell, why in failed.items()],
        schema={"tenant_id": pl.String, "plan_date": pl.Date, "stage": pl.String, "reason": pl.String},
        orient="row",
    )
