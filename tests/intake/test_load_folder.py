"""Loading a folder: good rows are stored whatever other rows there are, and bad rows are kept with the reason."""

import csv
import gzip
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from bakery_assets.intake.faults import Unreadable
from bakery_assets.intake.report import LoadReport
from resources.schema import ops
from resources.schema.columns import public_columns
from resources.warehouse import Warehouse
from resources.warehouse.intake import load_folder
from resources.warehouse.intake_sql import known_zones

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
LATER = datetime(2026, 3, 11, 12, tzinfo=UTC)
TENANTS = "tenant_id,name,timezone,country\nb,Brot,Europe/Berlin,DE\nc,Chatham,Pacific/Chatham,NZ\n"
PRODUCTS = "tenant_id,product_id,name,price\nb,rye,Rye,3.5\nb,roll,Roll,0.4\nc,rye,Rye,5\n"
SALES = "tenant_id,product_id,sales_date,quantity\nb,rye,2026-03-01,10\nb,roll,2026-03-01,200\nc,rye,2026-03-01,4\n"
BASE = {"tenants.csv": TENANTS, "products.csv": PRODUCTS, "sales.csv": SALES}


def load(warehouse: Warehouse, home: Path, files: dict[str, str | bytes], **options: Any) -> LoadReport:
    folder = home / f"folder{len(list(home.iterdir()))}"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return load_folder(warehouse, folder, **{"now": NOW, **options})


