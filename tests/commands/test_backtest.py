"""`bakery backtest` as a person meets it, on a small bakery's folder."""

import csv
import json
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

BAKERY = Path(sys.executable).parent / "bakery"
FIRST = date(2024, 1, 1)
TOLD = (
    "wape", "wape_open", "mape", "mase", "rmsse", "bias", "pinball", "coverage80",
    "train_seconds_per_series", "predict_seconds_per_series",
)  # fmt: skip


def bakery(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(BAKERY), "backtest", *arguments], capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two breads over eight weeks, a row that cannot be used, and a bakery that has closed long ago."""
    home = tmp_path / "bakery"
    home.mkdir()
    (home / "tenants.csv").write_text(
        "tenant_id,name,timezone,country\nb,Brot,Europe/Berlin,DE\nold,Alt,Europe/Berlin,DE\n"
    )
    (home / "products.csv").write_text("tenant_id,product_id,name\nb,rye,Rye\nb,roll,Roll\nold,rye,Rye\n")
    with (home / "sales.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["tenant_id", "product_id", "sales_date", "quantity", "cashier"])
        for day in range(56):
            for product, level in (("rye", 40), ("roll", 90)):
                rows.writerow(
                    ["b", product, FIRST + timedelta(days=day), level + day * 37 % 11 + 9 * (day % 7 == 5), "Ada"]
                )
        rows.writerow(["old", "rye", FIRST, 5, "Ada"])
        rows.writerow(["b", "cake", FIRST, 5, "Ada"])
    return home


def test_the_table_and_the_json_tell_the_same(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    done = bakery(
        "--data", str(folder), "--weeks", "2", "--models", "system,SeasonalNaive,AutoETS", "--json", str(file)
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(file.read_text(), parse_constant=lambda word: pytest.fail(f"{word} in the JSON"))
    assert [model["model"] for model in told["models"]] == ["system", "SeasonalNaive", "AutoETS"]
    for model in told["models"]:
        assert set(TOLD) <= set(model)
        assert f"{model['wape']:.1%}" in done.stdout
        assert 0 < model["wape"] < 0.5
    assert told["data"]["series"] == 2
    assert told["data"]["test_days"] == 14
    assert told["data"]["tenants_not_scored"] == ["old"]
    assert "not compared: old" in done.stdout
    assert "cake" in done.stderr
    assert "1 of 114 rows left out" in done.stderr
    assert "ignored columns cashier" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--weeks", "8"], "8 weeks need 70"),
        (["--models", "Oracle"], "There is no model Oracle; choose from system, SeasonalNaive"),
        (
            ["--weeks", "2", "--models", "SeasonalNaive", "--json", "/nowhere/x.json"],
            "/nowhere/x.json cannot be written",
        ),
    ],
)
def test_what_cannot_be_done_is_one_line(folder: Path, arguments: list[str], said: str) -> None:
    done = bakery("--data", str(folder), *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    done = bakery("--data", str(tmp_path / "none"))
    assert done.returncode == 2
    assert done.stderr.strip() == f"{tmp_path / 'none'} does not exist."


def test_the_command_explains_itself() -> None:
    done = bakery("--help")
    assert done.returncode == 0
    assert "--weeks" in done.stdout
