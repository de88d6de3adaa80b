"""`bakery db`: the server and its schema, copies of it, and psql; how the embedded server runs is in ``resources``."""

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bakery_assets.quantities import counted

SHOWN_SHARE = 0.01  # of the warehouse: smaller tables are shown as one

db = typer.Typer(no_args_is_help=True, help="The warehouse's server and schema, copies of it, and a psql on it.")


class Role(StrEnum):
    """Who connects."""

    bakery = "bakery"
    analyst = "analyst"


@db.command()
def url(
    role: Annotated[
        Role, typer.Option(help="analyst: reads everything in the warehouse and writes nothing.")
    ] = Role.bakery,
) -> None:
    """Print the warehouse's libpq URL, password included."""
    from bakery_assets.settings import settings
    from resources.embedded import embedded_url, start_embedded
    from resources.postgres import WAREHOUSE, open_databases

    choices = settings()
    if role == Role.bakery:
        typer.echo(open_databases(choices).warehouse)
        return
    if choices.database_url:
        raise typer.BadParameter(
            "BAKERY_DATABASE_URL names a server of your own: make the role there, as docs/operations.md says."
        )
    open_databases(choices)
    made = embedded_url(start_embedded(choices.home / "postgres"), WAREHOUSE, role.value)
    typer.echo(made.render_as_string(hide_password=False))


@db.command()
def migrate() -> None:
    """Bring the warehouse to the newest schema."""
    from bakery_assets.instance import prepare
    from bakery_assets.settings import settings

    prepare(settings())
    typer.echo("The warehouse has the newest schema.")


@db.command()
def start() -> None:
    """Start the embedded PostgreSQL and let it run on, for other programs, until `bakery db stop`."""
    from bakery_assets.instance import prepare
    from bakery_assets.settings import settings
    from resources.embedded import keep_running, running, start_embedded

    choices = settings()
    data = _embedded_data()
    prepare(choices)
    keep_running(start_embedded(data))
    server = running(data)
    typer.echo("PostgreSQL runs until `bakery db stop`; `bakery db url` says how to reach it.")
    if choices.postgres_port and server and not (server.listens and server.port == choices.postgres_port):
        typer.echo(
            f"It ran already, and not on port {choices.postgres_port}: stop it first for BAKERY_POSTGRES_PORT.",
            err=True,
        )


@db.command()
def stop(
    force: Annotated[bool, typer.Option("--force", help="Stop it though other processes use it.")] = False,
) -> None:
    """Stop the embedded PostgreSQL."""
    from resources.embedded import holders, running
    from resources.embedded import stop as stop_server

    data = _embedded_data()
    if running(data) is None:
        typer.echo("PostgreSQL does not run.")
        return
    using = holders(data)
    if using and not force:
        typer.echo(f"PostgreSQL is used by {_processes(using)}: stop them first, or say --force.", err=True)
        raise typer.Exit(2)
    stop_server(data)
    typer.echo("PostgreSQL has stopped.")


@db.command()
def status() -> None:
    """Say whether the embedded PostgreSQL runs, since when, where, and who uses it; status 1 where it does not run."""
    from resources.embedded import holders, running

    data = _embedded_data()
    server = running(data)
    if server is None:
        typer.echo("PostgreSQL does not run.")
        raise typer.Exit(1)
    state = "runs" if server.ready else "starts, or recovers from a crash"
    where = f"127.0.0.1:{server.port} and " if server.listens else ""
    typer.echo(f"PostgreSQL {state}: process {server.pid}, since {server.since:%Y-%m-%d %H:%M} UTC.")
    typer.echo(f"It listens on {where}the socket in {server.socket_folder}; its files are in {data}.")
    using = holders(data)
    typer.echo(f"It is used by {_processes(using)}." if using else "No process of this project uses it.")


