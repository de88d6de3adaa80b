"""`bakery load` and `bakery import-pos`: files into the warehouse, with a short report of their rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from bakery_assets.commands.terminal import VisibleConsole
from bakery_assets.settings import settings
from bakery_assets.visible_text import visible

if TYPE_CHECKING:
    from bakery_assets.intake.report import LoadReport, ReportProgress

Check = Annotated[bool, typer.Option("--check", help="Store nothing; say what would become of every row.")]
Strict = Annotated[bool, typer.Option("--strict", help="End with status 1 if any row or file is refused.")]


def load(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of CSV or Parquet files named after tables.")],
    corrections: Annotated[
        bool,
        typer.Option("--corrections", help="Facts that differ from what is stored are corrections, known from now on."),
    ] = False,
    check: Check = False,
    strict: Strict = False,
) -> None:
    """Load a folder of CSV, Parquet or Excel files; rows that cannot be used go to quarantine with the reason.

    Status 0: loaded. 1: a file gave no row, or many were refused (BAKERY_MAX_REFUSED_SHARE), or any with --strict. 2:
    nothing could be read.
    """
    from bakery_assets.intake.faults import Unreadable
    from bakery_assets.planning_instants import late_planning_sentences
    from resources.clock import utc_now
    from resources.warehouse import Warehouse
    from resources.warehouse.intake import load_folder
    from resources.warehouse.planning_facts import instants_of_week
    from resources.warehouse.quarantine import forget_older

    warehouse, now = Warehouse(), utc_now()
    try:
        with progress_bars() as progress:
            report = load_folder(warehouse, folder, now=now, corrections=corrections, check=check, progress=progress)
    except Unreadable as error:
        raise _refused(str(error)) from None
    if not check:
        forget_older(warehouse, now - timedelta(days=settings().quarantine_days))
    status = show_report(report, strict=strict)
    for sentence in late_planning_sentences(instants_of_week(warehouse, now.date())):
        VisibleConsole(highlight=False).print(sentence, style="yellow", markup=False)
    raise typer.Exit(status)


def import_pos(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="A till's own export, as it is: text or Excel.")
    ] = None,
    tenant: Annotated[str | None, typer.Option(help="Bakery whose till it is.")] = None,
    till: Annotated[
        str | None, typer.Option(help="Which till it is, by a name of --tills or a .yaml file; else recognized.")
    ] = None,
    tills: Annotated[bool, typer.Option("--tills", help="List the known tills, and end.")] = False,
    article: Annotated[str | None, typer.Option(help="Column with the article.")] = None,
    date: Annotated[str | None, typer.Option(help="Column with the day, or day and time.")] = None,
    quantity: Annotated[str | None, typer.Option(help="Column with the quantity sold.")] = None,
    quantity_each: Annotated[
        bool, typer.Option("--quantity-each", help="Every line is one piece sold; there is no column of quantities.")
    ] = False,
    price: Annotated[
        str | None, typer.Option(help="Column with the price of one unit; 'none' switches any column off.")
    ] = None,
    revenue: Annotated[
        str | None, typer.Option(help="Column with the takings; without a quantity, that is takings over price.")
    ] = None,
    time: Annotated[str | None, typer.Option(help="Column with the time of day, where the date has none.")] = None,
    receipt: Annotated[str | None, typer.Option(help="Column with the number of the receipt.")] = None,
    location_column: Annotated[str | None, typer.Option(help="Column with the shop, each kept apart.")] = None,
    skip: Annotated[int | None, typer.Option(help="Lines above the column names.", min=0)] = None,
    delimiter: Annotated[str | None, typer.Option(help="Between the columns; 'tab' for a tabulator.")] = None,
    decimal: Annotated[str | None, typer.Option(help="Decimal sign of the numbers: , or .")] = None,
    date_format: Annotated[str | None, typer.Option(help="Format of the dates, for example %m/%d/%Y.")] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Encoding of the file, for example cp1252; else recognized.")
    ] = None,
    mapping: Annotated[Path | None, typer.Option(help="YAML file with any of the options above.")] = None,
    location: Annotated[str | None, typer.Option(help="Shop the till stands in; else the tenant's main one.")] = None,
    timezone: Annotated[str | None, typer.Option(help="For a new tenant: its IANA time zone.")] = None,
    country: Annotated[str | None, typer.Option(help="For a new tenant: its ISO 3166 country code.")] = None,
    name: Annotated[str | None, typer.Option(help="For a new tenant: its name; else its id.")] = None,
    corrections: Annotated[
        bool,
        typer.Option("--corrections", help="It may replace sales that no import gave, such as those of a folder."),
    ] = False,
    add: Annotated[
        bool, typer.Option("--add", help="Its sales come on top of what is known of their days; else they replace it.")
    ] = False,
    accept_jump: Annotated[
        bool,
        typer.Option("--accept-jump", help="Its figures are right, although a hundred or a thousand times the usual."),
    ] = False,
    source: Annotated[
        str | None, typer.Option(help="Name of the till, where a shop has several; the sales of each add up.")
    ] = None,
    check: Check = False,
    strict: Strict = False,
) -> None:
    """Import a till's own export as a bakery's sales; the till is recognized, or its columns by names and values.

    Status 0: imported. 1: no row could be used, or many were refused (BAKERY_MAX_REFUSED_SHARE), or any with --strict.
    2: the file could not be read.
    """
    from bakery_assets.intake.faults import Unreadable
    from bakery_assets.intake.till_columns import TillOptions
    from bakery_assets.intake.till_dialect import with_mapping
    from resources.clock import utc_now
    from resources.warehouse import Warehouse
    from resources.warehouse.imports import TillOwner, import_till
    from resources.warehouse.quarantine import forget_older

    if tills:
        _list_tills()
        return
    if file is None or tenant is None:
        raise typer.BadParameter("give FILE and --tenant, or --tills to list the known tills")
    given = TillOptions(
        article=article,
        date=date,
        quantity=quantity,
        price=price,
        revenue=revenue,
        delimiter=delimiter,
        decimal=decimal,
        date_format=date_format,
        encoding=encoding,
        time=time,
        location_column=location_column,
        receipt=receipt,
        quantity_each=quantity_each,
        skip=skip,
        till=till,
    )
    owner = TillOwner(tenant, timezone, country, name, location, source)
    warehouse, now = Warehouse(), utc_now()
    try:
        options = with_mapping(given, read_mapping(mapping))
        with progress_bars() as progress:
            report = import_till(
                warehouse,
                file,
                owner,
                options,
                now=now,
                corrections=corrections,
                adds=add,
                accepts_jumps=accept_jump,
                check=check,
                progress=progress,
            )
    except Unreadable as error:
        raise _refused(str(error)) from None
    if not check:
        forget_older(warehouse, now - timedelta(days=settings().quarantine_days))
    raise typer.Exit(show_report(report, strict=strict))


def _list_tills() -> None:
    from bakery_assets.intake.till_profiles import known_tills

    table = Table("till", "what", "recognized by its columns", box=None, pad_edge=False)
    for each in known_tills():
        table.add_row(each.name, each.title, ", ".join(each.signature))
    table.add_row("generic", "any other, by what its columns are called and hold", "")
    VisibleConsole(highlight=False, markup=False).print(table)


def read_mapping(path: Path | None) -> dict[str, Any]:
    """Options of a mapping file; without one none."""
    from bakery_assets.intake.faults import Unreadable

    if path is None:
        return {}
    import yaml

    from bakery_assets.intake.lines import require_regular

    require_regular(path)
    try:
        read = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise Unreadable(f"The mapping {path} cannot be read: {' '.join(str(error).split())}.") from None
    if not isinstance(read, dict):
        raise Unreadable(f"The mapping {path} must hold lines such as 'article: Artikel'.")
    return read


@contextmanager
def progress_bars(console: VisibleConsole | None = None) -> Iterator["ReportProgress"]:
    """A bar for each file, on the terminal; what to call as its rows are read."""
    console = console or VisibleConsole(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        tasks: dict[str, Any] = {}

        def report(file: str, done: int, total: int) -> None:
            if file not in tasks:
                tasks[file] = bars.add_task(visible(file), total=total)
            bars.update(tasks[file], completed=done)

        yield report


def show_report(report: "LoadReport", *, strict: bool) -> int:
    """What became of each file, why rows were refused and what to do, and the load in one line; the exit status."""
    console, errors = (
        VisibleConsole(highlight=False, soft_wrap=True),
        VisibleConsole(stderr=True, highlight=False, soft_wrap=True),
    )
    table = Table(box=None, pad_edge=False)
    table.add_column("file", overflow="fold")  # else a long name is cut
    for heading in ("read", "new", "changed", "already known", "quarantined"):
        table.add_column(heading, justify="right")
    for file in report.files:
        if not file.is_refused:
            counts = (file.read, file.new, file.changed, file.known + file.repeated, file.quarantined)
            table.add_row(Text(visible(file.file)), *(f"{count:,}" for count in counts))
        if file.unknown_columns:
            errors.print(f"{file.file}: ignored columns {', '.join(file.unknown_columns)}", markup=False)
    if report.ignored:
        errors.print(f"Ignored, as no table has that name: {', '.join(report.ignored)}", markup=False)
    for note in (*report.notes, *report.problems):
        errors.print(note, markup=False)
    if table.row_count:
        console.print(table)
    for line in report.fault_lines:
        console.print(line, markup=False)
    if report.import_line:
        console.print(report.import_line, markup=False)
    console.print(report.closing_line, markup=False)
    return report.status(max_refused_share=settings().max_refused_share, strict=strict)


def _refused(message: str) -> typer.Exit:
    VisibleConsole(stderr=True, highlight=False, soft_wrap=True).print(message, markup=False)
    return typer.Exit(2)
