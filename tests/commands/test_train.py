"""`bakery train` as a person calls it: who was trained, on what grounds, and who was not."""

import os
import subprocess
import sys
from pathlib import Path

from resources.warehouse import Warehouse
from tests.bakeries import DAY, bakery, insert, rows, together

BAKERY = Path(sys.executable).parent / "bakery"


def train(home: Path, url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "BAKERY_DATABASE_URL": url, "BAKERY_HOME": str(home), "COLUMNS": "160"}
    return subprocess.run(
        [str(BAKERY), "train", *arguments], env=environment, capture_output=True, text=True, check=False
    )


def test_training_by_hand_tells_each_bakery_and_serves_from_that_morning_on(
    warehouse: Warehouse, database_url: str, tmp_path: Path
) -> None:
    young = bakery("young", weeks=2)
    insert(warehouse, **together(bakery("old", weeks=20), young))
    done = train(tmp_path, database_url, "--date", str(DAY))
    lines = {line.split()[0]: line for line in done.stdout.splitlines() if line.startswith("  ") and line.strip()}
    assert done.returncode == 0, done.stdout + done.stderr
    assert "promoted" in lines["old"]
    assert "no_model 1" in lines["old"]
    assert "promoted" not in lines["young"]
    assert rows(warehouse, "SELECT tenant_id, champion_from::date FROM plans.model_versions") == [("old", DAY)]
    ((reason,),) = rows(warehouse, "SELECT reason FROM plans.retraining_runs WHERE tenant_id = 'young'")
    assert f"young not_needed: {reason}" in done.stdout


def test_a_bakery_that_does_not_exist_is_named(database_url: str, tmp_path: Path) -> None:
    done = train(tmp_path, database_url, "--tenant", "nobody")
    assert done.returncode == 2
    assert "nobody" in done.stderr
    assert "Traceback" not in done.stderr
