"""Till files that are dropped into a bakery's folder are imported once they are whole, and moved with a report."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from bakery_assets.intake.faults import Unreadable
from bakery_assets.settings import settings
from resources import inbox as drop_folder
from resources.clock import Clock
from resources.inbox import OLD_ENOUGH, has_settled, take_files, waiting_files
from resources.warehouse import Warehouse
from sensors.inbox import inbox
from tests.bakeries import insert, rows

NOW = datetime(2026, 5, 10, 12, tzinfo=UTC)
SALES = "date,item,quantity\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for tenant in ("paris", "lyon", "nobody"):
        (tmp_path / tenant).mkdir()
    return tmp_path


def drop(folder: Path, name: str, content: str, *, ago: timedelta = timedelta(0)) -> Path:
    path = folder / name
    path.write_text(content)
    changed = (NOW - ago).timestamp()
    os.utime(path, (changed, changed))
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_only_regular_files_in_folders_of_bakeries_are_looked_at(home: Path) -> None:
    drop(home / "paris", "new.csv", "x", ago=timedelta(minutes=1))
    drop(home / "paris", "old.csv", "x", ago=timedelta(minutes=2))
    drop(home / "paris", "upload.csv.part", "x")
    drop(home / "paris", ".hidden", "x")
    drop(home, "stray.csv", "x")
    (home / "paris" / "done").mkdir()
    os.mkfifo(home / "paris" / "pipe.csv")
    (home / "paris" / "link.csv").symlink_to("/etc/passwd")
    (home / "marseille").symlink_to(home / "lyon")
    found, left = waiting_files(home, frozenset({"paris", "lyon", "marseille"}))
    assert [file.path.name for file in found] == ["old.csv", "new.csv"]
    assert left == [
        "marseille lies in no bakery's folder",
        "nobody is no bakery's id",
        "paris/link.csv is no regular file",
        "paris/pipe.csv is no regular file",
        "stray.csv lies in no bakery's folder",
    ]


def test_a_file_is_whole_when_it_is_as_at_the_tick_before_or_old(home: Path) -> None:
    path = drop(home / "paris", "till.csv", "half")
    seen = {str(path): [4, int(NOW.timestamp() * 1e9)]}

    def whole(known: dict[str, list[int]], now: datetime = NOW) -> bool:
        (file,), _ = waiting_files(home, frozenset({"paris"}))
        return has_settled(file, known, now)

    assert not whole({})
    assert whole(seen)
    drop(home / "paris", "till.csv", "half and more")
    assert not whole(seen)
    assert whole({}, NOW + OLD_ENOUGH)
    drop(home / "paris", "till.csv", "")
    assert not whole({str(path): [0, int(NOW.timestamp() * 1e9)]})


def test_the_sensor_imports_moves_and_reports(
    warehouse: Warehouse, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert(
        warehouse,
        tenants=[{"tenant_id": t, "name": t, "timezone": "Europe/Paris", "country": "FR"} for t in ("paris", "lyon")],
    )
    context = dg.build_sensor_context(resources={"warehouse": warehouse, "clock": Clock(lambda: NOW)})
    assert inbox(context).skip_message == "BAKERY_INBOX is not set."  # type: ignore[union-attr]
    monkeypatch.setenv("BAKERY_INBOX", str(home))
    settings.cache_clear()
    try:
        paris = home / "paris"
        drop(paris, "till.csv", SALES + "2026-05-08,Bun,5\n2026-05-08,Rye,x\n")
        drop(paris, "odd.csv", "a,b,c\n1,2,3\n")
        drop(home / "nobody", "till.csv", SALES)
        assert "nobody is no bakery's id" in str(inbox(context).skip_message)  # type: ignore[union-attr]
        assert names(paris) == ["odd.csv", "till.csv"], "they may still grow"
        said = str(inbox(context).skip_message)  # type: ignore[union-attr]
        assert (
            "paris/done/till.csv: Loaded 2 rows (1 new, 0 already known), 1 quarantined: see bakery quarantine." in said
        )
        assert "paris/refused/odd.csv: No column is recognized as article or date" in said
        assert (names(paris), names(home / "nobody")) == (["done", "refused"], ["till.csv"])
        assert names(paris / "done") == ["till.csv", "till.csv.txt"]
        assert (paris / "done" / "till.csv.txt").read_text() == (
            "till.csv: 1 refused (not_readable), first line 3: quantity is 'x', which is no number; write it like 12.50, or"
            " say how it is written with --decimal.\n"
            "It is import 1; to take it back: bakery undo-import 1\n"
            "Loaded 2 rows (1 new, 0 already known), 1 quarantined: see bakery quarantine.\n"
        )
        assert (paris / "refused" / "odd.csv.txt").read_text().splitlines()[-1] == (
            "To import it by hand, with options: bakery import-pos FILE --tenant paris"
        )
        # The next day's file has the same name; the first one comes again, as after a crash before the move.
        drop(paris, "till.csv", SALES + "2026-05-09,Bun,7\n", ago=OLD_ENOUGH)
        drop(home / "lyon", "till.csv", SALES + "2026-05-09,Bun,1\n", ago=OLD_ENOUGH)
        inbox(context)
        drop(paris, "again.csv", SALES + "2026-05-08,Bun,5\n2026-05-08,Rye,x\n", ago=OLD_ENOUGH)
        assert "1 already known" in str(inbox(context).skip_message)  # type: ignore[union-attr]
        assert names(paris / "done") == [
            "again.csv", "again.csv.txt", "till-2.csv", "till-2.csv.txt", "till.csv", "till.csv.txt"
        ]  # fmt: skip
        sold = rows(warehouse, "SELECT tenant_id, sales_date::text, quantity FROM ops.sales ORDER BY 1, 2")
        assert sold == [("lyon", "2026-05-09", 1.0), ("paris", "2026-05-08", 5.0), ("paris", "2026-05-09", 7.0)]
    finally:
        settings.cache_clear()


def test_a_tick_begins_no_import_after_its_time_and_forgets_what_is_gone(
    warehouse: Warehouse, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drop_folder, "known_tenants", lambda _: frozenset({"paris"}))
    files = [drop(home / "paris", f"{n}.csv", "x", ago=timedelta(hours=1, minutes=-n)) for n in range(3)]
    minutes = iter(range(100))
    asked: list[str] = []

    def refuse(_: Warehouse, path: Path, *__: object, **___: object) -> None:
        asked.append(path.name)
        raise Unreadable(f"{path.name} is odd.")

    monkeypatch.setattr(drop_folder, "import_till", refuse)
    tick = take_files(warehouse, home, None, lambda: NOW + timedelta(seconds=5 * next(minutes)))
    assert asked == ["0.csv", "1.csv"]
    assert tick.taken == ("paris/refused/0.csv: 0.csv is odd.", "paris/refused/1.csv: 1.csv is odd.")
    assert list(json.loads(tick.cursor)) == [str(files[2])]


def test_files_that_cannot_be_moved_keep_no_other_waiting(
    warehouse: Warehouse, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drop_folder, "known_tenants", lambda _: frozenset({"paris", "lyon"}))
    monkeypatch.setattr(drop_folder, "TICK_FILES", 2)

    def panic(*_: object, **__: object) -> None:
        raise pl.exceptions.PanicException("odd")

    monkeypatch.setattr(drop_folder, "import_till", panic)
    for n in range(3):
        drop(home / "paris", f"{n}.csv", "x", ago=timedelta(hours=3, minutes=-n))
    (home / "paris" / "refused").symlink_to(home / "nobody")
    drop(home / "lyon", "new.csv", "x", ago=OLD_ENOUGH)
    first = take_files(warehouse, home, None, lambda: NOW)
    assert first.taken == (
        "0.csv of paris cannot be moved to refused: refused is a link",
        "lyon/refused/new.csv: new.csv could not be imported, by a fault of the program: PanicException: odd",
    ), "each bakery has its turn"
    second = take_files(warehouse, home, first.cursor, lambda: NOW)
    assert [line[:5] for line in second.taken] == ["1.csv", "2.csv"]
    (home / "paris" / "refused").unlink()
    third = take_files(warehouse, home, second.cursor, lambda: NOW)
    assert [line[:17] for line in third.taken] == ["paris/refused/0.c", "paris/refused/1.c"], (
        "once they can be, they are"
    )


def test_a_name_of_any_length_and_bytes_is_moved_with_its_report(warehouse: Warehouse, home: Path) -> None:
    insert(warehouse, tenants=[{"tenant_id": "paris", "name": "p", "timezone": "Europe/Paris", "country": "FR"}])
    paris = home / "paris"
    for day in (7, 8):
        drop(paris, "ü" * 125 + "a.csv", SALES + f"2026-05-0{day},Bun,5\n", ago=OLD_ENOUGH)
        assert "Loaded 1 row " in take_files(warehouse, home, None, lambda: NOW).taken[0]
    drop(paris, os.fsdecode(b"Ums\xe4tze.csv"), SALES + "2026-05-09,Bun,5\n2026-05-09,Bun,x\n", ago=OLD_ENOUGH)
    assert "Loaded 2 rows" in take_files(warehouse, home, None, lambda: NOW).taken[0]
    assert names(paris) == ["done"]
    long = "ü" * 123
    assert names(paris / "done") == [
        os.fsdecode(b"Ums\xe4tze.csv"), os.fsdecode(b"Ums\xe4tze.csv.txt"),
        f"{'ü' * 122}-2.csv", f"{'ü' * 122}-2.csv.txt", f"{long}.csv", f"{long}.csv.txt",
    ]  # fmt: skip
    assert rows(warehouse, "SELECT file FROM ops.imports ORDER BY import_id DESC LIMIT 1") == [(r"Ums\udce4tze.csv",)]
    assert rows(warehouse, "SELECT file FROM ops.quarantine") == [(r"Ums\udce4tze.csv",)]
