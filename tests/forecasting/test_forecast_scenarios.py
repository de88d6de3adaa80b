"""Whole small bakeries, each a text of facts and of the forecasts that are right for them (as frePPLe tests itself)."""

from pathlib import Path

import pytest

from bakery_assets.forecasting import forecast_demand
from bakery_assets.stages import Stage
from tests.scenarios import check

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.txt"))


def test_there_are_scenarios() -> None:
    assert len(SCENARIOS) >= 10


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_forecasts_of_a_scenario_are_those_written_in_it(path: Path) -> None:
    # Bakeries of a country learn from each other.
    check(path, Stage.of(forecast_demand), alone=True)
