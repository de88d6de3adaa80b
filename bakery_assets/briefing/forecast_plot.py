"""A tenant's forecasts as a picture: what sold, what will sell with its range, what is special, and what it is made of.

The picture is SVG text of some kilobytes, drawn here: a plotting library would be one more dependency for six lines.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape
from typing import Any

import polars as pl

from bakery_assets import metrics
from bakery_assets.briefing.terminal.figures import figure, terms

MOST_TENANTS = 5  # a round of more gets no pictures: a wave's would be megabytes that are never opened
PRODUCTS = 3  # the largest of each tenant, next to its total
HISTORY_DAYS = 28
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 720, 170, 50, 40, 34
STEP = (WIDTH - LEFT - 10) / (HISTORY_DAYS + 7)
INK, FAINT, BLUE, BAND = "#333", "#999", "#1f5fbf", "#cfe0f7"
Point = tuple[date, float]


@dataclass(frozen=True)
class Panel:
    """One series over the days before and after the plan date.

    Attributes:
        sold, forecast: by day, sorted.
        band: lowest and highest of 8 days of 10, by day; empty for a total, whose range is no sum of ranges.
        special: names by day.
        notes: what stands above it.
    """

    title: str
    sold: list[Point]
    forecast: list[Point]
    band: list[tuple[date, float, float]]
    special: dict[date, str]
    notes: str


def forecast_plots(cells: pl.DataFrame, frames: Mapping[str, pl.DataFrame]) -> dict[str, str]:
    """SVG by tenant: the total of what is sold by the piece, and the largest products in all shops.

    Args:
        cells: cells that were planned; more than ``MOST_TENANTS`` get none.
        frames: the round's, with ``demand_forecasts``, ``sales`` and ``products``, and ``past_validations`` where the
            round has them.
    """
    if "demand_forecasts" not in frames or not 0 < cells.height <= MOST_TENANTS:
        return {}
    found = {}
    for tenant, plan_date in cells.select("tenant_id", "plan_date").iter_rows():
        names = ("demand_forecasts", "sales", "products", "past_validations")
        own = {name: frames[name].filter(pl.col("tenant_id") == tenant) for name in names if name in frames}
        if own["demand_forecasts"].height:
            found[tenant] = _drawn(plan_date, _panels(plan_date, own))
    return found


def _panels(plan_date: date, own: Mapping[str, pl.DataFrame]) -> list[Panel]:
    products = own["products"].select("product_id", "name", "unit")
    forecasts = own["demand_forecasts"].join(products, on="product_id")
    first = plan_date - timedelta(days=HISTORY_DAYS)
    sales = (
        own["sales"]
        .filter(pl.col("sales_date").is_between(first, plan_date, closed="left"))
        .sort("recorded_at")
        .unique(["product_id", "location_id", "sales_date"], keep="last")
        .join(products, on="product_id")
    )
    largest = (
        forecasts.group_by("product_id", "name", "unit")
        .agg(pl.col("yhat").sum())
        .sort("yhat", "product_id", descending=[True, False])
        .head(PRODUCTS)
    )
    is_piece = pl.col("unit") == "piece"
    total = Panel(
        "All that is sold by the piece",
        _by_day(sales.filter(is_piece), "sales_date", "quantity"),
        _by_day(forecasts.filter(is_piece), "target_date", "yhat"),
        [],
        {},
        "",
    )
    panels = [total] if total.forecast else []
    for row in largest.iter_rows(named=True):
        is_own = pl.col("product_id") == row["product_id"]
        coming = forecasts.filter(is_own).sort("target_date", "location_id")
        unit = "" if row["unit"] == "piece" else f", {row['unit']}"
        one_shop = coming["location_id"].n_unique() == 1
        panels.append(
            Panel(
                f"{row['name']}{unit}",
                _by_day(sales.filter(is_own), "sales_date", "quantity"),
                _by_day(coming, "target_date", "yhat"),
                list(coming.select("target_date", "q10", "q90").iter_rows()) if one_shop else [],
                {
                    day: words
                    for day, text in coming.select("target_date", "reasoning").iter_rows()
                    if (words := _special(text))
                },
                "; ".join(
                    filter(None, (_members(coming["reasoning"][0]), _lately(own.get("past_validations"), is_own)))
                ),
            )
        )
    return panels


def _by_day(rows: pl.DataFrame, day: str, value: str) -> list[Point]:
    return list(rows.group_by(day).agg(pl.col(value).sum()).sort(day).iter_rows())


def _special(reasoning: str) -> str:
    found = terms(reasoning)
    if found.get("closed"):
        return "closed"
    return ", ".join(
        f"{each['name'] if each['kind'] in ('holiday', 'event') and each['name'] else each['kind'].replace('_', ' ')} "
        f"{each['factor'] - 1:+.0%}"
        for each in found.get("factors") or []
    )  # fmt: skip


def _members(reasoning: str) -> str:
    shares: dict[str, Any] = terms(reasoning).get("shares") or {}
    return " + ".join(f"{share:.0%} {name}" for name, share in shares.items() if share)


def _lately(validations: pl.DataFrame | None, is_own: pl.Expr) -> str:
    """WAPE, bias and days within the range of the days checked lately."""
    if validations is None:
        return ""
    checked = validations.filter(is_own & ~pl.col("is_sold_out"))
    wape, bias, held = checked.select(wape=metrics.wape(), bias=metrics.bias(), held=pl.col("is_covered").sum()).row(0)
    return "" if wape is None else f"lately {wape:.0%} off, bias {bias:+.0%}, in range {held} of {checked.height} times"


def _drawn(plan_date: date, panels: list[Panel]) -> str:
    parts = [part for number, panel in enumerate(panels) for part in _panel(plan_date, panel, number * HEIGHT)]
    height = HEIGHT * len(panels)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    return "".join(
        [
            f'{head} font-family="sans-serif" font-size="11">',
            '<rect width="100%" height="100%" fill="#fff"/>',
            *parts,
            "</svg>",
        ]
    )


def _panel(plan_date: date, panel: Panel, top: int) -> list[str]:
    values = [value for _, value in panel.sold + panel.forecast] + [high for *_, high in panel.band]
    most = max([*values, 1.0]) * 1.05
    first = plan_date - timedelta(days=HISTORY_DAYS)
    floor = top + HEIGHT - BOTTOM

    def x(day: date) -> float:
        return round(LEFT + ((day - first).days + 0.5) * STEP, 1)

    def y(value: float) -> float:
        return round(floor - max(value, 0.0) / most * (HEIGHT - TOP - BOTTOM), 1)

    def line(points: list[Point], color: str) -> str:
        path = " ".join(f"{x(day)},{y(value)}" for day, value in points)
        dots = "".join(f'<circle cx="{x(day)}" cy="{y(value)}" r="2" fill="{color}"/>' for day, value in points)
        return f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="1.5"/>{dots}'

    def text(at_x: float, at_y: float, words: str, fill: str = FAINT, more: str = "") -> str:
        return f'<text x="{at_x}" y="{at_y}" fill="{fill}"{more}>{escape(words)}</text>'

    today = round(x(plan_date) - STEP / 2, 1)
    drawn = [
        text(LEFT, top + 14, panel.title, INK, ' font-weight="bold"'),
        text(LEFT, top + 28, panel.notes),
        f'<path d="M{LEFT} {floor}H{WIDTH - 10}M{today} {top + TOP - 6}V{floor}" stroke="{FAINT}" stroke-width="0.5"/>',
        text(LEFT - 6, y(most / 1.05) + 4, figure(most / 1.05, whole=most > 20), FAINT, ' text-anchor="end"'),
        text(LEFT - 6, floor, "0", FAINT, ' text-anchor="end"'),
    ]
    if panel.band:
        edge = [f"{x(day)},{y(high)}" for day, _, high in panel.band]
        edge += [f"{x(day)},{y(low)}" for day, low, _ in reversed(panel.band)]
        drawn.append(f'<polygon points="{" ".join(edge)}" fill="{BAND}"/>')
    drawn += [line(panel.sold, INK), line(panel.forecast, BLUE)]
    mondays = (first + timedelta(days=number) for number in range(HISTORY_DAYS + 7))
    drawn += [
        text(x(day), floor + 13, f"{day.day} {day:%b}", FAINT, ' text-anchor="middle"')
        for day in mondays
        if day.weekday() == 0
    ]
    # In one line below the dates: side by side under their days they would cover each other.
    shown = [f"{day:%a} {words}" for day, words in sorted(panel.special.items())]
    if shown:
        drawn.append(text(WIDTH - 10, floor + 27, " · ".join(shown)[:120], BLUE, ' text-anchor="end"'))
    return drawn
