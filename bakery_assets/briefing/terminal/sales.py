"""The section on today's sales forecast."""

import polars as pl
from rich.console import RenderableType

from bakery_assets.briefing.day_briefing import DayBriefing
from bakery_assets.briefing.terminal.figures import columns, nothing, quantity, section


def sales_section(morning: DayBriefing) -> RenderableType:
    """What will sell today, by product and shop, next to the same weekday a week before."""
    title = "What will sell today"
    expected = _expected(morning)
    hardly = pl.col("yhat") < pl.when(pl.col("unit") == "piece").then(0.5).otherwise(0.005)
    sold = expected.filter(~hardly)
    if sold.is_empty():
        return section(title, nothing("Nothing is expected to sell today."))
    shops = expected["location_id"].n_unique() > 1
    # Weekday alone: the heading says the date of today.
    last_week = f"last {morning.plan_date:%a}"
    table = columns(
        "Product", *(["Shop"] if shops else []), "expected", "likely", last_week,
        right=("expected", "likely", last_week), wide="Product", widest={"Shop": 18},
    )  # fmt: skip
    for row in sold.iter_rows(named=True):
        unit = row["unit"]
        likely = f"{quantity(row['q10'], unit).removesuffix(f' {unit}')}–{quantity(row['q90'], unit)}"
        before = "–" if row["before"] is None else quantity(max(row["before"], 0.0), unit)
        shop = [row["shop"]] if shops else []
        table.add_row(row["name"], *shop, quantity(row["yhat"], unit), likely, before)
    before = "–" if sold["before"].is_null().all() else _totals(expected, "before")
    table.add_row("Total", *([""] if shops else []), _totals(expected, "yhat"), "", before, style="bold")
    idle = expected.filter(hardly)["name"].unique().sort().to_list()
    unsold = [nothing(f"Not or hardly expected to sell: {', '.join(idle)}.")] if idle else []
    return section(title, table, *unsold)


def _expected(morning: DayBriefing) -> pl.DataFrame:
    """Today's forecasts with ``name, unit, shop`` and what sold a week ``before``; the most expected first."""
    products = morning.frames["products"].select("product_id", "name", "unit")
    shops = morning.frames["locations"].select("location_id", shop=pl.coalesce("name", "location_id"))
    before = morning.frames["sales"].select("product_id", "location_id", before="quantity")
    return (
        morning.frames["demand_forecasts"]
        .join(products, on="product_id")
        .join(shops, on="location_id", how="left")
        .join(before, on=["product_id", "location_id"], how="left")
        .sort("shop", "yhat", "name", descending=[False, True, False])
    )


def _totals(rows: pl.DataFrame, column: str) -> str:
    """Sums by unit, for pieces and kilograms do not add up: ``412 + 3.5 kg``."""
    sums = rows.group_by("unit").agg(pl.col(column).sum()).sort(pl.col("unit") != "piece", "unit")
    return " + ".join(quantity(value, unit) for unit, value in sums.iter_rows() if value > 0 or sums.height == 1)
