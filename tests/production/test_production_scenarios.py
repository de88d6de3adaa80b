"""Whole small bakeries, each a text of facts and of the plan that is right for them (as frePPLe tests itself)."""

from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from bakery_assets.cells import Frames
from bakery_assets.production import plan_production

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.txt"))


def as_words(frame: pl.DataFrame, columns: list[str], zone: str) -> list[list[str]]:
    """Rows as the scenarios write them: local wall times, - for empty, 24 rather than 24.0."""
    ready = frame.select(
        pl.col(name).dt.convert_time_zone(str(ZoneInfo(zone))).dt.strftime("%Y-%m-%dT%H:%M")
        if isinstance(frame.schema[name], pl.Datetime)
        else pl.col(name).cast(pl.String).str.strip_suffix(".0")
        for name in columns
    )
    return [["-" if word is None else word for word in row] for row in ready.iter_rows()]


def test_there_are_scenarios() -> None:
    assert len(SCENARIOS) >= 3


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_plan_of_a_scenario_is_the_one_written_in_it(
    path: Path,
    read_facts: Callable[[str], tuple[pl.DataFrame, Frames]],
    read_sections: Callable[[str], dict[str, list[dict[str, str | None]]]],
) -> None:
    text = path.read_text()
    cells, frames = read_facts(text)
    tables = plan_production(cells, frames)
    expected = read_sections(text)
    for name in ("production_batches", "production_schedules"):
        columns = list(expected[name][0])
        rows = [["-" if word is None else word for word in row.values()] for row in expected[name]]
        assert as_words(tables[name], columns, cells["timezone"][0]) == rows, name
