"""Cells: one tenant's one local date, the unit that is planned; and the planning horizon counted from it.

A stage plans one *round* of cells, one per tenant: a ``cells`` frame, and frames with these tenants' rows as known
at each tenant's planning instant. What a local date or time is stands in ``local_time``; which days are special
or closed in ``calendars``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time

import polars as pl

from bakery_assets.local_time import INSTANT, with_instants, with_local_times
from bakery_assets.schemas import Cells

Frames = Mapping[str, pl.DataFrame]

HORIZON_DAYS = 7  # days forecast and baked for; the plan date is the first
OUTLOOK_DAYS = 14  # days stock is projected for

CELLS = pl.Schema(Cells)


@dataclass(frozen=True, order=True)
class Cell:
    """One tenant's one local date."""

    tenant_id: str
    plan_date: date

    @classmethod
    def of(cls, tenant_id: str, iso_date: str) -> "Cell":
        """A cell from its date as text."""
        return cls(tenant_id, date.fromisoformat(iso_date))


def cells_frame(cells: Iterable[Cell]) -> pl.DataFrame:
    """``tenant_id, plan_date`` of cells, each once, sorted."""
    rows = sorted((cell.tenant_id, cell.plan_date) for cell in set(cells))
    return pl.DataFrame(rows, schema={"tenant_id": pl.String, "plan_date": pl.Date}, orient="row")


class CannotPlan(ValueError):
    """A tenant's facts do not allow a plan; the message names what is wrong and what to do."""


def horizon(cells: pl.DataFrame, days: int = HORIZON_DAYS) -> pl.DataFrame:
    """Every tenant's days from its plan date on: ``tenant_id, plan_date, target_date``, ``days`` rows each."""
    return (
        cells.select("tenant_id", "plan_date")
        .join(pl.DataFrame({"offset": range(days)}), how="cross")
        .select("tenant_id", "plan_date", target_date=pl.col("plan_date") + pl.duration(days=pl.col("offset")))
    )


def stock_instants(cells: pl.DataFrame) -> pl.DataFrame:
    """``tenant_id, stock_at``: as of when plans have stock, at the planning instant or when a later day begins."""
    midnights = cells.with_columns(midnight=pl.lit(time()))
    day = with_instants(midnights, "begins_at", day="plan_date", wall_time="midnight")
    return day.select("tenant_id", stock_at=pl.max_horizontal("planned_as_of", "begins_at"))


def with_day(rows: pl.DataFrame, cells: pl.DataFrame, of: str) -> pl.DataFrame:
    """Rows with ``day``: the date in column ``of``, counted from the tenant's plan date; null stays null."""
    dates = cells.select("tenant_id", __plan_date="plan_date")
    day = (pl.col(of) - pl.col("__plan_date")).dt.total_days()
    return rows.join(dates, on="tenant_id").with_columns(day=day).drop("__plan_date")


def rounds(cells: Iterable[Cell]) -> list[list[Cell]]:
    """Split cells so that no round has a tenant twice; earlier dates come in earlier rounds."""
    by_date: dict[date, list[Cell]] = {}
    for cell in sorted(set(cells), key=lambda cell: (cell.plan_date, cell.tenant_id)):
        by_date.setdefault(cell.plan_date, []).append(cell)
    return list(by_date.values())


def local_cells(tenants: pl.DataFrame) -> pl.DataFrame:
    """Cells whose plan date is the local date at ``planned_as_of``, the first day that training must not see.

    Args:
        tenants: ``tenant_id, timezone, planned_as_of``, one row per tenant.

    Returns:
        the columns of ``CELLS``, by tenant.
    """
    return (
        with_local_times(tenants.cast({"planned_as_of": INSTANT}), plan_date="planned_as_of")
        .with_columns(pl.col("plan_date").dt.date())
        .select(CELLS.names())
        .sort("tenant_id")
    )


def past_days(cells: pl.DataFrame, days: int) -> pl.DataFrame:
    """Every tenant's ``days`` days before its plan date: ``tenant_id, plan_date, past_date``."""
    return (
        cells.select("tenant_id", "plan_date")
        .join(pl.DataFrame({"offset": range(1, days + 1)}), how="cross")
        .select("tenant_id", "plan_date", past_date=pl.col("plan_date") - pl.duration(days=pl.col("offset")))
    )