def rows(warehouse: Warehouse, query: str) -> list[tuple[Any, ...]]:
    with warehouse.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def refused(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return rows(warehouse, "SELECT file, row_number, column_name, reason FROM ops.quarantine ORDER BY 1, 2")


def contents(warehouse: Warehouse) -> dict[str, list[tuple[Any, ...]]]:
    """Every ops table but the quarantine's running numbers and times, and the transactions that wrote sales."""
    tables = {
        table.fullname: ", ".join(column.name for column in public_columns(table))
        for table in (*ops.LOADED, ops.locations)
    }
    tables["ops.quarantine"] = "tenant_id, file, row_number, column_name, reason, content"
    return {
        name: rows(warehouse, f"SELECT {columns} FROM {name} ORDER BY {columns}") for name, columns in tables.items()
    }


def test_three_files_make_a_bakery(warehouse: Warehouse, home: Path) -> None:
    report = load(warehouse, home, {**BASE, "notes.txt": "hello", "products.csv": PRODUCTS.replace("price", "cost")})
    assert (report.rows_read, report.new, report.quarantined) == (8, 8, 0)
    assert report.ignored == ("notes.txt",)
    assert [file.unknown_columns for file in report.files] == [(), ("cost",), ()]
    assert report.closing_line == "Loaded 8 rows (8 new, 0 already known), 0 quarantined."
    assert rows(warehouse, "SELECT tenant_id, location_id FROM ops.locations ORDER BY 1") == [
        ("b", "main"),
        ("c", "main"),
    ]
    # The day after, at midnight on each bakery's own wall: Chatham is 13:45 ahead in March.
    assert rows(warehouse, "SELECT DISTINCT tenant_id, recorded_at FROM ops.sales ORDER BY 1") == [
        ("b", datetime(2026, 3, 1, 23, tzinfo=UTC)),
        ("c", datetime(2026, 3, 1, 10, 15, tzinfo=UTC)),
    ]


def test_a_bad_row_costs_itself_only_and_says_why(warehouse: Warehouse, home: Path) -> None:
    bad = [
        ("b,rye,01.03.2026,1", "sales_date", "is no date; write it like 2026-03-29"),
        (
            "x,rye,2026-03-02,1",
            "tenant_id",
            "tenant_id is 'x', which is not among the tenants; add it there, or correct it",
        ),
        ("b,oat,2026-03-02,1", "product_id", "product_id is 'oat', which is not among the products of tenant 'b'"),
        ("b,rye,2026-03-03,1e999", "quantity", "not a finite number"),
        ("b,rye,2026-03-04", None, "too few fields"),
        ("b,rye,2026-03-05,1,2", None, "too many fields"),
        ('b,"rye,2026-03-06,1', None, "quotation mark is opened and not closed"),
        ("b,rye,2026-03-01,11", "quantity", "row 2 already gives quantity 10 for the same key"),
        ("b,roll,2026-03-07,", "quantity", "quantity is empty"),
    ]
    sales = SALES + "".join(f"{line}\n" for line, _, _ in bad) + "b,rye,2026-03-08,12\n" + "b,rye,2026"
    report = load(warehouse, home, {**BASE, "sales.csv": sales})
    found = refused(warehouse)
    assert [(file, number, column) for file, number, column, _ in found] == [
        *(("sales.csv", number, column) for number, (_, column, _) in enumerate(bad, 5)),
        ("sales.csv", 15, None),
    ]
    for (_, _, _, reason), word in zip(found, [*(word for _, _, word in bad), "looks truncated"], strict=True):
        assert word in reason
    assert report.quarantined == 10
    assert report.new == 2 + 3 + 4
    assert rows(warehouse, "SELECT quantity FROM ops.sales ORDER BY 1") == [(4.0,), (10.0,), (12.0,), (200.0,)]
    again = load(warehouse, home, {**BASE, "sales.csv": sales})
    assert (again.new, again.known, again.quarantined) == (0, 9, 10)
    assert refused(warehouse) == found


def test_the_row_is_kept_as_it_was_read(warehouse: Warehouse, home: Path) -> None:
    load(warehouse, home, {**BASE, "sales.csv": SALES + "b,oat ,2026-03-02,1.0\n"})
    assert rows(warehouse, "SELECT tenant_id, content FROM ops.quarantine") == [
        ("b", {"tenant_id": "b", "product_id": "oat ", "sales_date": "2026-03-02", "quantity": "1.0"})
    ]


def test_bad_master_data_is_set_apart_too(warehouse: Warehouse, home: Path) -> None:
    files: dict[str, str | bytes] = {
        "tenants.csv": TENANTS + "d,Delft,Amsterdam,NL\nb,Brot,Europe/Berlin,DE\n",
        "products.csv": (PRODUCTS + "b,bun,Bun,-1\nb,rye,Rye,3.5\nb,rye,Rye,9\n").encode()
        + "b,käse,Käse,1\n".encode()
        + b"b,p\xe2t\xe9,P,1\n",
        "sales.csv": SALES,
        "ingredients.csv": "tenant_id,ingredient_id,name\nb,flour,Flour\n",
        "recipes.csv": "tenant_id,recipe_id,product_id\nb,dough,\nb,rye,rye\nb,oat,oat\n",
        "recipe_lines.csv": "tenant_id,recipe_id,line_number,ingredient_id,component_recipe_id,quantity\n"
        "b,dough,1,flour,,1\nb,rye,1,,dough,1\nb,oat,1,flour,,1\nb,rye,2,flour,dough,1\nb,rye,3,,cake,1\n",
        "calendar.csv": "tenant_id,date,kind,product_id\nb,2026-03-02,closed,\n"
        "b,2026-03-02,closed,\nb,2026-03-02,Promotion,rye\n",
    }
    report = load(warehouse, home, files)
    assert [(file, number, column) for file, number, column, _ in refused(warehouse)] == [
        ("calendar.csv", 3, "product_id"),
        ("products.csv", 5, "price"),
        ("products.csv", 6, "product_id"),
        ("products.csv", 7, "product_id"),
        ("products.csv", 9, None),
        ("recipe_lines.csv", 4, "recipe_id"),
        ("recipe_lines.csv", 5, None),
        ("recipe_lines.csv", 6, "component_recipe_id"),
        ("recipes.csv", 4, "product_id"),
        ("tenants.csv", 4, "timezone"),
        ("tenants.csv", 5, "tenant_id"),
    ]
    assert report.quarantined == 11
    assert rows(warehouse, "SELECT price FROM ops.products WHERE product_id = 'rye' AND tenant_id = 'b'") == [(3.5,)]
    assert rows(warehouse, "SELECT count(*) FROM ops.recipe_lines") == [(2,)]
    assert rows(warehouse, "SELECT kind, product_id FROM ops.calendar ORDER BY 1") == [
        ("closed", None),
        ("promotion", "rye"),
    ]


def test_recipes_that_make_nothing_are_refused_with_their_lines(warehouse: Warehouse, home: Path) -> None:
    """cases/planning d07 and d07b: a yield of 0, and a loss of everything."""
    files: dict[str, str | bytes] = {
        **BASE,
        "ingredients.csv": "tenant_id,ingredient_id,name\nb,flour,Flour\n",
        "recipes.csv": "tenant_id,recipe_id,product_id,yield_quantity,loss_fraction\nb,rye,rye,0,\nb,roll,roll,1,1\n",
        "recipe_lines.csv": "tenant_id,recipe_id,line_number,ingredient_id,quantity\nb,rye,1,flour,1\nb,roll,1,flour,1\n",
    }
    load(warehouse, home, files)
    refused_too = "of tenant 'b', because its row was refused"
    assert [(file, column, reason.partition(";")[0]) for file, _, column, reason in refused(warehouse)] == [
        ("recipe_lines.csv", "recipe_id", f"recipe_id is 'rye', which is not among the recipes {refused_too}"),
        ("recipe_lines.csv", "recipe_id", f"recipe_id is 'roll', which is not among the recipes {refused_too}"),
        ("recipes.csv", "yield_quantity", "yield_quantity is '0'"),
        ("recipes.csv", "loss_fraction", "loss_fraction is '1'"),
    ]


def test_a_missing_column_skips_its_file_and_no_other(warehouse: Warehouse, home: Path) -> None:
    weather = "tenant_id,temperature_c\nb,12\n"
    report = load(warehouse, home, {**BASE, "weather.csv": weather})
    assert report.new == 8
    assert report.refused == ()
    assert "weather.csv was skipped: the file has no column date" in report.problems[0]
    assert [row[:3] for row in refused(warehouse)] == [("weather.csv", 1, "date")]
    assert "add it" in refused(warehouse)[0][3]


def test_the_last_load_of_master_data_wins_and_absent_columns_stay(warehouse: Warehouse, home: Path) -> None:
    load(warehouse, home, BASE)
    before = rows(warehouse, "SELECT xmin::text FROM ops.products ORDER BY tenant_id, product_id")
    report = load(
        warehouse, home, {"products.csv": "tenant_id,product_id,name\nb,rye,Rye bread\nb,roll,Roll\nb,bun,Bun\n"}
    )
    assert (report.new, report.changed, report.known) == (1, 1, 1)
    assert rows(warehouse, "SELECT name, price, shelf_life_days FROM ops.products WHERE tenant_id='b' ORDER BY 1") == [
        ("Bun", None, 1), ("Roll", 0.4, 1), ("Rye bread", 3.5, 1),
    ]  # fmt: skip
    after = rows(
        warehouse, "SELECT xmin::text FROM ops.products WHERE product_id <> 'bun' ORDER BY tenant_id, product_id"
    )
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, False, True]


