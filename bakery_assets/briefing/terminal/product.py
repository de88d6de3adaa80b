"""The page on one product: what it sold, what it will sell, what that figure is made of, and how it did lately."""

from datetime import date, timedelta
from typing import Any

import polars as pl
from rich.console import Group, RenderableType
from rich.constrain import Constrain
from rich.text import Text

from bakery_assets import metrics
from bakery_assets.briefing.product_forecast import HISTORY_WEEKS, ProductForecast
from bakery_assets.briefing.terminal.figures import (
    columns,
    day,
    figure,
    nothing,
    planned_at,
    quantity,
    section,
    terms,
)
from bakery_assets.quantities import counted

WEEK = timedelta(days=7)
CHECKS_LISTED = 7
EVEN = 0.02  # a bias smaller than this is nothing a person would act on
MEMBERS = {
    "trees": "What all bakeries' sales have in common",
    "seasonal": "This weekday over the last months",
    "level": "The level of the last weeks, by weekday",
    "tsb": "How often it sells at all, and how much then",
}
SPECIAL = {
    "day_before_holiday": "day before a holiday",
    "day_after_holiday": "day after a holiday",
    "holiday": "holiday",
    "promotion": "promotion",
    "event": "event",
}
CLOSED = {
    "calendar": "closed by the calendar",
    "holiday": "closed on this holiday, by its past or other shops'",
    "weekly_closing": "closed on this weekday so far",
    "inactive_shop": "in a shop that has stopped selling",
    "not_introduced": "not introduced yet",
}
ERRORS_OF = {
    "model": "this product's forecasts before the last training",
    "own": "this product against the same weekday of weeks before",
    "tenant": "all of the bakery's products, since this one has too few days",
    "usual": "other bakeries, since this one has too few days",
    "category": "what its category's products sell, since it is new",
}


def render_product(forecast: ProductForecast, width: int) -> RenderableType:
    """The page for a terminal of ``width`` columns; without a plan of the day, its sales and how it did lately."""
    shops = _shops(forecast)
    several = len(shops) > 1
    made = [
        part
        for location, name in shops
        for part in (
            _coming(forecast, location, f", {name}" if several else ""),
            _terms(forecast, location, f", {name}" if several else ""),
        )
    ]
    return Constrain(Group(*_heading(forecast, shops), _sold(forecast), *made, _lately(forecast)), width)


def _heading(forecast: ProductForecast, shops: list[tuple[str, str]]) -> list[RenderableType]:
    today = forecast.plan_date
    title = Text(f"{forecast.name} · {forecast.bakery} · {today:%A} {today.day} {today:%B %Y}", style="bold green")
    if forecast.planned_at is None:
        return [title, Text("This day has not been planned, so there is no forecast of it.", style="bold red")]
    planned = planned_at(forecast.planned_at, today)
    lines = [title, Text(f"Planned {planned} local time ({forecast.timezone}), on what was known then", style="dim")]
    own = forecast.frames["demand_forecasts"].filter(target_date=today)
    if own.is_empty():
        return [*lines, Text("It is not sold any more on this day.")]
    expected = quantity(float(own["yhat"].sum()), forecast.unit)
    if len(shops) > 1:
        return [*lines, Text(f"{expected} expected today in {len(shops)} shops.")]
    return [
        *lines,
        Text(f"{expected} expected today; on 8 days of 10 it will be {_band(own.row(0, named=True), forecast.unit)}."),
    ]


def _band(row: dict[str, Any], unit: str) -> str:
    low, high = (figure(row[name], whole=unit in ("piece", "g", "ml")) for name in ("q10", "q90"))
    return f"{low}–{high}" + ("" if unit == "piece" else f" {unit}")


def _shops(forecast: ProductForecast) -> list[tuple[str, str]]:
    """Ids and names of the shops of the forecast, by name."""
    ids = forecast.frames["demand_forecasts"].select("location_id").unique()
    known = forecast.frames["locations"].select("location_id", shop=pl.coalesce("name", "location_id"))
    named = ids.join(known, on="location_id", how="left").with_columns(pl.coalesce("shop", "location_id").alias("shop"))
    return [(location, shop) for location, shop in named.sort("shop", "location_id").iter_rows()]


