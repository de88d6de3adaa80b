"""`bakery quarantine`: lists, shows, exports and clears rows that could not be used."""

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from bakery_assets.commands.terminal import VisibleConsole
from bakery_assets.quantities import counted

if TYPE_CHECKING:
    from resources.warehouse import Warehouse
    from resources.warehouse.quarantine import QuarantineFilter

quarantine = typer.Typer(no_args_is_help=True, help="Rows that could not be used, with the reason and what to do.")
MOST_SHOWN = 50

Tenant = Annotated[str | None, typer.Option(help="Only rows of this bakery.")]
File = Annotated[str | None, typer.Option(help="Only rows of files with this name.")]
Code = Annotated[str | None, typer.Option(help="Only rows with this kind of fault, as `list` names it.")]


@quarantine.command("list")
def list_groups(tenant: Tenant = None, file: File = None, code: Code = None) -> None:
    """List the rows by file and kind of fault, each with an example and what to do."""
    from resources.warehouse.quarantine import quarantine_groups

    groups = quarantine_groups(_warehouse(), _filter(tenant, file, code))
    console = _console()
    if not groups:
        console.print("Nothing is in quarantine.")
        return
    for each in groups:
        column = f" ({each.column})" if each.column else ""
        what = f"{each.tenant or 'no tenant'}  {each.file}  {each.code}{column}  {counted(each.rows, 'row', 'rows')}"
        console.print(what, markup=False)
        console.print(f"  {each.first_id}: {each.reason}", markup=False)


@quarantine.command()
def show(
    row: Annotated[int | None, typer.Argument(metavar="ID", help="Number of a row, as `list` shows it.")] = None,
    tenant: Tenant = None,
    file: File = None,
    code: Code = None,
) -> None:
    """Show rows as they were read, each with the reason."""
    from resources.warehouse.quarantine import quarantined_rows

    found = quarantined_rows(_warehouse(), _filter(tenant, file, code, row), most=MOST_SHOWN + 1)
    console = _console()
    if not found:
        console.print("There is no such row in quarantine.")
        raise typer.Exit(1)
    for each in found[:MOST_SHOWN]:
        place = f"{each.quarantine_id}: {each.file}, line {each.row_number}, in {each.folder or 'an unknown folder'}"
        console.print(place, markup=False)
        console.print(f"  {each.code}: {each.reason}", markup=False)
        console.print(f"  {json.dumps(each.content, ensure_ascii=False)}", markup=False)
    if len(found) > MOST_SHOWN:
        console.print("… and more; narrow them, or write them all to a file with `bakery quarantine export`.")


@quarantine.command()
def export(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="CSV file to write; it must not be there yet.")],
    tenant: Tenant = None,
    file: File = None,
    code: Code = None,
) -> None:
    """Write rows to a CSV file in the columns that they had, with the reason last, to be corrected and loaded again."""
    from resources.warehouse.quarantine import quarantined_rows

    found = quarantined_rows(_warehouse(), _filter(tenant, file, code))
    columns = list(dict.fromkeys(name for each in found for name in each.content))
    try:
        with target.open("x", encoding="utf-8", newline="") as written:
            writer = csv.writer(written)
            writer.writerow([*columns, "quarantine_file", "quarantine_line", "quarantine_reason"])
            for each in found:
                cells = ["" if each.content.get(name) is None else str(each.content[name]) for name in columns]
                writer.writerow([_unevaluated(cell) for cell in (*cells, each.file, str(each.row_number), each.reason)])
    except OSError as error:
        VisibleConsole(stderr=True).print(f"{target} cannot be written: {error.strerror}.", markup=False)
        raise typer.Exit(2) from None
    _console().print(f"{counted(len(found), 'row was', 'rows were')} written to {target}.", markup=False)


@quarantine.command()
def clear(
    tenant: Tenant = None,
    file: File = None,
    code: Code = None,
    everything: Annotated[bool, typer.Option("--all", help="All rows, where nothing else says which.")] = False,
) -> None:
    """Delete rows, once they are corrected and loaded, or not needed."""
    from resources.warehouse.quarantine import clear_quarantine

    if not (tenant or file or code or everything):
        raise typer.BadParameter("say which rows, with --tenant, --file or --code, or give --all")
    deleted = clear_quarantine(_warehouse(), _filter(tenant, file, code))
    _console().print(f"{counted(deleted, 'row was', 'rows were')} deleted.")


def _warehouse() -> "Warehouse":
    from resources.warehouse import Warehouse
    from resources.warehouse.migrate import migrate

    warehouse = Warehouse()
    migrate(warehouse.engine)
    return warehouse


def _filter(tenant: str | None, file: str | None, code: str | None, row: int | None = None) -> "QuarantineFilter":
    from resources.warehouse.quarantine import QuarantineFilter

    return QuarantineFilter(tenant, file, code, row)


def _unevaluated(cell: str) -> str:
    """A cell that a spreadsheet does not take for a formula."""
    risky = cell[:1] in ("=", "+", "-", "@", "\t", "\r") and not cell[1:].replace(".", "", 1).isdigit()
    return f"'{cell}" if risky else cell


def _console() -> Console:
    return VisibleConsole(highlight=False, soft_wrap=True)
