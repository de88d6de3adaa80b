"""Whole small bakeries, each a text of sales and of what a replay makes of them, worked out by hand."""

from pathlib import Path
from typing import TypedDict

import dataframely as dy
import polars as pl
import pytest

from bakery_assets.backtesting.windows import BacktestFacts
from bakery_assets.replay import POLICIES, run_replay
from bakery_assets.replay.outcomes import Outcomes
from bakery_assets.schemas import Cells
from bakery_assets.schemas import columns as col
from bakery_assets.stages import Stage
from tests.scenarios import check

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.txt"))


class Policies(dy.Schema):
    """The figures of each policy, in the order of the report."""

    critical_ratio = col.number("")
    policy = col.text("")
    index = col.number("")


class Replayed(TypedDict):
    """What is compared with a text."""

    outcomes: dy.DataFrame[Outcomes]
    policies: dy.DataFrame[Policies]
    left_out: dy.DataFrame[Policies]


def replay(cells: dy.DataFrame[Cells], inputs: BacktestFacts) -> Replayed:
    """Replay from the first cell's date to the last one's, without the system."""
    by_rules = [name for name in POLICIES if name != "system"]
    result = run_replay(inputs, cells["plan_date"].min(), cells["plan_date"].max(), by_rules, [0.8, 0.5])
    policies = pl.DataFrame(result.policies).with_columns(index=pl.col("cost_index").round(2))
    days = result.days.sort("product_id", "date", "policy", "critical_ratio")
    return {"outcomes": days, "policies": policies, "left_out": pl.DataFrame([result.data])}


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_replay_of_a_scenario_is_the_one_written_in_it(path: Path) -> None:
    check(path, Stage.of(replay))
