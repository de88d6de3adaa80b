"""`bakery imports` and `bakery undo-import`: what was imported of tills, and taking it back."""

from typing import TYPE_CHECKING, Annotated

import typer

from bakery_assets.commands.terminal import VisibleConsole
from bakery_assets.quantities import counted
from bakery_assets.visible_text import visible

if TYPE_CHECKING:
    from resources.warehouse.imports_sql import Import

HOW = {"receipts": "receipts merged", "replaced": "days replaced", "added": "added"}


def imports(
    tenant: Annotated[str | None, typer.Option(help="Only imports of this bakery.")] = None,
) -> None:
    """List the till files that were imported, with the number by which `undo-import` takes one back."""
    from resources.warehouse import Warehouse
    from resources.warehouse.imports import list_imports

    found = list_imports(Warehouse(), tenant)
    console = VisibleConsole(highlight=False, soft_wrap=True)
    if not found:
        console.print("Nothing was imported.")
        return
    headings = ("import", "bakery", "till", "file", "days", "rows", "how", "when", "state")
    lines = [headings] + [
        (
            str(each.import_id), visible(each.tenant_id), visible(each.till or "by its columns"), visible(each.file),
            days_of(each), f"{each.rows:,}",
            HOW[each.days_taken], f"{each.recorded_at:%Y-%m-%d %H:%M}", "undone" if each.is_undone else "counts",
        )
        for each in found
    ]  # fmt: skip
    # Aligned here: a table of rich would cut the names that do not fit.
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        console.print("  ".join(cells).rstrip(), markup=False)


def undo_import(
    import_id: Annotated[int, typer.Argument(metavar="ID", help="Number of the import, as `imports` lists it.")],
) -> None:
    """Undo an import of a till's file: sales become what they would be without it, and its days are validated again.

    Status 2: there is no such import, or it is undone already.
    """
    from resources.clock import utc_now
    from resources.warehouse import Warehouse
    from resources.warehouse.imports import NoSuchImport
    from resources.warehouse.imports import undo_import as undo

    try:
        undone, changed = undo(Warehouse(), import_id, utc_now())
    except NoSuchImport as error:
        VisibleConsole(stderr=True, highlight=False, soft_wrap=True).print(str(error), markup=False)
        raise typer.Exit(2) from None
    console = VisibleConsole(highlight=False, soft_wrap=True)
    what = counted(changed, "day of an article has", "days of articles have")
    console.print(
        f"Import {import_id}, {undone.file} of {undone.tenant_id} with {days_of(undone)}, is undone; {what} other sales"
        " without it.",
        markup=False,
    )


def days_of(made: "Import") -> str:
    """The days of an import."""
    if made.first_day == made.last_day:
        return f"{made.first_day}"
    return f"{made.first_day} to {made.last_day}"
