"""Facts of small bakeries as rows, for ordering and stock; fixtures that both test folders take up.

What a row leaves out gets the schema's default; the tenant is ``bakery``.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any

import polars as pl
import pytest
from sqlalchemy import Table

from bakery_assets.cells import CELLS, Frames
from bakery_assets.planning_day import MORNING
from resources.schema import ops, plans

POLARS: dict[str, Any] = {
    "TEXT": pl.String,
    "DOUBLE PRECISION": pl.Float64,
    "INTEGER": pl.Int32,
    "DATE": pl.Date,
    "TIME": pl.Time,
    "TIMESTAMP": pl.Datetime("us", "UTC"),
    "JSONB": pl.String,
    "BOOLEAN": pl.Boolean,
}
STAGES = ("procurement_plans", "inventory_projections")
READS = sorted({name for stage in MORNING if stage.name in STAGES for name in stage.reads})
Rows = list[dict[str, Any]]


def _table(name: str) -> Table:
    found: Table = getattr(ops if hasattr(ops, name) else plans, name)
    return found


def schema_of(name: str) -> dict[str, Any]:
    return {column.name: POLARS[str(column.type)] for column in _table(name).columns}


def _default(column: Any) -> Any:
    value = (column.info or {}).get("default")
    if column.name == "tenant_id":
        return "bakery"
    if column.name == "name":
        return "?"
    return time.fromisoformat(value) if str(column.type) == "TIME" and value else value


@pytest.fixture
def facts() -> Callable[..., Frames]:
    """Frames of both stages from rows by table; tables not named are empty."""

    def build(**tables: Rows) -> Frames:
        assert set(tables) <= set(READS)
        return {
            name: pl.DataFrame(
                [
                    {column.name: _default(column) for column in _table(name).columns} | row
                    for row in tables.get(name, [])
                ],
                schema=schema_of(name),
            )
            for name in READS
        }

    return build


@pytest.fixture
def cells() -> Callable[..., pl.DataFrame]:
    """Cells of tenants planned on one date at 04:30 UTC, which is 05:30 in Berlin in winter."""

    def build(*tenants: str, on: date = date(2026, 1, 5), zone: str = "Europe/Berlin", at: int = 4) -> pl.DataFrame:
        moment = datetime(on.year, on.month, on.day, at, 30, tzinfo=UTC)
        rows = [(tenant, on, zone, moment) for tenant in tenants or ("bakery",)]
        return pl.DataFrame(rows, schema=dict[str, Any](CELLS), orient="row")

    return build


@pytest.fixture
def plan_schema() -> Callable[[str], dict[str, Any]]:
    return schema_of
