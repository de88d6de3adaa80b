"""Writing: a cell's rows are replaced whole, in one transaction."""

from collections.abc import Collection, Mapping
from datetime import datetime

import polars as pl

from bakery_assets.frames import Cell, Frames
from bakery_assets.planning_day import MORNING, Failed
from resources.schema import metadata
from resources.warehouse.connection import Bulk, Warehouse, frame_schema, insert_from

# Parents before children, as foreign keys ask.
_TABLES = [table for table in metadata.sorted_tables if table.schema == "plans"]
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
    run_id: str | None,
) -> None:
    """Replace what ``cells`` have in the ``written`` tables, and record the cells that failed.

    Failed cells keep the rows they had and get an alert. Row locks on ``planning_runs`` serialise two
    replacements of the same cell; unlike advisory locks their number has no bound.

    Args:
        cells: the columns of ``frames.CELLS``; every cell that was begun.
        tables: rows for cells that did not fail.
        written: names of plan tables; one that is not in ``tables`` is emptied for these cells.
    """
    outcome = cells.select("tenant_id", "plan_date", "planned_as_of").join(
        _failures(failed), on=["tenant_id", "plan_date"], how="left"
    )
    whole_day = {table for stage in MORNING for table in stage.writes} <= set(written)
    with warehouse.bulk() as bulk:
        bulk.put(
            "outcome",
            outcome.with_columns(
                finished_at=pl.lit(finished_at, pl.Datetime("us", "UTC")), run_id=pl.lit(run_id, pl.String)
            ),
        )
        bulk.run(
            "SELECT count(*) FROM (SELECT FROM plans.planning_runs r JOIN outcome o USING (tenant_id, plan_date)"
            " ORDER BY r.tenant_id, r.plan_date FOR UPDATE OF r) locked"
        )
        for table in reversed(_TABLES):
            if table.name in written:
                bulk.run(
                    f"DELETE FROM {table.fullname} t USING outcome o WHERE t.tenant_id = o.tenant_id"  # noqa: S608
                    " AND t.plan_date = o.plan_date AND o.reason IS NULL"
                )
        for table in _TABLES:
            frame = tables.get(table.name)
            if table.name in written and frame is not None and frame.height:
                columns = [name for name in frame_schema(table) if name in frame.columns]
                types = pl.Schema({name: kind for name, kind in frame_schema(table).items() if name in columns})
                bulk.put(f"new_{table.name}", frame.select(columns).cast(types))
                bulk.run(insert_from(f"new_{table.name}", table, columns))
        _record_outcome(bulk, whole_day=whole_day)


def _record_outcome(bulk: Bulk, *, whole_day: bool) -> None:
    planned = "'planned'" if whole_day else "CASE r.status WHEN 'failed' THEN 'claimed' ELSE r.status END"
    bulk.run(
        "UPDATE plans.planning_runs r SET planned_as_of = o.planned_as_of, finished_at = o.finished_at,"  # noqa: S608
        f" status = CASE WHEN o.reason IS NULL THEN {planned} ELSE 'failed' END,"
        " failed_stage = o.stage, reason = o.reason, dagster_run_id = o.run_id"
        " FROM outcome o WHERE r.tenant_id = o.tenant_id AND r.plan_date = o.plan_date"
    )
    bulk.run(
        "DELETE FROM plans.alerts a USING outcome o WHERE a.tenant_id = o.tenant_id"  # noqa: S608
        f" AND a.plan_date = o.plan_date AND a.alert_number = '{FAILURE_ALERT}'"
    )
    bulk.run(
        "INSERT INTO plans.alerts (tenant_id, plan_date, alert_number, severity, kind, subject, message, reasoning,"  # noqa: S608
        f" consequence) SELECT tenant_id, plan_date, '{FAILURE_ALERT}', 'critical', 'planning_failed', stage,"
        " 'The day could not be planned: ' || reason, jsonb_build_object('stage', stage, 'reason', reason),"
        f" '{FAILURE_CONSEQUENCE}'"
        " FROM outcome WHERE reason IS NOT NULL"
    )


def _failures(failed: Mapping[Cell, Failed]) -> pl.DataFrame:
    return pl.DataFrame(
        [(cell.tenant_id, cell.plan_date, why.stage, why.reason) for cell, why in failed.items()],
        schema={"tenant_id": pl.String, "plan_date": pl.Date, "stage": pl.String, "reason": pl.String},
        orient="row",
    )
