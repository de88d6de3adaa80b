"""The command when something is wrong."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

BAKERY = Path(sys.executable).parent / "bakery"


def bakery(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BAKERY), *arguments], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "command", ["up", "demo", "plan", "train", "show", "alerts", "load", "import-pos", "quarantine", "db"]
)
def test_every_command_explains_itself(command: str) -> None:
    done = bakery(command, "--help", COLUMNS="80")
    assert done.returncode == 0
    assert "Usage: bakery" in done.stdout
    assert max(len(line) for line in done.stdout.splitlines()) <= 80


def test_a_server_that_cannot_be_reached_is_reported_in_one_line() -> None:
    done = bakery("plan", "--date", "2026-03-03", BAKERY_DATABASE_URL="postgresql://nobody:x@127.0.0.1:1/nowhere")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "BAKERY_DATABASE_URL" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_planning_a_tenant_that_does_not_exist_names_it(database_url: str, tmp_path: Path) -> None:
    done = bakery(
        "plan", "--date", "2026-03-03", "--tenant", "nobody",
        BAKERY_DATABASE_URL=database_url, BAKERY_HOME=str(tmp_path),
    )  # fmt: skip
    assert done.returncode == 2
    assert "nobody" in done.stderr
    assert "Traceback" not in done.stderr
