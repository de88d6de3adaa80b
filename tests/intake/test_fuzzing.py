"""Any bytes in, a clear answer out: read, or refused in one line, and nothing stored by halves."""

import random
import time
from pathlib import Path

from sqlalchemy import text

from bakery_assets.intake.faults import Unreadable
from bakery_assets.intake.till_columns import TillOptions
from resources.warehouse import Warehouse
from resources.warehouse.imports import TillOwner, import_till
from resources.warehouse.intake import load_folder
from tests.intake.fuzzing import FOLDER, NOW, TILLS, fuzz, mutated

SECONDS = 15.0


def test_changed_files_are_read_or_refused_in_one_line(home: Path) -> None:
    end = time.monotonic() + SECONDS
    read, refused = fuzz(home, seed=11, goes_on=lambda number: number < 400 and time.monotonic() < end)
    assert read > 0
    assert refused > 0


def test_no_changed_file_is_stored_by_halves(warehouse: Warehouse, home: Path) -> None:
    """What the report says is new is what the table has more, and a refused file leaves no row."""
    chance = random.Random(12)
    folder = home / "folder"
    folder.mkdir()
    for name, good in FOLDER.items():
        (folder / name).write_text(good)
    load_folder(warehouse, folder, now=NOW)
    end = time.monotonic() + SECONDS
    stored = 0
    for number in range(60):
        if time.monotonic() > end:
            break
        before = present(warehouse)
        if number % 2:
            path = home / f"till{number}.csv"
            path.write_bytes(mutated(chance.choice(TILLS).encode(), chance))
            try:
                report = import_till(warehouse, path, TillOwner("b"), TillOptions(), now=NOW)
            except Unreadable:
                assert present(warehouse) == before
                continue
        else:
            (folder / "sales.csv").write_bytes(mutated(FOLDER["sales.csv"].encode(), chance))
            report = load_folder(warehouse, folder, now=NOW)
        after = present(warehouse)
        for table in ("sales", "sales_hourly"):
            new = sum(file.new for file in report.files if file.table == table)
            assert len(after[table] - before[table]) == new
        stored += any(after[table] - before[table] for table in after)
    assert stored > 0


def present(warehouse: Warehouse) -> dict[str, set[tuple[object, ...]]]:
    """The keys that are there, of facts those whose latest record is not withdrawn."""
    day = "product_id, location_id, sales_date"
    facts = {"sales": day, "sales_hourly": f"{day}, hour"}
    queries = {"products": "SELECT product_id FROM ops.products"} | {
        name: f"SELECT {key} FROM (SELECT DISTINCT ON ({key}) * FROM ops.{name} ORDER BY {key}, recorded_at DESC) latest"
        " WHERE NOT is_withdrawn"
        for name, key in facts.items()
    }
    with warehouse.engine.connect() as connection:
        return {name: {tuple(row) for row in connection.execute(text(query))} for name, query in queries.items()}