def test_a_contradicting_fact_is_refused_unless_it_is_a_correction(warehouse: Warehouse, home: Path) -> None:
    load(warehouse, home, BASE)
    changed = "tenant_id,product_id,sales_date,quantity\nb,rye,2026-03-01,12\nb,roll,2026-03-01,200\n"
    report = load(warehouse, home, {"sales.csv": changed}, now=LATER)
    assert (report.new, report.known, report.quarantined) == (0, 1, 1)
    assert refused(warehouse)[0][3] == (
        "the database already has quantity 10; to correct it give a later recorded_at, or load with --corrections"
    )
    report = load(warehouse, home, {"sales.csv": changed}, now=LATER, corrections=True)
    assert (report.new, report.changed, report.known, report.quarantined) == (0, 1, 1, 0)
    for corrections in (True, False):
        again = load(warehouse, home, {"sales.csv": changed}, now=LATER, corrections=corrections)
        assert (again.new, again.changed, again.known, again.quarantined) == (0, 0, 2, 0)
    history = (
        "SELECT quantity, recorded_at FROM ops.sales WHERE product_id = 'rye' AND tenant_id = 'b' ORDER BY recorded_at"
    )
    assert rows(warehouse, history) == [(10.0, datetime(2026, 3, 1, 23, tzinfo=UTC)), (12.0, LATER)]
    with_time = "tenant_id,product_id,sales_date,quantity,recorded_at\nb,rye,2026-03-01,13,2026-03-12 01:00\n"
    assert load(warehouse, home, {"sales.csv": with_time}).new == 1
    assert rows(warehouse, history)[-1] == (13.0, datetime(2026, 3, 12, 0, tzinfo=UTC))


