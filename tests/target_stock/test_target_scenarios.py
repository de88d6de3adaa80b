"""How much has to be ready for sale, by price, cost, shelf life, orders and the bakery's own choice."""

from pathlib import Path

import pytest

from tests.scenarios import TARGETS, check

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.txt"))


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_targets_are_those_of_the_text(path: Path) -> None:
    check(path, TARGETS)
