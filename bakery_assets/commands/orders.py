"""`bakery order` and `bakery sent`: a purchase order to print or to mail, and the record that it has left the house."""

import getpass
import re
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bakery_assets.commands.terminal import VisibleConsole

if TYPE_CHECKING:
    from bakery_assets.order_documents import OrderDocument


class Format(StrEnum):
    """What an order can be written as."""

    PDF = "pdf"
    HTML = "html"
    CSV = "csv"


TENANT = Annotated[str, typer.Option("--tenant", help="The bakery.")]


def order(
    tenant: TENANT,
    number: Annotated[str | None, typer.Option("--order", help="The order, such as PO-20260105-1-P01.")] = None,
    day: Annotated[
        datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="All orders of this day's plan.")
    ] = None,
    formats: Annotated[
        list[Format] | None, typer.Option("--format", help="pdf, html or csv; may be repeated. All by default.")
    ] = None,
    folder: Annotated[Path, typer.Option("--to", help="Folder for the files; it is made.")] = Path("orders"),
) -> None:
    """Write an order, or all of a day, as PDF, HTML and CSV in the bakery's language, one file for each supplier."""
    from bakery_assets.commands.selection import selected_tenants
    from resources.warehouse import Warehouse
    from resources.warehouse.orders import open_order_numbers, read_order, read_orders_of_day

    selected_tenants([tenant])
    warehouse = Warehouse()
    if (number is None) == (day is None):
        raise _refused("Give either --order, or --date for all orders of a day.")
    if day is not None:
        found = read_orders_of_day(warehouse, tenant, day.date())
    else:
        one = read_order(warehouse, tenant, str(number))
        found = [one] if one else []
    if not found:
        known = ", ".join(open_order_numbers(warehouse, tenant)) or "none; approve a proposal first: bakery approve"
        what = f"order {number}, or it was taken back" if number else f"orders of {day:%Y-%m-%d}"
        raise _refused(f"{tenant} has no {what}. The last orders are {known}.")
    folder.mkdir(parents=True, exist_ok=True)
    for each in found:
        written = ", ".join(_write(folder, each, wanted) for wanted in formats or Format)
        _say(f"Order {each.order_id}, {each.supplier}: {written}")
    _say(f"When it has left the house: bakery sent --tenant {tenant} --order {found[0].order_id} --how phone")


def sent(
    tenant: TENANT,
    number: Annotated[str, typer.Option("--order", help="The order.")],
    how: Annotated[str | None, typer.Option("--how", help="printed, csv, phone, e-mail or in other words.")] = None,
    who: Annotated[str | None, typer.Option("--who", help="Who sent it. Whoever is logged in by default.")] = None,
    at: Annotated[
        datetime | None,
        typer.Option("--at", formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"], help="Local time; now by default."),
    ] = None,
) -> None:
    """Record that an order was sent to its supplier; from then on no decision changes it."""
    from bakery_assets.commands.selection import selected_tenants
    from bakery_assets.local_time import to_instant
    from resources.clock import utc_now
    from resources.warehouse import Warehouse
    from resources.warehouse.orders import NotSendable, record_sent

    (bakery,) = selected_tenants([tenant])
    now = utc_now()
    sent_at = to_instant(at.date(), at.time(), bakery.timezone) if at else now
    if sent_at > now:
        raise _refused(f"{at} is still to come in {bakery.timezone}; only what has happened is recorded.")
    try:
        found = record_sent(
            Warehouse(), tenant, number, how=how, who=who or getpass.getuser(), sent_at=sent_at, now=now
        )
    except NotSendable as problem:
        raise _refused(str(problem)) from problem
    _say(f"Order {number} was sent to {found.supplier}; it is expected on {found.expected_to:%a %-d %b %Y}.")


def _write(folder: Path, document: "OrderDocument", wanted: Format) -> str:
    from bakery_assets.order_documents import as_csv, as_html, as_pdf

    renders: dict[Format, Callable[[], bytes]] = {
        Format.PDF: lambda: as_pdf(document),
        Format.HTML: lambda: as_html(document).encode(),
        # With a mark of its encoding, without which spreadsheets read it as that of their own country.
        Format.CSV: lambda: as_csv(document).encode("utf-8-sig"),
    }
    # A number that others gave may have any signs; a file's name may not.
    path = folder / f"{re.sub(r'[^A-Za-z0-9._-]', '_', document.order_id).lstrip('.')}.{wanted}"
    path.write_bytes(renders[wanted]())
    return str(path)


def _say(text: str) -> None:
    VisibleConsole(highlight=False, soft_wrap=True).print(text, markup=False)


def _refused(text: str) -> typer.Exit:
    VisibleConsole(stderr=True, highlight=False, soft_wrap=True).print(text, markup=False)
    return typer.Exit(2)
