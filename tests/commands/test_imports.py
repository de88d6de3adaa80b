"""What a baker reads who imports a till's files day by day, and takes one back."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bakery_assets.commands.intake import show_report
from bakery_assets.intake.report import FileReport, LoadReport
from bakery_assets.settings import settings
from tests.intake.test_known_tills import SQUARE, square

WHERE = ("--tenant", "shop", "--timezone", "America/New_York", "--country", "US")
TUESDAY, WEDNESDAY = {"Date": "2026-06-16"}, {"Date": "2026-06-17"}


@pytest.fixture
def home(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("BAKERY_DATABASE_URL", database_url)
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


def bakery(*arguments: str) -> tuple[int, list[str], list[str]]:
    """The command's status, what it prints, and what it says of the file."""
    from bakery_assets.cli import app

    done = CliRunner().invoke(app, list(arguments))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    shown = [" ".join(line.split()) for line in done.stdout.splitlines()]
    return (
        done.exit_code,
        [re.sub(r"20\d\d-\d\d-\d\d \d\d:\d\d", "(now)", line) for line in shown],
        done.stderr.splitlines(),
    )


def test_two_days_of_overlapping_square_exports_and_one_taken_back(home: Path) -> None:
    latte, brew = ("Latte", "1.0", "$8.00"), ("Cold Brew", "2.0", "$16.00")
    (home / "tuesday.csv").write_text(
        SQUARE
        + square(*latte, **TUESDAY, **{"Transaction ID": "a"})
        + square(*brew, **TUESDAY, **{"Transaction ID": "b"})
    )
    (home / "both.csv").write_text(
        SQUARE
        + square(*brew, **TUESDAY, **{"Transaction ID": "b"})
        + square(*brew, **TUESDAY, **{"Transaction ID": "c"})
        + square(*latte, **WEDNESDAY, **{"Transaction ID": "d"})
    )
    read = "It was read as an export of Square, items detail; choose another with --till."
    status, out, err = bakery("import-pos", str(home / "tuesday.csv"), *WHERE)
    assert (status, err) == (0, [read, "Sales by hour were kept, too."])
    assert out == [
        "file read new changed already known quarantined",
        "tuesday.csv 2 2 0 0 0",
        "tuesday.csv by hour 2 2 0 0 0",
        "It is import 1; to take it back: bakery undo-import 1",
        "Loaded 4 rows (4 new, 0 already known), 0 quarantined.",
    ]
    status, out, err = bakery("import-pos", str(home / "both.csv"), *WHERE)
    assert status == 0
    assert err[1:] == [
        "3 lines of the export make 2 days of articles.",
        "Sales by hour were kept, too.",
        "1 of 3 receipts were known before and count once.",
    ]
    assert out[1:] == [
        "both.csv 2 1 1 0 0",
        "both.csv by hour 2 1 1 0 0",
        "It is import 2; to take it back: bakery undo-import 2",
        "Loaded 4 rows (2 new, 2 changed, 0 already known), 0 quarantined.",
    ]
    status, out, err = bakery("import-pos", str(home / "both.csv"), *WHERE)
    assert (status, err) == (
        0,
        [
            "both.csv was imported before, as import 2 (both.csv, 2 rows of 2026-06-16 to 2026-06-17), and nothing was"
            " loaded. To read it otherwise, undo that first: bakery undo-import 2"
        ],
    )
    assert out[-1] == "Loaded 2 rows (0 new, 2 already known), 0 quarantined."
    assert bakery("undo-import", "1") == (
        0, ["Import 1, tuesday.csv of shop with 2026-06-16, is undone; 1 day of an article has other sales without it."], []
    )  # fmt: skip
    assert bakery("imports")[1] == [
        "import bakery till file days rows how when state",
        "1 shop square tuesday.csv 2026-06-16 2 receipts merged (now) undone",
        "2 shop square both.csv 2026-06-16 to 2026-06-17 2 receipts merged (now) counts",
    ]
    assert bakery("undo-import", "1") == (2, [], ["Import 1, tuesday.csv, is undone already."])
    assert bakery("undo-import", "9") == (2, [], ["There is no import 9; `bakery imports` lists them."])
    assert bakery("imports", "--tenant", "other") == (0, ["Nothing was imported."], [])


def test_names_of_files_stand_whole_in_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    long, odd = "Umsatz_Filiale_Nord_" * 5, "a\x1b[31m\u202e" * 8
    show_report(
        LoadReport((FileReport(long, "sales", read=1, new=1), FileReport(odd, "sales", read=1, new=1))), strict=False
    )
    lines = capsys.readouterr().out.splitlines()
    assert "".join(line[:35].split(" ")[0] for line in lines[1:-1]) == long + r"a\x1b[31m\u202e" * 8
