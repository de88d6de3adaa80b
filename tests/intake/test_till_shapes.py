"""Exports of tills that no profile knows: what their columns hold, and where their table stands in the file."""

from datetime import date
from pathlib import Path

import pytest

from bakery_assets.intake.date_order import KnownOfTenant
from bakery_assets.intake.faults import Unreadable
from bakery_assets.intake.till import TillSales
from bakery_assets.intake.till_columns import TillOptions
from bakery_assets.intake.till_dialect import detect_dialect
from tests.intake.till_files import NEW_YORK, read_till

TICKETS = (
    "Datum;Artikel;Menge;Einzelpreis;Umsatz\n01.10.2026 07:10;Brötchen;10;0,45;4,50\n01.10.2026 07:12;Brötchen;-2;0,45;-0,90\n"
    "02.10.2026 07:10;Brötchen;12;0,45;5,40\n02.10.2026 08:10;Torte;1;1.234,50;1.234,50\n"
)
ALL_SOLD = {"Brötchen": (20.0, 9.0), "Torte": (1.0, 1234.5)}


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (TICKETS.encode("cp1252"), "read as Windows-1252"),
        (TICKETS.encode("utf-16"), "read as UTF-16"),
        (TICKETS.encode("utf-16-be"), "read as UTF-16"),
        ("sep=;\n" + TICKETS, "stand in line 2"),
        ("Bäckerei Muster;;;;\nUmsatzbericht 01.10.2026 - 02.10.2026;;;;\n;;;;\n" + TICKETS, "stand in line 4"),
        (
            TICKETS + "Summe;;20;;1.243,50\n;Gesamt;20;;1.243,50\n02.10.2026;Summe;20;;1.243,50\n",
            "3 lines were left out (a total",
        ),
    ],
    ids=["windows", "utf-16", "utf-16-be", "sep", "titles", "totals"],
)
def test_a_file_is_read_as_it_was_written_and_says_so(home: Path, content: str | bytes, word: str) -> None:
    read = read_till(home, content)
    assert (read.refused, read.sold) == ([], ALL_SOLD)
    assert any(word in note for note in read.notes)


def test_lines_above_the_header_can_be_skipped(home: Path) -> None:
    titles = "Datum;Artikel\nthis looks;like a header\n"
    assert read_till(home, titles + TICKETS, skip=2).sold == ALL_SOLD
    with pytest.raises(Unreadable, match="no line 100"):
        read_till(home, TICKETS, skip=99)


def test_a_refund_is_negative_whatever_its_sign(home: Path) -> None:
    for sign in ("-", ""):
        read = read_till(
            home,
            "Date,Item,Qty,Gross Sales,Net Sales,Event Type\n2026-10-01,Loaf,1,$9.00,$9.00,Payment\n"
            f"2026-10-01,Loaf,1,{sign}$9.00,{sign}$9.00,Refund\n",
            NEW_YORK,
        )
        assert read.sold == {"Loaf": (0.0, 0.0)}


def test_takings_that_are_given_back_give_the_article_back(home: Path) -> None:
    read = read_till(home, "Date,Item,Qty,Net Sales\n2026-10-01,Loaf,3,$27.00\n2026-10-01,Loaf,1,-$9.00\n", NEW_YORK)
    assert read.sold == {"Loaf": (2.0, 18.0)}


def test_quantity_times_price_is_held_against_takings(home: Path) -> None:
    read = read_till(
        home,
        "date,item,quantity,unit_price,revenue\n2026-10-01,Loaf,2,4.00,8.00\n2026-10-01,Loaf,2,4.00,6.00\n"
        "2026-10-01,Loaf,1,4.00,40.00\n2026-10-01,Loaf,1000,4.00,4.00\n2026-10-01,Loaf,-1,4.00,4.00\n"
        "2026-10-01,Bun,1,4.00,0.00\n",
    )
    assert read.sold == {"Loaf": (4.0, 14.0), "Bun": (1.0, 0.0)}
    assert [each.split(";")[0] for each in read.refused] == [
        "revenue is '40.00', but quantity x unit_price is 4.0",
        "revenue is '4.00', but quantity x unit_price is 4000.0",
        "revenue is '4.00', but quantity is negative",
    ]


def test_a_column_is_taken_by_what_it_holds(home: Path) -> None:
    export = (
        "Item Id,Item,Sold on,Date,Qty,Price Point,Sales Category,Amount\n"
        "17,Loaf,web,2026-10-01,2,Regular,Bread,8.00\n18,Bun,web,2026-10-01,1,Small,Bread,1.00\n"
    )
    read = read_till(home, export)
    assert read.refused == []
    assert read.sold == {"Loaf": (2.0, 8.0), "Bun": (1.0, 1.0)}
    assert read.prices == {"Loaf": 4.0, "Bun": 1.0}


def test_any_column_can_be_switched_off(home: Path) -> None:
    export = "date,item,quantity,price,revenue\n2026-10-01,Loaf,2,99,8.00\n"
    assert read_till(home, export, price="none").prices == {"Loaf": 4.0}
    assert read_till(home, export).refused != []


