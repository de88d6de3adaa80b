"""The `bakery` command. Each command's module imports what it needs when it is called."""

import typer

from bakery_assets.commands.database import db
from bakery_assets.commands.demo import demo
from bakery_assets.commands.intake import import_pos, load
from bakery_assets.commands.plan import plan
from bakery_assets.commands.servers import up
from bakery_assets.commands.show import show

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    # A stack trace with all local values would print passwords and prices.
    pretty_exceptions_show_locals=False,
    help="Plans a bakery's day: what will sell, what to bake and when, what to order, what may run out.",
)
for command in (up, demo, plan, show, load, import_pos):
    app.command()(command)
app.add_typer(db, name="db")


def main() -> None:
    """Entry point of the `bakery` script."""
    app()
