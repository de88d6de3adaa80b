"""Cases of others, each a small bakery's facts and the plan of its whole day that is right for it, as a text."""

from pathlib import Path

import pytest

from bakery_assets.cells import Frames
from tests.scenarios import check_morning, mornings

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.txt"))


@pytest.fixture(scope="module")
def planned() -> dict[str, Frames]:
    """The day of every case, all in one round, which costs hardly more than one."""
    return mornings({path.stem: path.read_text() for path in SCENARIOS})


def test_there_are_scenarios() -> None:
    assert len(SCENARIOS) >= 8


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_day_of_a_case_is_planned_as_written_in_it(path: Path, planned: dict[str, Frames]) -> None:
    check_morning(path, planned[path.stem])
