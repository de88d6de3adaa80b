"""Small bakeries whose sales have changed, as a text of sales and of the sentence that each gets."""

from pathlib import Path

import pytest

from bakery_assets.retraining.stages import GATE
from tests.scenarios import check

HERE = Path(__file__).parent / "scenarios"


@pytest.mark.parametrize("path", sorted(HERE.glob("*.txt")), ids=lambda path: path.stem)
def test_the_verdict_is_the_one_written_in_the_scenario(path: Path) -> None:
    check(path, GATE)
