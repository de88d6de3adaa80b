"""Small bakeries as frames: the columns a row does not name take a harmless value of their own."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from bakery_assets.briefing import summarize_day
from bakery_assets.briefing.summaries import BriefingInputs
from bakery_assets.cells import CELLS
from resources.schema import metadata
from resources.warehouse.connection import frame_schema

READS = tuple(
    full
    for name in BriefingInputs.__annotations__
    for full in (f"ops.{name}", f"plans.{name}")
    if full in metadata.tables
)
PRIOR = {"past_adjustments": "plans.stock_movements", "day_forecasts": "plans.demand_forecasts"}  # fmt: skip
HARMLESS: dict[str, Any] = {
    "location_id": "main", "country": "FR", "currency": "EUR", "tier": "starter", "status": "active", "unit": "piece",
    "safety_stock": 0.0, "reasoning": "{}", "model": "smoothing", "model_version": "1", "version": 1, "is_late": False,
    "shelf_life_days": 1, "kind": "closed", "stockout_risk": "none", "lead_time_days": 1, "reliability": 1.0,
    "minimum_order_value": 0.0, "orders_14d": 0, "total_cost": 0.0, "total_batches": 0, "total_quantity": 0.0,
    "priority": 1, "lead_time_unit": "calendar_days", "begins_on": date(2026, 11, 24),
    **dict.fromkeys(("q10", "q50", "q80", "q90", "q95", "yhat"), 0.0),
    **dict.fromkeys(("gross_requirement", "on_hand", "scheduled_receipts", "net_requirement", "planned_order_quantity", "cost"), 0.0),
    **dict.fromkeys(
        ("opening", "receipts", "planned_receipts", "receipts_after_baking", "gross_requirement", "consumption", "unmet", "expired", "closing"), 0.0
    ),
    **dict.fromkeys(("forecasts_evaluated", "forecasts_with_actuals", "sold_out_series"), 0), "trend": "unknown",
    "is_sold_out": False, "state": "planned", "is_carried_over": False, "is_preview": False,
    "loss_fraction": 0.0, "left_out_quantity": 0.0, "expiring_quantity": 0.0,
}  # fmt: skip


PARIS = {
    name: [{"tenant_id": "paris", **row} for row in rows]
    for name, rows in {
        "tenants": [{"name": "Le Fournil", "timezone": "Europe/Paris"}],
        "products": [{"product_id": "pain", "name": "Pain au chocolat"}, {"product_id": "tarte", "name": "Tarte"}],
        "ingredients": [
            {"ingredient_id": "choc", "name": "Chocolat", "unit": "kg"},
            {"ingredient_id": "oeufs", "name": "Œufs", "unit": "piece"},
        ],
        "suppliers": [{"supplier_id": "epi", "name": "Épicerie Pro", "minimum_order_value": 0.0}],
    }.items()
}


@pytest.fixture(scope="session")
def rows_of() -> Callable[[str, list[dict[str, Any]]], pl.DataFrame]:
    """``typed`` for tests."""
    return typed


def typed(table: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows of a table with all its columns in their types."""
    schema = frame_schema(metadata.tables[table])
    # With neither stock nor open orders the net requirement is the gross one.
    rows = [{"gross_requirement": row["net_requirement"], **row} if "net_requirement" in row else row for row in rows]
    filled = [{name: row.get(name, HARMLESS.get(name)) for name in schema} for row in rows]
    assert all(set(row) <= set(schema) for row in rows), f"a row names a column that {table} does not have"
    return pl.DataFrame(filled, schema=schema, orient="row")


@pytest.fixture(scope="session")
def frames_of() -> Callable[..., dict[str, pl.DataFrame]]:
    """Frames of the summary's reads from rows by short table name; what is not given is empty."""

    def build(**tables: list[dict[str, Any]]) -> dict[str, pl.DataFrame]:
        read = {full.split(".")[1]: full for full in READS} | PRIOR
        made = {name: typed(full, tables.pop(name, [])) for name, full in read.items()}
        assert not tables, f"not read: {set(tables)}"
        return made

    return build


@pytest.fixture(scope="session")
def cells_of() -> Callable[..., pl.DataFrame]:
    """A cells frame from (tenant, zone) pairs, all planned for one date at 03:30 UTC."""

    def build(*tenants: tuple[str, str], plan_date: date = date(2026, 11, 24)) -> pl.DataFrame:
        known = datetime(plan_date.year, plan_date.month, plan_date.day, 3, 30, tzinfo=UTC)
        rows = [(tenant, plan_date, zone, known) for tenant, zone in tenants]
        return pl.DataFrame(rows, schema=CELLS, orient="row")

    return build


@pytest.fixture
def alerts(
    frames_of: Callable[..., dict[str, pl.DataFrame]], cells_of: Callable[..., pl.DataFrame]
) -> Callable[..., list[dict[str, Any]]]:
    """What the day of a bakery in Paris finds, the most urgent first; it has two products, two ingredients, a supplier."""

    def build(**tables: list[dict[str, Any]]) -> list[dict[str, Any]]:
        made = summarize_day(cells_of(("paris", "Europe/Paris")), frames_of(**{**PARIS, **tables}))
        rows = made["findings"].sort("tenant_id", "priority", descending=[False, True], maintain_order=True).to_dicts()
        assert made["daily_summaries"]["alerts"].to_list() == [len(rows)]
        return rows

    return build
