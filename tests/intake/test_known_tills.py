"""What the exports of known tills mean: made from their real headers, one small file each with what is right."""

import os
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from bakery_assets.commands.intake import read_mapping
from bakery_assets.intake.faults import Unreadable
from bakery_assets.intake.till_columns import TillOptions
from bakery_assets.intake.till_dialect import detect_dialect
from bakery_assets.intake.till_lines import LineReader
from bakery_assets.intake.till_profiles import chosen_till, known_tills, profile_from, recognized_till
from resources.schema.contract import PAGE
from tests.intake.till_files import NEW_YORK, read_till

SQUARE = (
    "Date,Time,Time Zone,Category,Item,Qty,Price Point Name,SKU,Modifiers Applied,Gross Sales,Discounts,Net Sales,Tax,"
    "Transaction ID,Payment ID,Device Name,Notes,Details,Event Type,Location,Dining Option,Customer ID,Customer Name,"
    "Customer Reference ID,Unit,Count,GTIN,Itemization Type,Fulfillment Note,Channel,Token,Card Brand,PAN Suffix\n"
)


def square(item: str, quantity: str, takings: str, **rest: str) -> str:
    values = {
        "Date": "2026-06-16", "Time": "12:48:11", "Time Zone": "Eastern Time (US & Canada)", "Item": item, "Qty": quantity,
        "Price Point Name": "Regular", "Net Sales": takings, "Event Type": "Payment", "Location": "Shop",
        "Itemization Type": "Physical Good", "Customer Name": "Ada Example", "PAN Suffix": "0000", **rest,
    }  # fmt: skip
    return ",".join(values.get(name, "") for name in SQUARE.strip().split(",")) + "\n"


@pytest.mark.parametrize("profile", known_tills(), ids=lambda profile: profile.name)
def test_a_profile_cites_a_real_header_and_recognizes_it_and_no_other(profile: Any) -> None:
    assert profile.source
    header = [name.strip() for name in profile.header.split(",")]
    found = recognized_till(header)
    assert found is not None
    assert found.name == profile.name
    wanted = [*profile.signature, *profile.columns.article, *(rule.column for rule in profile.left_out)]
    assert all("*" in name or name in header for name in wanted)
    assert recognized_till(["Datum", "Artikel", "Menge", "Preis"]) is None


def test_square_names_of_price_points_are_no_prices_and_custom_amounts_no_product(home: Path) -> None:
    export = (
        SQUARE
        + square("Matcha Latte", "1.0", "$8.00", **{"Price Point Name": ""})
        + square("Cold Brew", "2.0", "$16.00", Time="12:38:43")
        + square("Cold Brew", "-1.0", "-$8.00", **{"Event Type": "Refund", "Time": "13:00:00"})
        + square("Custom Amount", "1.0", "$1.00", **{"Itemization Type": "Custom Amount"})
    )
    read = read_till(home, export, NEW_YORK)
    assert read.refused == []
    assert read.sold == {"Matcha Latte": (1.0, 8.0), "Cold Brew": (1.0, 8.0)}
    assert read.prices == {"Matcha Latte": 8.0, "Cold Brew": 8.0}
    day = date(2026, 6, 16)
    assert read.by_hour("Cold Brew") == [(day, 12, 2.0), (day, 13, -1.0)]
    assert "1 line was left out (no product, for example Custom Amount)." in read.notes
    assert any("Square" in note for note in read.notes)
    # The export of a shop in Los Angeles whose owner looks at it in New York: 00:30 there is 21:30 of the day before.
    late = SQUARE + square("Bagel", "1", "$3.00", Date="2026-06-18", Time="00:30:00")
    assert read_till(home, late, NEW_YORK).by_hour("Bagel") == [(date(2026, 6, 18), 0, 1.0)]
    assert read_till(home, late, "America/Los_Angeles").by_hour("Bagel") == [(date(2026, 6, 17), 21, 1.0)]


