"""The section on the last validated forecast."""

from typing import Any

import polars as pl
from rich.console import RenderableType
from rich.text import Text

from bakery_assets.briefing.day_briefing import DayBriefing
from bakery_assets.briefing.forecast_alerts import last_validated
from bakery_assets.briefing.terminal.figures import nothing, quantity, section

EVEN = 0.02  # a bias smaller than this is nothing a person would act on
MANY_OVERRIDES = 3  # more overrides than this are counted


def check_section(morning: DayBriefing) -> RenderableType:
    """Accuracy and bias of the last day that could be checked, with the best and the worst product."""
    title = "How yesterday's forecast did"
    runs = morning.frames["validation_runs"]
    last = last_validated(runs)
    if last.is_empty():
        yesterday = runs.sort("validation_date").tail(1)["status"].to_list()
        why = {
            "closed": "The bakery was closed.",
            "no_forecast": "The day before had not been planned, so there is no forecast to check.",
            "no_sales": "Its sales have not arrived yet.",
            "incomplete": "It was not over when the plan was made.",
        }.get(yesterday[0] if yesterday else "", "There is no earlier forecast to check.")
        return section(title, nothing(why))
    run = last.row(0, named=True)
    checked = run["validation_date"]
    day = "" if (morning.plan_date - checked).days == 1 else f"Last checked: {checked:%a} {checked.day} {checked:%b}. "
    bias = run["bias"]
    if bias is None or abs(bias) < EVEN:
        leaning = "neither too much nor too little over all"
    else:
        leaning = f"{abs(bias):.0%} too {'much' if bias > 0 else 'little'} over all"
    if run["accuracy"] is not None:
        words = Text(f"{day}The forecast was ").append(f"{run['accuracy']:.0%} accurate", style="bold")
        words.append(f", {leaning}.")
    elif run["sold_out_series"] and run["mae"] is None:
        words = Text(f"{day}Everything sold out, so it is unknown how much more would have sold.")
    else:
        words = Text(f"{day}There were no sales to measure against.")
    return section(title, words, *_weeks(run), *_best_and_worst(morning, checked), *_overrides(morning))


def _weeks(run: dict[str, Any]) -> list[Text]:
    """The last seven days validated compared with the seven before, once there are as many."""
    if run["trend"] == "unknown":
        return []
    words = Text(f"Last 7 days {run['wape_7d']:.0%} off, {run['wape_7d_before']:.0%} the 7 before: ")
    return [words.append(f"{run['trend']}.", style="yellow" if run["trend"] == "worsening" else "")]


def _best_and_worst(morning: DayBriefing, checked: object) -> list[Text]:
    """The product with the smallest error for its sales, and the one with the most units off."""
    names = morning.frames["products"].select("product_id", "name", "unit")
    results = (
        morning.frames["validation_results"]
        .filter((pl.col("validation_date") == checked) & ~pl.col("is_sold_out"))
        .group_by("product_id")
        .agg(pl.col("yhat").sum(), pl.col("actual").sum())
        .join(names, on="product_id")
        .with_columns(off=(pl.col("yhat") - pl.col("actual")).abs())
        .filter(pl.col("actual") > 0)
        .with_columns(share=pl.col("off") / pl.col("actual"))
    )
    if results.height < 2:
        return []
    best = results.sort("share", -pl.col("actual"), "name").row(0, named=True)
    worst = results.sort(-pl.col("off"), "name").row(0, named=True)
    return [
        Text(f"{word}: {row['name']}, ").append(
            f"{quantity(row['yhat'], row['unit'])} forecast, {quantity(row['actual'], row['unit'])} sold."
        )
        for word, row in (("Best", best), ("Furthest off", worst))
    ]


def _overrides(morning: DayBriefing) -> list[Text]:
    """Who was nearer on the days checked this morning, the person who overrode a forecast or the system."""
    names = morning.frames["products"].select("product_id", "name", "unit")
    scores = morning.frames["override_scores"].join(names, on="product_id").sort("validation_date", "override_id")
    if scores.height > MANY_OVERRIDES:
        closer = dict(scores["closer"].value_counts().iter_rows())
        words = f"Of {scores.height} overrides {closer.get('human', 0)} were nearer than the system"
        return [Text(f"{words}, {closer.get('system', 0)} further off.")]
    verdicts = {
        "human": "nearer than the system",
        "system": "further off than the system",
        "tie": "as near as the system",
    }
    return [
        Text(f"Override: {row['name']}, {row['who'] or 'somebody'} set {quantity(row['yhat'], row['unit'])}").append(
            f" instead of {quantity(row['system_yhat'], row['unit'])}, {quantity(row['actual'], row['unit'])} sold:"
            f" {verdicts[row['closer']]}."
        )
        for row in scores.iter_rows(named=True)
    ]