def test_a_line_is_a_piece_where_nothing_says_how_many(home: Path) -> None:
    basket = (
        "Date,Time,Transaction,Item\n2016-10-30,09:58:11,1,Bread\n2016-10-30,10:05:34,2,Scandinavian\n"
        "2016-10-30,10:05:34,2,Scandinavian\n2016-10-30,10:07:57,3,NONE\n"
    )
    read = read_till(home, basket)
    assert read.sold == {"Bread": (1.0, None), "Scandinavian": (2.0, None)}
    assert "No column holds quantities: every line was read as one piece sold." in read.notes
    assert read.by_hour("Scandinavian") == [(date(2016, 10, 30), 10, 2.0)]
    with_price = "date,item,price,weight\n2026-10-01,Loaf,4,900\n2026-10-01,Loaf,4,905\n"
    with pytest.raises(Unreadable, match="give --quantity-each"):
        read_till(home, with_price)
    assert read_till(home, with_price, quantity_each=True).sold == {"Loaf": (2.0, 8.0)}


def test_a_column_is_not_read_as_two_things(home: Path) -> None:
    with pytest.raises(Unreadable, match=r"Column Menge would be read as both article and quantity; say .* --quantity"):
        read_till(home, TICKETS, article="Menge", quantity="Menge")
    square = "Date,Time,Time Zone,Category,Item,Qty,Price Point Name,Net Sales,Event Type\n"
    line = "2025-06-16,12:48:11,Eastern Time (US & Canada),None,Latte,1.0,Regular,$8.00,Payment\n"
    with pytest.raises(Unreadable, match="Column Qty would be read as both"):
        read_till(home, square + line, article="Qty")
    with pytest.raises(Unreadable, match=r"both quantity and location; .* --quantity NAME or --location-column NAME"):
        read_till(home, TICKETS, quantity="Menge", location_column="Menge")
    when = "When;Item;Qty\n01.10.2026 07:10;Bread;2\n"
    assert read_till(home, when, date="When", time="When", receipt="When").sold == {"Bread": (2.0, None)}


def test_a_column_for_each_article_is_reported(home: Path) -> None:
    export = (
        "datetime,day of week,total,place,angbutter,plain bread,jam,americano\n2019-07-11 15:35,Thur,23800.0,,1.0,,,1.0\n"
        "2019-07-11 16:10,Thur,15800.0,,1.0,2,3,\n"
    )
    with pytest.raises(Unreadable, match="a column for each article \\(angbutter, plain bread, jam"):
        read_till(home, export)


def test_shops_are_kept_apart_where_their_column_is_named(home: Path) -> None:
    export = "date,item,quantity,branch\n2026-10-01,Loaf,2,Port\n2026-10-01,Loaf,3,MAIN\n2026-10-01,Loaf,4,\n"
    shops = read_till(home, export, location_column="branch").by_day("location_id", "quantity")
    assert shops == [("Port", 2.0), ("main", 7.0)]
    assert read_till(home, export, location_column="branch", location="fair").by_day("location_id") == [("fair",)]


def test_a_number_that_may_be_a_thousand_is_asked_for(home: Path) -> None:
    first = "Datum;Artikel;Menge;Umsatz\n01.10.2026;Brot kg;1.234;5.678\n02.10.2026;Brot kg;0.950;3.20\n"
    second = "Datum;Artikel;Menge;Umsatz\n03.10.2026;Brot kg;1.234;5\n"
    assert read_till(home, first).by_day("quantity") == [(1.234,), (0.95,)]
    with pytest.raises(Unreadable, match="--decimal"):
        read_till(home, second)
    assert read_till(home, second, decimal=".").by_day("quantity") == [(1.234,)]


@pytest.mark.parametrize(
    ("country", "today", "day", "word"),
    [
        ("DE", None, date(2026, 4, 3), "day/month/year; if the month"),
        ("US", None, date(2026, 3, 4), "month/day/year; if the day"),
        ("US", date(2026, 12, 1), date(2026, 3, 4), "month/day/year; if the day"),
        ("DE", date(2026, 3, 10), date(2026, 3, 4), "month/day/year, as no sale lies in the future"),
        ("XX", None, date(2026, 4, 3), "day/month/year"),
    ],
)
def test_dates_that_can_be_read_both_ways_are_read_as_the_country_does_unless_they_lie_ahead(
    home: Path, country: str, today: date | None, day: date, word: str
) -> None:
    path = home / "export.csv"
    path.write_text("item,date,quantity\nLoaf,03/04/2026,1\n")
    dialect = detect_dialect(path, TillOptions(), tenant=KnownOfTenant(today, country))
    (rows,) = (batch.rows for batch in TillSales(dialect, "t", None, "UTC").source().batches())
    assert rows["sales_date"].to_list() == [str(day)]
    assert any(word in note for note in dialect.notes)
