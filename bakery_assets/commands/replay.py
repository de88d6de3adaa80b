"""`bakery replay`: what quantities by this system and by a baker's rules would have cost, on a folder of sales."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from rich.table import Table
from rich.text import Text

from bakery_assets.commands.folder_figures import refuse_unwritable, tell_left_out, write_figures
from bakery_assets.commands.terminal import VisibleConsole

if TYPE_CHECKING:
    from bakery_assets.replay import Replay
    from resources.folder import Folder

Report = Callable[[str, int, int], None]
UNCUT = 1_000  # columns a table may take: it needs fewer than 80, and where there are less still, no name is cut
LONGEST_NAME = 22  # characters of a bakery's or product's id in a line
SHOWN_PRODUCTS = 3  # the best, and as many of the worst
Column = tuple[str, str, str]  # a figure, its heading and form
INDEX, WASTE, LOST = ("cost_index", "cost index", ".1f"), ("waste_share", "waste", ".1%"), ("lost_share", "lost", ".1%")
FIGURES: tuple[Column, ...] = (INDEX, WASTE, LOST, ("fill_rate", "fill rate", ".1%"))
FIGURES_IN_FULL: tuple[Column, ...] = (INDEX, WASTE, LOST, ("cost", "cost", ",.2f"))
FIGURES_OF_PRODUCTS: tuple[Column, ...] = (INDEX, WASTE, LOST)


def replay(
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="DIR",
            help="Folder in the load format, CSV or Parquet. With --supply by default the demo.",
        ),
    ] = None,
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="First morning. With --supply by default 26 weeks."),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], help="Last morning. With --supply by default yesterday."),
    ] = None,
    policies: Annotated[
        list[str] | None, typer.Option("--policy", metavar="NAME", help="A policy; may be repeated. All by default.")
    ] = None,
    ratios: Annotated[
        list[float] | None,
        typer.Option(
            "--critical-ratio",
            metavar="R",
            help="(price - cost) / (price - salvage value), may be repeated. By default 0.5, 0.7, 0.8 and 0.9.",
        ),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Where the figures go as JSON.")
    ] = None,
    plot_file: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="Where a picture goes, as PNG.")
    ] = None,
    full: Annotated[
        bool,
        typer.Option(
            "--full",
            help="Days in a row with lots, shelf life and orders, in money; each product at its own critical ratio.",
        ),
    ] = False,
    supply: Annotated[
        bool,
        typer.Option(
            "--supply",
            help="Orders of ingredients instead: this system's and two textbook policies', with suppliers that come"
            " late or short.",
        ),
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Decides every chance of --supply.")] = 0,
) -> None:
    """Replay past mornings: the quantities that each policy would have baked, met by the demand that came."""
    from bakery_assets.commands.intake import progress_bars
    from bakery_assets.commands.replay_picture import draw
    from bakery_assets.intake.faults import Unreadable
    from bakery_assets.replay import POLICIES, CannotReplay
    from bakery_assets.replay.run import RATIOS, check_options

    errors = VisibleConsole(stderr=True, highlight=False, soft_wrap=True)
    chosen, levels = tuple(policies or POLICIES), None if full else tuple(ratios or RATIOS)
    begin, end = (each and each.date() for each in (first, last))
    try:
        if supply:
            if policies or ratios or plot_file or full:
                raise CannotReplay(
                    "--supply goes with --data, --from, --to, --seed and --json only; leave the rest out."
                )
            _replay_supply(data, begin, end, seed, json_file, errors)
            return
        if data is None or begin is None or end is None:
            raise CannotReplay("Say what to replay: --data DIR --from DAY --to DAY.")
        if full and ratios:
            raise CannotReplay("With --full each product has its own critical ratio; leave --critical-ratio out.")
        check_options(begin, end, chosen, levels or ())
        for file in filter(None, (json_file, plot_file)):
            refuse_unwritable(file, errors)
        with progress_bars() as progress:
            result, read = replayed(data, begin, end, chosen, levels, progress)
    except (Unreadable, CannotReplay) as error:
        errors.print(str(error), markup=False)
        raise typer.Exit(2) from None
    tell_left_out(read, errors)
    _show(result)
    if json_file is not None:
        write_figures(as_json(result), json_file, errors)
    if plot_file is not None:
        draw(result, plot_file, errors)


def _replay_supply(
    data: Path | None, first: date | None, last: date | None, seed: int, json_file: Path | None, errors: VisibleConsole
) -> None:
    from bakery_assets.commands.intake import progress_bars
    from bakery_assets.commands.replay_supply import show_supply, supply_as_json, supply_replayed
    from resources.clock import utc_now

    if json_file is not None:
        refuse_unwritable(json_file, errors)
    with progress_bars() as progress:
        result, read = supply_replayed(data, first, last, seed, utc_now(), progress)
    tell_left_out(read, errors)
    show_supply(result, VisibleConsole(markup=True, highlight=False, soft_wrap=True, width=UNCUT))
    if json_file is not None:
        write_figures(supply_as_json(result), json_file, errors)


def replayed(
    data: Path,
    first: date,
    last: date,
    policies: tuple[str, ...],
    ratios: tuple[float, ...] | None,
    progress: Report = lambda *_: None,
) -> tuple["Replay", "Folder"]:
    """Replay a folder in the load format; nothing is read or written but the folder.

    Args:
        ratios: critical ratios; None: in full, each product at its own.

    Raises:
        Unreadable: the folder cannot be used.
        CannotReplay: it has no day that can be replayed.
    """
    from bakery_assets.replay import run_full_replay, run_replay
    from bakery_assets.replay.run import READS, ReplayFacts
    from resources.clock import utc_now
    from resources.folder import read_folder

    read = read_folder(data, READS, loaded_at=utc_now(), progress=progress)
    facts = cast(ReplayFacts, read.frames)
    if ratios is None:
        return run_full_replay(facts, first, last, policies, progress), read
    return run_replay(facts, first, last, policies, ratios, progress), read


def as_json(result: "Replay") -> dict[str, Any]:
    """The figures as `--json` writes them: shares as fractions, null where there is nothing to divide by.

    In full `critical_ratio` is null: each product has its own.
    """
    policies, products = (
        [{"critical_ratio": None, **row} for row in rows] for rows in (result.policies, result.products)
    )
    return {"policies": policies, "products": products, "data": result.data}


def _show(result: "Replay") -> None:
    console = VisibleConsole(markup=True, highlight=False, soft_wrap=True, width=UNCUT)
    data = result.data
    bakeries = "bakery" if data["tenants"] == 1 else "bakeries"
    console.print(
        f"{data['series']:,} series of {data['tenants']:,} {bakeries}, {data['first_day']} to {data['last_day']}:"
        f" {data['series_days_replayed']:,} days."
    )
    for count, why in (
        (data["series_days_sold_out_left_out"], "sold out, so that demand is unknown"),
        (data["series_days_closed_left_out"], "the shop sold nothing of anything: closed"),
    ):
        if count:
            console.print(f"{count:,} of {data['series_days']:,} are left out: {why}.")
    unvalued = data.get("products_without_price_and_cost", 0)
    if unvalued:
        console.print(f"Of {unvalued:,} of the products neither price nor cost is known; they are left out.")
    console.print(_policies(result), "")
    console.print(*_products(result))


def _policies(result: "Replay") -> Table:
    group, figures = ("currency", FIGURES_IN_FULL) if result.is_full else ("critical_ratio", FIGURES)
    table = Table(box=None, pad_edge=False)
    table.add_column("in" if result.is_full else "ratio", justify="right")
    table.add_column("policy", no_wrap=True)
    for _, heading, _ in figures:
        table.add_column(heading, justify="right")
    for value in dict.fromkeys(row[group] for row in result.policies):
        rows = [row for row in result.policies if row[group] == value]
        costs = [row["cost"] for row in rows]
        for row in rows:
            best = len(costs) > 1 and row["cost"] == min(costs)
            name = f"[bold]{row['policy']}[/]" if row["policy"] == "system" else row["policy"]
            index, *others = (_cell(row[figure], form) for figure, _, form in figures)
            table.add_row(str(value), name, f"[bold green]{index}[/]" if best else index, *others)
        table.add_row()
    return table


def _products(result: "Replay") -> tuple[str | Table, ...]:
    """Products with the lowest and the highest cost index of the first policy, all critical ratios together."""
    policy = result.policies[0]["policy"]
    ranked = [row for row in result.products_over_ratios if row["policy"] == policy and row["cost_index"] is not None]
    ranked.sort(key=lambda row: row["cost_index"])
    if not ranked:
        return ("",)
    shown = ranked if len(ranked) <= 2 * SHOWN_PRODUCTS else [*ranked[:SHOWN_PRODUCTS], *ranked[-SHOWN_PRODUCTS:]]
    table = Table(box=None, pad_edge=False)
    for heading in ("bakery", "product"):
        table.add_column(heading, max_width=LONGEST_NAME, overflow="fold")
    for _, heading, _ in FIGURES_OF_PRODUCTS:
        table.add_column(heading, justify="right")
    for row in shown:
        cells = [_cell(row[figure], form) for figure, _, form in FIGURES_OF_PRODUCTS]
        table.add_row(row["tenant_id"], Text(row["product_id"]), *cells)
    what = (
        "Products" if len(shown) == len(ranked) else f"The {SHOWN_PRODUCTS} best and worst of {len(ranked):,} products"
    )
    together = "" if result.is_full else ", all critical ratios together"
    return (f"{what} by the cost index of {policy}{together}:\n", table)


def _cell(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