def test_toast_leaves_out_what_was_voided_and_puts_the_month_first(home: Path) -> None:
    header = (
        "Location,Order Id,Order #,Sent Date,Order Date,Check Id,Server,Table,Dining Area,Service,Dining Option,Item Selection Id,"
        "Item Id,Master Id,SKU,PLU,Menu Item,Menu Subgroup(s),Menu Group,Menu,Sales Category,Gross Price,Discount,Net Price,Qty,"
        "Tax,Void?,Deferred,Tax Exempt,Tax Inclusion Option,Dining Option Tax,Tab Name\n"
    )
    line = (
        "Main Street,13,50,10/{day}/26 7:05 AM,10/{day}/26 7:04 AM,14,Ada Example,,,Breakfast,Takeout,15,16,17,,,{item},,Pastries,"
        "Menu,Bakery,{gross},0.00,{gross},{qty},0.30000000,{void},false,false,Tax Not Included,No Effect,\n"
    )
    export = header + "".join(
        line.format(day=day, item=item, gross=gross, qty=qty, void=void)
        for day in range(1, 13)
        for item, gross, qty, void in (
            ("Croissant", "4.00", "1.0", "false"),
            ("Croissant", "8.00", "2.0", "false"),
            ("Loaf", "9.00", "1.0", "false"),
            ("Croissant", "40.00", "10.0", "true"),
        )
    )
    read = read_till(home, export, "America/Chicago")
    assert read.refused == []
    days = [
        row[1:] for row in read.by_day("product_id", "sales_date", "quantity", "location_id") if row[0] == "Croissant"
    ]
    assert days == [(date(2026, 10, day), 3.0, "main") for day in range(1, 13)]
    assert read.prices == {"Croissant": 4.0, "Loaf": 9.0}
    assert "12 lines were left out (voided, for example Croissant)." in read.notes


def test_loyverse_nets_refunds_off_and_keeps_shops_apart(home: Path) -> None:
    header = (
        "\ufeffDate,Receipt number,Receipt type,Category,SKU,Item,Variant,Modifiers applied,Quantity,Gross sales,Discounts,Net sales,"
        "Cost of goods,Gross profit,Taxes,Dining option,POS,Store,Cashier name,Customer name,Customer contacts,Comment,Status\n"
    )
    line = "0{day}/10/2026 07:0{day},2-{n},{kind},Bread,1,{item},{variant},,{qty},{gross},5.50,{net},1,1,0.00,Takeout,P,{store},Owner,,,,{status}\n"
    export = header
    for day in (1, 2):
        for n, (kind, item, variant, qty, gross, net, store, status) in enumerate((
            ("Sale", "Pandesal", "", "20.000", "60.00", "60.00", "Main", "Closed"),
            ("Sale", "Pandesal", "", "500.000", "1500.00", "1500.00", "Main", "Cancelled"),
            ("Refund", "Pandesal", "", "-5.000", "-15.00", "-15.00", "Main", "Closed"),
            ("Sale", "Ube Cake", "Slice", "1.000", "85.50", "80.00", "Branch", "Closed"),
        )):  # fmt: skip
            export += line.format(
                day=day,
                n=n,
                kind=kind,
                item=item,
                variant=variant,
                qty=qty,
                gross=gross,
                net=net,
                store=store,
                status=status,
            )
    read = read_till(home, export, "Asia/Manila")
    assert read.refused == []
    assert read.by_day("product_id", "location_id", "sales_date", "quantity", "revenue") == [
        ("Pandesal", "main", date(2026, 10, 1), 15.0, 45.0),
        ("Pandesal", "main", date(2026, 10, 2), 15.0, 45.0),
        ("Ube Cake - Slice", "Branch", date(2026, 10, 1), 1.0, 80.0),
        ("Ube Cake - Slice", "Branch", date(2026, 10, 2), 1.0, 80.0),
    ]
    assert read.prices == {"Pandesal": 3.0, "Ube Cake - Slice": 80.0}
    assert "2 lines were left out (canceled, for example Pandesal)." in read.notes
    assert any("names 2 shops" in note for note in read.notes)


def test_shopify_tells_of_an_order_only_in_its_first_line(home: Path) -> None:
    names = next(each for each in known_tills() if each.name == "shopify").header.split(",")

    def line(**values: str) -> str:
        return ",".join(values.get(name.strip().replace(" ", "_"), "") for name in names) + "\n"

    export = ",".join(names) + "\n"
    for order, status, canceled in (
        ("#1", "paid", ""),
        ("#2", "voided", ""),
        ("#3", "paid", "2026-09-02 10:00:00 -0400"),
    ):
        day = "2026-09-01 21:14:00 -0400"
        export += line(
            Name=order, Financial_Status=status, Total="23.00", Created_at=day, Lineitem_quantity="2", Lineitem_name="Loaf - Large",
            Lineitem_price="8.00", Cancelled_at=canceled, Email="a@example.com",
        ) + line(Name=order, Created_at=day, Lineitem_quantity="3", Lineitem_name="Croissant", Lineitem_price="2.00")  # fmt: skip
    read = read_till(home, export, "Europe/London")
    assert read.by_day("product_id", "sales_date", "quantity", "revenue") == [
        ("Croissant", date(2026, 9, 2), 3.0, 6.0),
        ("Loaf - Large", date(2026, 9, 2), 2.0, 16.0),
    ]
    assert "2 lines were left out (voided or refunded, for example Croissant)." in read.notes


