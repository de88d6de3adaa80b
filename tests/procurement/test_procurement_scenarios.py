"""Whole small bakeries, each a text of facts and of the plan that is right for them (as frePPLe tests itself)."""

from pathlib import Path

import pytest

from bakery_assets.procurement import plan_procurement
from bakery_assets.stages import Stage
from tests.scenarios import check

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.txt"))


def test_there_are_scenarios() -> None:
    assert len(SCENARIOS) >= 6


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_plan_of_a_scenario_is_the_one_written_in_it(path: Path) -> None:
    check(path, Stage.of(plan_procurement))
