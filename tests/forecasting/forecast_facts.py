"""Facts of small bakeries for the tests of forecasting: few products, some months, a weekday profile and chance."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from math import ceil, floor
from typing import Any

import numpy as np
import polars as pl

from bakery_assets.cells import CELLS
from bakery_assets.forecasting.registry.shared_effects import SharedEffects
from bakery_assets.metrics import QUANTILE_LEVELS
from bakery_assets.schemas.plans import DemandForecasts
from resources.schema import ops, plans
from resources.warehouse.connection import frame_schema

PLAN = date(2026, 3, 9)  # a Monday
WEEKDAYS = (0.8, 0.9, 1.0, 1.0, 1.2, 1.5, 0.6)  # Monday to Sunday, mean 1
NEEDED = {
    "tenants": ("tenant_id", "country", "region"),
    "products": ("tenant_id", "product_id", "discontinued_on"),
    "sales": ("tenant_id", "product_id", "sales_date", "location_id", "quantity", "revenue", "sold_out_at"),
    "calendar": ("tenant_id", "date", "kind", "product_id", "name", "opens", "closes"),
    "weather": ("tenant_id", "date", "temperature_c", "rain_mm"),
}
Facts = dict[str, pl.DataFrame]


def facts(**rows: Iterable[Sequence[Any]]) -> Facts:
    """Every frame that forecasting and training read; those not given are empty."""
    tables = (ops.tenants, ops.products, ops.sales, ops.calendar, ops.weather, ops.sales_hourly, ops.opening_hours,
              ops.tenant_settings,              ops.forecast_overrides, plans.model_versions, plans.series_models, plans.boosters)  # fmt: skip
    schemas = {table.name: frame_schema(table) for table in tables}
    made = {
        name: pl.DataFrame(schema={column: schema[column] for column in NEEDED.get(name, schema)})
        for name, schema in schemas.items()
    }
    for name, given in rows.items():
        made[name] = pl.DataFrame(list(given), schema=made[name].schema, orient="row")
    made["sales"] = recorded_overnight(made["sales"])
    unsaid = {"category": pl.lit(None, pl.String), "introduced_on": pl.lit(None, pl.Date)}
    made["products"] = made["products"].with_columns(**unsaid)
    made["shared_effects"] = SharedEffects.create_empty()
    made["day_forecasts"] = DemandForecasts.create_empty()
    made["incumbents"] = made["series_models"]
    made["day_forecasts"] = pl.DataFrame(schema=frame_schema(plans.demand_forecasts))
    made["carried_over"] = made["series_models"].select("tenant_id", "location_id", "product_id")
    return made


def recorded_overnight(sales: pl.DataFrame) -> pl.DataFrame:
    """Sales whose days were reported when they were over."""
    midnight = pl.col("sales_date").dt.offset_by("1d").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return sales.with_columns(recorded_at=midnight)


def quantile(yhat: float, level: float, said: dict[str, Any]) -> float:
    """The quantile at a level, from a forecast and the terms of its reasoning, in plain Python."""
    name = next(name for name, each in QUANTILE_LEVELS.items() if each == level)
    found = max(0.0, yhat + said["scale"] * said[f"z_{name}"])
    found = min(found, 2 * max(yhat, said["highest_sold"]))
    above, below = yhat, yhat
    if said["is_count"]:
        found, above, below = floor(found + 0.5), ceil(yhat), floor(yhat)
    if level > 0.5:
        return max(found, above) if found > 0 else 0.0
    return min(found, below) if level < 0.5 else found


def together(*bakeries: Facts) -> Facts:
    """The facts of several bakeries in one call."""
    return {name: pl.concat([each[name] for each in bakeries]) for name in bakeries[0]}


def cells(*tenants: str | tuple[str, date], day: date = PLAN) -> pl.DataFrame:
    """Cells of tenants, on ``day`` where none is given."""
    each = [(tenant, day) if isinstance(tenant, str) else tenant for tenant in tenants]
    rows = [
        (tenant, on, "Europe/Berlin", datetime(on.year, on.month, on.day, 3, 30, tzinfo=UTC)) for tenant, on in each
    ]
    return pl.DataFrame(rows, schema=CELLS, orient="row")


def days_before(count: int, end: date = PLAN) -> list[date]:
    return [end - timedelta(days=ago) for ago in range(count, 0, -1)]


def bakery(
    tenant: str,
    days: int,
    end: date = PLAN,
    sizes: Iterable[tuple[str, str, float]] = (("main", "bread", 60.0), ("main", "cake", 12.0)),
    seed: int = 1,
) -> Facts:
    """A bakery whose days are Poisson around its weekdays; bread is promoted for half as much again every 12th day, the
    next time two days after ``end``.

    Args:
        days: days of sales before ``end``. sizes: shop, product and units on a typical day.
    """
    chance = np.random.default_rng(seed)
    dates = days_before(days, end)
    ahead = [end + timedelta(days=n) for n in range(7)]
    promoted = {day for day in (*dates, *ahead) if (day - end).days % 12 == 2}
    sales, sizes = [], list(sizes)
    for shop, product, size in sizes:
        for day in dates:
            extra = 1.5 if product == "bread" and day in promoted else 1.0
            sold = float(chance.poisson(size * WEEKDAYS[day.weekday()] * extra))
            sales.append((tenant, product, day, shop, sold, round(sold * 2.5, 2), None))
    weather = [
        (tenant, day, round(8 + 6 * np.sin(day.toordinal() / 20), 1), float(day.toordinal() % 3)) for day in dates
    ]
    return facts(
        tenants=[(tenant, "DE", None)],
        products=[(tenant, product, None) for product in sorted({product for _, product, _ in sizes})],
        sales=sales,
        calendar=[(tenant, day, "promotion", "bread", None, None, None) for day in sorted(promoted)],
        weather=weather,
    )


def sale(
    tenant: str, product: str, day: date, quantity: float, shop: str = "main", sold_out_at: time | None = None
) -> tuple[Any, ...]:
    """A row of ``sales``; a unit costs 2."""
    return (tenant, product, day, shop, quantity, quantity * 2, sold_out_at)


def note(tenant: str, day: date, kind: str, product: str | None = None, name: str | None = None) -> tuple[Any, ...]:
    """A row of ``calendar``."""
    return (tenant, day, kind, product, name, None, None)