def test_a_correction_before_midnight_still_comes_last(warehouse: Warehouse, home: Path) -> None:
    noon, evening = datetime(2026, 3, 1, 11, tzinfo=UTC), datetime(2026, 3, 1, 17, tzinfo=UTC)
    load(warehouse, home, BASE, now=noon)
    changed = SALES.replace("2026-03-01,10", "2026-03-01,15")
    for _ in range(2):
        load(warehouse, home, {"sales.csv": changed}, now=evening, corrections=True)
    latest = "SELECT quantity FROM ops.sales WHERE product_id = 'rye' AND tenant_id = 'b' ORDER BY recorded_at"
    assert rows(warehouse, latest) == [(10.0,), (15.0,)]


def test_weather_forecast_is_known_from_loading_and_changes_until_it_has_passed(
    warehouse: Warehouse, home: Path
) -> None:
    def reported(*degrees: float, now: datetime) -> None:
        lines = [f"b,2026-03-{9 + number:02},{each}" for number, each in enumerate(degrees)]
        report = load(warehouse, home, {"weather.csv": "\n".join(["tenant_id,date,temperature_c", *lines])}, now=now)
        assert report.quarantined == 0

    load(warehouse, home, BASE)
    reported(4.0, 5.0, 6.0, now=NOW)
    reported(4.0, 5.5, 6.0, now=LATER)
    reported(4.0, 5.5, 6.0, now=LATER)
    query = "SELECT extract(day FROM date)::int, temperature_c, recorded_at FROM ops.weather ORDER BY 1, 3"
    assert rows(warehouse, query) == [
        (9, 4.0, datetime(2026, 3, 9, 23, tzinfo=UTC)),  # it had passed in Berlin when it was loaded
        (10, 5.0, NOW),
        (10, 5.5, LATER),
        (11, 6.0, NOW),
    ]
    reported(4.0, 5.0, 6.0, now=datetime(2026, 3, 12, 12, tzinfo=UTC))
    assert rows(warehouse, query)[-2:] == [(10, 5.0, datetime(2026, 3, 12, 12, tzinfo=UTC)), (11, 6.0, NOW)]


def test_alike_facts_in_a_file_are_stored_once(warehouse: Warehouse, home: Path) -> None:
    report = load(warehouse, home, {**BASE, "sales.csv": SALES + "b,rye,2026-03-01,10.0\nb,rye,2026-03-01,10\n"})
    assert (report.files[-1].new, report.files[-1].repeated, report.quarantined) == (3, 2, 0)


def test_shops_are_made_as_sales_name_them(warehouse: Warehouse, home: Path) -> None:
    sales = (
        SALES.replace("quantity\n", "quantity,location_id\n").replace("10\n", "10,harbour\n").replace("00\n", "00,\n")
    )
    load(warehouse, home, {**BASE, "sales.csv": sales.replace(",4\n", ",4,\n")})
    assert rows(warehouse, "SELECT location_id FROM ops.locations WHERE tenant_id = 'b' ORDER BY 1") == [
        ("harbour",),
        ("main",),
    ]


def test_facts_know_when_they_were_learned(warehouse: Warehouse, home: Path) -> None:
    files: dict[str, str | bytes] = {
        **BASE,
        "ingredients.csv": "tenant_id,ingredient_id,name\nb,flour,Flour\n",
        "customer_orders.csv": "tenant_id,order_id,product_id,due_date,quantity,ordered_at\n"
        "b,1,rye,2026-03-05,3,2026-03-02 09:00\nb,2,rye,2026-03-05,3,2026-03-02T09:00Z\n",
        "stock_lots.csv": "tenant_id,lot_id,ingredient_id,quantity\nb,l1,flour,25\n",
        "plan_decisions.csv": "tenant_id,decision_id,plan_date,plan,decision,who\n"
        "b,d1,2026-03-05,procurement_plans,approve,Ada\n",
    }
    load(warehouse, home, files)
    load(warehouse, home, files, now=LATER)
    assert rows(warehouse, "SELECT recorded_at FROM ops.customer_orders ORDER BY order_id") == [
        (datetime(2026, 3, 2, 8, tzinfo=UTC),),
        (datetime(2026, 3, 2, 9, tzinfo=UTC),),
    ]
    assert rows(warehouse, "SELECT recorded_at FROM ops.stock_lots") == [(NOW,)]
    files["plan_decisions.csv"] = str(files["plan_decisions.csv"]).replace("approve", "reject")
    load(warehouse, home, files, now=LATER, corrections=True)
    assert rows(warehouse, "SELECT decision FROM ops.plan_decisions") == [("approve",)]
    assert "cannot be changed, so give this one a decision_id of its own" in refused(warehouse)[0][3]


