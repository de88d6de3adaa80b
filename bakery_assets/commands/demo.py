"""`bakery demo`: eight bakeries in eight zones, loaded, planned through Dagster, and one of them shown.

What the bakeries are and how their past is made is in ``bakery_assets.demo``.
"""

import tempfile
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from bakery_assets.cells import Cell
from bakery_assets.commands.terminal import VisibleConsole

if TYPE_CHECKING:
    from bakery_assets.demo.catalogue import Tenant
    from resources.warehouse import Warehouse


@dataclass(frozen=True)
class Steps:
    """Prints each step of the demo when it is done, with the seconds since the start."""

    console: Console
    began: float

    def done(self, words: str) -> None:
        """Print a step that is done."""
        self.console.print(f"[dim]{time.monotonic() - self.began:5.0f} s[/]  {words}")


def demo(
    tenant: Annotated[
        str | None,
        typer.Option(help="Bakery whose morning is shown; by default one that is open and has a validated forecast."),
    ] = None,
    days: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Let the bakeries live so many days up to today, in a simulated world, and say how far the books are"
            " from what is really there; status 1 where they, or what has to be ready, are not as promised.",
        ),
    ] = None,
) -> None:
    """Make and load eight bakeries, plan the local day of each, and show one morning. Safe to repeat."""
    from bakery_assets.assets.dbt_project import build_manifest
    from bakery_assets.commands.marts import rebuild_marts
    from bakery_assets.demo.catalogue import demo_bakeries
    from bakery_assets.instance import prepare
    from bakery_assets.local_time import local_date
    from bakery_assets.settings import settings
    from resources.clock import utc_now
    from resources.warehouse import Warehouse

    steps = Steps(VisibleConsole(markup=True, highlight=False), time.monotonic())
    now = utc_now()
    with steps.console.status("Starting PostgreSQL …"):
        build_manifest()
        prepare(settings())
    steps.done("PostgreSQL is up and has the newest schema")
    warehouse = Warehouse()
    if days is not None:
        _live(warehouse, days, tenant, now, steps)
        return
    bakeries = [bakery.tenant for bakery in demo_bakeries()]
    today = [Cell(bakery.tenant_id, local_date(now, bakery.timezone)) for bakery in bakeries]
    yesterday = [Cell(cell.tenant_id, cell.plan_date - timedelta(days=1)) for cell in today]
    _load(warehouse, bakeries, now, steps)
    _train(warehouse, yesterday, now, steps)
    # Yesterday first, so that today's plan can validate yesterday's forecast.
    _plan("yesterday", yesterday, steps)
    _plan("today", today, steps)
    with steps.console.status("Building the marts …"):
        rebuild_marts()
    steps.done("marts built and tested")
    _show(warehouse, today, tenant, steps.console)


def _live(warehouse: "Warehouse", days: int, tenant: str | None, now: datetime, steps: Steps) -> None:
    """Live days up to today, and print how they went.

    Raises:
        typer.Exit: something promised does not hold; it is printed.
    """
    from bakery_assets.commands.demo_days import Spent, begin_lives, live, report
    from bakery_assets.commands.marts import rebuild_marts
    from bakery_assets.demo.catalogue import demo_bakeries
    from bakery_assets.demo.folder import SEED
    from bakery_assets.local_time import local_date

    bakeries = demo_bakeries()
    began = now - timedelta(days=days)
    first_day = {each.tenant.tenant_id: local_date(began, each.tenant.timezone) for each in bakeries}
    with steps.console.status("Making and loading eight bakeries …"):
        lives = begin_lives(warehouse, bakeries, first_day, days, SEED)
    steps.done(f"{len(bakeries)} bakeries loaded as they were {days} days ago, with the 18 months before")
    _train(warehouse, [Cell(name, day - timedelta(days=1)) for name, day in first_day.items()], began, steps)
    spent = Spent()

    def progress(day: date, number: int, of: int) -> None:
        status.update(f"Living {day}, {number + 1} of {of} …")
        if number and number % 7 == 0:
            steps.done(f"lived up to {day}")

    with steps.console.status("Living …") as status:
        verdicts = live(warehouse, lives, progress, spent)
    where = ", ".join(f"{what} {seconds:.0f} s" for what, seconds in spent.seconds.items())
    steps.done(f"{days} days lived and planned: {where}")
    with steps.console.status("Building the marts …"):
        rebuild_marts()
    steps.done("marts built and tested")
    _show(warehouse, [Cell(life.tenant_id, max(life.instants)) for life in lives], tenant, steps.console)
    steps.console.print("\n[bold]The books and the houses[/]")
    report(verdicts, steps.console)
    if any(each.broken for each in verdicts):
        raise typer.Exit(1)


def _load(warehouse: "Warehouse", bakeries: Collection["Tenant"], now: datetime, steps: Steps) -> None:
    from bakery_assets.commands.intake import progress_bars
    from bakery_assets.demo import write_demo
    from resources.warehouse.intake import load_folder
    from resources.warehouse.tenants import forget

    with tempfile.TemporaryDirectory() as folder:
        with steps.console.status("Making eight bakeries …"):
            write_demo(Path(folder), now)
        # Their past is made up to yesterday; that of an earlier demo would contradict it.
        forget(warehouse, [bakery.tenant_id for bakery in bakeries])
        with progress_bars() as progress:
            report = load_folder(warehouse, Path(folder), now=now, progress=progress)
    steps.done(f"{len(bakeries)} bakeries with 18 months of sales: {report.rows_read:,} rows loaded")


def _train(warehouse: "Warehouse", yesterday: Sequence[Cell], now: datetime, steps: Steps) -> None:
    from bakery_assets.commands.train import run_training
    from resources.warehouse.planning_facts import planning_instants_of

    instants = planning_instants_of(warehouse, yesterday)
    with steps.console.status("Training the models …"):
        trained = run_training(instants, now, backdated=True)
    promoted = sum(row["state"] == "promoted" for row in trained.rows)
    steps.done(f"models trained for {promoted} bakeries on what they knew yesterday morning")


def _plan(day: str, cells: Sequence[Cell], steps: Steps) -> None:
    from bakery_assets.commands.plan import run_wave

    with steps.console.status(f"Planning {day} …"):
        result = run_wave(cells)
    steps.done(f"{day} planned for {result.planned} bakeries, each in its zone (run {result.run_id[:8]})")
    for cell, reason in sorted(result.failed.items()):
        steps.console.print(f"{cell.tenant_id} {cell.plan_date}: {reason}", style="red", markup=False)


def _show(warehouse: "Warehouse", today: Sequence[Cell], tenant: str | None, console: Console) -> None:
    from bakery_assets.commands.show import show
    from resources.warehouse.tenants import open_and_validated

    tenants = [cell.tenant_id for cell in today]
    chosen = tenant or (open_and_validated(warehouse, today) or tenants)[0]
    console.print()
    show(chosen, None)
    console.print("\n[bold]Next[/]")
    console.print("The Dagster UI, with every asset and run:  make up")
    console.print("Another bakery's morning:  .venv/bin/bakery show --tenant ID, with ID one of")
    for each in sorted(set(tenants) - {chosen}):
        console.print(f"  {each}")
