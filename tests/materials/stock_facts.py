"""Facts of small bakeries as rows; fixtures that the tests of materials, procurement and inventory share.

What a row leaves out gets the schema's default; the tenant is ``bakery``.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from bakery_assets.cells import CELLS, Frames
from bakery_assets.planning_day import STAGES
from tests.scenarios import defaults_of, frame_schema

SUPPLY = ("procurement_plans", "inventory_projections")
SCHEMAS = {
    name: schema
    for stage in STAGES
    if stage.name in SUPPLY
    for name, schema in {**stage.reads, **stage.writes}.items()
    if schema
}
READS = sorted({name for stage in STAGES if stage.name in SUPPLY for name in stage.reads})
OWN = {"tenant_id": "bakery", "name": "?"}
Rows = list[dict[str, Any]]


def schema_of(name: str) -> dict[str, Any]:
    return frame_schema(SCHEMAS[name])


KINDS = {"product_id": "product", "ingredient_id": "ingredient", "recipe_id": "intermediate"}


def lot(**row: Any) -> dict[str, Any]:
    """A row of stock_balances whose item is named by the column of its kind, as in ``ingredient_id="flour"``."""
    column = next(name for name in KINDS if name in row)
    item = {"item_kind": KINDS[column], "item_id": row.pop(column)}
    return {"location_id": "main", "is_known": True, **item, **row}


@pytest.fixture
def facts() -> Callable[..., Frames]:
    """Frames of both stages from rows by table; tables not named are empty."""

    def build(**tables: Rows) -> Frames:
        assert set(tables) <= set(READS)
        rows = tables | {"stock_balances": [lot(**row) for row in tables.get("stock_balances", [])]}
        return {
            name: pl.DataFrame(
                [defaults_of(SCHEMAS[name]) | OWN | row for row in rows.get(name, [])],
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
