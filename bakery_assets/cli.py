"""The `bakery` command: its subcommands and how their errors are reported. What they do is in ``commands``.

Each command's module imports what it needs when it is called.
"""

import errno

import typer

from bakery_assets.commands.alerts import alerts
from bakery_assets.commands.backtest import backtest
from bakery_assets.commands.database import db
from bakery_assets.commands.demo import demo
from bakery_assets.commands.imports import imports, undo_import
from bakery_assets.commands.intake import import_pos, load
from bakery_assets.commands.plan import plan
from bakery_assets.commands.quarantine import quarantine
from bakery_assets.commands.record import count, done, receive, waste
from bakery_assets.commands.replay import replay
from bakery_assets.commands.servers import up
from bakery_assets.commands.show import show
from bakery_assets.commands.train import train

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
}
for command in (
    up,
    demo,
    plan,
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
):
    app.command()(command)
app.add_typer(alerts, name="alerts")
app.add_typer(db, name="db")
app.add_typer(quarantine, name="quarantine")


def main() -> None:
    """Entry point of the `bakery` script: what an operator can correct is reported in one line, with status 2."""
    try:
        app()
    except SystemExit:
        raise
    except BaseException as error:
        reason = _correctable(error)
        if reason is None:
            raise
        typer.echo(reason, err=True)
        raise SystemExit(2) from error


def _correctable(error: BaseException) -> str | None:
    """What an operator has to correct, in one line; None: it is a fault of the program."""
    from adbc_driver_manager import OperationalError as AdbcError
    from pydantic import ValidationError
    from pydantic_settings import SettingsError
    from sqlalchemy.exc import OperationalError

    from bakery_assets.assets.dbt_project import DbtError
    from bakery_assets.settings import Settings
    from resources.embedded import DatabaseUnusable

    if isinstance(error, OperationalError | AdbcError):
        said = str(error.orig if isinstance(error, OperationalError) else error).strip().splitlines()[0]
        return f"PostgreSQL cannot be used: {said.rstrip('.')}. Check BAKERY_DATABASE_URL, or unset it."
    if isinstance(error, ValidationError) and error.title == Settings.__name__:
        found = error.errors()[0]
        name = "_".join(str(part) for part in found["loc"][:1]).upper()
        return f"BAKERY_{name} cannot be {found['input']!r}: {found['msg'].lower()}."
    if isinstance(error, OSError) and error.errno in OPERATORS_ERRORS:
        return f"{error.strerror}: {error.filename or 'a file'}. {OPERATORS_ERRORS[error.errno]}"
    # By its name: Dagster is two seconds of imports, and not every command has it.
    if type(error).__name__ == "DagsterExecutionInterruptedError":
        return "Interrupted; what this command had begun to plan is free again."
    if isinstance(error, DatabaseUnusable | DbtError | SettingsError):
        return " ".join(str(error).split())
    return None
