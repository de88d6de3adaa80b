"""What the quantities cost: the bread chain replayed over eight weeks before four dates, single days, against targets.

`python -m benchmarks replay` replays all four; `python -m benchmarks.replay 2019-04-30` one or more. The system has
to be cheaper than the same-weekday sample quantile, and at most as dear as ``conformal_blend`` in the same run.
"""

import sys
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from statistics import fmean
from time import process_time
from typing import Any

import polars as pl

from bakery_assets.commands.replay import as_json, replayed
from bakery_assets.keys import SERIES
from bakery_assets.replay import POLICIES, Replay
from bakery_assets.replay.policies import SAMPLE_QUANTILE, SYSTEM
from benchmarks.conformal_blend import blend_quantities
from benchmarks.datasets import DATA
from benchmarks.targets import Target, as_line, at_most

ENDS = ("2017-12-31", "2018-08-31", "2018-12-31", "2019-04-30")
DAYS = 56
HIGHEST_MEAN = {0.5: 92.0, 0.7: 89.0, 0.8: 87.0, 0.9: 82.0}  # cost index by critical ratio
HIGHEST = 100.0
BLEND = "conformal_blend"
Indices = Mapping[str, Mapping[float, float]]  # of each policy, by critical ratio


def run(ends: Sequence[str] = ENDS) -> dict[str, object]:
    """Figures of every policy in each window, the blend's cost indices, their means, and the targets."""
    source = DATA / "bread_chain"
    if not source.is_dir():
        return {"skipped": f"the bread chain is not at {source}"}
    windows: dict[str, Any] = {}
    indices: list[Indices] = []
    for end in ends:
        last = date.fromisoformat(end)
        first = last - timedelta(days=DAYS - 1)
        started = process_time()
        result, read = replayed(source, first, last, tuple(POLICIES), tuple(HIGHEST_MEAN))
        finished = process_time()
        by_policy = {name: _indices(result, name) for name in POLICIES}
        facts = read.frames
        by_policy[BLEND] = blend_indices(
            result, blend_quantities(facts["sales"], facts["calendar"], first, last, list(HIGHEST_MEAN))
        )
        windows[end] = {
            "policies": as_json(result)["policies"],
            "data": result.data,
            "cost_index": by_policy,
            "replay_cpu_seconds": round(finished - started, 1),
        }
        indices.append(by_policy)
        _show(end, by_policy)
    means = {
        name: {ratio: fmean(each[name][ratio] for each in indices) for ratio in HIGHEST_MEAN} for name in indices[0]
    }
    _show("mean", means)
    reached = targets(means, [index for each in indices for index in each[SYSTEM].values()])
    for target in reached:
        print(as_line(target), flush=True)
    return {"windows": windows, "mean_cost_index": means, "targets": reached}


def targets(means: Indices, of_windows: Sequence[float]) -> list[Target]:
    """What the system's cost index must reach.

    Args:
        means: over the windows.
        of_windows: the system's, of every window and critical ratio.
    """
    own = means[SYSTEM]
    return [
        *(at_most(f"mean cost index at {ratio}", own[ratio], limit) for ratio, limit in HIGHEST_MEAN.items()),
        at_most("highest cost index of a window", max(of_windows), HIGHEST),
        *(
            at_most(f"mean cost index at {ratio} over the blend's", own[ratio] / means[BLEND][ratio], 1.0)
            for ratio in HIGHEST_MEAN
        ),
    ]


def blend_indices(result: Replay, quantities: pl.DataFrame) -> dict[float, float]:
    """The blend's cost index by critical ratio, on the days of the replay.

    Args:
        quantities: ``SERIES, date, critical_ratio, baked``; at least those days.
    """
    base = result.days.filter(pl.col("policy") == SAMPLE_QUANTILE).drop("baked")
    days = base.join(quantities, on=[*SERIES, "date", "critical_ratio"])
    assert days.height == base.height, "the blend has no quantity for some days"
    ratio, over = pl.col("critical_ratio"), pl.col("baked") - pl.col("demand")
    cost = (ratio * (-over).clip(0.0) + (1.0 - ratio) * over.clip(0.0)).sum()
    return dict(
        days.group_by("critical_ratio").agg(100.0 * cost / pl.col("cost").sum()).sort("critical_ratio").iter_rows()
    )


def _indices(result: Replay, policy: str) -> dict[float, float]:
    return {row["critical_ratio"]: row["cost_index"] for row in result.policies if row["policy"] == policy}


def _show(what: str, by_policy: Indices) -> None:
    print(f"{what:34} " + " ".join(f"{ratio:>6}" for ratio in HIGHEST_MEAN), flush=True)
    for name, of_ratios in by_policy.items():
        print(f"  {name:32} " + " ".join(f"{index:6.1f}" for index in of_ratios.values()), flush=True)


if __name__ == "__main__":
    run(sys.argv[1:] or ENDS)
