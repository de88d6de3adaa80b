"""Asks for the days that late sales touch, and for days that were never validated, to be checked again."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import dagster as dg
from pydantic import BaseModel

from bakery_assets.assets.plans import plan_tenant_day
from bakery_assets.frames import Cell
from bakery_assets.late import Tries, gap_marks, late_marks, requests
from bakery_assets.partitions import TENANT, date_partitions, partition_of
from bakery_assets.planning_day import MORNING
from bakery_assets.settings import settings
from resources.clock import Clock
from resources.warehouse import Warehouse, late
from schedules.daily_planning import UNFINISHED

GAPS_EVERY = timedelta(minutes=15)
MOST_RUNS = 100  # under way at once; the others stay asked for and come later
MARK = "bakery/late_sales"  # run tag: the cell and the version of the facts it is asked for
VALIDATION = [dg.AssetKey(table) for stage in MORNING if stage.name == "validation_runs" for table in stage.writes]


class Cursor(BaseModel):
    """Transactions below ``transaction`` were looked at; ``gaps_at``: when gaps were last looked for."""

    transaction: int | None = None
    gaps_at: datetime | None = None


@dg.sensor(
    name="late_sales",
    job=plan_tenant_day,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Validates again the days that late sales touch, plans today again, and closes gaps in the validation.",
)
def late_sales(
    context: dg.SensorEvaluationContext, warehouse: dg.ResourceParam[Warehouse], clock: dg.ResourceParam[Clock]
) -> dg.SensorResult:
    """Note in the cells who is asked to check again, then start runs for those that are not under way.

    What was noted survives a crash of this sensor; reading the same sales twice notes nothing new.
    """
    now = clock.now()
    cursor = note(warehouse, Cursor.model_validate_json(context.cursor or "{}"), now)
    choices = settings()
    tenants = set(context.instance.get_dynamic_partitions(TENANT))
    asked = [
        each
        for each in late.asked_cells(
            warehouse,
            now,
            choices.grid_start,
            claim_for=timedelta(minutes=choices.claim_minutes),
            attempts=choices.cell_attempts,
        )
        if _is_in_grid(each.cell, tenants)
    ]
    tries = tried(context.instance, [each.mark for each in asked])
    started = requests(asked, tries, most=MOST_RUNS, attempts=choices.cell_attempts)
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(
                run_key=key,
                partition_key=partition_of(each.cell),
                asset_selection=None if each.is_today else VALIDATION,
                tags={MARK: each.mark},
            )
            for each, key in started
        ],
        cursor=cursor.model_dump_json(),
        skip_reason=None if started else dg.SkipReason(f"Nothing to start; {len(asked)} cells are asked for."),
    )


def note(warehouse: Warehouse, cursor: Cursor, now: datetime) -> Cursor:
    """Note what new sales touch and, now and then, the gaps; where to read on."""
    choices = settings()
    touched = late.touched_by_late_sales(warehouse, cursor.transaction, now, choices.grid_start)
    late.ask(warehouse, late_marks(touched.candidates), now)
    if cursor.gaps_at and now - cursor.gaps_at < GAPS_EVERY:
        return Cursor(transaction=touched.transaction, gaps_at=cursor.gaps_at)
    gaps = gap_marks(
        late.gaps(warehouse, now, choices.grid_start),
        now,
        include_demo=choices.plan_demo_tenants,
        claim_for=timedelta(minutes=choices.claim_minutes),
        attempts=choices.cell_attempts,
    )
    late.ask(warehouse, gaps, now)
    return Cursor(transaction=touched.transaction, gaps_at=now)


def tried(instance: dg.DagsterInstance, marks: Sequence[str]) -> dict[str, Tries]:
    """The runs that were started for each mark."""
    found: dict[str, Tries] = {}
    if marks:
        for run in instance.get_runs(dg.RunsFilter(tags={MARK: list(marks)})):
            before = found.get(run.tags[MARK], Tries())
            found[run.tags[MARK]] = Tries(before.count + 1, before.is_under_way or run.status in UNFINISHED)
    return found


def _is_in_grid(cell: Cell, tenants: Collection[str]) -> bool:
    return cell.tenant_id in tenants and date_partitions.has_partition_key(cell.plan_date.isoformat())
