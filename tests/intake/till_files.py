"""A till's export as a test writes it, and what is read of it: no database is needed for that."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from bakery_assets.intake.till import TillSales
from bakery_assets.intake.till_columns import OFF, TillOptions
from bakery_assets.intake.till_dialect import detect_dialect

BERLIN = "Europe/Berlin"
NEW_YORK = "America/New_York"


@dataclass(frozen=True)
class TillRead:
    """What an export says of a bakery."""

    days: pl.DataFrame
    hours: pl.DataFrame
    refused: list[str]
    prices: dict[str, float | None]
    notes: tuple[str, ...]

    @property
    def sold(self) -> dict[str, tuple[float, float | None]]:
        """Quantity and takings by article, over all days and shops."""
        takings = pl.when(pl.col("revenue").is_not_null().all()).then(pl.col("revenue").sum())
        found = self.days.group_by("product_id").agg(pl.col("quantity").sum(), takings)
        return {name: (quantity, revenue) for name, quantity, revenue in found.rows()}

    def by_day(self, *columns: str) -> list[tuple[Any, ...]]:
        """Days in order, in some columns."""
        return self.days.sort("product_id", "location_id", "sales_date").select(columns).rows()

    def by_hour(self, product: str) -> list[tuple[date, int, float]]:
        """Day, hour and quantity of an article."""
        mine = self.hours.filter(pl.col("product_id") == product).sort("sales_date", "hour")
        return mine.select("sales_date", "hour", "quantity").rows()


def read_till(
    home: Path,
    content: str | bytes,
    zone: str = BERLIN,
    *,
    location: str | None = None,
    file: str = "export.csv",
    **options: Any,
) -> TillRead:
    """Write an export into a file and read it, as `bakery import-pos` does before it stores anything."""
    path = home / file
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    given = TillOptions(**options)
    by_column = given.location_column not in (None, OFF)
    sales = TillSales(detect_dialect(path, given), "t", location, zone, by_column=by_column)
    days = list(sales.source().batches())
    hourly = sales.hourly_source()
    hours = [batch.rows for batch in hourly.batches()] if hourly else []
    return TillRead(
        _typed(pl.concat(batch.rows for batch in days)),
        _typed(pl.concat(hours)) if hours else pl.DataFrame(),
        [reason for batch in days for reason in batch.faults.sort("row_number")["reason"]],
        dict(sales.articles().select("product_id", "price").rows()),  # type: ignore[arg-type]
        sales.notes(),
    )


def _typed(rows: pl.DataFrame) -> pl.DataFrame:
    types = {"quantity": pl.Float64, "revenue": pl.Float64, "hour": pl.Int32}
    numbers = [pl.col(name).cast(kind) for name, kind in types.items() if name in rows.columns]
    return rows.with_columns(pl.col("sales_date").str.to_date(), *numbers)
