"""`bakery order` and `bakery sent`: a purchase order to print or to mail, and the record that it has left the house."""

import getpass
import re
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bakery_assets.commands.record import AT, TENANT, refused, reporter_at, say

if TYPE_CHECKING:
    from bakery_assets.order_documents import OrderDocument


class Format(StrEnum):
    """What an order can be written as."""

    PDF = "pdf"
    HTML = "html"
    CSV = "csv"


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
        raise refused("Give either --order, or --date for all orders of a day.")
    if day is not None:
        found = read_orders_of_day(warehouse, tenant, day.date())
    else:
        one = read_order(warehouse, tenant, str(number))
        found = [one] if one else []
    if not found:
        known = ", ".join(open_order_numbers(warehouse, tenant)) or "none; approve a proposal first: bakery approve"
        what = f"order {number}, or it was taken back" if number else f"orders of {day:%Y-%m-%d}"
        raise refused(f"{tenant} has no {what}. The last orders are {known}.")
    folder.mkdir(parents=True, exist_ok=True)
    for each in found:
        written = ", ".join(_write(folder, each, wanted) for wanted in formats or Format)
        say(f"Order {each.order_id}, {each.supplier}: {written}")
    say(f"When it has left the house: bakery sent --tenant {tenant} --order {found[0].order_id} --how phone")


def sent(
    tenant: TENANT,
    number: Annotated[str, typer.Option("--order", help="The order.")],
    how: Annotated[str | None, typer.Option("--how", help="printed, csv, phone, e-mail or in other words.")] = None,
    who: Annotated[str | None, typer.Option("--who", help="Who sent it. Whoever is logged in by default.")] = None,
    at: AT = None,
) -> None:
    """Record that an order was sent to its supplier; from then on no decision changes it."""
    from resources.warehouse.orders import NotSendable, record_sent

    reporter = reporter_at(tenant, at)
    try:
        found = record_sent(
            reporter.warehouse,
            tenant,
            number,
            how=how,
            who=who or getpass.getuser(),
            sent_at=reporter.happened_at,
            now=reporter.now,
        )
    except NotSendable as problem:
        raise refused(str(problem)) from problem
    say(f"Order {number} was sent to {found.supplier}; it is expected on {found.expected_to:%a %-d %b %Y}.")


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
