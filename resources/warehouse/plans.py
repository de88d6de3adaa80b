"""Writing: a cell's rows are replaced whole, in one transaction."""

from collections.abc import Collection, Mapping
from datetime import datetime

import polars as pl

from bakery_assets.cells import HORIZON_DAYS, Cell, Frames
from bakery_assets.isolation import describe, isolate
from bakery_assets.planning_day import MORNING, WRITTEN_BY, Failed
from resources.schema import metadata
from resources.schema.plans import alerts, demand_forecasts, validation_runs
from resources.warehouse.connection import Bulk, Warehouse, frame_schema, insert_from

# Parents before children, as foreign keys ask.
_TABLES = [table for table in metadata.sorted_tables if table.schema == "plans" and table.name in WRITTEN_BY]
FAILURE_ALERT = "A000"
FAILURE_CONSEQUENCE = "There is no new plan for this day until this is mended and the day is planned again."


def replace_plans(
    warehouse: Warehouse,
    cells: pl.DataFrame,
    tables: Frames,
    failed: Mapping[Cell, Failed],
    *,
    written: Collection[str],
    finished_at: datetime,
    run_id: str,
) -> dict[Cell, Failed | None]:
    """Replace what ``cells`` have in the ``written`` tables, and record the cells that failed.

    Failed cells keep the rows they had and get an alert. Row locks on ``planning_runs`` serialise two
    replacements of the same cell; unlike advisory locks their number has no bound. A cell that somebody else
    has begun since is left to them: a slow run must not overwrite a newer one. Rows that the database refuses
    are isolated by halving, as an exception in a stage is, and their cell has failed.

    Args:
        cells: the columns of ``cells.CELLS``; every cell that was begun.
        tables: rows for cells that did not fail.
        written: names of plan tables; one that is not in ``tables`` is emptied for these cells.
        run_id: the Dagster run, which has begun the cells.

    Returns:
        Each cell whose outcome was recorded, with why it failed; None: it is written.
    """

    def write(some: pl.DataFrame, why: Mapping[Cell, Failed] = failed) -> dict[Cell, Failed | None]:
        recorded = _replace(warehouse, some, tables, why, written=written, finished_at=finished_at, run_id=run_id)
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
) -> set[Cell]:
    """Replace and record, all or nothing; the cells it was done for."""
    outcome = cells.select("tenant_id", "plan_date", "planned_as_of").join(
        _failures(failed), on=["tenant_id", "plan_date"], how="left"
    )
    with warehouse.bulk() as bulk:
        bulk.put(
            "outcome",
            outcome.with_columns(
                finished_at=pl.lit(finished_at, pl.Datetime("us", "UTC")), run_id=pl.lit(run_id), mended=pl.lit(True)
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
        for table in reversed(_TABLES):
            if table.name in written:
                # An alert about a failure is not the stage's own; it goes when the failure is mended.
                keep = f" AND t.alert_number <> '{FAILURE_ALERT}'" if table is alerts else ""
                bulk.run(
                    f"DELETE FROM {table.fullname} t USING outcome o WHERE t.tenant_id = o.tenant_id"  # noqa: S608
                    f" AND t.plan_date = o.plan_date AND o.reason IS NULL{keep}"
                )
        for table in _TABLES:
            frame = tables.get(table.name)
            if table.name in written and frame is not None and frame.height:
                columns = [name for name in frame_schema(table) if name in frame.columns]
                types = pl.Schema({name: kind for name, kind in frame_schema(table).items() if name in columns})
                bulk.put(f"new_{table.name}", frame.select(columns).cast(types))
                recorded = "(SELECT tenant_id, plan_date FROM outcome WHERE reason IS NULL)"
                bulk.run(
                    f"{insert_from(f'new_{table.name}', table, columns)} WHERE (tenant_id, plan_date) IN {recorded}"
                )
        _record_outcome(bulk, written)
        if validation_runs.name in written:
            _record_validation(bulk)
        if demand_forecasts.name in written:
            _ask_for_validation(bulk)
        return {Cell(*row) for row in bulk.read("SELECT tenant_id, plan_date FROM outcome").iter_rows()}


def _record_outcome(bulk: Bulk, written: Collection[str]) -> None:
    run = [stage.name for stage in MORNING if stage.name in written]
    if len(run) == len(MORNING):
        planned, mended = "'planned'", "true"
    else:
        # Some stages alone make no planned day, and mend a failure only where the failed stage is among them.
        planned = "CASE r.status WHEN 'planned' THEN 'planned' ELSE 'partial' END"
        stages = ", ".join(f"'{name}'" for name in run)
        mended = f"(r.status <> 'failed' OR coalesce(r.failed_stage IN ({stages}), false))"
    bulk.run(
        f"UPDATE outcome o SET mended = {mended} OR o.reason IS NOT NULL"  # noqa: S608
        " FROM plans.planning_runs r WHERE r.tenant_id = o.tenant_id AND r.plan_date = o.plan_date"
    )
    bulk.run(
        "UPDATE plans.planning_runs r SET planned_as_of = o.planned_as_of, finished_at = o.finished_at,"  # noqa: S608
        f" status = CASE WHEN o.reason IS NULL THEN {planned} ELSE 'failed' END,"
        " failed_stage = o.stage, reason = o.reason, dagster_run_id = o.run_id"
        " FROM outcome o WHERE r.tenant_id = o.tenant_id AND r.plan_date = o.plan_date AND o.mended"
    )
    bulk.run(
        "DELETE FROM plans.alerts a USING outcome o WHERE a.tenant_id = o.tenant_id"  # noqa: S608
        f" AND a.plan_date = o.plan_date AND o.mended AND a.alert_number = '{FAILURE_ALERT}'"
    )
    bulk.run(
        "INSERT INTO plans.alerts (tenant_id, plan_date, alert_number, severity, kind, subject, message, reasoning,"  # noqa: S608
        f" consequence) SELECT tenant_id, plan_date, '{FAILURE_ALERT}', 'critical', 'planning_failed', stage,"
        " 'The day could not be planned: ' || reason, jsonb_build_object('stage', stage, 'reason', reason),"
        f" '{FAILURE_CONSEQUENCE}'"
        " FROM outcome WHERE reason IS NOT NULL"
    )


def _record_validation(bulk: Bulk) -> None:
    """Note which sales the cells' validation has read; who asked for it after the reading is still to be answered."""
    bulk.run(
        "UPDATE plans.planning_runs r SET validated_in = r.begun_in, asked_in = NULL FROM outcome o"
        " WHERE r.tenant_id = o.tenant_id AND r.plan_date = o.plan_date AND o.reason IS NULL"
        " AND r.begun_in IS NOT NULL"
    )


def _ask_for_validation(bulk: Bulk) -> None:
    """A forecast that comes late has not been checked by the days after it: after an outage today is planned first."""
    bulk.run(
        "UPDATE plans.planning_runs r SET asked_in = pg_current_xact_id(), begun_in = NULL FROM outcome o"  # noqa: S608
        " WHERE r.tenant_id = o.tenant_id AND o.reason IS NULL"
        f" AND r.plan_date > o.plan_date AND r.plan_date <= o.plan_date + {HORIZON_DAYS}"
        # What the same run has begun it plans after this one.
        " AND r.claimed_by <> o.run_id"
    )


def _failures(failed: Mapping[Cell, Failed]) -> pl.DataFrame:
    return pl.DataFrame(
        [(cell.tenant_id, cell.plan_date, why.stage, why.reason) for cell, why in failed.items()],
        schema={"tenant_id": pl.String, "plan_date": pl.Date, "stage": pl.String, "reason": pl.String},
        orient="row",
    )