@db.command()
def size() -> None:
    """Say where the bytes of the warehouse and of Dagster's storage are, and what a day's plan of a bakery takes."""
    from sqlalchemy import create_engine

    from bakery_assets.settings import settings
    from resources.postgres import open_databases
    from resources.warehouse import Warehouse, migrate
    from resources.warehouse.retention import days_kept, expired_bytes
    from resources.warehouse.sizes import database_size, measure_sizes

    try:
        days = days_kept(settings())
    except ValueError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    urls = open_databases(settings())
    warehouse = Warehouse(urls.warehouse)
    migrate(warehouse.engine)
    sizes = measure_sizes(warehouse)
    shown = [each for each in sizes.tables if each.total_bytes >= SHOWN_SHARE * sizes.database_bytes]
    rows = [("table", "rows, about", "data", "indexes", "share")] + [
        (each.table, f"{each.rows:,}", _megabytes(each.data_bytes), _megabytes(each.index_bytes),
         f"{each.total_bytes / sizes.database_bytes:.0%}")
        for each in shown
    ]  # fmt: skip
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *figures in rows:
        typer.echo("  ".join([name.ljust(widths[0]), *map(str.rjust, figures, widths[1:])]))
    rest = counted(len(sizes.tables) - len(shown), "smaller table", "smaller tables")
    others = sizes.database_bytes - sum(each.total_bytes for each in shown)
    typer.echo(f"{rest} and PostgreSQL's own: {_megabytes(others)}.")
    engine = create_engine(urls.dagster)
    with engine.connect() as connection:
        dagster = database_size(connection)
    engine.dispose()
    typer.echo(f"The warehouse has {_megabytes(sizes.database_bytes)}, Dagster's storage {_megabytes(dagster)}.")
    freed = expired_bytes(warehouse, datetime.now(UTC).date(), days)
    largest = sorted(((size, name) for name, size in freed.items() if size), reverse=True)[:3]
    if largest:
        named = ", ".join(f"plans.{name} {_megabytes(size)}" for size, name in largest)
        typer.echo(f"Retention frees about {_megabytes(sum(freed.values()))} at noon in UTC: {named}.")
    else:
        typer.echo("Retention has nothing to free: all rows of plans are within their days.")
    if sizes.cells:
        over = counted(sizes.cells, "planned day", "planned days")
        typer.echo(f"A bakery's plan of a day takes {sizes.bytes_a_cell / 1e3:,.0f} kB, on average over {over}.")


@db.command()
def psql(
    command: Annotated[
        list[str] | None,
        typer.Option("--command", "-c", metavar="SQL", help="Run this and end; several are run one after the other."),
    ] = None,
) -> None:
    """Open psql on the warehouse, or run statements there."""
    from bakery_assets.settings import settings
    from resources.copies import run_program
    from resources.postgres import open_databases

    raise typer.Exit(
        run_program("psql", open_databases(settings()).warehouse, *(f"--command={each}" for each in command or []))
    )


@db.command()
def backup(
    folder: Annotated[
        Path | None, typer.Argument(help="New folder for the copies; by default one in .bakery/backups, by its time.")
    ] = None,
) -> None:
    """Copy the warehouse and Dagster's storage into a folder, each as of one instant; nothing has to stop for it."""
    from bakery_assets.settings import settings
    from resources.copies import back_up
    from resources.postgres import open_databases

    choices = settings()
    chosen = folder or choices.home / "backups" / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    back_up(open_databases(choices), chosen)
    typer.echo(f"Both databases are in {chosen}; `bakery db restore {chosen}` brings them back.")


@db.command()
def restore(
    folder: Annotated[Path, typer.Argument(help="Folder that `bakery db backup` has made.", exists=True)],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Replace the warehouse and Dagster's storage by copies; `bakery up` must not run."""
    from bakery_assets.instance import prepare
    from bakery_assets.settings import settings
    from resources.copies import restore_copies
    from resources.postgres import open_databases

    choices = settings()
    if not yes:
        typer.confirm("Everything that was recorded and planned since the copy is lost. Go on?", abort=True)
    restore_copies(open_databases(choices), folder)
    prepare(choices)
    typer.echo("Both databases are as in the copy, with the newest schema.")


def _embedded_data() -> Path:
    """The embedded server's folder.

    Raises:
        typer.BadParameter: a server of the user's own is used.
    """
    from bakery_assets.settings import settings

    choices = settings()
    if choices.database_url:
        raise typer.BadParameter("BAKERY_DATABASE_URL names a server of your own, which this does not start or stop.")
    return (choices.home / "postgres").resolve()


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _processes(pids: list[int]) -> str:
    return f"process{'es' if len(pids) > 1 else ''} {', '.join(map(str, pids))}"
