"""What passes between the warehouse, the stages and the drivers: frames of facts and plans, and cells.

A stage sees one *round*: a ``cells`` frame with one row per tenant, and frames that hold these tenants'
rows as they were known at each tenant's planning instant. Every frame carries ``tenant_id``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import polars as pl

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


class CannotPlan(ValueError):
    """A tenant's facts do not allow a plan; the message names what is wrong and what to do."""


def planning_instant(plan_date: date, planning_time: time, zone: str) -> datetime:
    """The instant in UTC at which ``plan_date`` is planned: its local planning time.

    A wall time that the clocks skip is read with the offset before the change, as an alarm clock that
    nobody has set would ring; one that comes twice counts the first time.
    """
    local = datetime.combine(plan_date, planning_time, ZoneInfo(zone))
    return local.astimezone(UTC)


def horizon(cells: pl.DataFrame, days: int = HORIZON_DAYS) -> pl.DataFrame:
    """Every tenant's days from its plan date on: ``tenant_id, plan_date, target_date``, ``days`` rows each."""
    return (
        cells.select("tenant_id", "plan_date")
        .join(pl.DataFrame({"offset": range(days)}), how="cross")
        .select("tenant_id", "plan_date", target_date=pl.col("plan_date") + pl.duration(days=pl.col("offset")))
    )


def closed_days(calendar: pl.DataFrame) -> pl.DataFrame:
    """Days on which the whole bakery is closed by its own calendar: ``tenant_id, date``, distinct."""
    return (
        calendar.filter((pl.col("kind") == "closed") & pl.col("product_id").is_null())
        .select("tenant_id", "date")
        .unique()
        .sort("tenant_id", "date")
    )


def rounds(cells: Iterable[Cell]) -> list[list[Cell]]:
    """Split cells so that no round has a tenant twice; earlier dates come in earlier rounds."""
    by_date: dict[date, list[Cell]] = {}
    for cell in sorted(set(cells), key=lambda cell: (cell.plan_date, cell.tenant_id)):
        by_date.setdefault(cell.plan_date, []).append(cell)
    return list(by_date.values())


def past_days(cells: pl.DataFrame, days: int) -> pl.DataFrame:
    """Every tenant's ``days`` days before its plan date: ``tenant_id, plan_date, past_date``."""
    return (
        cells.select("tenant_id", "plan_date")
        .join(pl.DataFrame({"offset": range(1, days + 1)}), how="cross")
        .select("tenant_id", "plan_date", past_date=pl.col("plan_date") - pl.duration(days=pl.col("offset")))
    )
