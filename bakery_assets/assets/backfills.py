"""Backfills of any length and age, which `bakery backfill` starts; those of days in the grid also go from the UI.

The grid of partitions is a window, and Dagster runs nothing for a partition that is not in it. Here the days are
configuration. Facts are read once for all of them; planned and published are they one after the other, as each reads
what the day before has planned.
"""

from collections.abc import Iterator
from datetime import date, timedelta

import dagster as dg

from bakery_assets.assets.events import materializations
from bakery_assets.assets.plans import MAX_RUNTIME_SECONDS, failure, plan_in_order
from bakery_assets.assets.waves import NO_LINE_AN_EVENT
from bakery_assets.cells import Cell
from bakery_assets.planning_day import STAGES
from bakery_assets.stages import Failed
from resources.clock import Clock
from resources.dagster_storage import keep_connections, log_materializations
from resources.warehouse import Warehouse

OP = "plan_days"


class BackfillConfig(dg.Config):
    """Tenants, and the first and the last of their days, as ISO dates.

    ``force``: plans are made again also where they would come out the same.
    """

    tenants: list[str]
    first: str
    last: str
    force: bool = False

    def cells(self) -> Iterator[Cell]:
        """Every day of every tenant."""
        first, last = date.fromisoformat(self.first), date.fromisoformat(self.last)
        for offset in range((last - first).days + 1):
            for tenant in self.tenants:
                yield Cell(tenant, first + timedelta(days=offset))


@dg.op(name=OP, out=dg.Out(dg.Nothing), description="Plans all days of the tenants, the earliest first.")
def plan_days(
    context: dg.OpExecutionContext,
    config: BackfillConfig,
    warehouse: dg.ResourceParam[Warehouse],
    clock: dg.ResourceParam[Clock],
) -> None:
    """Plan day by day; what is published stays, however the run ends.

    Raises:
        dagster.Failure: some days could not be planned. The others have been.
    """
    keep_connections(context.instance)
    failed: dict[Cell, Failed] = {}
    cells = list(config.cells())
    for done in plan_in_order(context, warehouse, clock, cells, STAGES, by_person=True, force=config.force):
        failed |= done.failed
        log_materializations(context, materializations(done, STAGES, in_short=True))
    if failed:
        raise failure(failed, retry=False)


@dg.job(
    description="Plans any span of days of some tenants, in the grid or before it.",
    tags={"dagster/max_runtime": str(MAX_RUNTIME_SECONDS), "dagster/max_retries": "0"},
    executor_def=dg.in_process_executor,
)
def backfill_days() -> None:
    """One op, whose memory has the facts of all days."""
    plan_days()


def run_config_of(config: BackfillConfig) -> dict[str, object]:
    """Run configuration of a backfill."""
    return {"ops": {OP: {"config": config.model_dump()}}, **NO_LINE_AN_EVENT}
