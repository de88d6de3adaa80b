"""The `bakery` command: its subcommands and how their errors are reported. What they do is in ``commands``.

Each command's module imports what it needs when it is called.
"""

import typer

from bakery_assets.commands.alerts import alerts
from bakery_assets.commands.backtest import backtest
from bakery_assets.commands.database import db
from bakery_assets.commands.demo import demo
from bakery_assets.commands.intake import import_pos, load
from bakery_assets.commands.plan import plan
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
for command in (up, demo, plan, train, show, backtest, replay, load, import_pos, count, receive, done, waste):
    app.command()(command)
app.add_typer(alerts, name="alerts")
app.add_typer(db, name="db")


def main() -> None:
    """Entry point of the `bakery` script: what an operator can correct is reported in one line, with status 2."""
    try:
        app()
    except Exception as error:
        from sqlalchemy.exc import OperationalError

        from bakery_assets.assets.dbt_project import DbtError
        from resources.embedded import DatabaseUnusable

        if isinstance(error, OperationalError):
            reason = str(error.orig).strip().splitlines()[0]
            typer.echo(f"PostgreSQL cannot be used: {reason}. Check BAKERY_DATABASE_URL, or unset it.", err=True)
        elif isinstance(error, (DatabaseUnusable, DbtError)):
            typer.echo(str(error), err=True)
        else:
            raise
        raise SystemExit(2) from error
