"""`bakery show`: one bakery's day on the terminal; how it is rendered is in ``briefing.terminal``."""

from datetime import date, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from bakery_assets.commands.terminal import VisibleConsole

if TYPE_CHECKING:
    from bakery_assets.briefing.day_briefing import DayBriefing
    from resources.warehouse import Warehouse

LISTED = 8  # tenant ids named when the given one does not exist


def show(
    tenant: Annotated[str, typer.Option("--tenant", help="The bakery.")],
    day: Annotated[
        datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="Local date. Today there by default.")
    ] = None,
    product: Annotated[str | None, typer.Option("--product", help="Only this product's forecast, and why.")] = None,
) -> None:
    """Show a bakery's day: what will sell, what to bake and when, what to order, and what needs a person."""
    from bakery_assets.briefing.terminal import render_closed, render_day, render_unplanned
    from bakery_assets.briefing.terminal.page import WIDEST
    from resources.warehouse import planning_runs
    from resources.warehouse.briefing import last_planned_before, read_day_briefing
    from resources.warehouse.connection import Warehouse

    warehouse = Warehouse()
    zones = {each.tenant_id: each.timezone for each in planning_runs.tenants(warehouse)}
    plan_date = day.date() if day else _today(zones.get(tenant, "UTC"))
    briefing = read_day_briefing(warehouse, tenant, plan_date) if tenant in zones else None
    if briefing is None:
        VisibleConsole(stderr=True, highlight=False, soft_wrap=True).print(
            _unknown(tenant, sorted(zones)), markup=False
        )
        raise typer.Exit(2)
    console = VisibleConsole(highlight=False, markup=False)
    console = VisibleConsole(highlight=False, markup=False, width=min(console.width, WIDEST))
    if product is not None:
        _show_product(warehouse, briefing, product, console)
        return
    if briefing.is_closed and briefing.state is None:
        planned = last_planned_before(warehouse, tenant, plan_date)
        before = read_day_briefing(warehouse, tenant, planned) if planned else None
        console.print(render_closed(briefing, before, console.width))
        return
    if not briefing.is_fresh:
        console.print(render_unplanned(briefing))
    if briefing.has_plan:
        console.print(render_day(briefing, console.width))
    if not briefing.is_fresh:
        raise typer.Exit(1)


def _show_product(warehouse: "Warehouse", briefing: "DayBriefing", product: str, console: Console) -> None:
    """The page of one product, by its id or its name in any case; status 2: there is none, 1: the day has no plan."""
    from bakery_assets.briefing.terminal import render_product
    from resources.warehouse.briefing import read_product_forecast

    names = briefing.names("products")
    ids = [key for key, name in names.items() if product == key or product.casefold() == name.casefold()]
    found = read_product_forecast(warehouse, briefing.tenant_id, ids[0], briefing.plan_date) if ids else None
    if found is None:
        words = _unknown_product(product, names)
        VisibleConsole(stderr=True, highlight=False, soft_wrap=True).print(words, markup=False)
        raise typer.Exit(2)
    console.print(render_product(found, console.width))
    if found.planned_as_of is None:
        raise typer.Exit(1)


def _unknown_product(product: str, names: dict[str, str]) -> str:
    similar = get_close_matches(product, [*names, *names.values()], n=3, cutoff=0.5)
    if similar:
        return f"There is no product {product}. Did you mean {' or '.join(similar)}?"
    return f"There is no product {product}. Known are {', '.join(sorted(names)[:LISTED])}."


def _today(zone: str) -> date:
    from bakery_assets.local_time import local_date
    from resources.clock import utc_now

    return local_date(utc_now(), zone)


def _unknown(tenant: str, known: list[str]) -> str:
    if not known:
        return f"There is no tenant {tenant}, nor any other; load some with: bakery load DIR"
    similar = get_close_matches(tenant, known, n=3, cutoff=0.5) or [each for each in known if tenant.lower() in each]
    if similar:
        return f"There is no tenant {tenant}. Did you mean {' or '.join(similar[:3])}?"
    more = f" and {len(known) - LISTED} more" if len(known) > LISTED else ""
    return f"There is no tenant {tenant}. Known are {', '.join(known[:LISTED])}{more}."
