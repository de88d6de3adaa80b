"""The `bakery` command: its subcommands and how their errors are reported. What they do is in ``commands``.

Each command's module imports what it needs when it is called.
"""

import errno
import os
from pathlib import Path

import typer

from bakery_assets.commands.alerts import alerts
from bakery_assets.commands.backfill import backfill
from bakery_assets.commands.backtest import backtest
from bakery_assets.commands.database import db
from bakery_assets.commands.decide import approve, change, regenerate, reject
from bakery_assets.commands.demo import demo
from bakery_assets.commands.imports import imports, undo_import
from bakery_assets.commands.intake import import_pos, load
from bakery_assets.commands.interruptions import INTERRUPTED, noted_interruptions
from bakery_assets.commands.orders import order, sent
from bakery_assets.commands.plan import plan
from bakery_assets.commands.quarantine import quarantine
from bakery_assets.commands.receive import receive
from bakery_assets.commands.record import count, done, waste
from bakery_assets.commands.replay import replay
from bakery_assets.commands.returns import return_goods
from bakery_assets.commands.servers import up
from bakery_assets.commands.show import show
from bakery_assets.commands.train import train
from bakery_assets.visible_text import visible

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    # rich's stack traces do not end where Dagster's errors are each other's cause, and print local values.
    pretty_exceptions_enable=False,
    help="Plans a bakery's day: what will sell, what to bake and when, what to order, what may run out.",
)
_WRITABLE = "BAKERY_HOME has to be a folder in which this user may write."
OPERATORS_ERRORS = {
    errno.ENOSPC: "Make room on that disk; what was written in part is not used.",
    errno.EDQUOT: "This user may not store more there; what was written in part is not used.",
    errno.EACCES: _WRITABLE,
    errno.EPERM: _WRITABLE,
    errno.EROFS: _WRITABLE,
    errno.ENOTDIR: _WRITABLE,
    errno.EEXIST: _WRITABLE,
    errno.ENAMETOOLONG: _WRITABLE,
    errno.ELOOP: _WRITABLE,
}
for command in (
    up,
    demo,
    plan,
    backfill,
    train,
    show,
    backtest,
    replay,
    load,
    import_pos,
    imports,
    undo_import,
    count,
    receive,
    done,
    waste,
    approve,
    reject,
    change,
    regenerate,
    order,
    sent,
):
    app.command()(command)
app.command("return")(return_goods)  # a function cannot have that name
app.add_typer(alerts, name="alerts")
app.add_typer(db, name="db")
app.add_typer(quarantine, name="quarantine")


def main() -> None:
    """Entry point of the `bakery` script: what an operator can correct is reported in one line, with status 2.

    So is an interruption, with the status that shells give it: 130 for Ctrl-C, 143 for SIGTERM.
    """
    with noted_interruptions() as interruption:
        try:
            app()
        except BaseException as error:
            # A command may also end well when it is interrupted, as `up` does.
            ended_well = isinstance(error, SystemExit) and not error.code
            number = None if ended_well else interruption()
            if number is not None:
                typer.echo(INTERRUPTED, err=True)
                raise SystemExit(128 + number) from error
            if isinstance(error, SystemExit):
                raise
            reason = _correctable(error)
            if reason is None:
                raise
            typer.echo(visible(reason), err=True)
            raise SystemExit(2) from error


def _correctable(error: BaseException) -> str | None:
    """What an operator has to correct, in one line; None: it is a fault of the program."""
    from adbc_driver_manager import OperationalError as AdbcError
    from pydantic import ValidationError
    from pydantic_settings import SettingsError
    from sqlalchemy.exc import InterfaceError, OperationalError

    from bakery_assets.assets.dbt_project import DbtError
    from bakery_assets.settings import Settings
    from resources.embedded import DatabaseUnusable

    if isinstance(error, OperationalError | InterfaceError | AdbcError):
        said = str(error if isinstance(error, AdbcError) else error.orig).strip().splitlines()[0].rstrip(".")
        return f"PostgreSQL cannot be used: {said}. {_remedy_of_server(said)}"
    if isinstance(error, ValidationError) and error.title == Settings.__name__:
        found = error.errors()[0]
        name = "_".join(str(part) for part in found["loc"][:1]).upper()
        return f"BAKERY_{name} cannot be {found['input']!r}: {found['msg'].lower()}."
    if isinstance(error, OSError) and error.errno in OPERATORS_ERRORS:
        return f"{error.strerror}: {error.filename or 'a file'}. {OPERATORS_ERRORS[error.errno]}"
    # A file that the program should have made is its own fault, but for a home that cannot be made at all.
    if isinstance(error, FileNotFoundError) and str(error.filename) in map(str, _home_and_above()):
        return f"{error.strerror}: {error.filename}. {_WRITABLE}"
    if isinstance(error, DatabaseUnusable | DbtError | SettingsError):
        return " ".join(str(error).split())
    return None


def _remedy_of_server(said: str) -> str:
    from bakery_assets.settings import settings

    if os.strerror(errno.ENOSPC) in said:
        return OPERATORS_ERRORS[errno.ENOSPC]
    choices = settings()
    if choices.database_url:
        return "Check BAKERY_DATABASE_URL, or unset it."
    return f"Its log is {choices.home.resolve() / 'postgres' / 'log'}; `bakery db status` says whether it runs."


def _home_and_above() -> list[Path]:
    from bakery_assets.settings import settings

    home = settings().home.resolve()
    return [home, *home.parents]
