"""The picture of a replay: cost by critical ratio, and what a better fill rate takes in waste."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from bakery_assets.commands.folder_figures import unwritable

if TYPE_CHECKING:
    from bakery_assets.replay import Replay

SIZE_INCHES = (11, 4.8)
DOTS_PER_INCH = 120


def draw(result: "Replay", path: Path, errors: Console) -> None:
    """Write the picture as PNG.

    Raises:
        typer.Exit: it cannot be written; the reason is printed.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE_INCHES, layout="constrained")
    # In full each policy is one point of cost, which the table tells better.
    cost, trade = figure.subplots(1, 2) if not result.is_full else (None, figure.subplots())
    for policy in dict.fromkeys(row["policy"] for row in result.policies):
        rows = [row for row in result.policies if row["policy"] == policy]
        line = "none" if result.is_full else "-"  # currencies are no order
        width = 2.5 if policy == "system" else 1.2
        for axes, across, up in ((cost, "critical_ratio", "cost_index"), (trade, "waste_share", "fill_rate")):
            if axes is not None:
                points = [(row[across], row[up]) for row in rows if row[across] is not None and row[up] is not None]
                axes.plot(*_columns(points), marker="o", linestyle=line, linewidth=width, label=policy)
    if cost is not None:
        cost.set(xlabel="critical ratio", ylabel="cost index", title="Cost (sample_quantile = 100; lower is better)")
        cost.axhline(100, color="grey", linewidth=0.8)
    trade.set(xlabel="share of what was baked left over", ylabel="share of demand met", title="Waste and fill rate")
    for axis in (trade.xaxis, trade.yaxis):
        axis.set_major_formatter(lambda share, _: f"{share:.1%}")
    data = result.data
    figure.suptitle(f"{data['series']:,} series, {data['first_day']} to {data['last_day']}")
    figure.legend(*trade.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    FigureCanvasAgg(figure)
    try:
        figure.savefig(path, format="png", dpi=DOTS_PER_INCH)
    except OSError as error:
        raise unwritable(path, error, errors) from None


def _columns(points: list[tuple[Any, Any]]) -> tuple[list[Any], list[Any]]:
    return [across for across, _ in points], [up for _, up in points]
