"""Accuracy of the forecasts on real data, against baselines that know the same closures, at several window ends.

`python -m benchmarks accuracy` runs every data set; `python -m benchmarks.accuracy french_shop` one or more.
"""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, cast

import dataframely as dy
import polars as pl

from bakery_assets.backtesting import BASELINES, SYSTEM, SYSTEMS, accuracy_figures
from bakery_assets.backtesting.scores import ComparedDays
from bakery_assets.backtesting.series import ErrorScales
from bakery_assets.commands.backtest import as_json, compare
from bakery_assets.keys import SERIES
from benchmarks import accuracy_report, accuracy_targets
from benchmarks.datasets import DATA, WRITERS

WEEKS = 8
# Last days of the windows. Those of a set lie on different weekdays, so that its origins do too; the café's 23 weeks
# allow windows a week apart only, which share most of their days.
WINDOWS: Mapping[str, tuple[date, ...]] = {
    "bread_chain": (date(2017, 12, 31), date(2018, 8, 31), date(2018, 12, 31), date(2019, 4, 30)),
    "yaz_restaurant": (date(2014, 10, 5), date(2015, 2, 26), date(2015, 7, 3), date(2015, 11, 7)),
    "breadbasket": (date(2017, 3, 19), date(2017, 3, 26), date(2017, 4, 2), date(2017, 4, 9)),
    "french_shop": (date(2021, 10, 31), date(2022, 1, 4), date(2022, 5, 30), date(2022, 9, 30)),
    "kiel_branch": (date(2016, 7, 3), date(2016, 12, 30), date(2017, 12, 30), date(2018, 7, 31)),
    "fresh_chain": (date(2024, 6, 25),),
}
OF_ALL_WINDOWS = ("coverage_by_kind", "coverage_by_level", "pinball_by_level", "skill")
CHRISTMAS = ("bread_chain", date(2018, 12, 31))
Days = dy.DataFrame[ComparedDays]


def run(names: Sequence[str] = tuple(WINDOWS)) -> dict[str, object]:
    """Figures of every model on every data set, and the targets: limit, figure, and whether it is reached."""
    figures: dict[str, object] = {}
    summaries = {}
    for name in names:
        if not (DATA / name).is_dir():
            figures[name] = {"skipped": f"{name} is not at {DATA}"}
            continue
        with tempfile.TemporaryDirectory() as folder:
            data = WRITERS[name](Path(folder) / name)
            results = {end: compare(data, WEEKS, (*SYSTEMS, *BASELINES), last_day=end)[0] for end in WINDOWS[name]}
        summary = summaries[name] = summarize(name, {end: result.days for end, result in results.items()})
        accuracy_report.show(name, summary)
        figures[name] = kept(summary, {end.isoformat(): as_json(result) for end, result in results.items()})
    accuracy_report.show_headline(summaries)
    return figures


def summarize(name: str, windows: Mapping[date, Days]) -> dict[str, Any]:
    """Figures of a data set over all its windows, and its targets.

    Args:
        windows: every model's forecasts next to what sold, by the window's last day.

    Returns:
        ``pooled``, the figures of all windows' days together, a day that lies in several counted once; ``windows``,
        those of each; both by model. ``targets``; and ``christmas`` where a window has it.
    """
    pooled = pl.concat(windows.values()).unique(["model", *SERIES, "origin", "date"], keep="first", maintain_order=True)
    scales = ErrorScales.create_empty()  # errors are scaled within a window
    of_windows = {end.isoformat(): accuracy_figures(days, scales) for end, days in windows.items()}
    of_all = accuracy_figures(cast(Days, pooled), scales)
    summary = {"pooled": of_all, "windows": of_windows}
    set_name, end = CHRISTMAS
    if name == set_name and end in windows:
        summary["christmas"] = christmas(windows[end], end.year)
    return {**summary, "targets": accuracy_targets.targets(name, of_windows, of_all)}


def christmas(days: Days, year: int) -> dict[str, Any]:
    """How the days before Christmas went, by model.

    Returns:
        ``wape`` of 22 to 24 December, ``forecast`` the sum forecast for the 24th; and ``sold``, what sold on the 24th.
    """
    before = days.filter(pl.col("date").is_between(date(year, 12, 22), date(year, 12, 24)))
    eve = before.filter(pl.col("date") == date(year, 12, 24))
    by_model = (
        before.group_by("model")
        .agg(wape=(pl.col("forecast") - pl.col("actual")).abs().sum() / pl.col("actual").sum())
        .join(eve.group_by("model").agg(pl.col("forecast").sum()), on="model")
        .sort("model")
    )
    return {
        "sold": eve.filter(pl.col("model") == SYSTEM)["actual"].sum(),
        "models": {row.pop("model"): row for row in by_model.iter_rows(named=True)},
    }


def kept(summary: Mapping[str, Any], windows: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What is worth keeping in the repository: of each window scores and costs, of the system the kinds of day, too."""
    pooled = {
        model: each if model == SYSTEM else _without(each, "coverage_by_kind")
        for model, each in summary["pooled"].items()
    }
    costs_and_scores = {
        end: {**window, "models": [_without(model, *OF_ALL_WINDOWS) for model in window["models"]]}
        for end, window in windows.items()
    }
    return {**summary, "pooled": pooled, "windows": costs_and_scores}


def _without(figures: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in figures.items() if key not in names}


if __name__ == "__main__":
    run(sys.argv[1:] or tuple(WINDOWS))
