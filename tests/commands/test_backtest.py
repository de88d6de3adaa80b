"""`bakery backtest` as a person meets it, on a small bakery's folder."""

import csv
import json
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
from typer.testing import CliRunner

from bakery_assets.backtesting import BASELINES, SYSTEMS, Backtest
from bakery_assets.cli import app
from bakery_assets.commands import backtest as command

BAKERY = Path(sys.executable).parent / "bakery"
FIRST = date(2024, 1, 1)
REPORTED = (
    "wape", "wape_open", "mape", "mase", "rmsse", "bias", "pinball", "coverage80",
    "train_seconds_per_series", "predict_seconds_per_series",
)  # fmt: skip
HEADINGS = (
    "WAPE", "open days", "MAPE", "MASE", "RMSSE", "bias", "pinball", "in 80%", "train s", "predict s", "per series",
)  # fmt: skip


def backtest(*arguments: str) -> tuple[int, str, str]:
    """Its exit status and what it prints as a result and as a message."""
    done = CliRunner().invoke(app, ["backtest", *arguments])
    return done.exit_code, done.stdout, done.stderr


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


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> Backtest:
    """A backtest of the system and all baselines, done at once, with figures as long as they get."""
    figures: dict[str, object] = {
        "wape": 1.234, "wape_open": 1.234, "mape": 12.34, "mase": 12.345, "rmsse": 12.345, "bias": -1.234,
        "pinball": 0.1234, "coverage80": 1.0, "train_seconds_per_series": 123.4, "predict_seconds_per_series": 12.3,
    }  # fmt: skip
    facts = {
        "series": 1200, "tenants": 400, "first_day": "2024-01-01", "last_day": "2024-12-31", "origins": 8,
        "horizon_days": 7, "first_origin": "2024-11-06", "series_days_sold_out_left_out": 12, "series_days": 67200,
        "tenants_not_scored": [],
    }  # fmt: skip
    band = {"days": 67200, "coverage80": 0.7812, "coverage80_interval": (0.7512, 0.8123)}
    lead = {"baseline": "SeasonalWindowAverage", "lead_open": 0.0812, "lead_open_interval": (-0.0123, 0.1234)}
    figures |= {"skill": [lead], "coverage_by_kind": {"all": band, "monday": band, "not_near_holiday": band}}
    models = tuple({"model": name, **figures} for name in (*SYSTEMS, *BASELINES))
    result = Backtest(models, facts, {}, pl.DataFrame())
    monkeypatch.setattr(command, "compare", lambda *_: (result, SimpleNamespace(files=())))
    return result


def test_the_table_and_the_json_tell_the_same(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    arguments = ["--weeks", "2", "--models", "system,SeasonalNaive,AutoETS", "--json", str(file)]
    command = [str(BAKERY), "backtest", "--data", str(folder), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    reported = json.loads(file.read_text(), parse_constant=lambda word: pytest.fail(f"{word} in the JSON"))
    assert [model["model"] for model in reported["models"]] == ["system", "SeasonalNaive", "AutoETS"]
    for model in reported["models"]:
        assert set(REPORTED) <= set(model)
        assert f"{model['wape']:.1%}" in done.stdout
        assert 0 < model["wape"] < 0.5
    assert reported["data"]["series"] == 2
    assert reported["data"]["test_days"] == 14
    assert reported["data"]["tenants_not_scored"] == ["old"]
    assert "not compared: old" in done.stdout
    assert "cake" in done.stderr
    assert "1 of 114 rows left out" in done.stderr
    assert "ignored columns cashier" in done.stderr


@pytest.mark.parametrize("columns", [None, "40"])
def test_every_model_and_heading_is_whole_in_a_pipe_and_the_tables_fit_80_columns(
    compared: Backtest, monkeypatch: pytest.MonkeyPatch, columns: str | None
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns is not None:
        monkeypatch.setenv("COLUMNS", columns)
    done = CliRunner().invoke(app, ["backtest", "--data", "."])
    assert done.exit_code == 0
    assert "…" not in done.stdout
    lines = done.stdout.splitlines()
    models = tuple(model["model"] for model in compared.models)
    assert [line.split()[0] for line in lines if line.startswith(models)] == [*models, *models]
    kinds = ("all", "monday", "not near holiday", "the system on")
    assert [line.startswith(kinds) for line in lines].count(True) == len(kinds)
    tables = [line for line in lines if line.startswith((*models, *kinds, "model", " "))]
    assert max(map(len, tables)) <= 80
    assert (
        "ahead of SeasonalWindowAverage, the best baseline there, by +8.1% of its error"
        " (95 of 100 resamples of the weeks: -1.2% to +12.3%)." in done.stdout
    )
    assert [heading for heading in HEADINGS if heading not in "\n".join(tables)] == []


def test_the_tables_are_shown_even_if_the_json_cannot_be_written_after_all(compared: Backtest) -> None:
    done = CliRunner().invoke(app, ["backtest", "--data", ".", "--json", "/dev/full"])
    assert done.exit_code == 2
    first_words = [line.split()[0] for line in done.stdout.splitlines() if line]
    assert all(first_words.count(model["model"]) == 2 for model in compared.models)
    assert done.stderr == "/dev/full cannot be written: No space left on device.\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--weeks", "8"], "8 weeks need 70"),
        (["--models", "Oracle"], "There is no model Oracle; choose from system, system_evening, SeasonalNaive"),
        (
            ["--weeks", "2", "--models", "SeasonalNaive", "--json", "/nowhere/x.json"],
            "/nowhere/x.json cannot be written: there is no folder /nowhere.",
        ),
        (
            ["--weeks", "2", "--until", "2024-03-01"],
            "sales from 2024-01-01 to 2024-02-25; the last day compared cannot",
        ),
        (["--weeks", "2", "--json", "/"], "/ cannot be written: it is a folder."),
    ],
)
def test_what_cannot_be_done_is_one_line(folder: Path, arguments: list[str], said: str) -> None:
    status, shown, reported = backtest("--data", str(folder), *arguments)
    assert status == 2
    assert said in reported
    assert len(reported.strip().splitlines()) == 1
    assert shown == ""


def test_where_the_json_cannot_go_is_reported_before_the_data_are_read(tmp_path: Path) -> None:
    status, _, reported = backtest("--data", str(tmp_path / "none"), "--json", str(tmp_path / "reports" / "x.json"))
    assert status == 2
    assert reported.strip() == f"{tmp_path}/reports/x.json cannot be written: there is no folder {tmp_path}/reports."


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    status, _, reported = backtest("--data", str(tmp_path / "none"))
    assert status == 2
    assert reported.strip() == f"{tmp_path / 'none'} does not exist."


def test_the_command_explains_itself() -> None:
    status, shown, _ = backtest("--help")
    assert status == 0
    assert "--weeks" in shown
    assert "--until" in shown
