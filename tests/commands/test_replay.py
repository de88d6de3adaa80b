"""`bakery replay` as a person meets it, on a small bakery's folder."""

import csv
import json
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bakery_assets.cli import app
from bakery_assets.replay import POLICIES

BAKERY = Path(sys.executable).parent / "bakery"
FIRST = date(2024, 1, 1)
REPORTED = ("policy", "critical_ratio", "cost_index", "waste_share", "lost_share", "fill_rate", "days")
PNG = b"\x89PNG\r\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two breads over eight weeks, of which the rye sells out on the last day, and a row that cannot be used."""
    home = tmp_path / "bakery"
    home.mkdir()
    (home / "tenants.csv").write_text("tenant_id,name,timezone,country\nb,Brot,Europe/Berlin,DE\n")
    (home / "products.csv").write_text(
        "tenant_id,product_id,name\nb,rye,Rye\nb,a-roll-with-a-very-long-name-indeed,Roll\n"
    )
    with (home / "sales.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["tenant_id", "product_id", "sales_date", "quantity", "sold_out_at", "cashier"])
        for day in range(56):
            for product, level in (("rye", 40), ("a-roll-with-a-very-long-name-indeed", 90)):
                sold_out = "11:30" if (product, day) == ("rye", 55) else ""
                quantity = level + day * 37 % 11 + 9 * (day % 7 == 5)
                rows.writerow(["b", product, FIRST + timedelta(days=day), quantity, sold_out, "Ada"])
        rows.writerow(["b", "cake", FIRST, 5, "", "Ada"])
    return home


def replay(folder: Path, *arguments: str, first: str = "2024-02-24", last: str = "2024-02-25") -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["replay", "--data", str(folder), "--from", first, "--to", last, *arguments])
    return done.exit_code, done.stdout, done.stderr


def test_the_table_the_json_and_the_picture(folder: Path, tmp_path: Path) -> None:
    file, picture = tmp_path / "figures.json", tmp_path / "picture.png"
    arguments = ["--from", "2024-02-24", "--to", "2024-02-25", "--json", str(file), "--plot", str(picture)]
    done = subprocess.run(
        [str(BAKERY), "replay", "--data", str(folder), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "1 of 113 rows left out" in done.stderr
    assert "2 series of 1 bakery, 2024-02-24 to 2024-02-25: 3 days." in done.stdout
    assert "1 of 4 are left out: sold out, so that demand is unknown." in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    reported = json.loads(file.read_text(), parse_constant=lambda word: pytest.fail(f"{word} in the JSON"))
    assert [(row["policy"], row["critical_ratio"]) for row in reported["policies"]] == [
        (policy, ratio) for ratio in (0.5, 0.7, 0.8, 0.9) for policy in POLICIES
    ]
    for row in reported["policies"]:
        assert set(REPORTED) <= set(row)
        assert row["days"] == 3
        assert 0 < row["fill_rate"] <= 1
        line = f"{row['cost_index']:.1f}  {row['waste_share']:.1%}  {row['lost_share']:.1%}"
        assert line.split() in [text.split()[2:5] for text in done.stdout.splitlines()]
    assert {(row["tenant_id"], row["product_id"]) for row in reported["products"]} == {
        ("b", "rye"), ("b", "a-roll-with-a-very-long-name-indeed"),
    }  # fmt: skip
    assert reported["data"]["series_days_sold_out_left_out"] == 1
    assert picture.read_bytes().startswith(PNG)


def test_chosen_policies_and_ratios_only(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    code, _, said = replay(
        folder, "--policy", "window_average_plus_10", "--policy", "last_same_weekday", "--critical-ratio", "0.85",
        "--json", str(file),
    )  # fmt: skip
    assert code == 0, said
    reported = json.loads(file.read_text())["policies"]
    assert [(row["policy"], row["critical_ratio"]) for row in reported] == [
        ("last_same_weekday", 0.85), ("window_average_plus_10", 0.85),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"first": "2024-02-26"}, "The first day, 2024-02-26, is after the last, 2024-02-25."),
        ({"first": "2025-02-24", "last": "2025-02-25"}, "There are no sales from 2025-02-24 to 2025-02-25"),
        ({"arguments": ["--critical-ratio", "1"]}, "A critical ratio is above 0 and below 1"),
        ({"arguments": ["--critical-ratio", "-0.5"]}, "A critical ratio is above 0 and below 1"),
        ({"arguments": ["--full", "--critical-ratio", "0.8"]}, "With --full each product has its own critical ratio"),
        ({"arguments": ["--policy", "guess"]}, "There is no policy guess"),
        ({"arguments": ["--json", "/nowhere/x.json"]}, "/nowhere/x.json cannot be written"),
        ({"arguments": ["--plot", "/"]}, "/ cannot be written: it is a folder."),
        ({"folder": "none"}, "none does not exist."),
    ],
)
def test_what_cannot_be_done_is_one_line(folder: Path, options: dict[str, object], said: str) -> None:
    arguments = [str(each) for each in options.get("arguments", [])]  # type: ignore[attr-defined]
    days = {name: str(options[name]) for name in ("first", "last") if name in options}
    code, shown, errors = replay(folder.parent / str(options.get("folder", "bakery")), *arguments, **days)
    assert code == 2
    assert said in errors
    assert len([line for line in errors.strip().splitlines() if "left out" not in line and "ignored" not in line]) == 1
    assert shown == ""


def test_what_was_computed_is_shown_even_if_it_cannot_be_written_after_all(folder: Path) -> None:
    for option in ("--json", "--plot"):
        code, shown, errors = replay(folder, "--policy", "last_same_weekday", option, "/dev/full")
        assert code == 2
        assert "last_same_weekday" in shown
        assert "/dev/full cannot be written: No space left on device." in errors


def test_in_full_costs_are_money_and_each_product_has_its_own_ratio(folder: Path, tmp_path: Path) -> None:
    priced = "tenant_id,product_id,name,price,unit_cost,shelf_life_days,batch_multiple\nb,rye,Rye,4,1.2,2,10\n"
    (folder / "products.csv").write_text(priced + "b,a-roll-with-a-very-long-name-indeed,Roll,,,1,\n")
    (folder / "customer_orders.csv").write_text(
        "tenant_id,order_id,product_id,due_date,quantity,ordered_at\nb,1,rye,2024-02-24,500,2024-02-20T12:00\n"
    )
    file, picture = tmp_path / "figures.json", tmp_path / "picture.png"
    code, shown, said = replay(folder, "--full", "--json", str(file), "--plot", str(picture))
    assert code == 0, said
    assert "Of 1 of the products neither price nor cost is known; they are left out." in shown
    assert max(map(len, shown.splitlines())) <= 80
    reported = json.loads(file.read_text())
    assert [(row["policy"], row["critical_ratio"], row["currency"]) for row in reported["policies"]] == [
        (policy, None, "EUR") for policy in POLICIES
    ]
    # 500 loaves are ordered: all policies bake 500 in lots of 10, and on the next day, which sold out, nothing counts.
    assert {(row["days"], row["baked"], row["demand"], row["lost"]) for row in reported["policies"]} == {
        (1, 500, 500, 0)
    }
    assert picture.read_bytes().startswith(PNG)
