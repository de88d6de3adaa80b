"""What a load says of rows that it refused, and what can be done with them afterwards."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from bakery_assets.settings import settings
from resources.warehouse import Warehouse

TENANTS = "tenant_id,name,timezone,country\nb,Brot,Europe/Berlin,DE\n"
PRODUCTS = "tenant_id,product_id,name\nb,rye,Rye\n"
SALES = "tenant_id,product_id,sales_date,quantity\n"


@pytest.fixture
def bakery(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator["Bakery"]:
    monkeypatch.setenv("BAKERY_DATABASE_URL", database_url)
    settings.cache_clear()
    yield Bakery(tmp_path)
    settings.cache_clear()


class Bakery:
    """The command, run in this process."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._folders = 0

    def run(self, *arguments: str) -> tuple[int, str, str]:
        from bakery_assets.cli import app

        done = CliRunner().invoke(app, list(arguments))
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.stdout, done.stderr

    def load(self, *options: str, **files: str) -> tuple[int, str, str]:
        self._folders += 1
        folder = self.home / f"folder{self._folders}"
        folder.mkdir()
        for name, content in files.items():
            (folder / f"{name}.csv").write_text(content)
        return self.run("load", str(folder), *options)


def test_a_load_ends_with_what_it_refused_and_why(bakery: Bakery) -> None:
    sales = SALES + "b,rye,2026-03-01,10\nb,rye,2026-03-02,ten\nb,rye,2026-03-03,two\nb,bun,2026-03-01,1\n"
    status, out, _ = bakery.load(tenants=TENANTS, products=PRODUCTS + "b,bun,\n", sales=sales)
    assert status == 1  # four of seven rows
    assert [" ".join(line.split()) for line in out.splitlines()] == [
        "file read new changed already known quarantined",
        "tenants.csv 1 1 0 0 0",
        "products.csv 2 1 0 0 1",
        "sales.csv 4 1 0 0 3",
        "products.csv: 1 refused (missing_value), first line 3: name is empty; every row needs it.",
        "sales.csv: 2 refused (not_readable), first line 3: quantity is 'ten', which is no number; write it like 1234.5, with"
        " a decimal point.",
        "sales.csv: 1 refused (refers_to_refused), first line 5: product_id is 'bun', which is not among the products of"
        " tenant 'b', because its row was refused; correct that row.",
        "Loaded 7 rows (3 new, 0 already known), 4 quarantined: see bakery quarantine.",
    ]
    out = bakery.run("quarantine", "list", "--file", "sales.csv")[1]
    assert out.splitlines()[::2] == [
        "b  sales.csv  not_readable (quantity)  2 rows",
        "b  sales.csv  refers_to_refused (product_id)  1 row",
    ]
    assert ": quantity is 'ten', which is no number" in out.splitlines()[1]
    out = bakery.run("quarantine", "show", "--code", "missing_value")[1]
    assert f"products.csv, line 3, in {bakery.home}/folder1" in out
    assert '"product_id": "bun"' in out
    assert bakery.run("quarantine", "show", "99999")[0] == 1
    target = bakery.home / "refused.csv"
    assert bakery.run("quarantine", "export", str(target), "--code", "not_readable")[0] == 0
    with target.open() as file:
        found = list(csv.DictReader(file))
    assert [(row["quantity"], row["quarantine_line"]) for row in found] == [("ten", "3"), ("two", "4")]
    assert bakery.run("quarantine", "export", str(target))[0] == 2
    assert bakery.run("quarantine", "clear")[0] == 2
    assert bakery.run("quarantine", "clear", "--file", "sales.csv")[1] == "3 rows were deleted.\n"
    assert bakery.run("quarantine", "clear", "--all")[1] == "1 row was deleted.\n"
    assert bakery.run("quarantine", "list")[1] == "Nothing is in quarantine.\n"


