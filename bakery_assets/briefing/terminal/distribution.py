"""Section on what goes to which shop, trip by trip, as a driver loads it."""

import math
from typing import Any

import polars as pl
from rich.console import Group, RenderableType
from rich.text import Text

from bakery_assets.briefing.day_briefing import DayBriefing
from bakery_assets.briefing.terminal.figures import clock, columns, nothing, quantity, section


def distribution_section(morning: DayBriefing) -> RenderableType:
    """What each shop gets, in the order in which it leaves; no section for a bakery whose kitchen serves no shop."""
    planned = morning.frames["distribution_plans"]
    if planned.is_empty():
        return Group()
    shops = morning.frames["locations"].select("location_id", shop=pl.coalesce("name", "location_id"))
    brought = pl.col("quantity").filter(~pl.col("is_carried_over")).sum().over("location_id", "product_id")
    rows = (
        planned.with_columns(missing=(pl.col("need") - brought).clip(0.0))
        .join(shops, on="location_id", how="left")
        .join(morning.frames["products"].select("product_id", "unit", product="name"), on="product_id")
        .sort("leaves_at", "shop", "location_id", "product", "product_id")
    )
    content: list[RenderableType] = []
    for trip in rows.partition_by("leaves_at", "arrives_at", "location_id", maintain_order=True):
        first = trip.row(0, named=True)
        loaded = trip.filter((pl.col("quantity") > 0) | pl.col("consequence").is_not_null())
        enough = trip.filter(pl.col("need") == 0)["product"].to_list()
        content.append(_heading(morning, first, is_empty=trip["quantity"].sum() == 0))
        if loaded.height:
            content.append(_lines(loaded))
        if enough:
            content.append(nothing(f"  still enough there: {', '.join(enough)}"))
    return section("What goes to which shop", *content)


def _heading(morning: DayBriefing, trip: dict[str, Any], *, is_empty: bool) -> Text:
    if is_empty:
        return Text(f"Nothing for {trip['shop']}", style="bold")
    leaves, arrives = (clock(morning.local(trip[name]), morning.plan_date) for name in ("leaves_at", "arrives_at"))
    verb = "left" if trip["is_carried_over"] else "leave"
    return Text(f"{verb} {leaves}  {trip['shop']}, there at {arrives}", style="bold")


def _lines(trip: pl.DataFrame) -> RenderableType:
    table = columns("", "product", "bring", "why", right=("bring",), wide="why", widest={"product": 26})
    table.show_header = False
    for row in trip.iter_rows(named=True):
        unit, words = row["unit"], Text(style="dim")
        if row["consequence"]:
            missing = f"{quantity(row['missing'], unit, up=True)} short of {quantity(row['need'], unit)}"
            words = Text(missing, style="red")
        elif not math.isclose(row["stock_usable"], 0.0, abs_tol=1e-6) and not row["is_carried_over"]:
            words = Text(f"{quantity(row['stock_usable'], unit)} there already", style="dim")
        table.add_row("", row["product"], quantity(row["quantity"], unit), words)
    return table
