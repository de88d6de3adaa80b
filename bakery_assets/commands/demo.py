"""`bakery demo`: eight bakeries in eight zones, loaded, planned through Dagster, and one of them shown."""

import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console


def demo(
    tenant: Annotated[
        str | None,
        typer.Option(help="Bakery whose morning is shown; by default one that is open and has a checked forecast."),
    ] = None,
) -> None:
    """Make and load eight bakeries, plan the local day of each, and show one morning. Safe to repeat."""
    from bakery_assets.assets.dbt_project import build_manifest
    from bakery_assets.cells import Cell
    from bakery_assets.commands.intake import progress_bars
    from bakery_assets.commands.marts import rebuild_marts
    from bakery_assets.commands.plan import run_wave
    from bakery_assets.commands.show import show
    from bakery_assets.commands.train import run_training
    from bakery_assets.demo import write_demo
    from bakery_assets.demo.catalogue import demo_bakeries
    from bakery_assets.instance import prepare
    from bakery_assets.local_time import local_date, to_instant
    from bakery_assets.settings import settings
    from resources.clock import utc_now
    from resources.warehouse import Warehouse
    from resources.warehouse.intake import load_folder
    from resources.warehouse.tenants import forget, open_and_checked

    console = Console(highlight=False)
    began = time.monotonic()
    now = utc_now()

    def done(words: str) -> None:
        console.print(f"[dim]{time.monotonic() - began:5.0f} s[/]  {words}")

    with console.status("Starting PostgreSQL …"):
        build_manifest()
        prepare(settings())
    done("PostgreSQL is up and has the newest schema")
    warehouse = Warehouse()
    bakeries = [bakery.tenant for bakery in demo_bakeries()]
    with tempfile.TemporaryDirectory() as folder:
        with console.status("Making eight bakeries …"):
            write_demo(Path(folder), now)
        # Their past is made up to yesterday; what an earlier demo made would contradict it.
        forget(warehouse, [bakery.tenant_id for bakery in bakeries])
        with progress_bars() as progress:
            report = load_folder(warehouse, Path(folder), now=now, progress=progress)
    done(f"{len(bakeries)} bakeries with 18 months of sales: {report.rows_read:,} rows loaded")
    today = {bakery.tenant_id: Cell(bakery.tenant_id, local_date(now, bakery.timezone)) for bakery in bakeries}
    with console.status("Training the models …"):
        trained = run_training(
            {
                bakery.tenant_id: to_instant(
                    today[bakery.tenant_id].plan_date - timedelta(days=1), bakery.planning_time, bakery.timezone
                )
                for bakery in bakeries
            },
            now,
            backdated=True,
        )
    promoted = sum(row["state"] == "promoted" for row in trained.rows)
    done(f"models trained for {promoted} bakeries on what they knew yesterday morning")
    # Yesterday first, so that this morning can say how yesterday's forecast did.
    yesterday = [Cell(cell.tenant_id, cell.plan_date - timedelta(days=1)) for cell in today.values()]
    for words, cells in (("yesterday", yesterday), ("today", list(today.values()))):
        with console.status(f"Planning {words} …"):
            result = run_wave(cells)
        done(f"{words} planned for {result.planned} bakeries, each in its zone (run {result.run_id[:8]})")
        for cell, reason in sorted(result.failed.items()):
            console.print(f"[red]{cell.tenant_id} {cell.plan_date}: {reason}[/]")
    with console.status("Building the marts …"):
        rebuild_marts()
    done("marts built and tested")
    telling = open_and_checked(warehouse, list(today.values()))
    chosen = tenant or (telling or list(today))[0]
    console.print()
    show(chosen, None)
    console.print("\n[bold]Next[/]")
    console.print("The Dagster UI, with every asset and run:  make up")
    console.print("Another bakery's morning:  .venv/bin/bakery show --tenant ID, with ID one of")
    for each in sorted(set(today) - {chosen}):
        console.print(f"  {each}")
