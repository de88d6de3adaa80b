"""Whole small bakeries, each a text of facts and of what their shops are to get."""

from pathlib import Path

import pytest

from bakery_assets.distribution import plan_distribution
from bakery_assets.stages import Stage
from tests.scenarios import check

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.txt"))


def test_there_are_scenarios() -> None:
    assert len(SCENARIOS) >= 8


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_distribution_of_a_scenario_is_the_one_written_in_it(path: Path) -> None:
    check(path, Stage.of(plan_distribution))
