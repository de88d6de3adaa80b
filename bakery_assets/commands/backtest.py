"""`bakery backtest`: how near this system and StatsForecast's baselines would have come, on a folder of sales."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from rich.console import Console
from rich.table import Table

from bakery_assets.commands.folder_figures import refuse_unwritable, tell_left_out, write_figures
from bakery_assets.commands.terminal import VisibleConsole

if TYPE_CHECKING:
    from bakery_assets.backtesting import Backtest
    from resources.folder import Folder

Report = Callable[[str, int, int], None]
# A column's figure, heading and form, and how its best is found.
Column = tuple[str, str, str, Callable[[float], float]]
SHOWN_TENANTS = 10
UNCUT = 1_000  # columns a table may take: it needs fewer than 80, and where there are less still, no name is cut
NEARNESS: tuple[Column, ...] = (
    ("wape", "WAPE", ".1%", abs),
    ("wape_open", "open days", ".1%", abs),
    ("mape", "MAPE", ".1%", abs),
    ("mase", "MASE", ".3f", abs),
    ("rmsse", "RMSSE", ".3f", abs),
)
# Apart from nearness, so that each of the two tables fits 80 columns.
BALANCE_AND_COST: tuple[Column, ...] = (
    ("bias", "bias", "+.1%", abs),
    ("pinball", "pinball", ".4f", abs),
    ("coverage80", "in 80%", ".1%", lambda share: abs(share - 0.8)),
    ("train_seconds_per_series", "train s\nper series", ".4f", abs),
    ("predict_seconds_per_series", "predict s\nper series", ".4f", abs),
)


def backtest(
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="Folder in the load format, CSV or Parquet.")],
    weeks: Annotated[int, typer.Option(min=1, help="Weeks compared, the last ones with sales.")] = 8,
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="Last day compared; by default the last with sales."),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Where the figures go as JSON.")
    ] = None,
    models: Annotated[str | None, typer.Option(help="Models compared, with commas between; by default all.")] = None,
) -> None:
    """Compare forecasts with what sold: every week of the last ones, each from what was known before it."""
    from bakery_assets.backtesting import CannotBacktest
    from bakery_assets.commands.intake import progress_bars
    from bakery_assets.intake.faults import Unreadable

    errors = VisibleConsole(stderr=True, highlight=False, soft_wrap=True)
    chosen = _chosen(models, errors)
    if json_file is not None:
        refuse_unwritable(json_file, errors)
    try:
        with progress_bars() as progress:
            result, read = compare(data, weeks, chosen, progress, None if until is None else until.date())
    except (Unreadable, CannotBacktest) as error:
        errors.print(str(error), markup=False)
        raise typer.Exit(2) from None
    tell_left_out(read, errors)
    _show(result)
    if json_file is not None:
        write_figures(as_json(result), json_file, errors)


def compare(
    data: Path,
    weeks: int,
    models: tuple[str, ...],
    progress: Report = lambda *_: None,
    last_day: date | None = None,
) -> tuple["Backtest", "Folder"]:
    """Backtest ``models`` on a folder in the load format; nothing is read or written but the folder.

    Args:
        last_day: the last day compared; None: the last day with sales.

    Raises:
        Unreadable: the folder cannot be used.
        CannotBacktest: it holds too few days.
    """
    from time import process_time

    from bakery_assets.backtesting import run_backtest
    from bakery_assets.backtesting.windows import READS, BacktestFacts
    from resources.clock import utc_now
    from resources.folder import read_folder

    read = read_folder(data, READS, loaded_at=utc_now(), progress=progress)
    result = run_backtest(cast(BacktestFacts, read.frames), weeks, models, process_time, progress, last_day)
    return result, read


def as_json(result: "Backtest") -> dict[str, Any]:
    """The figures as `--json` writes them: ratios as fractions, null where there is nothing to divide by."""
    return {"models": list(result.models), "data": result.data, "system": result.system}


def _chosen(models: str | None, errors: Console) -> tuple[str, ...]:
    from bakery_assets.backtesting import BASELINES, SYSTEMS

    known = (*SYSTEMS, *BASELINES)
    chosen = tuple(dict.fromkeys(filter(None, map(str.strip, (models or ",".join(known)).split(",")))))
    unknown = [name for name in chosen if name not in known]
    if unknown or not chosen:
        errors.print(f"There is no model {', '.join(unknown) or repr(models)}; choose from {', '.join(known)}.")
        raise typer.Exit(2)
    return chosen


def _show(result: "Backtest") -> None:
    console = VisibleConsole(markup=True, highlight=False, soft_wrap=True, width=UNCUT)
    data = result.data
    console.print(
        f"{data['series']:,} series of {data['tenants']:,} bakeries, {data['first_day']} to {data['last_day']};"
        f" {data['origins']} {'forecast' if data['origins'] == 1 else 'forecasts'} of {data['horizon_days']} days"
        f" from {data['first_origin']} on,"
        " each from what was known before it."
    )
    if data["series_days_sold_out_left_out"]:
        console.print(
            f"{data['series_days_sold_out_left_out']:,} of {data['series_days']:,} days are left out: sold out,"
            " so sales do not show the demand."
        )
    for columns in (NEARNESS, BALANCE_AND_COST):
        console.print(_table(result, columns), "")
    for model in result.models:
        if model["model"] == "system":
            _show_lead(model["skill"], console)
            console.print(_coverage_table(model["coverage_by_kind"]), "")
    if result.system:
        by_model = sorted(result.system["series_days_by_model"].items(), key=lambda each: -each[1])
        console.print("The system's days by model: " + ", ".join(f"{name} {days:,}" for name, days in by_model) + ".")
        untrained = result.system["tenants_without_trained_model"]
        _name(list(untrained), "without a trained model, forecast from the fallbacks", console)
        if untrained:
            console.print(f"  {next(iter(untrained.values()))}", markup=False)
    _name(data["tenants_not_scored"], "without sales before and in these weeks, so not compared", console)


def _table(result: "Backtest", columns: tuple[Column, ...]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("model", no_wrap=True)
    for _, heading, _, _ in columns:
        table.add_column(heading, justify="right")
    best = {name: _best(result, name, distance) for name, _, _, distance in columns}
    for model in result.models:
        cells = [_cell(model[name], form, best[name], distance) for name, _, form, distance in columns]
        table.add_row(f"[bold]{model['model']}[/]" if model["model"] == "system" else model["model"], *cells)
    return table


def _show_lead(skill: list[dict[str, Any]], console: Console) -> None:
    """How far the system is ahead of the best baseline, which comes first."""
    if not skill or skill[0]["lead_open"] is None:
        return
    best = skill[0]
    interval = best["lead_open_interval"]
    chance = (
        "" if interval is None else f" (95 of 100 resamples of the weeks: {interval[0]:+.1%} to {interval[1]:+.1%})"
    )
    console.print(
        f"On open days the system is ahead of {best['baseline']}, the best baseline there, by"
        f" {best['lead_open']:+.1%} of its error{chance}."
    )


def _coverage_table(by_kind: dict[str, dict[str, Any]]) -> Table:
    """Open days of the system within its 80% interval, by kind of day."""
    table = Table(box=None, pad_edge=False)
    table.add_column("the system on open days", no_wrap=True)
    for heading in ("days", "in 80%", "95 of 100 resamples"):
        table.add_column(heading, justify="right")
    for kind, found in by_kind.items():
        interval = found["coverage80_interval"]
        table.add_row(
            kind.replace("_", " "),
            f"{found['days']:,}",
            "-" if found["coverage80"] is None else f"{found['coverage80']:.1%}",
            "-" if interval is None else f"{interval[0]:.1%} to {interval[1]:.1%}",
        )
    return table


def _best(result: "Backtest", name: str, distance: Callable[[float], float]) -> float | None:
    values = [distance(model[name]) for model in result.models if model[name] is not None]
    return min(values) if len(values) > 1 else None


def _cell(value: float | None, form: str, best: float | None, distance: Callable[[float], float]) -> str:
    if value is None:
        return "-"
    text = format(value, form)
    return f"[bold green]{text}[/]" if distance(value) == best else text


def _name(tenants: list[str], what: str, console: Console) -> None:
    if tenants:
        shown = ", ".join(tenants[:SHOWN_TENANTS]) + (", …" if len(tenants) > SHOWN_TENANTS else "")
        console.print(f"{len(tenants):,} {'bakery' if len(tenants) == 1 else 'bakeries'} {what}: {shown}.")