def _sold(forecast: ProductForecast) -> RenderableType:
    """Sales of the last weeks in all shops, a week to a line; the forecast in the week of the plan."""
    title = "What it sold, and will sell"
    sold = {
        day: (total, is_out)
        for day, total, is_out in forecast.frames["sales"]
        .group_by("sales_date")
        .agg(pl.col("quantity").sum(), pl.col("sold_out_at").is_not_null().any())
        .iter_rows()
    }
    ahead = dict(forecast.frames["demand_forecasts"].group_by("target_date").agg(pl.col("yhat").sum()).iter_rows())
    if not sold and not ahead:
        return section(title, nothing("Nothing is known of its sales."))
    names = [f"{date(2024, 1, weekday):%a}" for weekday in range(1, 8)]
    table = columns("Week of", *names, "", right=names, fixed=("Week of",), wide="")
    today = forecast.plan_date
    monday = today - timedelta(days=today.weekday())
    last = max(ahead, default=today)
    whole = forecast.unit in ("piece", "g", "ml")
    week = monday - HISTORY_WEEKS * WEEK
    while week <= last:
        line = [Text(f"{week.day} {week:%b}")]
        for each in (week + timedelta(days=number) for number in range(7)):
            if each in ahead:
                line.append(Text(figure(ahead[each], whole=whole), style="bold cyan"))
            elif each in sold:
                total, is_out = sold[each]
                line.append(Text(f"{figure(max(total, 0.0), whole=whole)}{'*' if is_out else ''}"))
            else:
                line.append(Text("–", style="dim"))
        table.add_row(*line, "")
        week += WEEK
    unit = "" if forecast.unit == "piece" else f", in {forecast.unit}"
    notes = [f"From {today:%a} {today.day} {today:%b} on it is the forecast{unit}; – no sales known."] if ahead else []
    if any(is_out for _, is_out in sold.values()):
        notes.append("* sold out: more would have sold.")
    return section(title, table, *([nothing(" ".join(notes))] if notes else []))


def _coming(forecast: ProductForecast, location: str, shop: str) -> RenderableType:
    rows = forecast.frames["demand_forecasts"].filter(location_id=location).sort("target_date")
    table = columns("Day", "expected", "8 days of 10", "what is special", right=("expected", "8 days of 10"),
                    fixed=("Day",), wide="what is special")  # fmt: skip
    for row in rows.iter_rows(named=True):
        table.add_row(
            day(row["target_date"], forecast.plan_date),
            quantity(row["yhat"], forecast.unit),
            _band(row, forecast.unit),
            _special(row, forecast),
        )
    return section(f"What it will sell{shop}", table)


def _special(row: dict[str, Any], forecast: ProductForecast) -> str:
    found = terms(row["reasoning"])
    words = [CLOSED.get(found["closed"], found["closed"])] if found.get("closed") else [
        _effect(each, forecast) for each in found.get("factors") or []
    ]  # fmt: skip
    if row["override_id"]:
        words.append(f"set by hand; the system has {quantity(row['system_yhat'], forecast.unit)}")
    return ", ".join(words)


def _effect(factor: dict[str, Any], forecast: ProductForecast) -> str:
    """``Thanksgiving Day +17% (seen once)``."""
    kind = SPECIAL.get(factor["kind"], factor["kind"].replace("_", " "))
    name = factor["name"] if factor["name"] and factor["name"] != forecast.product_id else kind
    seen = {0: "never seen", 1: "seen once"}.get(factor["days_seen"], f"seen {factor['days_seen']} times")
    return f"{name} {factor['factor'] - 1:+.0%} ({seen})"


