"""`bakery alerts`: lists what needs a person, and acknowledges it; the life of alerts is in ``briefing.alert_life``."""

from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bakery_assets.commands.terminal import VisibleConsole
from bakery_assets.schemas.plans import ALERT_CLASSES, ALERT_STATUSES, SEVERITIES, AlertClass, AlertStatus, Severity

if TYPE_CHECKING:
    import dataframely as dy

    from bakery_assets.schemas import plans

alerts = typer.Typer(invoke_without_command=True, help="List alerts, the most urgent first, and acknowledge them.")


@alerts.callback()
def list_alerts(
    context: typer.Context,
    tenant: Annotated[
        list[str] | None, typer.Option("--tenant", help="A bakery; may be repeated. All by default.")
    ] = None,
    alert_class: Annotated[AlertClass | None, typer.Option("--class", help="Only alerts of this class.")] = None,
    severity: Annotated[Severity | None, typer.Option(help="Only alerts as bad as this, or worse.")] = None,
    status: Annotated[
        AlertStatus | None, typer.Option(help="Only alerts that stand there. Open and acknowledged by default.")
    ] = None,
    day: Annotated[
        datetime | None,
        typer.Option("--date", formats=["%Y-%m-%d"], help="Alerts that were open after the plan of this date."),
    ] = None,
) -> None:
    """List alerts, the most urgent first, with their deadline and what to do."""
    if context.invoked_subcommand:
        return
    import polars as pl

    from bakery_assets.briefing.alert_life import OPEN, most_urgent_first
    from bakery_assets.briefing.findings import severity_rank
    from bakery_assets.briefing.terminal import render_alerts
    from bakery_assets.briefing.terminal.page import WIDEST
    from bakery_assets.commands.selection import selected_tenants
    from bakery_assets.schemas import conform, plans
    from resources.clock import utc_now
    from resources.warehouse.alerts import read_alerts, read_alerts_on
    from resources.warehouse.connection import Warehouse

    warehouse = Warehouse()
    zones = {each.tenant_id: each.timezone for each in selected_tenants(tenant)}
    if day:
        found = read_alerts_on(warehouse, zones, day.date())
        statuses = (status,) if status else ALERT_STATUSES
        found = conform(plans.Alerts, found.filter((pl.col("resolved_on") != day.date()).fill_null(value=True)))
    else:
        found = read_alerts(warehouse, zones)
        statuses = (status,) if status else OPEN
    worst = SEVERITIES.index(severity) if severity else 0
    classes = (alert_class,) if alert_class else ALERT_CLASSES
    shown = found.filter(
        pl.col("status").is_in(statuses), pl.col("alert_class").is_in(classes), severity_rank("severity") >= worst
    )
    console = VisibleConsole(highlight=False, markup=False)
    if shown.is_empty():
        console.print("No alerts." if found.is_empty() else "No such alerts.")
        return
    console = VisibleConsole(highlight=False, markup=False, width=min(console.width, WIDEST))
    console.print(render_alerts(most_urgent_first(conform(plans.Alerts, shown)), zones, utc_now()))


@alerts.command()
def ack(
    alert_id: Annotated[
        str, typer.Argument(help="The alert, as listed; its beginning is enough where only one has it.")
    ],
    who: Annotated[str, typer.Option(help="Who has seen it.")],
    note: Annotated[str | None, typer.Option(help="What was done.")] = None,
    tenant: Annotated[str | None, typer.Option(help="The bakery, if several have such an alert.")] = None,
) -> None:
    """Acknowledge an alert: say who has seen it. It stays in the list until it is resolved."""
    from bakery_assets.commands.selection import selected_tenants
    from resources.clock import utc_now
    from resources.warehouse.alerts import acknowledge, read_alerts
    from resources.warehouse.connection import Warehouse

    warehouse = Warehouse()
    errors = VisibleConsole(stderr=True, highlight=False, soft_wrap=True)
    if not who.strip():
        errors.print("Say who has seen it: --who NAME")
        raise typer.Exit(2)
    tenants = [each.tenant_id for each in selected_tenants([tenant] if tenant else None)]
    matching = _matching(read_alerts(warehouse, tenants), alert_id)
    if isinstance(matching, str):
        errors.print(matching, markup=False)
        raise typer.Exit(2)
    label = f"{matching['tenant_id']} {matching['alert_id']}"
    if matching["resolved_on"]:
        errors.print(f"{label} was resolved on {matching['resolved_on']}: {matching['resolution']}", markup=False)
        raise typer.Exit(1)
    acknowledge(
        warehouse, matching["tenant_id"], matching["alert_id"], who=who.strip(), note=note or None, now=utc_now()
    )
    before = f"acknowledged by {matching['acknowledged_by']}" if matching["acknowledged_at"] else "open"
    console = VisibleConsole(highlight=False, soft_wrap=True)
    console.print(f"{label}: was {before}, is acknowledged by {who.strip()}.", markup=False)
    console.print(matching["message"], style="dim", markup=False)


def _matching(found: "dy.DataFrame[plans.Alerts]", alert_id: str) -> dict[str, Any] | str:
    """The alert of this id, or the only open one that begins so; else why there is none, in words."""
    import polars as pl

    exact = found.filter(pl.col("alert_id") == alert_id)
    is_open = pl.col("resolved_on").is_null()
    rows = exact if exact.height else found.filter(pl.col("alert_id").str.starts_with(alert_id) & is_open)
    if rows.height == 1:
        return rows.row(0, named=True)
    if rows.height:
        names = ", ".join(f"{row['alert_id']} of {row['tenant_id']}" for row in rows.head(3).iter_rows(named=True))
        more = f" and {rows.height - 3} more" if rows.height > 3 else ""
        return f"{rows.height} alerts begin so: {names}{more}. Give more of the id, or --tenant."
    similar = get_close_matches(alert_id, found.filter(is_open)["alert_id"].to_list(), n=3, cutoff=0.4)
    hint = f" Did you mean {' or '.join(similar)}?" if similar else " See them with: bakery alerts"
    return f"There is no alert {alert_id}.{hint}"
