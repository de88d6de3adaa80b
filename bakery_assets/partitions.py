"""Tenant x date: the grid of cells that ops see and backfill.

The grid is an operations window, not the history, because Dagster's pages slow down beyond some hundred thousand
partitions: ``instance.grid_start`` says where it begins, and earlier days are planned by ``assets.backfills``. What is
due is never computed from it.
"""

from collections.abc import Iterable
from datetime import date

import dagster as dg

from bakery_assets.cells import Cell
from bakery_assets.settings import settings

TENANT = "tenant"
DATE = "date"

tenant_partitions = dg.DynamicPartitionsDefinition(name=TENANT)
# Counted in UTC, where today's key exists only once the day is over; +1 is today, +2 is the day that
# has begun in zones ahead of UTC; +3 and +4 are planned on evenings before (``due.planning.AHEAD_DAYS``).
# Where tenants have not been counted, as in tests and on clusters that do not set it, it begins with a year.
GRID_START = settings().grid_start or date(2026, 1, 1)
date_partitions = dg.DailyPartitionsDefinition(start_date=GRID_START.isoformat(), end_offset=4)
cell_partitions = dg.MultiPartitionsDefinition({DATE: date_partitions, TENANT: tenant_partitions})


def partition_of(cell: Cell) -> dg.MultiPartitionKey:
    """The cell's partition key."""
    return dg.MultiPartitionKey({DATE: cell.plan_date.isoformat(), TENANT: cell.tenant_id})


def cells_of(partition_keys: Iterable[str]) -> list[Cell]:
    """Cells of partition keys."""
    found = []
    for key in partition_keys:
        dimensions = cell_partitions.get_partition_key_from_str(key).keys_by_dimension
        found.append(Cell.of(dimensions[TENANT], dimensions[DATE]))
    return found
