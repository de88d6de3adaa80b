"""The check `late_mornings` of the daily summaries: which bakeries still have no plan long after their planning time.

Dagster's own freshness policies know one cron and zone for an asset; here every bakery has its own time, which the
tables know. Which cells are late is decided in ``bakery_assets.due.planning``.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg

from bakery_assets.cells import Cell
from bakery_assets.due.planning import AHEAD_DAYS, late_cells
from bakery_assets.settings import settings
from bakery_assets.visible_text import markdown_table
from resources.clock import Clock
from resources.warehouse import Warehouse, planning_runs
from resources.warehouse.planning_facts import planning_facts

ASSET, NAME = "daily_summaries", "late_mornings"
NAMED = 50  # bakeries in the table; more are counted


def late_now(warehouse: Warehouse, now: datetime) -> list[tuple[Cell, datetime]]:
    """Cells that are late, with their planning instants, the latest first."""
    choices = settings()
    # A local date is at most a day away from the date in UTC.
    since, until = now.date() - timedelta(days=1), now.date() + timedelta(days=AHEAD_DAYS + 1)
    return late_cells(
        planning_runs.tenants(warehouse),
        planning_facts(warehouse, since, until),
        planning_runs.cell_states(warehouse, since),
        planning_runs.closed_cells(warehouse, since, until),
        now,
        include_demo=choices.plan_demo_tenants,
        late_after=timedelta(minutes=choices.late_minutes),
    )


def evaluation(late: Sequence[tuple[Cell, datetime]]) -> dg.AssetCheckEvaluation:
    """The check's result, which names the bakeries."""
    lines = [
        (cell.tenant_id, cell.plan_date, f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC")
        for cell, instant in late[:NAMED]
    ]
    table = markdown_table(("tenant", "date", "planning time"), lines)
    names = ", ".join(cell.tenant_id for cell, _ in late[:5])
    more = f" and {len(late) - 5} more" if len(late) > 5 else ""
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(ASSET),
        check_name=NAME,
        passed=not late,
        severity=dg.AssetCheckSeverity.ERROR,
        description=f"Without a plan since long after their planning time: {names}{more}."
        if late
        else "Every bakery whose planning time has passed has its plan.",
        metadata={"late": len(late), **({"tenants": dg.MetadataValue.md(table)} if late else {})},
    )


@dg.asset_check(
    asset=ASSET,
    name=NAME,
    description="Every bakery has its plan within BAKERY_LATE_MINUTES of its planning time; evaluated by the sensor"
    " late_mornings whenever that changes.",
)
def late_mornings(warehouse: dg.ResourceParam[Warehouse], clock: dg.ResourceParam[Clock]) -> dg.AssetCheckResult:
    """Evaluate it now."""
    found = evaluation(late_now(warehouse, clock.now()))
    return dg.AssetCheckResult(
        passed=found.passed, severity=found.severity, description=found.description, metadata=found.metadata
    )