def test_the_status_says_whether_a_load_did_what_it_should(bakery: Bakery) -> None:
    base = {"tenants": TENANTS, "products": PRODUCTS}
    assert bakery.load(**base, sales=SALES + "b,rye,2026-03-01,10\n")[0] == 0
    assert bakery.load(**base, sales=SALES + "b,rye,2026-03-01,10\n")[0] == 0  # all known
    assert bakery.load(sales=SALES + "b,rye,2026-03-02,x\n")[0] == 1  # a file that gave no row
    half = SALES + "b,rye,2026-03-02,x\nb,rye,2026-03-03,x\nb,rye,2026-03-04,1\n"
    assert bakery.load(sales=half)[0] == 1  # more than half was refused
    few = SALES + "b,rye,2026-03-05,x\nb,rye,2026-03-06,1\nb,rye,2026-03-07,1\n"
    assert bakery.load(sales=few)[0] == 0
    assert bakery.load("--strict", sales=few)[0] == 1
    assert bakery.load(sales="\0")[0] == 2
    assert bakery.load(sales=few, weather="\0")[0] == 1


def test_a_check_stores_nothing(bakery: Bakery) -> None:
    base = {"tenants": TENANTS, "products": PRODUCTS}
    sales = SALES + "b,rye,2026-03-01,10\nb,rye,2026-03-02,x\n"
    status, out, _ = bakery.load("--check", **base, sales=sales)
    assert (status, out.splitlines()[-1]) == (
        0,
        "Checked 4 rows (3 new, 0 already known), 1 refused. Nothing was stored.",
    )
    (bakery.home / "till.csv").write_text("date,item,quantity\n2026-03-01,Rye,1\n")
    till = ["import-pos", str(bakery.home / "till.csv"), "--tenant", "b"]
    assert "There is no tenant 'b'" in bakery.run(*till, "--check")[2]
    assert bakery.run("quarantine", "list")[1] == "Nothing is in quarantine.\n"
    where = ["--timezone", "Europe/Berlin", "--country", "DE"]
    assert "1 new" in bakery.run(*till, *where, "--check")[1]
    assert "1 new" in bakery.run(*till, *where)[1]


def test_names_are_shown_and_not_obeyed(bakery: Bakery) -> None:
    evil = "ry\x1b[2Je\u202e[red]"
    _, out, err = bakery.load(
        tenants=TENANTS, products=PRODUCTS, sales=SALES + f"b,{evil},2026-03-01,1\nb,rye,2026-03-01,1\n", **{evil: "x"}
    )
    shown = "ry\\x1b[2Je\\u202e[red]"
    assert f"product_id is '{shown}'" in out
    assert f"no table has that name: {shown}.csv" in err
    assert not {"\x1b", "\u202e"} & set(out + err)
    listed = bakery.run("quarantine", "list")[1] + bakery.run("quarantine", "show")[1]
    assert shown in listed
    assert not {"\x1b", "\u202e"} & set(listed)


def test_the_known_tills_are_listed(bakery: Bakery) -> None:
    status, out, _ = bakery.run("import-pos", "--tills")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines() if line[:1].isalpha()][:3] == ["till", "clover", "loyverse"]
    assert bakery.run("import-pos", "x.csv")[0] == 2


def test_what_no_rule_uses_is_not_kept_and_nothing_for_ever(bakery: Bakery, monkeypatch: pytest.MonkeyPatch) -> None:
    sales = (
        "tenant_id,product_id,sales_date,quantity,customer\nb,rye,2026-03-01,10,Ada\nb,rye,2026-03-02,x,Ada\n"
        'b,rye,2026-03-03,x,Ada,1\nb,rye,2026-03-04,x,"Ada\n'
    )
    bakery.load(tenants=TENANTS, products=PRODUCTS, sales=sales)
    (bakery.home / "till.csv").write_text(
        "date,item,quantity,cashier\n2026-03-05,Rye,1,Ada\n2026-03-05,Rye,x,Ada\n2026-03-05,Rye,1,Ada,2\n"
    )
    bakery.run("import-pos", str(bakery.home / "till.csv"), "--tenant", "b")
    shown = bakery.run("quarantine", "show")[1]
    assert shown.count(", line ") == 5
    assert "Ada" not in shown
    assert '"quantity": "x"' in shown
    monkeypatch.setenv("BAKERY_QUARANTINE_DAYS", "1")
    settings.cache_clear()
    with Warehouse().engine.begin() as connection:
        connection.execute(text("UPDATE ops.quarantine SET quarantined_at = now() - interval '25 hours'"))
    bakery.load(sales=SALES + "b,rye,2026-03-05,x\nb,rye,2026-03-06,1\n")
    assert bakery.run("quarantine", "show")[1].count(", line ") == 1