def test_an_unreadable_file_takes_only_its_dependents_along(warehouse: Warehouse, home: Path) -> None:
    weather = "tenant_id,date,rain_mm\nb,2026-03-01,2\n"
    report = load(warehouse, home, {**BASE, "weather.csv": weather, "products.csv": b"\0\1\2"})
    assert [file.file for file in report.refused] == ["products.csv", "sales.csv"]
    assert "products.csv is not a text file" in report.problems[0]
    assert report.problems[1] == "sales.csv was not loaded: its rows refer to products, which could not be read."
    assert rows(warehouse, "SELECT rain_mm FROM ops.weather") == [(2.0,)]
    assert refused(warehouse) == []


def test_an_unreadable_file_leaves_nothing_of_itself(warehouse: Warehouse, home: Path) -> None:
    many = SALES + "".join(f"b,rye,2025-01-01,{n}\n" for n in range(60_000))
    files = {"tenants.csv": TENANTS, "products.csv": PRODUCTS, "sales.csv.gz": gzip.compress(many.encode())[:-20]}
    report = load(warehouse, home, files)
    assert [file.file for file in report.refused] == ["sales.csv.gz"]
    assert rows(warehouse, "SELECT count(*) FROM ops.sales") == [(0,)]
    assert refused(warehouse) == []


def test_parquet_gives_the_same_tables_as_csv(warehouse: Warehouse, home: Path) -> None:
    folder = home / "parquet"
    folder.mkdir()
    frames = {
        name.removesuffix(".csv"): pl.read_csv(each.encode(), try_parse_dates=True) for name, each in BASE.items()
    }
    for name, frame in frames.items():
        frame.write_parquet(folder / f"{name}.parquet")
    assert frames["sales"].schema["sales_date"] == pl.Date
    report = load_folder(warehouse, folder, now=NOW)
    assert (report.new, report.quarantined) == (8, 0)
    again = load(warehouse, home, BASE)
    assert (again.new, again.changed, again.known) == (0, 0, 8)


def test_bad_rows_of_parquet_are_numbered_as_below_a_header(warehouse: Warehouse, home: Path) -> None:
    load(warehouse, home, BASE)
    folder = home / "parquet"
    folder.mkdir()
    sales = pl.DataFrame(
        {
            "tenant_id": ["b", "b", None, "b"],
            "product_id": ["rye", "oat", "rye", "rye"],
            "sales_date": [datetime(2026, 3, 2), datetime(2026, 3, 3), datetime(2026, 3, 4), datetime(2026, 3, 5)],  # noqa: DTZ001
            "quantity": [1.0, 2.0, 3.0, float("nan")],
        }
    )
    sales.write_parquet(folder / "sales.parquet")
    report = load_folder(warehouse, folder, now=NOW)
    assert (report.new, report.quarantined) == (1, 3)
    assert [row[:3] for row in refused(warehouse)] == [
        ("sales.parquet", 3, "product_id"),
        ("sales.parquet", 4, "tenant_id"),
        ("sales.parquet", 5, "quantity"),
    ]


def test_a_parquet_file_cut_short_is_refused_and_its_csv_sister_is_loaded(warehouse: Warehouse, home: Path) -> None:
    whole = home / "whole.parquet"
    pl.DataFrame({"tenant_id": ["b"]}).write_parquet(whole)
    report = load(warehouse, home, {**BASE, "sales.parquet": whole.read_bytes()[:-9], "weather.parquet": b""})
    assert [file.file for file in report.refused] == ["weather.parquet", "sales.parquet"]
    assert all("damaged or no Parquet file" in problem for problem in report.problems)
    assert rows(warehouse, "SELECT count(*) FROM ops.sales") == [(3,)]


