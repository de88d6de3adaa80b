"""Which program makes plans: its files, libraries and settings."""

import os
from datetime import date
from pathlib import Path

import pytest

from bakery_assets.settings import Settings
from resources import code_version as versions
from resources.code_version import code_version


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program_as_loaded: None) -> Path:
    """The only module of a program."""
    for folder in versions.CODE:
        (tmp_path / folder).mkdir()
    monkeypatch.setattr(versions, "PROJECT", tmp_path)
    versions._digest.cache_clear()
    path = tmp_path / "bakery_assets" / "safety_stock.py"
    path.write_text("FACTOR = 1\n")
    return path


def version(**chosen: object) -> str | None:
    versions._digest.cache_clear()  # as in the next process
    return code_version(Settings(**chosen))  # type: ignore[arg-type]


def test_another_line_another_file_and_another_name_are_another_program(module: Path) -> None:
    first = version()
    assert first
    assert version() == first
    module.write_text("FACTOR = 2\n")
    second = version()
    (module.parent / "limits.yaml").write_text("most: 3\n")
    third = version()
    module.rename(module.with_name("target_stock.py"))
    fourth = version()
    assert len({first, second, third, fourth}) == 4
    (module.parent / "notes.md").write_text("FACTOR was 1")
    assert version() == fourth


def test_settings_that_plans_depend_on_are_part_of_it_and_those_of_the_machine_are_not(module: Path) -> None:
    assert version(history_days=400) != version(history_days=500)
    assert version(webserver_port=4000, grid_start=date(2026, 1, 1)) == version(webserver_port=4001)
    assert Settings.model_fields.keys() >= versions.NOT_OF_PLANS


def test_a_process_whose_files_were_changed_under_it_makes_plans_of_no_known_version(
    module: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = module.stat().st_ctime
    monkeypatch.setattr(versions, "_began_at", lambda: written + 60)
    assert version()
    monkeypatch.setattr(versions, "_began_at", lambda: written - 1)
    assert version() is None
    os.utime(module, (0, 0))  # however old a copy says that it is
    assert version() is None
