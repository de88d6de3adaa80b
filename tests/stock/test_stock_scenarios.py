"""Whole small bakeries, each a text of facts and of the movements and stock that are right for them."""

from pathlib import Path

import pytest

from tests.scenarios import check
from tests.stock.whole_ledger import LEDGER

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.txt"))


def test_there_are_scenarios() -> None:
    assert len(SCENARIOS) >= 8


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_ledger_of_a_scenario_is_the_one_written_in_it(path: Path) -> None:
    check(path, LEDGER)
