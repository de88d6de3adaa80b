"""A new stage takes the four files that CONTRIBUTING.md lists; assets, waves, the writing and the contract follow."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
COPIED = ("bakery_assets", "resources", "sensors", "schedules", "migrations", "tests")

MODULE = '''"""What stock is worth."""

from typing import TypedDict

import dataframely as dy
import polars as pl

from bakery_assets.schemas import Cells, conform, ops, plans


class StockValueInputs(TypedDict):
    inventory_projections: dy.DataFrame[plans.InventoryProjections]
    products: dy.DataFrame[ops.Products]


class StockValueTables(TypedDict):
    stock_values: dy.DataFrame[plans.StockValues]


def value_stock(cells: dy.DataFrame[Cells], inputs: StockValueInputs) -> StockValueTables:
    """Products in stock on the evening of the plan date, at list price."""
    first = inputs["inventory_projections"].filter(pl.col("projection_date") == pl.col("plan_date"))
    priced = first.join(inputs["products"], left_on=["tenant_id", "item_id"], right_on=["tenant_id", "product_id"])
    return StockValueTables(
        stock_values=conform(
            plans.StockValues, priced.with_columns(product_id="item_id", value=pl.col("closing") * pl.col("price"))
        )
    )
'''
SCHEMA = '''class StockValues(PlanRow):
    """What the stock of a product is worth."""

    product_id = col.key_text("The product", primary_key=True)
    value = col.number("Closing stock at list price, in the tenant's currency", nullable=True)


TABLES: tuple[type[dy.Schema], ...] = (
    StockValues,'''
MIGRATION = '''"""What stock is worth."""

from alembic import op

revision = "9999"
down_revision = "{head}"


def upgrade() -> None:
    op.execute(
        "CREATE TABLE plans.stock_values (tenant_id text, plan_date date, product_id text, value double precision,"
        " PRIMARY KEY (tenant_id, plan_date, product_id),"
        " FOREIGN KEY (tenant_id, plan_date) REFERENCES plans.planning_runs ON DELETE CASCADE)"
    )


def downgrade() -> None:
    op.drop_table("stock_values", schema="plans")
'''
# In the copy: the new stage is an asset, its table is in the contract, and has rows after a wave.
PROGRAM = """
import sys
import dagster as dg
from bakery_assets.assets.plans import planning_day
from bakery_assets.assets.waves import planning_wave, wave_config
from bakery_assets.cells import Cell
from resources.clock import Clock
from resources.schema import metadata
from resources.schema.contract import render
from resources.warehouse import Warehouse, migrate
from tests.bakeries import DAY, PLANNING_INSTANT, bakery, insert, rows

assert dg.AssetKey("stock_values") in planning_day.keys
assert "### `plans.stock_values`" in render()
references = metadata.tables["plans.stock_values"].foreign_key_constraints
assert sorted(each.referred_table.fullname for each in references) == ["ops.products", "plans.planning_runs"]
warehouse = Warehouse(sys.argv[1])
migrate(warehouse.engine)
insert(warehouse, **bakery("b"))
resources = {"warehouse": warehouse, "clock": Clock(lambda: PLANNING_INSTANT)}
with dg.DagsterInstance.ephemeral() as instance:
    config = wave_config([Cell("b", DAY)])
    planning_wave.execute_in_process(run_config=config, resources=resources, instance=instance)
    assert instance.get_materialized_partitions(dg.AssetKey("stock_values")) == {f"{DAY}|b"}
assert rows(warehouse, "SELECT tenant_id, product_id FROM plans.stock_values") == [("b", "baguette")]
"""


def test_a_new_stage_takes_the_files_that_the_contributors_guide_lists(database_url: str, tmp_path: Path) -> None:
    for name in COPIED:
        shutil.copytree(PROJECT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    head = max(path.name[:4] for path in (PROJECT / "migrations" / "versions").glob("*.py"))
    planning_day = (PROJECT / "bakery_assets" / "planning_day.py").read_text("utf-8")
    schemas = (PROJECT / "bakery_assets" / "schemas" / "plans.py").read_text("utf-8")
    changed = {
        "bakery_assets/inventory/stock_values.py": MODULE,
        "bakery_assets/schemas/plans.py": schemas.replace("TABLES: tuple[type[dy.Schema], ...] = (", SCHEMA),
        "bakery_assets/planning_day.py": planning_day.replace(
            "STAGES = (\n", "from bakery_assets.inventory.stock_values import value_stock\n\nSTAGES = (\n"
        ).replace(
            "    Stage.of(project_inventory),\n", "    Stage.of(project_inventory),\n    Stage.of(value_stock),\n"
        ),
        "migrations/versions/9999_stock_values.py": MIGRATION.format(head=head),
    }
    for name, text in changed.items():
        (tmp_path / name).write_text(text, "utf-8")

    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, database_url], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    guide = (PROJECT / "CONTRIBUTING.md").read_text("utf-8").partition("**A new stage**")[2].partition("\n- **")[0]
    listed = re.findall(r"^  \d\. `([^`]+)`", guide, re.MULTILINE)
    assert len(listed) == len(changed)
    for pattern, name in zip(listed, changed, strict=True):
        assert re.fullmatch(pattern.replace("<package>", "inventory").replace("*", ".*"), name), name
