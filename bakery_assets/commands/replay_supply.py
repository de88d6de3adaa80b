"""`bakery replay --supply`: what the planner's orders would have cost, compared with two textbook policies."""

import tempfile
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from rich.console import Console
from rich.table import Table

from bakery_assets.quantities import counted

if TYPE_CHECKING:
    from bakery_assets.replay.supply import SupplyReplay
    from resources.folder import Folder

Report = Callable[[str, int, int], None]
WEEKS = 26
FIGURES = (
    ("fill_rate", "fill rate", ".2%"),
    ("expired_share", "expired", ".2%"),
    ("stock_days", "stock, days", ".1f"),
    ("orders_a_week", "orders/week", ".1f"),
    ("holding", "holding", ".2f"),
    ("waste", "waste", ".2f"),
    ("lost_margin", "lost margin", ".2f"),
    ("inventory_cost", "inventory cost", ".2f"),
    ("cost", "cost", ".2f"),
)


def supply_replayed(
    data: Path | None,
    first: date | None,
    last: date | None,
    seed: int,
    now: datetime,
    progress: Report = lambda *_: None,
) -> tuple["SupplyReplay", "Folder"]:
    """Replay a folder in the load format, or without one the demo bakeries; nothing is left behind.

    Args:
        first, last: by default the ``WEEKS`` weeks up to the day before ``now``.

    Raises:
        Unreadable: the folder cannot be used.
        CannotReplay: it has nothing that can be replayed.
    """
    if data is None:
        from bakery_assets.demo import write_demo

        with tempfile.TemporaryDirectory() as folder:
            write_demo(Path(folder), now)
            return supply_replayed(Path(folder), first, last, seed, now, progress)
    from bakery_assets.replay.supply import run_supply_replay
    from bakery_assets.replay.supply.ordering import SupplyFacts
    from bakery_assets.replay.supply.run import READS
    from resources.folder import read_folder

    read = read_folder(data, READS, loaded_at=now, progress=progress)
    end = last or now.date() - timedelta(days=1)
    begin = first or end - timedelta(days=7 * WEEKS - 1)
    return run_supply_replay(cast(SupplyFacts, read.frames), begin, end, seed, progress), read


def supply_as_json(result: "SupplyReplay") -> dict[str, Any]:
    """The figures as `--json` writes them: shares as fractions, null where there is nothing to divide by."""
    return {"policies": list(result.policies), "bakeries": list(result.bakeries), "data": result.data}


def show_supply(result: "SupplyReplay", console: Console) -> None:
    """Print the policies' figures over all bakeries, and how the system's cost compares."""
    data = result.data
    bakeries = counted(data["tenants"], "bakery", "bakeries")
    console.print(
        f"{data['ingredients']:,} ingredients of {bakeries}, {data['first_day']} to {data['last_day']}; service aimed"
        f" at {data['target']:.0%}. Money is for 100 of what was required."
    )
    table = Table(box=None, pad_edge=False)
    table.add_column("policy", no_wrap=True)
    for _, heading, _ in FIGURES:
        table.add_column(heading, justify="right")
    for row in result.policies:
        cells = ["-" if row[figure] is None else format(row[figure], form) for figure, _, form in FIGURES]
        table.add_row(row["policy"], *cells)
    console.print(table)
    own, *others = result.policies
    best = min(others, key=lambda row: row["inventory_cost"])
    console.print(
        f"The system's inventory cost is {own['inventory_cost'] / best['inventory_cost']:.0%} of that of"
        f" {best['policy']}, its cost with purchases {own['cost'] / best['cost']:.1%}."
    )
