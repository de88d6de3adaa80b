"""A small bakery's folder: two breads and a cake over twelve weeks, with everything a backtest reads."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

FIRST = date(2024, 1, 1)  # a Monday
DAYS = 84
WRITE = Callable[[Path], Path]


def bakery_tables() -> dict[str, pl.DataFrame]:
    """The bakery's tables as in its files; sundays are closed, the cake is sold from the ninth week on."""
    days = [FIRST + timedelta(days=each) for each in range(DAYS)]
    rows = [
        (product, day, float(level + 6 * (day.weekday() == 5) + (number * step) % 11))
        for product, level, step, start in (("rye", 40, 5, 0), ("roll", 90, 4, 0), ("cake", 12, 3, 56))
        for number, day in enumerate(days)
        if number >= start and day.weekday() != 6
    ]
    sales = pl.DataFrame(rows, schema=["product_id", "sales_date", "quantity"], orient="row")
    tenant = pl.lit("b").alias("tenant_id")
    hourly = sales.filter(pl.col("product_id") == "rye").join(pl.DataFrame({"hour": [7, 8, 9, 10]}), how="cross")
    return {
        "tenants": pl.DataFrame(
            {"tenant_id": ["b"], "name": ["Brot"], "timezone": ["Europe/Berlin"], "country": ["DE"]}
        ),
        "products": pl.DataFrame({"product_id": ["rye", "roll", "cake"]}).select(
            tenant, "product_id", name="product_id", discontinued_on=pl.lit(None, pl.Date)
        ),
        "sales": sales.select(tenant, "product_id", "sales_date", "quantity"),
        "sales_hourly": hourly.select(
            tenant, "product_id", "sales_date", "hour", quantity=pl.col("quantity") / 4, in_stock=pl.lit(1.0)
        ),
        "weather": pl.DataFrame({"date": days}).select(
            tenant, "date", temperature_c=pl.col("date").dt.day() * 0.5, rain_mm=pl.lit(0.0)
        ),
        "calendar": pl.DataFrame({"date": [days[30], days[80]]}).select(
            tenant, "date", kind=pl.lit("promotion"), product_id=pl.lit("roll")
        ),
    }


def write(tables: dict[str, pl.DataFrame], folder: Path) -> Path:
    """Write tables as CSV files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        frame.write_csv(folder / f"{name}.csv")
    return folder


@pytest.fixture
def tables() -> dict[str, pl.DataFrame]:
    """The bakery's tables."""
    return bakery_tables()


@pytest.fixture
def save() -> Callable[[dict[str, pl.DataFrame], Path], Path]:
    """Writes tables into a folder."""
    return write
