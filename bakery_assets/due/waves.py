"""How due cells are grouped into waves, and which waves go first.

Which cells are due is decided in ``planning`` and ``revalidation``; a wave itself is in ``assets.waves``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby

from bakery_assets.cells import Cell
from bakery_assets.due.planning import Tenant

# The run queue starts the highest first: days that are not planned yet by tier, then days that are planned and need
# only revalidation, and retraining after every planning wave.
RUN_PRIORITY_BY_TIER = {"enterprise": 2, "professional": 1, "starter": 0}
REPLANNING_PRIORITY = min(RUN_PRIORITY_BY_TIER.values())  # of today's plan, after late sales
REVALIDATION_PRIORITY = REPLANNING_PRIORITY - 1
RETRAINING_PRIORITY_BY_TIER = {
    tier: priority - max(RUN_PRIORITY_BY_TIER.values()) - 1 for tier, priority in RUN_PRIORITY_BY_TIER.items()
}


@dataclass(frozen=True)
class WaveBatch:
    """Cells that one wave takes, at most one of each tenant, in the order in which it plans them.

    Attributes:
        tier: the best of its tenants'.
    """

    tier: str
    cells: tuple[Cell, ...]

    @property
    def digest(self) -> str:
        """A short hash of the cells, the same for the same cells."""
        return sha256("\n".join(f"{cell.tenant_id} {cell.plan_date}" for cell in self.cells).encode()).hexdigest()[:12]


def split_into_waves(
    due: Iterable[Cell], tenants: Iterable[Tenant], size: int, largest: Mapping[Cell, int] | None = None
) -> list[WaveBatch]:
    """Group cells into waves of at most ``size``, across time zones and tiers: the start of each costs as much as a
    hundred cells.

    Each tenant's latest day comes before any tenant's days before, and among those the best tier first.

    Args:
        largest: a smaller size for cells whose waves have died, which go apart from the others; see ``half``.
    """
    tiers = {tenant.tenant_id: tenant.tier for tenant in tenants}
    limits = {cell: min(size, limit) for cell, limit in (largest or {}).items()}
    days: dict[str, list[Cell]] = {}
    for cell in sorted(due, key=lambda cell: (-cell.plan_date.toordinal(), cell.tenant_id)):
        days.setdefault(cell.tenant_id, []).append(cell)
    nth_day = {cell: nth for own in days.values() for nth, cell in enumerate(own)}

    def group(cell: Cell) -> tuple[int, int]:
        return nth_day[cell], limits.get(cell, size)

    def place(cell: Cell) -> tuple[tuple[int, int], int, Cell]:
        return group(cell), -RUN_PRIORITY_BY_TIER[tiers[cell.tenant_id]], cell

    batches = []
    for (_, limit), members in groupby(sorted(nth_day, key=place), key=group):
        cells = tuple(members)
        parts = (cells[start : start + limit] for start in range(0, len(cells), limit))
        batches += [WaveBatch(tiers[part[0].tenant_id], part) for part in parts]
    return batches


def half(cells: int) -> int:
    """The size of the waves into which one of ``cells`` cells is split that died twice.

    The one cell that kills its wave is so found in 2 log2(n) further runs; each cell alone would take n.
    """
    return max((cells + 1) // 2, 1)
