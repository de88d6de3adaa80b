"""Bakeries written as small text tables, see ``tests.scenarios``."""

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from bakery_assets.cells import Frames
from bakery_assets.production import plan_production
from bakery_assets.stages import Stage
from tests.scenarios import facts_of, frame_schema

PRODUCTION = Stage.of(plan_production)


@pytest.fixture(scope="session")
def read_facts() -> Callable[[str], tuple[pl.DataFrame, Frames]]:
    return lambda text: facts_of(text, PRODUCTION)


@pytest.fixture(scope="session")
def plan() -> Callable[[str], Frames]:
    """Plan the bakery of a text."""

    def made(text: str) -> Frames:
        tables: Frames = PRODUCTION.plan(*facts_of(text, PRODUCTION))
        return tables

    return made


@pytest.fixture(scope="session")
def written() -> dict[str, dict[str, Any]]:
    """Columns and dtypes of the plan tables."""
    return {name: frame_schema(schema) for name, schema in PRODUCTION.writes.items() if schema}
