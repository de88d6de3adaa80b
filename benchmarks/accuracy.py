"""Accuracy of the forecasts on real data, against StatsForecast's baselines of the same run and against targets.

`python -m benchmarks accuracy` runs every data set; `python -m benchmarks.accuracy french_shop` one or more.
"""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bakery_assets.backtesting import BASELINES, SYSTEM
from bakery_assets.commands.backtest import as_json, compare
from benchmarks.datasets import DATA, WRITERS
from benchmarks.targets import Target, as_line, at_most, below, between

WEEKS = 8
COVERAGE = (0.77, 0.83)
Figures = Mapping[str, Mapping[str, Any]]


def run(names: Sequence[str] = tuple(WRITERS)) -> dict[str, object]:
    """Figures of every model on every data set, and the targets: limit, figure, and whether it is reached."""
    figures: dict[str, object] = {}
    for name in names:
        if not (DATA / name).is_dir():
            figures[name] = {"skipped": f"{name} is not at {DATA}"}
            continue
        with tempfile.TemporaryDirectory() as folder:
            result, _ = compare(WRITERS[name](Path(folder) / name), WEEKS, (SYSTEM, *BASELINES))
        scores = as_json(result)
        by_model = {model["model"]: model for model in scores["models"]}
        reached = targets(name, by_model)
        figures[name] = {**scores, "targets": reached}
        _show(name, scores["models"], reached)
    return figures


def targets(name: str, models: Figures) -> list[Target]:
    """What the forecasts must reach on a data set, as fractions.

    Args:
        models: figures by model.
    """
    system = models[SYSTEM]
    interval = [between("coverage of the 80% interval", system["coverage80"], *COVERAGE)]
    if name == "bread_chain":
        ets = models["AutoETS"]
        best_open = min(models[each]["wape_open"] for each in BASELINES)
        return [
            at_most("WAPE over AutoETS's", system["wape"] / ets["wape"], 0.82),
            at_most("open-day WAPE over the best baseline's", system["wape_open"] / best_open, 0.95),
            at_most("MASE over AutoETS's", system["mase"] / ets["mase"], 0.85),
            between("bias", system["bias"], -0.02, 0.02),
            *interval,
        ]
    against = [below(f"WAPE over {each}'s", system["wape"] / models[each]["wape"], 1.0) for each in BASELINES]
    return [*against, *interval]


def _show(name: str, models: Sequence[Mapping[str, Any]], reached: Sequence[Target]) -> None:
    headings = ("WAPE", "open days", "MAPE", "MASE", "bias", "in 80%", "with sold-out days")
    shown = ("wape", "wape_open", "mape", "mase", "bias", "coverage80", "wape_sales")
    print(f"{name:24} " + " ".join(f"{heading:10}" for heading in headings), flush=True)
    for model in models:
        figures = [_figure(model[each]) for each in shown]
        print(f"  {model['model']:22} " + " ".join(f"{figure:10}" for figure in figures))
    own = next(model for model in models if model["model"] == SYSTEM)
    print(f"  sales below–at or below the system's {_levels(own['coverage_by_level'])}")
    for target in reached:
        print(f"  {as_line(target)}", flush=True)


def _levels(coverage: Mapping[str, Mapping[str, float] | None]) -> str:
    return ", ".join(
        f"{name} -" if share is None else f"{name} {_figure(share['below'])}–{_figure(share['at_or_below'])}"
        for name, share in coverage.items()
    )


def _figure(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:.4f}"


if __name__ == "__main__":
    run(sys.argv[1:] or tuple(WRITERS))