def test_a_folder_named_as_a_file_is_refused(warehouse: Warehouse, home: Path) -> None:
    folder = home / "mixed"
    (folder / "weather.csv").mkdir(parents=True)
    for name, content in BASE.items():
        (folder / name).write_text(content)
    report = load_folder(warehouse, folder, now=NOW)
    assert report.problems == ("weather.csv is a folder; a file is expected.",)
    assert report.new == 8


def test_files_damaged_in_many_ways_stop_no_other(warehouse: Warehouse, home: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = home / "damaged"
    folder.mkdir()
    for name, content in BASE.items():
        (folder / name).write_text(content)
    packed = bytearray(gzip.compress(b"tenant_id,supplier_id,name\n" + b"b,mill,Mill\n" * 100))
    packed[15] ^= 0xFF
    (folder / "suppliers.csv.gz").write_bytes(bytes(packed))
    (folder / "calendar.csv").symlink_to(home / "nowhere.csv")
    (folder / "weather.csv").write_text("tenant_id,date,rain_mm,__row\nb,2026-03-01,2,1\n")
    twice = pa.table([["b"], ["o1"], ["o2"]], names=["tenant_id", "equipment_id", "equipment_id"])
    pq.write_table(twice, folder / "equipment.parquet")
    report = load_folder(warehouse, folder, now=NOW)
    assert {file.file: file.problem for file in report.refused if "was not loaded" not in str(file.problem)} == {
        "suppliers.csv.gz": next(
            each for each in report.problems if each.startswith("suppliers.csv.gz cannot be decom")
        ),
        "equipment.parquet": "equipment.parquet has two columns equipment_id; remove or rename one.",
        "calendar.csv": "calendar.csv cannot be read: No such file or directory.",
        "weather.csv": "weather.csv has a column __row, a name that the loader keeps for itself; rename it.",
    }
    assert all("\n" not in problem for problem in report.problems)
    assert report.new == 8


def test_one_line_of_junk_blocks_nothing(warehouse: Warehouse, home: Path) -> None:
    products = PRODUCTS + "b,\0,Bun,1\n" + "b,oat," + "x" * 150_000 + ",1\nb,bun,Bun,1\n"
    report = load(warehouse, home, {**BASE, "products.csv": products})
    assert (report.new, report.quarantined, report.refused) == (9, 2, ())
    assert [(file, number) for file, number, _, _ in refused(warehouse)] == [("products.csv", 5), ("products.csv", 6)]
    kept = rows(warehouse, "SELECT tenant_id, content->>'line' FROM ops.quarantine ORDER BY row_number")
    assert kept[0] == ("b", "b,\\0,Bun,1")
    assert kept[1] == ("b", "b,oat," + "x" * 994)


def test_a_bakery_whose_id_could_name_no_file_is_set_apart(warehouse: Warehouse, home: Path) -> None:
    tenants = TENANTS + "a|b,Pipe,Europe/Berlin,DE\n.x,Dot,Europe/Berlin,DE\nlong" + "g" * 97 + ",L,Europe/Berlin,DE\n"
    report = load(warehouse, home, {**BASE, "tenants.csv": tenants})
    assert (report.new, report.quarantined) == (8, 3)
    assert [row[:3] for row in refused(warehouse)] == [("tenants.csv", line, "tenant_id") for line in (4, 5, 6)]
    assert refused(warehouse)[0][3] == (
        "tenant_id is 'a|b'; only letters, digits, . _ and - may be in it, at most 100, with a letter or digit first"
    )


def test_every_known_zone_is_known_to_the_server_and_to_python(warehouse: Warehouse) -> None:
    with warehouse.bulk() as bulk:
        zones = known_zones(bulk)
    assert {"Europe/Berlin", "Pacific/Chatham"} <= zones <= available_timezones()
    listed = ", ".join(f"('{zone}')" for zone in zones)
    reported = rows(warehouse, f"SELECT timezone(z, TIMESTAMP '2000-01-01') IS NOT NULL FROM (VALUES {listed}) v (z)")
    assert reported == [(True,)] * len(zones)


def test_codes_that_pandas_made_floats_are_the_codes_they_were(warehouse: Warehouse, home: Path) -> None:
    load(warehouse, home, {**BASE, "products.csv": PRODUCTS + "b,42,Bun,1\nb,4.5,Half,1\n"})
    folder = home / "pandas"
    folder.mkdir()
    sales = pl.DataFrame(
        {
            "tenant_id": ["b"] * 3,
            "product_id": [42.0, None, 4.5],
            "sales_date": ["2026-03-02"] * 3,
            "quantity": [7.0, 1.0, 2.5],
        }
    )
    sales.write_parquet(folder / "sales.parquet")
    report = load_folder(warehouse, folder, now=NOW)
    assert (report.new, report.quarantined) == (2, 1)
    assert [row[:3] for row in refused(warehouse)] == [("sales.parquet", 3, "product_id")]
    assert rows(warehouse, "SELECT product_id, quantity FROM ops.sales WHERE sales_date = '2026-03-02' ORDER BY 1") == [
        ("4.5", 2.5),
        ("42", 7.0),
    ]


def test_what_every_bakery_needs_must_be_there(warehouse: Warehouse, home: Path) -> None:
    with pytest.raises(Unreadable, match="does not exist"):
        load_folder(warehouse, home / "none", now=NOW)
    with pytest.raises(Unreadable, match="holds no file to load"):
        load(warehouse, home, {"notes.txt": "hello"})
    with pytest.raises(Unreadable, match=r"has no products and sales.*Nothing was loaded"):
        load(warehouse, home, {"tenants.csv": TENANTS})
    assert rows(warehouse, "SELECT count(*) FROM ops.tenants") == [(0,)]


def _pieces(seed: int, count: int) -> list[str]:
    """Sales of a month with some rows twice, bad rows, and corrections, shuffled and cut into pieces."""
    chance = random.Random(seed)
    lines = [f"b,{product},2026-02-{day:02},{day * 3}," for product in ("rye", "roll") for day in range(1, 29)]
    lines += [f"b,rye,2026-02-{day:02},{day * 5},2026-03-0{day}T08:00Z" for day in range(1, 6)]
    lines += chance.sample(lines, 10)
    chance.shuffle(lines)
    header = "tenant_id,product_id,sales_date,quantity,recorded_at\n"
    return [header + "".join(f"{line}\n" for line in lines[start::count]) for start in range(count)]


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_pieces_in_any_order_and_loaded_twice_give_the_same_tables(
    warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    home = tmp_path_factory.mktemp("pieces")
    with warehouse.engine.begin() as connection:
        connection.execute(text("TRUNCATE ops.tenants, ops.quarantine CASCADE"))
    load(warehouse, home, {**BASE, "sales.csv": _pieces(0, 1)[0]})
    whole = contents(warehouse)
    assert len(whole["ops.sales"]) == 2 * 28 + 5
    with warehouse.engine.begin() as connection:
        connection.execute(text("TRUNCATE ops.tenants, ops.quarantine CASCADE"))
    pieces = _pieces(data.draw(st.integers(0, 9)), data.draw(st.integers(1, 4)))
    order: Sequence[str] = data.draw(st.permutations(pieces))
    load(warehouse, home, {**BASE, "sales.csv": order[0]})
    for piece in (*order[1:], data.draw(st.sampled_from(pieces))):
        load(warehouse, home, {"sales.csv": piece}, now=LATER)
    assert contents(warehouse) == whole


def test_the_bread_chain_loads_whole(warehouse: Warehouse, real_data: Path) -> None:
    report = load_folder(warehouse, real_data / "bread_chain", now=NOW)
    assert report.quarantined == 0
    assert next(file.new for file in report.files if file.table == "sales") == 72_900
    with (real_data / "bread_chain" / "sales.csv").open() as file:
        total = sum(float(row["quantity"]) for row in csv.DictReader(file))
    assert rows(warehouse, "SELECT count(*), sum(quantity) FROM ops.sales") == [(72_900, pytest.approx(total))]