def test_an_order_that_goes_on_in_the_next_batch_stays_canceled(home: Path) -> None:
    path = home / "orders.csv"
    path.write_text(
        "Name,Financial Status,Created at,Lineitem quantity,Lineitem name,Lineitem price,Cancelled at\n"
        "#1,voided,2026-09-01,1,Loaf,8.00,\n#1,,2026-09-01,1,Bun,2.00,\n#2,paid,2026-09-01,1,Rye,2.00,\n"
    )
    dialect = detect_dialect(path, TillOptions())
    reader = LineReader(dialect, "UTC")
    (whole,) = (batch for batch in dialect.batches() if batch.rows.height)
    parts = [reader.read(type(whole)(whole.rows.slice(at, 1), whole.faults, 0)).sales for at in range(3)]
    assert pl.concat(parts)["product_id"].to_list() == ["Rye"]


def test_sumup_gives_a_refund_with_a_positive_quantity_and_prices_of_whole_lines(home: Path) -> None:
    export = (
        "Datum,Typ,Transaktionsnummer,Zahlungsmethode,Menge,Beschreibung,Category,Sku,Währung,Preis vor Rabatt,Rabatt,Preis (brutto),"
        "Preis (netto),Steuer,Steuersatz,Konto\n"
        '"01.10.2026, 07:32",Verkauf,TA1,MC,2,Bürli ,Brot,,CHF,3.00,0.00,3.00,2.93,0.07,2.6%,laden@example.com\n'
        '"01.10.2026, 15:00",Rückerstattung,TA1,MC,1,Bürli ,Brot,,CHF,-1.50,0.00,-1.50,-1.46,-0.04,2.6%,laden@example.com\n'
        '"01.10.2026, 16:00",Verkauf,TC1,MC,1,Trinkgeld,,,CHF,5.00,0.00,5.00,5.00,0.00,,laden@example.com\n'
    )
    read = read_till(home, export, "Europe/Zurich")
    assert (read.refused, read.sold, read.prices) == ([], {"Bürli": (1.0, 1.5)}, {"Bürli": 1.5})
    assert "1 line was left out (no product, for example Trinkgeld)." in read.notes


def test_zettle_names_its_currency_in_the_column(home: Path) -> None:
    export = (
        "Dato;Tid;Kvitteringsnummer;Navn;Variant;Antal;Pris (DKK);Rabat (DKK);Endelig pris (DKK);Personale;Kostpris\n"
        "2026-08-01;07:12;1;Rugbrød;Stor;2;70,00;0,00;70,00;Ada;\n2026-08-01;08:12;2;Bolle;;1;9,50;0,00;9,50;Ada;\n"
    )
    read = read_till(home, export, "Europe/Copenhagen")
    assert read.refused == []
    assert read.sold == {"Rugbrød - Stor": (2.0, 70.0), "Bolle": (1.0, 9.5)}


def test_a_users_own_profile_is_a_file_like_those_of_the_project(home: Path) -> None:
    (home / "mine.yaml").write_text(
        "name: mine\ntitle: Our old till\ncolumns: {article: Was, date: Wann, quantity: Wieviel}\n"
        "left_out: [{column: Bon, values: [X], what: training}]\n"
    )
    export = "Was;Wann;Wieviel;Bon\nBrot;01.10.2026;2;\nBrot;01.10.2026;90;x\n"
    read = read_till(home, export, till=str(home / "mine.yaml"))
    assert read.sold == {"Brot": (2.0, None)}
    assert "1 line was left out (training, for example Brot)." in read.notes


def test_clover_sells_a_piece_a_line_or_what_was_weighed_and_leaves_out_refunded_lines_and_service_charges(
    home: Path,
) -> None:
    [profile] = [each for each in known_tills() if each.name == "clover"]
    names = [name.strip() for name in profile.header.split(",")]

    def line(item: str, total: str, at: str = "23-Aug-2026 09:34 PM EDT", **rest: str) -> str:
        values = {
            "Line Item Date": at, "Order ID": "7", "Item Name": item, "Item Revenue": total, "Item Total": total,
            "Refunded": "false", "Exchanged": "false", "Order Payment State": "Paid", "Order Employee Name": "Ada", **rest,
        }  # fmt: skip
        return ",".join(values.get(name, "") for name in names) + "\n"

    export = ",".join(names) + "\n" + line("Bagel", "3.00") + line("Bagel", "2.70", "24-Aug-2026 12:05 AM EDT")
    export += line("Rye", "4.50", **{"Per Unit Quantity": "0.750", "Item Unit": "kg"}) + line(
        "Bagel", "3.00", Refunded="true"
    )
    export += line("Gratuity", "9.00", **{"Service Charge": "True"})
    read = read_till(home, export, NEW_YORK)
    assert read.refused == []
    assert read.sold == {"Bagel": (2.0, 5.7), "Rye": (0.75, 4.5)}
    assert read.by_hour("Bagel") == [(date(2026, 8, 23), 21, 1.0), (date(2026, 8, 24), 0, 1.0)]
    assert "1 line was left out (refunded, for example Bagel)." in read.notes
    assert "1 line was left out (service charge, for example Gratuity)." in read.notes
    assert not any("Ada" in note for note in read.notes)


