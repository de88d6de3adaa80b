"""`bakery db size` on a warehouse with one planned day."""

from datetime import UTC, date, datetime

import pytest
from typer.testing import CliRunner

from bakery_assets.cli import app
from bakery_assets.settings import settings
from resources.schema import metadata
from resources.schema.plans import plan_versions
from resources.warehouse import Warehouse
from resources.warehouse.sizes import OF_PLAN_DATES, measure_sizes
from tests.bakeries import insert

DAY, NOON = date(2026, 3, 2), datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_the_sizes_name_every_table_and_add_up(
    warehouse: Warehouse, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert measure_sizes(warehouse).bytes_a_cell == 0
    own = {"tenant_id": "b"}
    version = {**own, "plan_date": DAY, "version": 1, "planned_as_of": NOON, "cause": "planning_time"}
    version |= {"requested_at": NOON, "published_at": NOON}
    insert(
        warehouse,
        tenants=[{**own, "name": "B", "timezone": "UTC", "country": "DE"}],
        products=[{**own, "product_id": f"p{number}", "name": "x" * 2_000} for number in range(2_000)],
    )
    with warehouse.engine.begin() as connection:
        connection.execute(plan_versions.insert(), [version])
    sizes = measure_sizes(warehouse)
    assert {each.table for each in sizes.tables} == {table.fullname for table in metadata.tables.values()}
    assert sizes.tables[0].table == "ops.products"
    assert sizes.tables[0].data_bytes > 100_000
    assert sum(each.total_bytes for each in sizes.tables) < sizes.database_bytes
    plans = sum(each.total_bytes for each in sizes.tables if each.table in OF_PLAN_DATES)
    assert {"plans.plan_versions", "plans.demand_forecasts"} <= OF_PLAN_DATES
    assert "plans.boosters" not in OF_PLAN_DATES
    assert (sizes.cells, sizes.bytes_a_cell) == (1, plans)

    monkeypatch.setenv("BAKERY_DATABASE_URL", database_url)
    monkeypatch.setenv("BAKERY_DAGSTER_DATABASE_URL", database_url)
    settings.cache_clear()
    done = CliRunner(env={"COLUMNS": "80"}).invoke(app, ["db", "size"])
    settings.cache_clear()
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["table", "rows,", "about", "data", "indexes", "share"]
    assert lines[1].startswith("ops.products")
    assert lines[-1] == f"A bakery's plan of a day takes {plans / 1e3:,.0f} kB, on average over 1 planned day."
    assert max(map(len, lines)) <= 80
