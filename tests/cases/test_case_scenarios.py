"""Cases of others, each a small bakery's facts and the plan of its whole day that is right for it, as a text."""

from pathlib import Path

import pytest

from tests.scenarios import check_morning

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.txt"))


def test_there_are_scenarios() -> None:
    assert len(SCENARIOS) >= 8


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_day_of_a_case_is_planned_as_written_in_it(path: Path) -> None:
    check_morning(path)
