"""A till's export becomes a bakery's sales, whatever country the till comes from."""

import csv
from collections import defaultdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from bakery_assets.intake.faults import Unreadable
from bakery_assets.intake.report import LoadReport
from bakery_assets.intake.till_columns import TillOptions
from bakery_assets.intake.till_dialect import detect_dialect, with_mapping
from bakery_assets.settings import settings
from resources.warehouse import Warehouse
from resources.warehouse.imports import TillOwner, import_till

NOW = datetime(2026, 5, 10, 12, tzinfo=UTC)
SHOP = TillOwner("shop", "Europe/Paris", "FR")


def run(warehouse: Warehouse, home: Path, content: str | bytes, owner: TillOwner = SHOP, **options: Any) -> LoadReport:
    path = home / "export.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return import_till(warehouse, path, owner, TillOptions(**options), now=NOW)


def rows(warehouse: Warehouse, query: str) -> list[tuple[Any, ...]]:
    with warehouse.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def sales(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return rows(warehouse, "SELECT product_id, sales_date, quantity, revenue FROM ops.sales ORDER BY 1, 2, recorded_at")


def test_german_tickets_are_summed_to_days_and_refunds_netted_off(warehouse: Warehouse, home: Path) -> None:
    export = (
        "Belegnr;Datum;Artikel;Menge;Einzelpreis\n"
        "1;30.04.2026 07:05;Brezel;3;0,90 €\n2;30.04.2026 23:50;Brezel ;10;0,90 €\n"
        "3;30.04.2026 12:00;Brezel;-1;0,90 €\n"
        "4;01.05.2026 07:00;Torte  groß;1;1.234,50 €\n5;01.05.2026 07:01;Brezel;0;1,00 €\n"
        "6;01.05.2026 08:00;Brezel;-2;1,00 €\n"
    )
    report = run(warehouse, home, export)
    assert report.quarantined == 0
    assert sales(warehouse) == [
        ("Brezel", date(2026, 4, 30), 12.0, 10.8),
        ("Brezel", date(2026, 5, 1), -2.0, -2.0),
        ("Torte groß", date(2026, 5, 1), 1.0, 1234.5),
    ]
    assert "6 lines of the export make 3 days of articles." in report.notes
    assert rows(warehouse, "SELECT product_id, name, price, unit FROM ops.products ORDER BY 1") == [
        ("Brezel", "Brezel", 1.0, "piece"),
        ("Torte groß", "Torte groß", 1234.5, "piece"),
    ]
    assert rows(warehouse, "SELECT name, timezone, country FROM ops.tenants") == [("shop", "Europe/Paris", "FR")]


@pytest.mark.parametrize(
    "export",
    [
        "Produit\tJour\tQuantité\tPrix\nPain\t03/04/2026\t2\t1,50\nPain\t13/04/2026\t1\t1,50\n",
        'Producto|Fecha|Cantidad|Precio\nPain|03/04/2026|2|"1,50"\nPain|13/04/2026|1|1,50\n',
        'item,date,qty,unit_price\n"Pain",2026-04-03,2,$1.50\nPain,2026-04-13,1,$1.50\n',
        "name,ds,y,price,total\nPain,2026-04-03T10:00:00Z,2,1.5,3.00\nPain,2026-04-12T22:30:00Z,1,1.5,1.50\n",
        "Article;Date;Montant;Prix unitaire\nPain;20260403;3,00;1,50\nPain;20260413;1,50;1,50\n",
    ],
)
def test_the_same_sales_are_read_from_tills_of_many_countries(warehouse: Warehouse, home: Path, export: str) -> None:
    assert run(warehouse, home, export).quarantined == 0
    assert sales(warehouse) == [("Pain", date(2026, 4, 3), 2.0, 3.0), ("Pain", date(2026, 4, 13), 1.0, 1.5)]


def test_an_import_again_adds_nothing_and_a_changed_day_takes_the_earlier_ones_place(
    warehouse: Warehouse, home: Path
) -> None:
    first = "article,date,quantity,price\nPain,2026-04-03,2,1.5\nBun,2026-04-03,5,1\n"
    assert run(warehouse, home, first).new == 2
    assert (run(warehouse, home, first).new, run(warehouse, home, first).known) == (0, 2)
    changed = first.replace("03,2,", "03,7,").replace("5,1", "5,1") + "Pain,2026-04-04,1,9\n"
    report = run(warehouse, home, changed)
    assert (report.new, report.changed, report.known, report.quarantined) == (1, 1, 1, 0)
    assert [row[2] for row in sales(warehouse)] == [5.0, 2.0, 7.0, 1.0]
    assert rows(warehouse, "SELECT price FROM ops.products WHERE product_id = 'Pain'") == [(1.5,)]


def test_bad_lines_of_a_till_are_kept_apart(warehouse: Warehouse, home: Path) -> None:
    export = (
        (
            b"article,date,quantity,price\nPain,2026-04-03,2,1.5\nPain,31/02/2026,2,1.5\n,2026-04-03,2,1.5\nPain,2026-04-03,two,1.5\n"
            b"Pain,2026-04-03,,1.5\nPain,2026-04-03,1,-1.5\nPain,2026-04-03\nPain,2026-04-05,1,1.5\n"
        )
        + "Pâté,2026-04-03,1,1.5\n".encode()
        + b"P\xe2t\xe9,2026-04-03,1,1.5\n"
    )
    report = run(warehouse, home, export)
    assert [row[2] for row in sales(warehouse)] == [2.0, 1.0, 1.0]
    found = rows(warehouse, "SELECT tenant_id, row_number, column_name, reason FROM ops.quarantine ORDER BY 2")
    assert [row[:3] for row in found] == [
        ("shop", 3, "date"), ("shop", 4, "article"), ("shop", 5, "quantity"), ("shop", 6, "quantity"),
        ("shop", 7, "price"),
        ("shop", 8, None), ("shop", 11, None),
    ]  # fmt: skip
    assert "--encoding cp1252" in found[-1][3]
    assert report.quarantined == 7


def test_an_old_encoding_is_read_where_it_is_named(warehouse: Warehouse, home: Path) -> None:
    export = "Article;Date;Quantité;Prix\nPâté;2026-04-03;1;1,50 €\n".encode("cp1252")
    assert run(warehouse, home, export, encoding="cp1252").quarantined == 0
    assert sales(warehouse) == [("Pâté", date(2026, 4, 3), 1.0, 1.5)]


def test_a_shop_may_be_named(warehouse: Warehouse, home: Path) -> None:
    run(
        warehouse,
        home,
        "article,date,quantity\nPain,2026-04-03,2\n",
        TillOwner("shop", "Europe/Paris", "FR", None, "port"),
    )
    assert rows(warehouse, "SELECT location_id, revenue FROM ops.sales") == [("port", None)]


@pytest.mark.parametrize(
    ("lines", "options", "month", "word"),
    [
        ("Pain,03/04/2026,1", {}, 4, "--date-format %m/%d/%Y"),
        ("Pain,03/04/2026,1", {"date_format": "%m/%d/%Y"}, 3, None),
        ("Pain,03/04/2026,1\nBun,03/25/2026,1", {}, 3, "month/day/year"),
        ("Pain,03/04/2026,1\nBun,25/03/2026,1", {}, 4, None),
    ],
)
def test_the_day_comes_first_unless_the_file_shows_otherwise(
    home: Path, warehouse: Warehouse, lines: str, options: dict[str, str], month: int, word: str | None
) -> None:
    report = run(warehouse, home, f"article,date,quantity\n{lines}\n", **options)
    assert rows(warehouse, "SELECT extract(month FROM sales_date)::int FROM ops.sales WHERE product_id = 'Pain'") == [
        (month,)
    ]
    assert [word in note for note in report.notes] == ([] if word is None else [True])


def test_what_is_ambiguous_is_asked_for(home: Path) -> None:
    path = home / "export.csv"
    for content, options, word in (
        ("a,b,c\n1,2,3\n", TillOptions(), "--article NAME"),
        ("article,date,quantity\nx,13/01/2026,1\nx,01/13/2026,1\n", TillOptions(), "--date-format"),
        ('article;date;quantity\nx;2026-01-01;"1,5"\nx;2026-01-01;1.5\n', TillOptions(), "--decimal"),
        ("article,date,quantity\n", TillOptions(price="cost"), "no column 'cost' for --price"),
        ("article,date,quantity\n", TillOptions(decimal="x"), "decimal sign"),
        ("article,date,quantity\n", TillOptions(delimiter="ab"), "one character"),
        ("article,date,quantity\n", TillOptions(encoding="klingon"), "no encoding 'klingon'"),
    ):
        path.write_text(content)
        with pytest.raises(Unreadable, match=word):
            detect_dialect(path, options)
    with pytest.raises(Unreadable, match="The mapping has artikel"):
        with_mapping(TillOptions(), {"artikel": "x"})
    assert with_mapping(TillOptions(price="p"), {"price": "q", "date-format": "%d"}) == TillOptions(
        price="p", date_format="%d"
    )


def test_an_unknown_tenant_is_made_only_with_zone_and_country(warehouse: Warehouse, home: Path) -> None:
    export = "article,date,quantity\nPain,2026-04-03,2\n"
    with pytest.raises(Unreadable, match="give --timezone and --country"):
        run(warehouse, home, export, TillOwner("shop"))
    with pytest.raises(Unreadable, match="no IANA time zone"):
        run(warehouse, home, export, TillOwner("shop", "Paris", "FR"))
    for country, hint in (("fr", "write it as FR"), ("France", "write it like DE, or XX for none")):
        with pytest.raises(Unreadable, match=f"--country is '{country}', which is no ISO 3166 code .*; {hint}"):
            run(warehouse, home, export, TillOwner("shop", "Europe/Paris", country))
    assert rows(warehouse, "SELECT count(*) FROM ops.tenants") == [(0,)]


def test_the_french_shops_export_is_read_untouched(warehouse: Warehouse, real_data: Path) -> None:
    path = real_data / "french_shop" / "till_export.csv"
    report = import_till(warehouse, path, SHOP, TillOptions(), now=NOW)
    assert (report.new, report.quarantined) == (57_046, 0)
    totals: dict[str, float] = defaultdict(float)
    revenue = 0.0
    with path.open() as file:
        for row in csv.DictReader(file):
            totals[" ".join(row["unique_id"].split())] += float(row["y"])
            revenue += round(float(row["y"]) * float(row["unit_price"]), 2)
    assert len(totals) == 148
    found = dict(rows(warehouse, "SELECT product_id, sum(quantity) FROM ops.sales GROUP BY 1"))  # type: ignore[arg-type]
    assert found == pytest.approx(dict(totals))
    assert rows(warehouse, "SELECT sum(revenue) FROM ops.sales")[0][0] == pytest.approx(revenue)
    assert any("may hold takings" in note for note in report.notes)


def test_the_commands_say_what_happened_and_with_which_status(
    database_url: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import typer

    from bakery_assets.commands.intake import import_pos, load

    app = typer.Typer()
    app.command()(load)
    app.command()(import_pos)
    monkeypatch.setenv("BAKERY_DATABASE_URL", database_url)
    settings.cache_clear()
    try:
        bakery = CliRunner()
        missing = bakery.invoke(app, ["load", str(home / "none")])
        assert (missing.exit_code, missing.stdout) == (2, "")
        assert "does not exist" in missing.stderr
        (home / "till.csv").write_text("article,date,quantity\nPain,2026-04-03,2\nPain,2026-04-04,x\n")
        unknown = bakery.invoke(app, ["import-pos", str(home / "till.csv"), "--tenant", "shop"])
        assert unknown.exit_code == 2
        assert "--timezone" in unknown.stderr
        known = [
            "import-pos",
            str(home / "till.csv"),
            "--tenant",
            "shop",
            "--timezone",
            "Europe/Paris",
            "--country",
            "FR",
        ]
        odd = bakery.invoke(app, [*known[:2], "--tenant", "a|b", *known[4:]])
        assert odd.exit_code == 2
        assert odd.stderr.strip() == (
            "--tenant is 'a|b'; only letters, digits, . _ and - may be in it, at most 100, with a letter or digit first."
        )
        (home / "twice.csv").write_text("article,date,quantity,date\nPain,2026-04-03,2,2026-04-03\n")
        twice = bakery.invoke(app, ["import-pos", str(home / "twice.csv"), *known[2:]])
        assert (twice.exit_code, twice.stderr.strip()) == (
            2,
            "twice.csv: column date comes twice in the header; remove or rename one.",
        )
        done = bakery.invoke(app, known)
        assert done.exit_code == 0
        assert (
            done.stdout.splitlines()[-1]
            == "Loaded 2 rows (1 new, 0 already known), 1 quarantined: see bakery quarantine."
        )
        folder = home / "folder"
        folder.mkdir()
        (folder / "sales.csv").write_text("tenant_id,product_id,sales_date,quantity\nshop,Pain,2026-04-05,3\n")
        (folder / "weather.csv").write_bytes(b"\0")
        part = bakery.invoke(app, ["load", str(folder)])
        assert part.exit_code == 1
        assert [line for line in part.stderr.splitlines() if line] == [
            "weather.csv is not a text file: line 1 holds binary data. Save it as UTF-8."
        ]
        assert part.stdout.splitlines()[-1] == "Loaded 1 row (1 new, 0 already known), 0 quarantined."
    finally:
        settings.cache_clear()


def test_a_corrected_day_keeps_no_hour_of_its_earlier_version(warehouse: Warehouse, home: Path) -> None:
    for content in ("10:00,Loaf,3\n2026-05-01 17:00,Loaf,1", "10:00,Loaf,2"):
        run(warehouse, home, f"date,item,quantity\n2026-05-01 {content}\n")
    hours = "SELECT DISTINCT ON (hour) hour, quantity FROM ops.sales_hourly ORDER BY hour, recorded_at DESC"
    assert rows(warehouse, hours) == [(10, 2.0), (17, 0.0)]


def test_what_a_till_showed_before_decides_what_an_export_does_not_show(warehouse: Warehouse, home: Path) -> None:
    header = "Datum;Artikel;Menge;Umsatz\n"
    run(warehouse, home, f"{header}13/04/2026;Brot kg;1.234;5.678\n02/04/2026;Brot kg;0.950;3.20\n")
    report = run(warehouse, home, f"{header}03/04/2026;Brot kg;1.234;5\n")
    assert [row[1:3] for row in sales(warehouse)] == [
        (date(2026, 4, 2), 0.95),
        (date(2026, 4, 3), 1.234),
        (date(2026, 4, 13), 1.234),
    ]
    assert "Dates in Datum were read with the day first, as in earlier exports." in report.notes
    other = f"{header}03/04/2026;Brot kg;1.234;5\n".replace("Umsatz", "Betrag")
    with pytest.raises(Unreadable, match="--decimal"):
        run(warehouse, home, other)
    run(warehouse, home, f"{header}04/04/2026;Brot kg;1,5;5\n")  # it writes otherwise now
    assert rows(warehouse, "SELECT decimal_sign, date_order FROM ops.till_forms") == [(",", "day first")]
