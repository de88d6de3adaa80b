"""`bakery replay --supply` as a person meets it, on a small bakery's folder."""

import csv
import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bakery_assets.cli import app

FIRST = date(2024, 1, 1)
TABLES = {
    "tenants": "tenant_id,name,timezone,country,currency\nb,Brot,Europe/Berlin,DE,EUR\n",
    "products": "tenant_id,product_id,name,price,unit_cost\nb,rye,Rye,4,1\nb,bun,Milk bun,1,0.3\n",
    "ingredients": "tenant_id,ingredient_id,name,unit,shelf_life_days\nb,flour,Flour,kg,\nb,milk,Milk,l,6\n",
    "recipes": "tenant_id,recipe_id,product_id,yield_quantity,yield_unit\nb,rye,rye,10,piece\nb,bun,bun,10,piece\n",
    "recipe_lines": "tenant_id,recipe_id,line_number,ingredient_id,quantity,unit\n"
    "b,rye,1,flour,5,kg\nb,bun,1,flour,0.5,kg\nb,bun,2,milk,0.3,l\n",
    "suppliers": "tenant_id,supplier_id,name,lead_time_days,delivery_weekdays,reliability\n"
    'b,mill,Mill,2,"tue,fri",0.9\nb,dairy,Dairy,1,,0.9\n',
    "supplier_items": "tenant_id,supplier_id,ingredient_id,price,pack_size\nb,mill,flour,0.8,25\nb,dairy,milk,1.1,6\n",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rye and milk buns over ten weeks."""
    home = tmp_path_factory.mktemp("bakery")
    for name, text in TABLES.items():
        (home / f"{name}.csv").write_text(text)
    with (home / "sales.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["tenant_id", "product_id", "sales_date", "quantity"])
        for day in range(70):
            for product, level in (("rye", 40), ("bun", 90)):
                rows.writerow(["b", product, FIRST + timedelta(days=day), level + day * 37 % 11 + 9 * (day % 7 == 5)])
    return home


def replay(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["replay", "--supply", *arguments])
    return done.exit_code, done.stdout, done.stderr


def test_three_policies_order_for_the_same_days_and_the_same_seed_gives_the_same_figures(
    folder: Path, tmp_path: Path
) -> None:
    reported = []
    for name in ("one", "other"):
        file = tmp_path / f"{name}.json"
        code, said, errors = replay("--data", str(folder), "--from", "2024-03-01", "--to", "2024-03-10", "--seed", "5",
                                    "--json", str(file))  # fmt: skip
        assert code == 0, errors
        reported.append(json.loads(file.read_text()))
    assert reported[0] == reported[1]
    assert "2 ingredients of 1 bakery, 2024-03-01 to 2024-03-10" in said
    rows = reported[0]["policies"]
    assert [row["policy"] for row in rows] == ["system", "reorder_point", "order_up_to"]
    assert len({row["required"] for row in reported[0]["bakeries"]}) == 1, "all meet the same demand"
    for row in rows:
        assert 0.8 < row["fill_rate"] <= 1
        assert row["orders_a_week"] > 0
        assert row["cost"] == pytest.approx(
            row["purchase"] + row["holding"] + row["waste"] + row["lost_margin"], abs=0.02
        )
        assert f"{row['fill_rate']:.2%}" in said


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--full"], "--supply goes with --data, --from, --to, --seed and --json only"),
        (["--from", "2031-01-01", "--to", "2031-02-01"], "There are no sales from 2031-01-01 to 2031-02-01"),
    ],
)
def test_what_cannot_be_replayed_ends_with_one_line(folder: Path, arguments: list[str], reason: str) -> None:
    code, _, errors = replay("--data", str(folder), *arguments)
    assert code == 2
    assert reason in errors
    assert len(errors.strip().splitlines()) == 1


def test_a_folder_without_recipes_has_nothing_to_order(tmp_path: Path, folder: Path) -> None:
    for name in ("tenants", "products", "sales"):
        (tmp_path / f"{name}.csv").write_text((folder / f"{name}.csv").read_text())
    code, _, errors = replay("--data", str(tmp_path), "--from", "2024-03-01", "--to", "2024-03-10")
    assert (code, "No bakery has recipe_lines and supplier_items" in errors) == (2, True)
