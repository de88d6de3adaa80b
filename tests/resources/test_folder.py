"""A folder read without a warehouse keeps the rows that a load would keep."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bakery_assets.intake.faults import Unreadable
from resources.folder import Folder, read_folder

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
TABLES = ("tenants", "products", "calendar", "sales", "sales_hourly")
BASE = {
    "tenants.csv": "tenant_id,name,timezone,country\nb,Brot,Europe/Berlin,DE\nc,Chatham,Pacific/Chatham,NZ\n",
    "products.csv": "tenant_id,product_id,name\nb,rye,Rye\nb,roll,Roll\nc,rye,Rye\n",
    "sales.csv": "tenant_id,product_id,sales_date,quantity\nb,rye,2026-03-01,10\nc,rye,2026-03-01,4\n",
}


def read(home: Path, **files: str) -> Folder:
    for name, content in {**BASE, **{f"{table}.csv": text for table, text in files.items()}}.items():
        (home / name).write_text(content)
    return read_folder(home, TABLES, loaded_at=NOW)


def sales_of(folder: Folder) -> list[tuple[object, ...]]:
    return folder.frames["sales"].select("tenant_id", "product_id", "sales_date", "quantity").rows()


def faults_of(folder: Folder) -> list[tuple[object, ...]]:
    return [row for file in folder.files for row in file.faults.select("row_number", "column_name", "reason").rows()]


def test_columns_no_file_has_take_their_defaults_and_days_end_at_local_midnight(tmp_path: Path) -> None:
    folder = read(tmp_path)
    assert folder.frames["tenants"]["currency"].to_list() == ["EUR"] * 2
    assert folder.frames["tenants"]["planning_time"].to_list() == [None] * 2
    assert folder.frames["sales"]["location_id"].to_list() == ["main", "main"]
    known = {row["tenant_id"]: row["recorded_at"].isoformat() for row in folder.frames["sales"].iter_rows(named=True)}
    assert known == {"b": "2026-03-01T23:00:00+00:00", "c": "2026-03-01T10:15:00+00:00"}
    assert folder.frames["sales_hourly"].is_empty()
    assert "in_stock" in folder.frames["sales_hourly"].columns


def test_the_latest_record_of_a_fact_counts(tmp_path: Path) -> None:
    folder = read(
        tmp_path,
        sales="tenant_id,product_id,sales_date,quantity,recorded_at\n"
        "b,rye,2026-03-01,12,2026-03-05T08:00:00Z\n"
        "b,rye,2026-03-01,10,\n"
        "b,rye,2026-03-02,7,2026-03-03T08:00:00+01:00\n",
    )
    assert sales_of(folder) == [("b", "rye", date(2026, 3, 1), 12.0), ("b", "rye", date(2026, 3, 2), 7.0)]
    assert [file.replaced for file in folder.files if file.table == "sales"] == [1]


def test_rows_that_cannot_be_used_are_left_out_and_named(tmp_path: Path) -> None:
    folder = read(
        tmp_path,
        sales="tenant_id,product_id,sales_date,quantity\n"
        "b,rye,2026-03-01,10\n"
        "b,cake,2026-03-01,5\n"
        "z,rye,2026-03-01,5\n"
        "b,roll,2026-03-01,many\n"
        "b,rye,2026-03-01,10\n"
        "b,rye,2026-03-01,11\n",
    )
    assert sales_of(folder) == [("b", "rye", date(2026, 3, 1), 10.0)]
    file = next(file for file in folder.files if file.table == "sales")
    assert (file.read, file.repeated, file.replaced) == (6, 1, 0)
    assert faults_of(folder) == [
        (
            3,
            "product_id",
            "product_id is 'cake', which is not among the products of tenant 'b'; add it there, or correct it",
        ),
        (4, "tenant_id", "tenant_id is 'z', which is not among the tenants; add it there, or correct it"),
        (5, "quantity", "quantity is 'many', which is no number; write it like 1234.5, with a decimal point"),
        (7, "quantity", "row 2 already gives quantity 10 for the same key; remove one of the two"),
    ]


def test_a_calendar_entry_for_all_products_stands_next_to_one_for_one(tmp_path: Path) -> None:
    folder = read(
        tmp_path,
        calendar="tenant_id,date,kind,product_id,name\n"
        "b,2026-03-01,promotion,,all\nb,2026-03-01,promotion,rye,rye\nb,2026-03-01,promotion,,again\n",
    )
    assert folder.frames["calendar"]["name"].to_list() == ["all", "rye"]
    assert [fault[0] for fault in faults_of(folder)] == [4]


def test_files_of_one_table_are_read_together(tmp_path: Path) -> None:
    folder = read(tmp_path)
    frame = folder.frames["sales"].select("tenant_id", "product_id", "sales_date", quantity="quantity")
    (frame.with_columns(sales_date=date(2026, 3, 2))).write_parquet(tmp_path / "sales.parquet")
    both = read_folder(tmp_path, TABLES, loaded_at=NOW)
    assert both.frames["sales"].height == 4
    assert [file.read for file in both.files if file.table == "sales"] == [2, 2]


def test_a_file_without_a_column_that_every_row_needs_is_no_use(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"sales\.csv cannot be used: the file has no column quantity"):
        read(tmp_path, sales="tenant_id,product_id,sales_date\nb,rye,2026-03-01\n")
