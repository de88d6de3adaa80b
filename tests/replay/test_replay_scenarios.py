"""Whole small bakeries, each a text of sales and of what a replay makes of them, worked out by hand."""

from pathlib import Path
from typing import Any, TypedDict

import dataframely as dy
import polars as pl
import pytest

from bakery_assets.replay import POLICIES, Replay, run_full_replay, run_replay
from bakery_assets.replay.outcomes import Outcomes
from bakery_assets.replay.run import ReplayFacts
from bakery_assets.schemas import Cells
from bakery_assets.stages import Stage
from tests.scenarios import check

HERE = Path(__file__).parent
BY_RULES = [name for name in POLICIES if name != "system"]


class Replayed(TypedDict):
    """What is compared with a text; only the names matter here."""

    outcomes: dy.DataFrame[Outcomes]
    policies: dy.DataFrame[Outcomes]
    left_out: dy.DataFrame[Outcomes]


def tables(result: Replay) -> Any:
    policies = pl.DataFrame(result.policies).with_columns(index=pl.col("cost_index").round(2))
    keys = [name for name in ("product_id", "date", "policy", "critical_ratio") if name in result.days.columns]
    return {"outcomes": result.days.sort(keys), "policies": policies, "left_out": pl.DataFrame([result.data])}


def single_days(cells: dy.DataFrame[Cells], inputs: ReplayFacts) -> Replayed:
    """Replay from the first cell's date to the last one's, without the system."""
    days = cells["plan_date"].to_list()
    return tables(run_replay(inputs, min(days), max(days), BY_RULES, [0.8, 0.5]))


def in_full(cells: dy.DataFrame[Cells], inputs: ReplayFacts) -> Replayed:
    """The same with lots, shelf life and customer orders."""
    days = cells["plan_date"].to_list()
    return tables(run_full_replay(inputs, min(days), max(days), BY_RULES))


@pytest.mark.parametrize("path", sorted((HERE / "scenarios").glob("*.txt")), ids=lambda path: path.stem)
def test_the_replay_of_single_days_is_the_one_written_in_the_scenario(path: Path) -> None:
    check(path, Stage.of(single_days))


@pytest.mark.parametrize("path", sorted((HERE / "scenarios_in_full").glob("*.txt")), ids=lambda path: path.stem)
def test_the_replay_of_days_in_a_row_is_the_one_written_in_the_scenario(path: Path) -> None:
    check(path, Stage.of(in_full))