def _terms(forecast: ProductForecast, location: str, shop: str) -> RenderableType:
    """The members of today's blend with their shares, what is special, and where the band comes from."""
    title = f"How today's figure is made{shop}"
    rows = forecast.frames["demand_forecasts"].filter(location_id=location, target_date=forecast.plan_date)
    found = terms(rows["reasoning"][0]) if rows.height else {}
    shares = {name: share for name, share in (found.get("shares") or {}).items() if share}
    if found.get("category_level"):
        return section(title, Text(_level_of_category(found["category_level"], forecast)))
    if not shares:
        return section(
            title, nothing("It has sold nothing yet, so nothing is expected." if rows.height else "Nothing.")
        )
    table = columns(
        "What it follows", "share", "says", "", right=("share", "says"), fixed=("What it follows",), wide=""
    )
    for name, words in MEMBERS.items():
        if name in shares:
            value = found["members"][name] * (1.0 if name == "trees" else _factor(found))
            table.add_row(words, f"{shares[name]:.0%}", quantity(max(value, 0.0), forecast.unit))
    row = rows.row(0, named=True)
    table.add_row("Expected by the system", "", quantity(row["system_yhat"], forecast.unit), style="bold")
    lines: list[RenderableType] = [table]
    if row["override_id"]:
        lines.append(Text(f"Set by hand to {quantity(row['yhat'], forecast.unit)}.", style="yellow"))
    if found.get("closed"):
        lines.append(Text(f"The day is {CLOSED.get(found['closed'], found['closed'])}, so nothing is expected."))
    elif found.get("factors"):
        effects = ", ".join(_effect(each, forecast) for each in found["factors"])
        lines.append(Text(f"In each of these: {effects}."))
    before = [quantity(value, forecast.unit) for value in found.get("last_same_weekdays") or []]
    if before:
        weekdays = f"{forecast.plan_date:%A}" if len(before) == 1 else f"{len(before)} {forecast.plan_date:%A}s"
        lines.append(Text(f"The last {weekdays} as normal days, oldest first: {', '.join(before)}."))
    errors = found.get("quantiles") or {}
    if errors.get("errors_of"):
        days = f" ({counted(errors['error_days'], 'day', 'days')})" if errors["errors_of"] in ("model", "own") else ""
        lines.append(nothing(f"The range comes from the errors of {ERRORS_OF[errors['errors_of']]}{days}."))
    return section(title, *lines)


def _level_of_category(level: dict[str, Any], forecast: ProductForecast) -> str:
    """Why a product that has never been sold is expected to sell what it is."""
    of = f" of {level['category']}" if level["category"] else ""
    products = counted(level["products"], "product", "products")
    usual = f"{products}{of} in the shop are expected to sell {quantity(level['median'], forecast.unit)}"
    if level["introduced_on"] and level["introduced_on"] > forecast.plan_date.isoformat():
        return f"It is introduced on {level['introduced_on']}; then {usual} at the median."
    begins = f"new products there began at {level['start_factor']:.0%} of that"
    return f"It is new and has not been sold yet: {usual} at the median, and {begins}."


def _factor(found: dict[str, Any]) -> float:
    """The effect of the day's specials; of a closed day, which has the factor 0, that of an open one."""
    return 1.0 if found.get("closed") else float(found.get("factor", 1.0))


def _lately(forecast: ProductForecast) -> RenderableType:
    """WAPE, bias and coverage of the last days that could be checked, and the last of them one by one."""
    title = "How its forecasts did lately"
    results = forecast.frames["validation_results"]
    usable = results.filter(~pl.col("is_sold_out"))
    if usable.is_empty():
        return section(title, nothing("No forecast of it could be checked yet."))
    wape, bias, held, checks = usable.select(
        wape=metrics.wape(), bias=metrics.bias(), held=pl.col("is_covered").sum(), checks=pl.len()
    ).row(0)
    since = results["validation_date"].min()
    assert isinstance(since, date)
    words = Text(f"Since {since.day} {since:%b} ")
    if wape is None:
        words.append("nothing was sold on the days checked")
    else:
        words.append(f"{wape:.0%} off", style="bold")
        leaning = (
            "neither too much nor too little"
            if abs(bias) < EVEN
            else f"{abs(bias):.0%} too {'much' if bias > 0 else 'little'}"
        )
        words.append(f" over all, {leaning}")
    words.append(f"; within the range of 8 days of 10 on {held} of {checks}.")
    table = columns("Day", "forecast", "sold", "off", "", right=("forecast", "sold", "off"), wide="")
    by_day = results.group_by("validation_date").agg(
        pl.col("yhat", "actual").sum(), pl.col("is_sold_out").any(), is_covered=pl.col("is_covered").all()
    )
    for row in by_day.sort("validation_date").tail(CHECKS_LISTED).iter_rows(named=True):
        off = row["yhat"] - row["actual"]
        sign = "+" if off > 0 else "-" if off < 0 else ""
        note = "sold out: more would have sold" if row["is_sold_out"] else "" if row["is_covered"] else "out of range"
        table.add_row(
            day(row["validation_date"], forecast.plan_date),
            quantity(row["yhat"], forecast.unit),
            quantity(max(row["actual"], 0.0), forecast.unit),
            f"{sign}{quantity(abs(off), forecast.unit)}",
            note,
        )
    return section(title, words, table)
