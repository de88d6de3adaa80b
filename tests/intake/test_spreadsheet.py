"""Excel workbooks are read as the CSV files that they might have been."""

from datetime import date
from pathlib import Path

import pytest

from bakery_assets.intake.faults import Unreadable
from bakery_assets.intake.folder import table_files
from bakery_assets.intake.spreadsheet import read_spreadsheet
from tests.intake.till_files import read_till
from tests.intake.workbooks import workbook

FIRST_OF_OCTOBER = 46296.0  # 2026-10-01, in days since 1899-12-30


def test_a_table_in_a_workbook_has_the_text_of_a_csv_file(home: Path) -> None:
    rows = [["tenant_id", "product_id", "price", "name"], ["b", 42.0, 3.5, None], [], ["b", "rye", 4.0, "Rye"]]
    (home / "products.xlsx").write_bytes(workbook(rows))
    (file,) = table_files(home, ["products"])[0]
    source = file.source()
    (batch,) = source.batches()
    assert batch.rows.rows() == [(2, "b", "42", "3.5", ""), (4, "b", "rye", "4", "Rye")]
    assert source.size == 4


def test_a_tills_workbook_with_title_rows_and_dates_is_read(home: Path) -> None:
    rows = [
        ["Rapport", None, None, None], [],
        ["Dato", "Tid", "Kvitteringsnummer", "Navn", "Variant", "Antal", "Pris (DKK)", "Rabat (DKK)", "Endelig pris (DKK)"],
        [FIRST_OF_OCTOBER, FIRST_OF_OCTOBER + 0.3, 1.0, "Rugbrød", "Stor", 2.0, 70.0, 0.0, 70.0],
        [FIRST_OF_OCTOBER, FIRST_OF_OCTOBER + 0.5, 2.0, "Bolle", None, 1.0, 9.5, 0.0, 9.5],
    ]  # fmt: skip
    read = read_till(home, workbook(rows, dates=(0, 1)), "Europe/Copenhagen", file="zettle.xlsx")
    assert read.sold == {"Rugbrød - Stor": (2.0, 70.0), "Bolle": (1.0, 9.5)}
    assert read.by_hour("Bolle") == [(date(2026, 10, 1), 12, 1.0)]
    assert "The column names stand in line 3; what is above was left out." in read.notes


def test_a_row_beyond_the_header_is_at_fault(home: Path) -> None:
    (home / "x.xlsx").write_bytes(workbook([["a", "b"], ["1", "2", "3"], ["1", "2"]]))
    (batch,) = read_spreadsheet(home / "x.xlsx")
    assert (batch.rows.height, batch.faults["row_number"].to_list(), batch.faults["code"].to_list()) == (
        1,
        [2],
        ["field_count"],
    )


@pytest.mark.parametrize(
    ("content", "word"),
    [(b"PK\3\4 no workbook", "damaged or no workbook"), (b"", "damaged or no workbook"), (workbook([]), "is empty")],
)
def test_what_is_no_workbook_is_refused(home: Path, content: bytes, word: str) -> None:
    (home / "x.xlsx").write_bytes(content)
    with pytest.raises(Unreadable, match=word) as refusal:
        list(read_spreadsheet(home / "x.xlsx"))
    assert "\n" not in str(refusal.value)
