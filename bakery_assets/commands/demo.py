"""`bakery demo`: eight bakeries in eight zones, loaded, planned through Dagster, and one of them shown."""

import tempfile
import time

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

SHOWN = "paris"


def demo(
    tenant: Annotated[str, typer.Option(help="Bakery whose morning is shown; part of its id is enough.")] = SHOWN,
) -> None:
    """Load the demo bakeries, plan the local day of each, and show a morning. Safe to repeat."""
    from bakery_assets.assets.dbt_project import build_manifest
    from bakery_assets.commands.plan import dates_of, run_wave
    from bakery_assets.commands.show import show
    from bakery_assets.demo import write_demo
    from bakery_assets.frames import Cell
    from bakery_assets.instance import prepare
    from bakery_assets.intake import load_folder
    from bakery_assets.settings import settings
    from resources.clock import utc_now
    from resources.warehouse import Warehouse, runs

    console = Console(highlight=False)
    began = time.monotonic()
    now = utc_now()

    def step(words: str) -> None:
        console.print(f"[dim]{time.monotonic() - began:5.1f} s[/]  {words}")

    with console.status("Starting PostgreSQL …"):
        prepare(settings())
    step("PostgreSQL is up, the schema is the newest")
    warehouse = Warehouse()
    with tempfile.TemporaryDirectory() as folder:
        with console.status("Making eight bakeries with 18 months of sales …"):
            demo_tenants = write_demo(Path(folder), now)
        step(f"{len(demo_tenants)} bakeries made, each with 18 months of sales")
        report = load_folder(warehouse, Path(folder), now=now)
        step(f"{report.rows_read:,} rows loaded, {report.quarantined} quarantined")
    today = [
        Cell(each.tenant_id, now.astimezone(ZoneInfo(each.timezone)).date())
        for each in runs.tenants(warehouse)
        if each.tenant_id in demo_tenants
    ]
    for plan_date, cells in dates_of(today).items():
        with console.status(f"Planning {plan_date} for {len(cells)} bakeries …"):
            result = run_wave(cells)
        step(f"{plan_date}: {result.planned} bakeries planned, Dagster run {result.run_id[:8]}")
