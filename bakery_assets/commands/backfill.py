"""`bakery backfill`: any span of a bakery's days, through Dagster, in this process; see ``assets.backfills``."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated
from uuid import uuid4

import typer
from rich.text import Text

from bakery_assets.commands.plan import Force, Planned, unchanged_sentence
from bakery_assets.commands.terminal import VisibleConsole
from bakery_assets.isolation import describe

_DAY = ["%Y-%m-%d"]


def backfill(
    tenant: Annotated[list[str], typer.Option("--tenant", help="A bakery; may be repeated.")],
    first: Annotated[datetime, typer.Option("--from", formats=_DAY, help="First day to plan.")],
    last: Annotated[datetime, typer.Option("--to", formats=_DAY, help="Last day to plan.")],
    force: Force = False,
) -> None:
    """Plan all days of a span, the earliest first, as each would have been planned on its morning.

    Days that are planned already come out the same, and so are only made again where something has changed that they
    are made from, or with --force. Days that a grid of partitions shows can also be backfilled in the
    Dagster UI; these may be older.
    """
    from bakery_assets.assets.dbt_project import build_manifest
    from bakery_assets.commands.selection import selected_tenants
    from bakery_assets.instance import prepare
    from bakery_assets.settings import settings

    console = VisibleConsole(highlight=False)
    if last < first:
        console.print(f"--to {last.date()} is before --from {first.date()}.", style="red")
        raise typer.Exit(2)
    build_manifest()
    prepare(settings())
    wanted = [each.tenant_id for each in selected_tenants(tenant)]
    with console.status(f"Planning {first.date()} to {last.date()} for {', '.join(wanted)} …"):
        done = run_backfill(wanted, first.date(), last.date(), force=force)
    asked = done.planned + len(done.failed)
    console.print(
        f"{done.planned} of {asked} days planned, {first.date()} to {last.date()}; Dagster run {done.run_id}."
    )
    if done.unchanged:
        console.print(unchanged_sentence(done.unchanged))
    for cell, reason in sorted(done.failed.items()):
        console.print(Text(f"{cell.tenant_id} {cell.plan_date}", style="red").append(f": {reason}", style="default"))
    if done.failed:
        raise typer.Exit(1)


def run_backfill(tenants: Sequence[str], first: date, last: date, *, force: bool = False) -> Planned:
    """Plan a span of days of tenants through Dagster's backfill_days, quietly.

    The environment must be that of ``instance.prepare``.
    """
    import dagster as dg

    from bakery_assets.assets.backfills import BackfillConfig, run_config_of
    from bakery_assets.commands.runs import execute_here
    from bakery_assets.definitions import build_defs
    from resources.clock import utc_now
    from resources.warehouse import Warehouse, planning_runs
    from resources.warehouse.unchanged_plans import count_unchanged
    from sensors.run_outcomes import release
    from sensors.tenant_registry import register

    config = BackfillConfig(tenants=list(tenants), first=first.isoformat(), last=last.isoformat(), force=force)
    cells, warehouse, run_id, began = list(config.cells()), Warehouse(), str(uuid4()), utc_now()
    with dg.DagsterInstance.get() as instance:
        register(instance, warehouse)
        job = build_defs(resource_overrides={"warehouse": warehouse}).resolve_job_def("backfill_days")
        try:
            execute_here(instance, job, run_config_of(config), run_id=run_id)
        except dg.Failure:  # it names the days that could not be planned; why is in the warehouse, too
            pass
        except BaseException as error:  # also an interruption
            run = instance.get_run_by_id(run_id)
            if run:
                release(warehouse, run, f"its run {run_id} died: {describe(error)}", utc_now())
            raise
    failures = planning_runs.failure_reasons(warehouse, cells)
    return Planned(run_id, len(cells) - len(failures), count_unchanged(warehouse, cells, began), failures)
