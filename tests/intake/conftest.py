"""Where the files that a test hands in are written."""

from pathlib import Path

import pytest


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty folder."""
    return tmp_path
