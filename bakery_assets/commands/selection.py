"""Which tenants a command is for: those named with ``--tenant``, else all that are served."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from bakery_assets.commands.terminal import VisibleConsole

if TYPE_CHECKING:
    from bakery_assets.due.planning import Tenant


def selected_tenants(named: Sequence[str] | None, *, in_known_zones: bool = False) -> list["Tenant"]:
    """The tenants, by id.

    Args:
        named: ids; None or empty: every tenant that is active or of the demo.
        in_known_zones: leave out tenants whose time zone is unknown.

    Raises:
        typer.Exit: a named tenant does not exist, or there are none; the reason is printed.
    """
    from bakery_assets.due.planning import served_statuses
    from bakery_assets.local_time import is_zone
    from resources.warehouse import Warehouse, planning_runs

    known = {
        each.tenant_id: each
        for each in planning_runs.tenants(Warehouse())
        if (named or each.status in served_statuses(include_demo=True))
        and (is_zone(each.timezone) or not in_known_zones)
    }
    unknown = sorted(set(named or []) - set(known))
    if unknown or not known:
        VisibleConsole(stderr=True, highlight=False).print(
            f"There is no tenant {', '.join(unknown)}." if unknown else "There are no tenants; run: bakery load DIR"
        )
        raise typer.Exit(2)
    return [known[tenant] for tenant in sorted(set(named or known))]
