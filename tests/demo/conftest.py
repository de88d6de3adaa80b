"""One demo folder for the tests of the demo, read back as text."""

import csv
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bakery_assets.demo import write_demo

Tables = Mapping[str, list[dict[str, str]]]

INSTANT = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)  # a Sunday afternoon in UTC; Monday in Adelaide and Auckland


def read_tables(folder: Path) -> Tables:
    """Every file of a folder by table; cells are text as written."""
    tables = {}
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            tables[path.stem] = list(csv.DictReader(file))
    return tables


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo written for INSTANT."""
    folder = tmp_path_factory.mktemp("demo")
    write_demo(folder, INSTANT)
    return folder


@pytest.fixture(scope="session")
def demo(demo_folder: Path) -> Tables:
    """The demo's tables."""
    return read_tables(demo_folder)


@pytest.fixture(scope="session")
def plan_dates(demo: Tables) -> Mapping[str, date]:
    """Every tenant's local date at INSTANT."""
    return {row["tenant_id"]: INSTANT.astimezone(ZoneInfo(row["timezone"])).date() for row in demo["tenants"]}