def test_an_option_takes_the_place_of_one_column_of_a_known_till_and_leaves_the_others(home: Path) -> None:
    export = SQUARE + square("Latte", "2.0", "$16.00", Notes="Oat")
    assert read_till(home, export, NEW_YORK, article="Notes").sold == {"Oat": (2.0, 16.0)}
    assert read_till(home, export, NEW_YORK, article="Item", revenue="none").sold == {"Latte": (2.0, None)}


@pytest.mark.parametrize(
    ("profile", "word"),
    [
        ("- a", "must hold lines such as"),
        ("a: [", "is no YAML"),
        (
            "name: x\ntitle: t\ncolumns: {article: a, date: d, quantity: q, preis: p}",
            "columns.preis: there is no such key",
        ),
        ("name: x\ntitle: t\ncolumns: {article: a, quantity: q}", "columns.date: is missing"),
        ("name: x\ntitle: t\ncolumns: {article: a, date: d}", "needs quantity, or price and revenue"),
        ("name: x\ntitle: t\ncolumns: {article: a, date: d, quantity: q}\ndate_order: us", "day first"),
        (
            "name: x\ntitle: t\ncolumns: {article: a, date: d, quantity: q}\nleft_out: [{column: c}]",
            "either values, or filled",
        ),
        (
            "name: x\ntitle: t\ncolumns: {article: a, date: d, quantity: q}\ntime_zone: {column: z, zones: {E: Mars/Base}}",
            "Mars/Base is no IANA time zone",
        ),
        (
            "name: x\ntitle: t\ncolumns: {article: a, date: d, quantity: q}\nreceipt_columns: [s]",
            "needs the column receipt",
        ),
    ],
)
def test_a_profile_that_cannot_be_used_says_at_which_key(profile: str, word: str) -> None:
    with pytest.raises(Unreadable, match=word) as refusal:
        profile_from(profile, "mine.yaml")
    assert "\n" not in str(refusal.value)


def test_a_pipe_is_neither_a_profile_nor_a_mapping_and_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    reported = "pipe.yaml is a pipe or a device; a file is expected"
    with pytest.raises(Unreadable, match=reported):
        chosen_till(str(pipe))
    with pytest.raises(Unreadable, match=reported):
        read_mapping(pipe)


def test_an_unknown_till_and_a_missing_column_are_reported(home: Path) -> None:
    with pytest.raises(Unreadable, match="known are clover, loyverse, shopify, square, sumup, toast, zettle, generic"):
        read_till(home, "a,b\n1,2\n", till="lightspeed")
    with pytest.raises(Unreadable, match="cannot be read: No such file"):
        read_till(home, "a,b\n1,2\n", till="none.yaml")
    with pytest.raises(Unreadable, match="No column is recognized as article or date or quantity"):
        read_till(home, "a,b\n1,2\n", till="square")


def test_the_profile_in_the_documentation_is_one(home: Path) -> None:
    text = PAGE.read_text()
    example = text.partition("```yaml\n")[2].partition("```")[0]
    (home / "my_till.yaml").write_text(example)
    export = (
        "Filiale;Bon;Status;Art;Warengruppe;Artikel;Datum;Zeit;Zone;Menge;Umsatz\n"
        "Markt;1;;Verkauf;Brot;Roggen;01.10.2026;07:10;CET;2;9,00\nMarkt;1;;Retoure;Brot;Roggen;01.10.2026;07:20;CET;1;4,50\n"
        "Hafen;2;storniert;Verkauf;Brot;Roggen;01.10.2026;07:10;CET;9;40,50\nHafen;2;;Verkauf;Brot;Roggen;01.10.2026;07:10;CET;9;40,50\n"
        "Hafen;3;;Verkauf;Gutscheine;Zehner;01.10.2026;07:10;CET;1;10,00\n"
        "Hafen;3;;Verkauf;Brot;Roggen;01.10.2026;08:10;CET;1;4,50\n"
    )
    read = read_till(home, export, till=str(home / "my_till.yaml"))
    assert read.by_day("location_id", "quantity", "revenue") == [("Hafen", 1.0, 4.5), ("Markt", 1.0, 4.5)]
