"""Several files of a bakery's tills: what they say together of its days, in whatever order and pieces they come."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from bakery_assets.intake.faults import Unreadable
from bakery_assets.intake.imports import (
    ADDED,
    KEY,
    RECEIPTS,
    REPLACED,
    DirectSales,
    ImportLines,
    day_totals,
    hour_totals,
)
from bakery_assets.intake.report import LoadReport
from bakery_assets.intake.till_columns import TillOptions
from bakery_assets.schemas import conform
from resources.warehouse import Warehouse
from resources.warehouse.facts import read_known
from resources.warehouse.imports import NoSuchImport, TillOwner, import_till, list_imports, undo_import

NOW = datetime(2026, 5, 10, 12, tzinfo=UTC)
MONDAY = date(2026, 5, 4)
NOTHING_DIRECT = DirectSales.create_empty()
NO_HOURS = pl.DataFrame(
    schema={
        "tenant_id": pl.String, "product_id": pl.String, "location_id": pl.String, "sales_date": pl.Date, "hour": pl.Int32,
        "quantity": pl.Float64, "in_stock": pl.Float64,
    }
)  # fmt: skip
Receipt = tuple[int, str, int, list[tuple[str, float]]]  # day, number, minute, articles


def lines_of(import_id: int, receipts: list[Receipt], *, taken: str = RECEIPTS, source: str = "till") -> pl.DataFrame:
    """The lines of one file."""
    rows = [
        {
            "tenant_id": "b", "import_id": import_id, "written": 100 + import_id, "source": source, "days_taken": taken,
            "location_id": "main", "sales_date": MONDAY + timedelta(days=day), "product_id": article, "receipt": number,
            "minute": minute, "quantity": quantity, "revenue": 2 * quantity,
        }
        for day, number, minute, articles in receipts
        for article, quantity in articles
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=pl.Schema(ImportLines))


def sold(files: list[pl.DataFrame], direct: Any = NOTHING_DIRECT) -> dict[tuple[str, int], float]:
    """Quantity by article and day."""
    lines = conform(ImportLines, pl.concat([pl.DataFrame(schema=pl.Schema(ImportLines)), *files]))
    totals = day_totals(lines, direct).select("product_id", "sales_date", "quantity")
    return {(article, (day - MONDAY).days): quantity for article, day, quantity in totals.rows()}


articles = st.lists(st.tuples(st.sampled_from(["bun", "rye"]), st.integers(-2, 5).map(float)), min_size=1, max_size=3)
tills = st.dictionaries(
    st.tuples(st.integers(0, 2), st.sampled_from("1234567"), st.integers(420, 480)), articles, max_size=12
).map(lambda found: [(day, number, minute, bought) for (day, number, minute), bought in found.items()])


@settings(max_examples=40, deadline=None)
@given(tills, st.data())
def test_how_receipts_are_divided_among_files_and_in_which_order_they_come_changes_nothing(
    receipts: list[Receipt], data: st.DataObject
) -> None:
    by_hand: dict[tuple[str, int], float] = {}
    for day, _, _, bought in receipts:
        for article, quantity in bought:
            by_hand[article, day] = by_hand.get((article, day), 0.0) + quantity
    pieces = [
        [each for each in receipts if data.draw(st.booleans())] for _ in range(data.draw(st.integers(0, 3)))
    ]  # overlapping, in any order
    rest = [each for each in receipts if not any(each in piece for piece in pieces)]
    files = data.draw(st.permutations([*pieces, rest]))
    together = [lines_of(number, piece) for number, piece in enumerate(files, start=1)]
    assert sold(together) == pytest.approx(by_hand)
    lines = conform(ImportLines, pl.concat(together))
    hours = hour_totals(lines, NOTHING_DIRECT, NO_HOURS).group_by(KEY).agg(pl.col("quantity").sum())
    assert {(a, (d - MONDAY).days): q for a, d, q in hours.select("product_id", "sales_date", "quantity").rows()} == (
        pytest.approx(by_hand)
    )


def test_the_newest_file_of_a_till_without_receipts_tells_of_the_whole_day() -> None:
    noon = lines_of(1, [(0, "", 600, [("bun", 5.0), ("rye", 1.0)]), (1, "", 600, [("bun", 3.0)])], taken=REPLACED)
    evening = lines_of(2, [(0, "", 600, [("bun", 8.0)])], taken=REPLACED)
    assert sold([noon, evening]) == {("bun", 0): 8.0, ("bun", 1): 3.0}
    other = lines_of(3, [(0, "", 600, [("bun", 2.0)])], taken=REPLACED, source="kiosk")
    added = lines_of(4, [(0, "", 600, [("bun", 0.5)])], taken=ADDED)
    assert sold([noon, evening, other, added]) == {("bun", 0): 10.5, ("bun", 1): 3.0}
    assert sold([noon, other, added]) == {("bun", 0): 7.5, ("bun", 1): 3.0, ("rye", 0): 1.0}  # the evening's is undone


def test_a_receipt_that_is_reported_differently_counts_as_the_newest_file_has_it() -> None:
    first = lines_of(1, [(0, "17", 430, [("bun", 5.0), ("rye", 1.0)]), (0, "18", 431, [("bun", 1.0)])])
    second = lines_of(2, [(0, "17", 430, [("bun", 2.0)])])
    assert sold([first, second]) == {("bun", 0): 3.0}
    another_register = lines_of(3, [(0, "17", 433, [("bun", 4.0)])])
    assert sold([first, second, another_register]) == {("bun", 0): 7.0}


def test_receipts_take_the_place_of_a_day_that_was_reported_as_a_whole_and_the_other_way_round() -> None:
    whole = lines_of(1, [(0, "", 600, [("bun", 9.0)])], taken=REPLACED)
    receipts = lines_of(2, [(0, "1", 430, [("bun", 4.0)])])
    assert sold([whole, receipts]) == {("bun", 0): 4.0}
    again = lines_of(3, [(0, "", 600, [("bun", 7.0)])], taken=REPLACED)
    assert sold([whole, receipts, again]) == {("bun", 0): 7.0}


def test_what_was_recorded_directly_counts_until_an_import_tells_of_the_same() -> None:
    recorded = {"tenant_id": "b", "product_id": "bun", "location_id": "main", "sales_date": MONDAY, "quantity": 10.0}
    rows = [{**recorded, "written": 50, "revenue": 20.0, "sold_out_at": None}]
    direct = conform(DirectSales, pl.DataFrame(rows, schema=pl.Schema(DirectSales)))
    reported = lines_of(1, [(0, "", 600, [("bun", 8.0)])], taken=REPLACED)
    added = lines_of(2, [(0, "", 600, [("bun", 1.0)])], taken=ADDED)
    assert sold([], direct) == {("bun", 0): 10.0}
    assert sold([reported], direct) == {("bun", 0): 8.0}
    assert sold([added], direct) == {("bun", 0): 11.0}
    later = conform(DirectSales, direct.with_columns(written=pl.lit(200, pl.Int64)))
    assert sold([reported, added], later) == {("bun", 0): 10.0}


class Shop:
    """A shop with a till, whose files are imported one after another."""

    def __init__(self, warehouse: Warehouse, home: Path) -> None:
        self.warehouse, self._home = warehouse, home
        self._files = 0

    def bring(self, content: str, source: str | None = None, **how: Any) -> LoadReport:
        self._files += 1
        path = self._home / f"file{self._files}.csv"
        path.write_text(content)
        owner = TillOwner("shop", "Europe/Paris", "FR", source=source)
        now = NOW + timedelta(minutes=self._files)
        return import_till(self.warehouse, path, owner, TillOptions(), now=now, **how)

    def undo(self, import_id: int) -> int:
        self._files += 1
        return undo_import(self.warehouse, import_id, NOW + timedelta(minutes=self._files))[1]

    def sales(self) -> dict[str, Any]:
        """What plans know: article to quantity, and by hour."""
        cells = pl.DataFrame(
            {"tenant_id": ["shop"], "plan_date": [date(2026, 5, 12)], "planned_as_of": [NOW + timedelta(days=1)],
             "timezone": ["Europe/Paris"]},
            schema_overrides={"planned_as_of": pl.Datetime("us", "UTC")},
        )  # fmt: skip
        known = read_known(self.warehouse, cells, ["sales", "sales_hourly"], 30)
        days, hours = known["sales"].sort("product_id"), known["sales_hourly"].sort("product_id", "hour")
        return {
            **{f"{article} {day:%a}": quantity for article, day, quantity in
               days.select("product_id", "sales_date", "quantity").rows()},
            **{f"{article} {day:%a} {hour}h": quantity for article, day, hour, quantity in
               hours.filter(pl.col("quantity") != 0).select("product_id", "sales_date", "hour", "quantity").rows()},
        }  # fmt: skip


@pytest.fixture
def shop(warehouse: Warehouse, home: Path) -> Shop:
    return Shop(warehouse, home)


TICKETS = "receipt,date,item,quantity\n"


def notes(report: LoadReport, *words: str) -> str:
    return "\n".join(note for note in report.notes if any(word in note for word in words))


def test_overlapping_files_of_receipts_merge_and_each_can_be_undone(shop: Shop) -> None:
    tickets = [f"{number},2026-05-04 0{hour}:15,{item},{quantity}\n" for number, hour, item, quantity in (
        (1, 7, "Bun", 2), (1, 7, "Rye", 1), (2, 8, "Bun", 3), (3, 9, "Bun", 1))]  # fmt: skip
    first = shop.bring(TICKETS + "".join(tickets[:3]))
    assert first.import_line == "It is import 1; to take it back: bakery undo-import 1"
    morning = {"Bun Mon": 5.0, "Rye Mon": 1.0, "Bun Mon 7h": 2.0, "Bun Mon 8h": 3.0, "Rye Mon 7h": 1.0}
    assert shop.sales() == morning
    second = shop.bring(TICKETS + "".join(tickets[2:]))
    assert (second.files[0].new, second.files[0].changed) == (0, 1)
    assert notes(second, "receipts") == "1 of 2 receipts were known before and count once."
    whole = {**morning, "Bun Mon": 6.0, "Bun Mon 9h": 1.0}
    assert shop.sales() == whole
    again = shop.bring(TICKETS + "".join(tickets[2:]))
    assert (again.new, again.changed, again.known) == (0, 0, 1)
    assert "was imported before, as import 2 (file2.csv, 1 row of 2026-05-04" in again.notes[0]
    assert shop.undo(2) == 1
    assert shop.sales() == morning
    assert shop.undo(1) == 2
    assert shop.sales() == {}
    shop.bring(TICKETS + "".join(tickets[:3]))  # what was undone may come again
    assert shop.sales() == morning
    with pytest.raises(NoSuchImport, match=r"Import 2, file2.csv, is undone already\."):
        shop.undo(2)
    with pytest.raises(NoSuchImport, match=r"There is no import 77"):
        shop.undo(77)
    assert [(each.import_id, each.is_undone) for each in list_imports(shop.warehouse, "shop")] == [
        (1, True), (2, True), (3, False)
    ]  # fmt: skip


def test_without_receipts_a_till_replaces_its_day_and_another_adds_up(shop: Shop) -> None:
    days = "date,item,quantity\n"
    shop.bring(days + "2026-05-04,Bun,5\n2026-05-04,Rye,2\n2026-05-05,Bun,4\n")
    before = shop.sales()
    report = shop.bring(days + "2026-05-04,Bun,9\n")
    assert report.quarantined == 0
    assert notes(report, "place") == (
        "They take the place of what import 1 said of 2026-05-04. To add to it instead, undo this import and give"
        " --add; if it is another till, give --source NAME."
    )
    assert shop.sales() == {"Bun Mon": 9.0, "Bun Tue": 4.0}
    kiosk = shop.bring(days + "2026-05-04,Bun,1\n", source="kiosk")
    assert "and both count" in notes(kiosk, "another source")
    assert shop.sales() == {"Bun Mon": 10.0, "Bun Tue": 4.0}
    assert notes(shop.bring(days + "2026-05-05,Bun,0.5\n", adds=True), "added") == (
        "They were added to what else is known of 2026-05-05."
    )
    assert shop.sales() == {"Bun Mon": 10.0, "Bun Tue": 4.5}
    for import_id in (4, 2, 3):
        shop.undo(import_id)
    assert shop.sales() == before


def test_sales_that_no_import_gave_are_replaced_on_request_and_come_back(shop: Shop) -> None:
    shop.bring("date,item,quantity\n2026-05-03,Bun,1\n")
    with shop.warehouse.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO ops.sales (tenant_id, product_id, sales_date, location_id, quantity, recorded_at)"
                " VALUES ('shop', 'Bun', '2026-05-04', 'main', 10, '2026-05-04 22:00+00')"
            )
        )
    reported = "date,item,quantity\n2026-05-04,Bun,8\n2026-05-04,Rye,1\n"
    refused = shop.bring(reported)
    assert (refused.new, refused.quarantined) == (1, 1)
    assert refused.files[0].faults[0].reason == (
        "the database already has quantity 10, which no import gave; to replace it give --corrections, to add to it --add"
    )
    assert shop.sales() == {"Bun Sun": 1.0, "Bun Mon": 10.0, "Rye Mon": 1.0}
    shop.undo(2)
    shop.bring(reported, corrections=True)
    assert shop.sales() == {"Bun Sun": 1.0, "Bun Mon": 8.0, "Rye Mon": 1.0}
    shop.undo(3)
    assert shop.sales() == {"Bun Sun": 1.0, "Bun Mon": 10.0}


def test_a_file_that_was_put_together_of_two_has_no_receipt_twice(shop: Shop) -> None:
    part = "1,2026-05-04 07:15,Bun,2\n1,2026-05-04 07:15,Bun,2\n2,2026-05-04 08:00,Bun,1\n"
    report = shop.bring(TICKETS + part + part)
    assert "2 receipts come more than once in the file, and count once." in report.notes
    assert shop.sales()["Bun Mon"] == 5.0


def test_a_misread_decimal_sign_is_held_back_until_it_is_settled(shop: Shop) -> None:
    header = "date;item;quantity;price\n"
    shop.bring(
        header + "".join(f"2026-04-{day};Rye;1,{day}0;4,00\n2026-04-{day};Bun;4{day};0,80\n" for day in range(20, 26))
    )
    before = shop.sales()
    wrong = header + "2026-04-27;Rye;1.250;4.000\n2026-04-28;Rye;1.310;4.000\n"  # a till that writes points now
    with pytest.raises(Unreadable, match=r"about 1,000 times what is usual.* give --decimal '.'"):
        shop.bring(wrong)
    assert shop.sales() == before
    assert list_imports(shop.warehouse)[-1].import_id == 1
    shop.bring(wrong, accepts_jumps=True)
    assert shop.sales()["Rye Mon"] == 1250.0


def test_a_receipt_that_is_canceled_later_counts_no_more(shop: Shop) -> None:
    header = "receipt,date,item,quantity,status\n"
    shop.bring(
        header + "1,2026-05-04 07:15,Bun,2,closed\n2,2026-05-04 08:00,Bun,3,closed\n2,2026-05-04 08:00,Rye,1,closed\n"
    )
    before = shop.sales()
    report = shop.bring(header + "2,2026-05-04 08:00,Bun,3,canceled\n2,2026-05-04 08:00,Rye,1,canceled\n")
    assert report.quarantined == 0
    assert notes(report, "receipts") == (
        "1 of 1 receipts were known before and count once; 1 of them differ and count as they are in this file."
    )
    assert shop.sales() == {"Bun Mon": 2.0, "Rye Mon": 0.0, "Bun Mon 7h": 2.0}
    shop.undo(2)
    assert shop.sales() == before
