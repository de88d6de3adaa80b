"""`bakery plan`: a planning wave by hand, through Dagster, in this process; the wave itself is in ``assets.waves``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from uuid import uuid4

import typer
from rich.text import Text

from bakery_assets.cells import Cell
from bakery_assets.commands.terminal import VisibleConsole
from bakery_assets.isolation import describe

Force = Annotated[
    bool, typer.Option("--force", help="Make plans again also where nothing has changed that they are made from.")
]


@dataclass(frozen=True)
class Planned:
    """Outcome of a wave by hand."""

    run_id: str
    planned: int
    unchanged: int
    failed: dict[Cell, str]


def plan(
    plan_date: Annotated[datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="Local date to plan.")],
    tenant: Annotated[
        list[str] | None, typer.Option("--tenant", help="A bakery; may be repeated. All by default.")
    ] = None,
    replan: Annotated[
        str | None,
        typer.Option(
            "--replan",
            metavar="WHY",
            help="Plan again what is planned already, on what is known now; what has begun stays. WHY is kept with it.",
        ),
    ] = None,
    force: Force = False,
) -> None:
    """Plan a date for some or all bakeries, whether it is due or not.

    A date that was planned is planned again on what was known then and comes out the same, unless --replan says why
    not. So it is only made again where something has changed that it is made from, or with --force.
    """
    from bakery_assets.assets.dbt_project import build_manifest
    from bakery_assets.commands.selection import selected_tenants
    from bakery_assets.instance import prepare
    from bakery_assets.settings import settings

    build_manifest()
    prepare(settings())
    console = VisibleConsole(highlight=False)
    wanted = selected_tenants(tenant)
    cells = [Cell(each.tenant_id, plan_date.date()) for each in wanted]
    if replan:
        from resources.clock import utc_now
        from resources.warehouse import Warehouse
        from resources.warehouse.record import request_versions

        now = utc_now()
        request_versions(Warehouse(), cells, now, "person", replan, now)
    with console.status(f"Planning {plan_date.date()} for {len(wanted)} bakeries …"):
        result = run_wave(cells, force=force)
    console.print(
        f"{result.planned} of {len(wanted)} bakeries planned for {plan_date.date()}; Dagster run {result.run_id}."
    )
    if result.unchanged:
        console.print(unchanged_sentence(result.unchanged))
    for sentence in ended_sales_sentences(cells):
        console.print(sentence, style="yellow", markup=False)
    for cell, reason in sorted(result.failed.items()):
        console.print(Text(cell.tenant_id, style="red").append(f": {reason}", style="default"))
    if result.failed:
        raise typer.Exit(1)


def unchanged_sentence(count: int) -> str:
    """What is said of plans that were not made again, and how they are."""
    return (
        f"{count} of these plans {'was' if count == 1 else 'were'} there already, and nothing has changed that"
        f" {'it is' if count == 1 else 'they are'} made from; --force makes {'it' if count == 1 else 'them'} again"
        " all the same."
    )


def ended_sales_sentences(cells: Sequence[Cell]) -> list[str]:
    """What to know where sales ended long before the day that was planned."""
    from bakery_assets.complete_days import MISSING_WITHIN_DAYS
    from resources.warehouse import Warehouse
    from resources.warehouse.tenants import ended_sales

    return [
        f"{cell.tenant_id}: the last sale is of {day}; plan --date {day + timedelta(days=1)} to look at it."
        for cell, day in sorted(ended_sales(Warehouse(), cells, MISSING_WITHIN_DAYS).items())
    ]


def run_wave(cells: Sequence[Cell], *, force: bool = False) -> Planned:
    """Plan cells, one date for each tenant, through Dagster's planning_wave, quietly.

    The environment must be that of ``instance.prepare``.
    """
    import dagster as dg

    from bakery_assets.assets.waves import wave_config
    from bakery_assets.commands.runs import execute_here
    from bakery_assets.definitions import build_defs
    from resources.clock import utc_now
    from resources.warehouse import Warehouse, planning_runs
    from resources.warehouse.unchanged_plans import count_unchanged
    from sensors.run_outcomes import release
    from sensors.tenant_registry import register

    warehouse, began = Warehouse(), utc_now()
    run_id = str(uuid4())
    with dg.DagsterInstance.get() as instance:
        register(instance, warehouse)
        wave = build_defs(resource_overrides={"warehouse": warehouse}).resolve_job_def("planning_wave")
        try:
            execute_here(instance, wave, wave_config(cells, force=force), run_id=run_id)
        except BaseException as error:  # also an interruption
            run = instance.get_run_by_id(run_id)
            if run:
                release(warehouse, run, f"its run {run_id} died: {describe(error)}", utc_now())
            raise
    failures = planning_runs.failure_reasons(warehouse, cells)
    return Planned(run_id, len(cells) - len(failures), count_unchanged(warehouse, cells, began), failures)
