"""Whole mornings in a row of small bakeries: facts as text, then what there is to order and what needs a person.

`BAKERY_ACCEPT=1` writes the mornings as they come out; read them before you keep them.
"""

import os
from pathlib import Path

import pytest

from tests.mornings.several_mornings import mornings

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.txt"))


def test_there_are_scenarios() -> None:
    assert len(SCENARIOS) >= 5


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_mornings_of_a_scenario_are_those_written_in_it(path: Path) -> None:
    facts, _, expected = path.read_text().partition("\n== ")
    text = "".join(f"\n== {day}\n{words}" for day, words in mornings(facts).items())
    if os.environ.get("BAKERY_ACCEPT") == "1":
        path.write_text(facts + text)
    assert text == f"\n== {expected}"
