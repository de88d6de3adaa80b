"""`bakery plan`: a wave by hand, through Dagster, in this process."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

import typer
from rich.console import Console

from bakery_assets.frames import Cell


@dataclass(frozen=True)
class Planned:
    """What a wave by hand came to."""

    run_id: str
    planned: int
    failed: dict[Cell, str]


def plan(
    plan_date: Annotated[datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="Local date to plan.")],
    tenant: Annotated[list[str] | None, typer.Option("--tenant", help="A bakery; may be repeated. All by default.")] = None,
) -> None:
    """Plan a date for some or all bakeries, whatever their clocks say."""
    from bakery_assets.instance import prepare
    from bakery_assets.settings import settings
    from resources.warehouse import Warehouse, runs

    prepare(settings())
    console = Console(highlight=False)
    errors = Console(stderr=True, highlight=False)
    known = [each.tenant_id for each in runs.tenants(Warehouse()) if tenant or each.status in ("active", "demo")]
    unknown = sorted(set(tenant or []) - set(known))
    if unknown or not known:
        errors.print(
            f"There is no tenant {', '.join(unknown)}." if unknown else "There are no tenants; run: bakery load DIR"
        )
        raise typer.Exit(2)
    wanted = tenant or known
    with console.status(f"Planning {plan_date.date()} for {len(wanted)} bakeries …"):
        result = run_wave([Cell(each, plan_date.date()) for each in wanted])
    console.print(f"{result.planned} of {len(wanted)} bakeries planned for {plan_date.date()}; Dagster run {result.run_id}.")
    for cell, reason in sorted(result.failed.items()):
        console.print(f"[red]{cell.tenant_id}[/]: {reason}")
    if result.failed:
        raise typer.Exit(1)


def run_wave(cells: Sequence[Cell]) -> Planned:
    """Plan cells of one date through Dagster's planning_wave, quietly.

    The environment must be that of ``instance.prepare``.
    """
    import dagster as dg

    from bakery_assets.assets.waves import MEMORY, planning_wave, wave_config
    from resources.clock import Clock
    from resources.warehouse import Warehouse, runs
    from sensors.tenant_registry import register

    warehouse = Warehouse()
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    with dg.DagsterInstance.get() as instance:
        register(instance, warehouse)
        quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        result = planning_wave.execute_in_process(
            instance=instance,
            run_config={**wave_config(cells), **quiet},
            resources={"warehouse": warehouse, "clock": Clock(), MEMORY: dg.mem_io_manager},
        )
    failures = runs.failure_reasons(warehouse, cells)
    return Planned(result.run_id, len(cells) - len(failures), failures)


def dates_of(cells: Sequence[Cell]) -> dict[date, list[Cell]]:
    """Cells by date: a wave plans one."""
    by_date: dict[date, list[Cell]] = {}
    for cell in sorted(cells):
        by_date.setdefault(cell.plan_date, []).append(cell)
    return by_date
