"""A bakery written as small text tables: facts in, the plan read back.

A text has sections. ``[table]`` is followed by a line of column names and one line per row, words separated by
blanks, ``-`` for empty. What is left out gets the schema's default, and the tenant is ``bakery``. Instants are
local wall times of the bakery.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from sqlalchemy import Table

from bakery_assets.cells import CELLS, Frames
from bakery_assets.production import plan_production
from resources.schema import ops, plans

POLARS = {
    "TEXT": pl.String,
    "DOUBLE PRECISION": pl.Float64,
    "INTEGER": pl.Int32,
    "DATE": pl.Date,
    "TIME": pl.Time,
    "TIMESTAMP": pl.Datetime("us", "UTC"),
    "JSONB": pl.String,
    "BOOLEAN": pl.Boolean,
}
READS: dict[str, Table] = {
    name: getattr(ops, name)
    for name in (
        "products", "calendar", "customer_orders", "stock_lots", "stock_receipts", "waste", "recipes",
        "production_steps", "equipment", "shifts",
    )
} | {"demand_forecasts": plans.demand_forecasts}  # fmt: skip
WRITES: dict[str, Table] = {name: getattr(plans, name) for name in ("production_schedules", "production_batches")}

Sections = dict[str, list[dict[str, str | None]]]
MONDAY = "tenant_id timezone plan_date planned_as_of\nbakery Europe/Berlin 2026-01-05 2026-01-05T03:00"


def schema_of(table: Table) -> dict[str, Any]:
    return {column.name: POLARS[str(column.type)] for column in table.columns}


def sections(text: str) -> Sections:
    """The tables of a text, cells as words."""
    found: Sections = {}
    name, header = "", []
    for line in (line.split("#")[0].split() for line in text.splitlines()):
        if line and line[0].startswith("["):
            name, header = line[0].strip("[]"), []
            found[name] = []
        elif line and not header:
            header = line
        elif line:
            assert len(line) == len(header), f"[{name}] {line} does not fit {header}"
            found[name].append(
                {column: None if word == "-" else word for column, word in zip(header, line, strict=True)}
            )
    return found


def value(word: str | None, kind: Any, zone: str) -> Any:
    if word is None:
        return None
    if kind in (pl.Float64, pl.Int32):
        return float(word) if kind == pl.Float64 else int(word)
    if kind in (pl.Date, pl.Time):
        return date.fromisoformat(word) if kind == pl.Date else time.fromisoformat(word)
    if isinstance(kind, pl.Datetime):
        return datetime.fromisoformat(word).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return word


def frame_of(
    rows: list[dict[str, str | None]], schema: dict[str, Any], defaults: dict[str, Any], zone: str
) -> pl.DataFrame:
    read = [
        {name: value(row[name], kind, zone) if name in row else defaults.get(name) for name, kind in schema.items()}
        for row in rows
    ]
    return pl.DataFrame(read, schema=schema, orient="row")


def facts_of(text: str) -> tuple[pl.DataFrame, Frames]:
    """Cells and frames of a text; without ``[cells]`` it is Monday 2026-01-05, 03:00, in Berlin."""
    tables = sections(text)
    rows = tables.get("cells") or sections(f"[cells]\n{MONDAY}")["cells"]
    zone = str(rows[0]["timezone"])
    cells = frame_of(rows, CELLS, {"tenant_id": "bakery"}, zone)
    own = {"tenant_id": "bakery", "plan_date": cells["plan_date"][0], "recorded_at": cells["planned_as_of"][0]}
    frames = {}
    for name, table in READS.items():
        defaults = {column.name: column.info.get("default") for column in table.columns} | own
        frames[name] = frame_of(tables.get(name, []), schema_of(table), defaults, zone)
    return cells, frames


@pytest.fixture(scope="session")
def read_facts() -> Callable[[str], tuple[pl.DataFrame, Frames]]:
    return facts_of


@pytest.fixture(scope="session")
def read_sections() -> Callable[[str], Sections]:
    return sections


@pytest.fixture(scope="session")
def plan() -> Callable[[str], Frames]:
    """Plan the bakery of a text."""

    def made(text: str) -> Frames:
        return plan_production(*facts_of(text))

    return made


@pytest.fixture(scope="session")
def written() -> dict[str, dict[str, Any]]:
    """Columns and dtypes of the plan tables."""
    return {name: schema_of(table) for name, table in WRITES.items()}
