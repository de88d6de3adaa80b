"""What ordering costs: the demo's bakeries over 26 weeks, the planner compared with two textbook policies, against
targets.

`python -m benchmarks supply` takes some ten minutes of the processor, most of it for the forecasts of 182 mornings.
The textbook policies keep 95%, the planner each ingredient's level; `docs/replay.md` has what the same levels give.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from bakery_assets.commands.replay_supply import WEEKS, supply_as_json, supply_replayed
from benchmarks.targets import Target, as_line, at_least, at_most

TODAY = datetime(2026, 3, 11, 12, tzinfo=UTC)
SEED = 0
LESS_SERVICE = 0.02  # than aimed at
MOST_COST = 0.95  # of the better policy's


def run() -> dict[str, object]:
    """Figures of each policy over all bakeries, and the targets."""
    last = date(2026, 3, 10)
    first = last - timedelta(days=7 * WEEKS - 1)
    result, _ = supply_replayed(None, first, last, SEED, TODAY)
    figures = supply_as_json(result)
    reached = targets(figures["policies"], result.data["target"])
    for target in reached:
        print(as_line(target), flush=True)
    return {"policies": figures["policies"], "data": figures["data"], "targets": reached}


def targets(policies: list[dict[str, Any]], aimed_at: float) -> list[Target]:
    """What the system, the first of the policies, must reach compared with the cheaper of the others."""
    own, *others = policies
    best = min(others, key=lambda row: row["inventory_cost"])
    return [
        at_least("fill rate of what baking required", own["fill_rate"], aimed_at - LESS_SERVICE),
        at_least("fill rate over that of the better policy", own["fill_rate"] / best["fill_rate"], 1.0),
        at_most("inventory cost over the better policy's", own["inventory_cost"] / best["inventory_cost"], MOST_COST),
    ]


if __name__ == "__main__":
    run()
